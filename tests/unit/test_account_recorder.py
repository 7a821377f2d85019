"""What a live workload of stocks records where the mandate admits any: the shares that the day's evidence names."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.sqlite import SqliteStore
from common.bootstrap_account import AccountParts
from common.day.prepare import EVIDENCE
from common.market.instrument import AssetClass, Instrument, Kind
from common.ports import Create
from common.settings import Settings
from tests.unit.kept_logs import KeptLogs
from tests.unit.planning_case import DAY, evidence, instruments, mandate

NINE = datetime(2026, 8, 19, 9, 0, tzinfo=INDIA)


class Listing:
    """What the broker lists: more shares than the evidence has."""

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return [*instruments(), Instrument("UNPLANNED", "NSE", Kind.EQUITY, 5)]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[AccountParts]:
    """With a store that has the day's evidence, and nothing of the broker but its list."""
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        store.commit([Create(EVIDENCE, DAY.isoformat(), evidence().to_fields())])
        made = AccountParts(
            Settings(home=tmp_path), VirtualClock(NINE), KeptLogs(), lambda: store,
            lambda: DirectoryArchive(tmp_path / "archive"), mandate,
        )
        made.kite.__dict__["listing"] = Listing()
        yield made


def test_the_stocks_of_the_evidence_are_recorded(account: AccountParts) -> None:
    """Also those without derivatives, of which a plan may choose; that others are left out is said once."""
    recorder = account.open_recorder(DAY, AssetClass.STOCK)
    recorder.close()
    assert recorder.symbols == list(evidence().stocks)
    logs = account.logs
    assert isinstance(logs, KeptLogs)
    (said,) = [message for message in logs.messages if "are not, such as" in message]
    assert "4 instruments are watched and recorded, and 1 that" in said
    assert "UNPLANNED" in said
