"""The readiness gate: each thing that can be wrong is found and has a remedy; asked of a real client too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.account_ports import AccountFacts, LoggedIn
from common.adapters.clock import VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.kite.account import KiteAccount
from common.adapters.kite.rest import KiteBroker
from common.adapters.memory import MemoryArchive, MemoryStore
from common.adapters.no_store import NoStore
from common.day.errors import TooEarly
from common.day.prepare import prepare_day
from common.day.readiness import Check, Surroundings, answers, checks, is_red, theirs
from common.market.indian_time import INDIA
from common.market.instruments import DumpError
from common.planning.mandate import default_mandate_text, parse_mandate
from common.trading.orders import OrderTag, OrderUpdate, Status
from tests.unit.kite_case import TAG, USER, SmallKite, account, data, error, row, small_kite
from tests.unit.trading_case import DAY, minute
from tests.unit.workload_case import Market

NOW = datetime(2025, 8, 29, 8, 30, tzinfo=INDIA)
OPEN = datetime(2025, 8, 29, 9, 9, tzinfo=INDIA)
LOGIN = LoggedIn(USER, NOW - timedelta(minutes=20))
GOOD = AccountFacts(user=USER, login=LOGIN, margin=100_000_00, exchange_time=OPEN)
AROUND = Surroundings(10**11, {"store": "", "archive": ""}, lambda: 90_000, USER, 50_000_00, ("192.0.2.1",))
OURS = OrderUpdate(TAG, Status.COMPLETE, minute(5), (), "1", filled=40, symbol="AAA", side=1)


def found(facts: AccountFacts | None = GOOD, around: Surroundings = AROUND, now: datetime = NOW) -> dict[str, Check]:
    return {one.name: one for one in checks(DAY, now, around, facts)}


def no_instruments() -> int:
    raise DumpError("it is short")


def test_all_is_well() -> None:
    """Green throughout, before the exchange opens and at the opening gate; on paper without an account."""
    for now in (NOW, OPEN):
        assert {one.verdict for one in found(now=now).values()} == {"green"}
    on_paper = found(None, Surroundings(10**11, {"store": ""}))
    assert sorted(on_paper) == ["calendar", "disk", "store"]
    assert {one.verdict for one in on_paper.values()} == {"green"}


@pytest.mark.parametrize(
    ("name", "verdict", "changes"),
    [
        ("login", "red", {"user": ""}), ("login", "red", {"user": "ZZ9999"}), ("login", "red", {"login": None}),
        ("login", "red", {"login": LoggedIn(USER, NOW - timedelta(hours=3))}),
        ("login", "red", {"login": LoggedIn("ZZ9999", NOW)}),
        ("address", "red", {"egress": "IP is not allowed"}),
        ("address", "amber", {"failures": {"egress": "no answer"}}),
        ("clock", "amber", {"clock_ahead_seconds": -2.5}), ("clock", "red", {"clock_ahead_seconds": 60.0}),
        ("clock", "amber", {"failures": {"clock": "no Date"}}),
        ("margin", "red", {"margin": 0}), ("margin", "red", {"failures": {"margin": "no answer"}}),
        ("margin", "amber", {"margin": 49_999_99}), ("positions", "red", {"failures": {"positions": "no answer"}}),
        ("orders", "red", {"failures": {"orders": "no answer"}}),
        ("holdings", "red", {"failures": {"holdings": "no answer"}}),
        ("positions", "red", {"orders": (OURS,)}), ("positions", "green", {"positions": {"BBB": -5}}),
        ("positions", "red", {"orders": (OURS,), "positions": {"AAA": 30}}),
        ("positions", "green", {"orders": (OURS,), "positions": {"AAA": 40}}),
    ],
    ids=range(20),
)
def test_what_is_wrong_with_the_account(name: str, verdict: str, changes: dict[str, Any]) -> None:
    """It alone, with what to do about it."""
    said = found(replace(GOOD, **changes))
    assert said[name].verdict == verdict
    assert (verdict == "green") == (not said[name].remedy)
    assert [one.name for one in said.values() if one.verdict == "red"] == ([name] if verdict == "red" else [])


def test_what_is_wrong_around_it() -> None:
    """Disk, store, instruments, whose account, the registered addresses."""
    assert found(around=replace(AROUND, disk_free_bytes=10**8))["disk"].verdict == "red"
    assert found(around=replace(AROUND, disk_free_bytes=10**9))["disk"].verdict == "amber"
    assert found(around=replace(AROUND, failures={"store": "locked"}))["store"].verdict == "red"
    assert found(around=replace(AROUND, instruments=no_instruments))["instruments"].verdict == "red"
    assert found(around=replace(AROUND, owner=""))["login"].verdict == "red"
    assert found(around=replace(AROUND, egress=()))["address"].verdict == "amber"


def test_the_exchange_must_speak_today() -> None:
    """From the opening gate on; a day that the table calls one of trading may be none."""
    yesterday = replace(GOOD, exchange_time=OPEN - timedelta(days=1))
    assert not is_red(list(found(yesterday).values()))
    assert found(yesterday, now=OPEN)["exchange time"].verdict == "red"
    assert found(replace(GOOD, exchange_time=None), now=OPEN)["exchange time"].verdict == "red"


def test_what_is_the_persons() -> None:
    """Holdings, and positions beyond our own orders."""
    facts = replace(GOOD, holdings=frozenset({"INFY"}), positions={"AAA": 40, "BBB": -5}, orders=(OURS,))
    assert theirs(facts) == {"INFY", "BBB"}


def test_store_and_archive_are_asked() -> None:
    """Each by itself; what fails says why."""
    assert answers(DAY, MemoryStore, MemoryArchive) == {"store": "", "archive": ""}
    said = answers(DAY, lambda: NoStore("the disk is gone"), MemoryArchive)
    assert "the disk is gone" in said["store"]
    assert said["archive"] == ""


class TestOnTheWire:
    """The account's facts through the real client."""

    @pytest.fixture
    def kite(self) -> Iterator[SmallKite]:
        with small_kite() as one:
            one.standing = {
                "GET /user/profile": data({"user_id": USER}), "GET /user/margins/equity": data({"net": 99725.05}),
                "GET /quote": data({"NSE:NIFTY 50": {"timestamp": "2025-08-29 09:08:10", "last_price": 1}}),
                "GET /portfolio/positions": data({"net": [{"tradingsymbol": "X", "exchange": "NSE", "quantity": -5}]}),
                "GET /portfolio/holdings": data([{"tradingsymbol": "INFY", "quantity": 3}]),
                "GET /orders": data([row()]),
                "DELETE /orders/regular/100000000000000": error(400, "OrderException", "Order does not exist"),
            }
            yield one

    @staticmethod
    def look(kite: SmallKite) -> AccountFacts:
        clock = VirtualClock(datetime.now(INDIA))
        desk = account(kite, clock=clock)
        return KiteAccount(desk.connection, KiteBroker(desk.connection, DAY, (), desk.logs), clock).look(DAY)

    def test_every_fact(self, kite: SmallKite) -> None:
        """In our units; our clock beside the Date of the broker's answers."""
        facts = self.look(kite)
        assert (facts.user, facts.margin, facts.egress, facts.failures) == (USER, 99725_05, "", {})
        assert facts.exchange_time == datetime(2025, 8, 29, 9, 8, 10, tzinfo=INDIA)
        assert (facts.positions, facts.holdings) == ({"X": -5}, frozenset({"INFY"}))
        assert [update.tag for update in facts.orders] == [TAG]
        assert facts.login is not None
        assert facts.login.user == USER
        assert abs(facts.clock_ahead_seconds) < 30

    @pytest.mark.parametrize("path", ["/user/margins/equity", "/quote", "/portfolio/holdings", "/orders"])
    def test_one_that_fails_hides_no_other(self, kite: SmallKite, path: str) -> None:
        """Never an exception; named with its reason."""
        kite.standing[f"GET {path}"] = data(None)
        facts = self.look(kite)
        assert len(facts.failures) == 1
        assert facts.user == USER

    @pytest.mark.parametrize(("reply", "refused"), [
        (error(403, "PermissionException", "Your IP address is not allowed"), True),
        (error(400, "InputException", "IP 192.0.2.9 is not registered"), True),
        (error(400, "OrderException", "Couldn't find that order"), False),
        (error(404, "GeneralException", "Couldn't find that `order_id`."), False),
    ], ids=["permission", "input", "order", "not found"])
    def test_the_address_is_asked_by_an_order_that_is_none(self, kite: SmallKite, reply: Any, refused: bool) -> None:
        """Cancelling an id that no order has: refused for its address, or for being none."""
        kite.standing["DELETE /orders/regular/100000000000000"] = reply
        assert bool(self.look(kite).egress) == refused

    def test_without_a_login_nothing_but_failures(self, kite: SmallKite) -> None:
        """And no order is asked for."""
        kite.standing["GET /user/profile"] = error(403, "TokenException")
        facts = self.look(kite)
        assert facts.user == ""
        assert kite.sent("DELETE") == []
        assert len(facts.failures) == 6


def test_nothing_is_frozen_before_the_login(tmp_path: Path) -> None:
    """A late login prepares the day itself; then the gate is part of the evidence, and the person's symbols are out."""
    store, archive, market = MemoryStore(), DirectoryArchive(tmp_path), Market()
    mandate = parse_mandate(default_mandate_text())
    early = [Check("login", "red", "nobody has logged in", "log in")]
    with pytest.raises(TooEarly, match="nobody has logged in: log in"):
        prepare_day(DAY, store, archive, market, mandate, 0, lambda: (early, frozenset()))
    names = [one.symbol for one in market.instruments(DAY)]
    amber = [Check("margin", "amber", "little is free", "add funds"), Check("disk", "green", "room")]
    fields = prepare_day(DAY, store, archive, market, mandate, 0, lambda: (amber, frozenset(names[:1])))
    assert {"name": "margin", "verdict": "amber", "text": "little is free: add funds"} in fields["gate"]["reasons"]
    assert OrderTag(names[0]) not in fields["stocks"]
    assert set(names[1:]) <= set(fields["stocks"])
