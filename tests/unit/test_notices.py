"""The text of notices: what a person needs to read, and nothing that anyone else could use."""

from datetime import date
from typing import Any

import pytest

from common.day.notices import (
    MAX_TEXT,
    alarm_notice,
    end_of_day,
    login_link,
    plan_notice,
    positions_notice,
    text_of,
)
from common.market.money import money
from common.planning.plan import Plan
from common.planning.rule_planner import plan_by_rules
from tests.unit import planning_case
from tests.unit.workload_case import plan as paper_plan

DAY = date(2026, 8, 19)
KITE = "https://kite.example/connect/login?v=3&api_key=abc&redirect_params=state%3D1234"


def position(**changes: Any) -> dict[str, Any]:
    fields = {
        "symbol": "AAA", "quantity": -75, "average_paise": 1_234_567, "mark_paise": 1, "stop_paise": 1_250_000,
        "leaving": "", "basket": "",
    }
    return fields | changes


def workload(*positions: dict[str, Any], **summary: Any) -> dict[str, Any]:
    told = {"net_paise": 12_345_678, "trades": 1, "positions": list(positions)} | summary
    return {"state": "RUNNING", "heartbeat": "2026-08-19T09:19:30+05:30", "summary": told}


def test_the_plan_says_what_why_and_the_maximum_loss() -> None:
    """Strategy, symbols, reasons, and the loss of all classes together, in Indian digits."""
    evidence = planning_case.evidence()
    plan = plan_by_rules(evidence, planning_case.mandate())
    notice = plan_notice(plan)
    assert len(plan.enabled) == 3
    most = sum(one.limits.loss_paise for one in plan.enabled if one.limits)
    assert notice.text.splitlines()[-1] == f"Maximum loss of the day: {money(most)}"
    for one in plan.enabled:
        assert f"{one.asset_class.value}: {one.strategy} on {one.universe[0]}" in notice.text
        assert f"because {one.reasons[0].text}" in notice.text
    assert notice.title == f"{plan.date}: the plan is READY, paper"


def test_a_rejected_plan_says_that_nothing_is_traded() -> None:
    """With the reasons of the rejection, and without a loss that cannot happen."""
    fields = paper_plan(("AAA",)).to_fields()
    rejected = Plan.from_fields({**fields, "status": "REJECTED", "reasons": [{"text": "late", "numbers": {}}]})
    notice = plan_notice(rejected)
    assert notice.text == "Nothing is traded today.\n  because late"


def test_positions_with_their_stops() -> None:
    """Quantity, price, stop; a leg of a basket and one that leaves need none; Indian digits."""
    found = positions_notice(
        DAY, "positions-first", "09:20",
        {"stock": workload(position(), position(symbol="BBB", stop_paise=0, leaving="square-off")),
         "options": workload(position(symbol="CCC", stop_paise=0, basket="b1"), halted="daily loss"), "futures": None},
    )
    assert found.title == "09:20: 3 positions, net ₹2,46,913.56"
    assert not found.urgent
    assert found.text.splitlines() == [
        "stock: RUNNING at 09:19, net ₹1,23,456.78, 1 trade",
        "  -75 AAA at ₹12,345.67, stop ₹12,500.00 at the exchange", "  -75 BBB at ₹12,345.67, leaving",
        "options: RUNNING at 09:19, net ₹1,23,456.78, 1 trade, halted: daily loss",
        "  -75 CCC at ₹12,345.67, in the basket b1", "futures: never launched",
    ]


def test_a_position_without_a_stop_is_urgent() -> None:
    """It is in the title, not only in a line."""
    found = positions_notice(DAY, "positions-last", "15:10", {"stock": workload(position(stop_paise=0))})
    assert found.urgent
    assert "1 WITHOUT A STOP" in found.title
    assert "NO STOP" in found.text


def test_the_end_of_the_day() -> None:
    """Net of charges, trades, flat; what is still open is loud."""
    result: dict[str, Any] = {
        "date": "2026-08-19", "differences": [], "reconciliation": {"carried": []},
        "totals": {"net_paise": -150_000, "gross_paise": 50_000, "charges_paise": 200_000, "trades": 3, "wins": 1,
                   "losses": 2},
        "workloads": [{"asset_class": "stock", "state": "DONE", "net_paise": -150_000, "trades": 3}],
    }
    flat = end_of_day(result)
    assert (flat.title, flat.urgent) == ("2026-08-19: net -₹1,500.00, flat", False)
    assert "net -₹1,500.00 = gross ₹500.00 - charges ₹2,000.00\n3 trades: 1 won, 2 lost" in flat.text
    result["reconciliation"]["carried"] = [{"asset_class": "stock", "symbol": "AAA", "quantity": -75}]
    left = end_of_day(result)
    assert (left.title, left.urgent) == ("2026-08-19: net -₹1,500.00, NOT FLAT", True)
    assert "STILL OPEN: -75 AAA" in left.text


def test_alarms_that_differ_in_numbers_are_the_same() -> None:
    """What repeats is counted together; another symbol, class or text is another alarm."""

    def cause(message: str, asset_class: str = "stock") -> str:
        return alarm_notice(DAY, {"severity": "ERROR", "message": message, "asset_class": asset_class}).id

    assert cause("no answer for 3.2 seconds") == cause("no answer for 41 seconds")
    assert cause("NIFTY26AUG25000PE is open") != cause("NIFTY26AUG25100PE is open")
    assert cause("no answer") != cause("no answer", "options")


def test_a_halt_is_a_halt() -> None:
    """Whoever halted and why."""
    record = {"severity": "WARNING", "category": "halt", "message": "halt FLATTEN for all: news (command line)"}
    notice = alarm_notice(DAY, record)
    assert (notice.kind, notice.urgent) == ("halt", False)
    assert notice.text == record["message"]


def test_the_login_link() -> None:
    """The plain link goes out as it is."""
    assert KITE in login_link(DAY, KITE).text


@pytest.mark.parametrize("url", [
    f"{KITE}&access_token=x", f"{KITE}&request_token=x", "https://me:pass@kite.example/connect/login",
    "https://kite.example/login?redirect_params=access_token%3Dx", "https://kite.example/#api_secret=x",
    "https://kite.example/login?redirect_params=a%253D1%2526access_token%253Dx",
])
def test_a_link_with_a_secret_is_refused(url: str) -> None:
    """Whoever sees the message could trade with it; the message does not repeat it either."""
    with pytest.raises(ValueError, match="carries a token") as refused:
        login_link(DAY, url)
    assert "kite.example" not in str(refused.value)


def test_texts_are_redacted() -> None:
    """A message that quotes a secret does not pass it on; what is no secret is still readable."""
    told = alarm_notice(DAY, {"severity": "ERROR", "message": "failed: access_token=abcdef123 at mailto://me:pw@x.org"})
    assert told.text == "failed: access_token=*** at mailto://***@x.org"
    plain = "side: buy, symbol: AAA, price=100.05, 09:20: stop at ₹1,00,000.00"
    assert text_of([plain]) == plain


def test_an_alarm_names_its_order() -> None:
    """Symbol and tag, wherever the record has them."""
    record = {"severity": "ERROR", "message": "odd", "tag": "T1", "fields": {"symbol": "AAA", "tag": ""}}
    assert alarm_notice(DAY, record).text == "odd\nsymbol: AAA\ntag: T1"


def test_texts_are_bounded() -> None:
    """However much there is to say, a message takes it."""
    assert len(text_of(["x" * 500] * 1000)) <= MAX_TEXT + 4
    assert text_of(["x"] * 100).endswith("... 60 more lines")
