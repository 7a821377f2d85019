"""What a live workload records: the shares that the day's evidence names, strikes around a price that is known."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.sqlite import SqliteStore
from common.bootstrap import Application
from common.bootstrap_account import AccountParts
from common.day.prepare import EVIDENCE
from common.market.bar import Quote
from common.market.instrument import AssetClass, Instrument, Kind
from common.ports import Create, Delete
from common.settings import Settings
from tests.unit.kept_logs import KeptLogs
from tests.unit.planning_case import DAY, evidence, instruments, mandate

NINE = datetime(2026, 8, 19, 9, 0, tzinfo=INDIA)


class Listing:
    """What the broker lists: more shares than the evidence has."""

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return [*instruments(), Instrument("UNPLANNED", "NSE", Kind.EQUITY, 5)]

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        """Too many have asked: the broker refuses."""
        del symbols, at
        return []


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
    recorder = account.open_recorder(DAY, AssetClass.STOCK, ())
    recorder.close()
    assert recorder.symbols == list(evidence().stocks)
    logs = account.logs
    assert isinstance(logs, KeptLogs)
    (said,) = [message for message in logs.messages if "are not, such as" in message]
    assert "4 instruments are watched and recorded, and 1 that" in said
    assert "UNPLANNED" in said


def test_options_are_recorded_though_the_quote_is_refused(account: AccountParts) -> None:
    """Around the index's last close; where nobody knows that either, the index is said to be left out."""
    recorder = account.open_recorder(DAY, AssetClass.OPTIONS, ())
    recorder.close()
    assert recorder.symbols[0] == "NIFTY 50"
    assert sum(symbol.endswith(("CE", "PE")) for symbol in recorder.symbols) == 12
    stored = account.store().get(EVIDENCE, DAY.isoformat())
    assert stored is not None
    account.store().commit([Delete(EVIDENCE, DAY.isoformat(), stored.version)])
    blind = account.open_recorder(DAY, AssetClass.OPTIONS, ())
    blind.close()
    assert blind.symbols == []
    assert isinstance(account.logs, KeptLogs)
    assert account.logs.messages[-1].endswith("such as NIFTY 50")


def test_what_the_account_logs_is_of_the_process(tmp_path: Path) -> None:
    """A workload's stream speaks as the workload: no two processes share a spool, and what ends is handed over."""
    workload, function = (Application(Settings(home=tmp_path / name)) for name in ("workload", "function"))
    own = workload.logs("options")
    assert workload.account.logs is own
    assert function.account.logs is function.logs("functions")
    for logs in (own, function.logs("functions")):
        logs.close(1.0)
