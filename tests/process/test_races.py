"""Sixteen processes at once want the one plan, the one lease and the one launch: on every store that they can share."""

import json
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from common.day.lease import LEASES
from common.day.plan import PLANS
from common.day.prepare import EVIDENCE
from common.day.workloads import WORKLOADS, workload_id
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Create
from tests.contract.stores import ONE_PROCESS, STORES
from tests.process.racing import STARTED
from tests.unit.planning_case import DAY, evidence

RACERS: Final = 16
BOUND_SECONDS: Final = 60


@pytest.mark.parametrize("adapter", sorted(STORES.keys() - ONE_PROCESS))
def test_one_winner(adapter: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """One plan that all have read, one holder, one launch a class; nobody hangs, and nobody is told of an error."""
    if adapter == "firestore":
        request.getfixturevalue("firestore")
    with closing(STORES[adapter](str(tmp_path))) as store:
        store.commit([Create(EVIDENCE, DAY.isoformat(), evidence().to_fields())])
        herd = subprocess.run(
            [sys.executable, "-m", "tests.process.racing", adapter, str(tmp_path), str(RACERS)],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=2 * BOUND_SECONDS, check=False,
        )
        assert herd.returncode == 0, herd.stderr
        told = [json.loads(line) for line in herd.stdout.splitlines()]
        assert len(told) == RACERS
        plan = store.get(PLANS, DAY.isoformat())
        assert plan is not None
        assert {one["plan"] for one in told} == {Plan.from_fields(plan.fields).hash}
        written = Counter(collection for one in told for collection in one["written"])
        assert written == {PLANS: 1, LEASES: 1, WORKLOADS: len(AssetClass)}
        holders = [one for one in told if one["lease"] is not None]
        lease = store.get(LEASES, workload_id(DAY, AssetClass.STOCK))
        assert lease is not None
        assert [(one["name"], one["lease"]) for one in holders] == [(lease.fields["holder"], 1)]
        for number, asset_class in enumerate(AssetClass):
            assert sum(one["launched"][number].startswith(STARTED) for one in told) == 1
            workload = store.get(WORKLOADS, workload_id(DAY, asset_class))
            assert workload is not None
            assert workload.fields["launches"] == 1
        print(f"{adapter}: the slowest of {RACERS} took {max(one['seconds'] for one in told):.2f} s")
