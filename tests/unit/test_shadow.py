"""Shadow runs where the recording lacks what is to be traded: said, never a result of nothing."""

from datetime import date
from typing import Any, cast

from common.market.instrument import AssetClass, Instrument
from common.planning.alternatives import Alternative
from common.planning.rule_planner import plan_by_rules
from common.ports import MarketData
from common.research.shadow import ShadowRuns
from tests.unit.planning_case import DAY, evidence, instruments, mandate


class Recorded:
    """What was recorded of the day: no bars."""

    def __init__(self, listed: list[Instrument]) -> None:
        self.listed = listed

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return self.listed

    def without_volume(self, *_: object) -> frozenset[str]:
        return frozenset()

    def feed(self, *_: object) -> list[Any]:
        return []


def test_options_whose_chain_was_not_recorded_are_said() -> None:
    """The index alone would replay to a net of 0, as if the strategy had waited; with the chain there it may."""
    plan = plan_by_rules(evidence(), mandate()).of(AssetClass.OPTIONS)
    assert plan is not None
    bare = [one for one in instruments() if not one.strike]
    for listed, failed in ((instruments(), ""), (bare, "no option of NIFTY")):
        runs = ShadowRuns(DAY, cast(MarketData, Recorded(listed)), 0, lambda: True)
        shadow = runs.run(Alternative("scalp (options)", (plan,)))
        assert failed in shadow.failed
        assert bool(shadow.failed) is bool(failed)
