"""close_day: books read back, reconciled with the broker's, told in the report, logged once, locked if open."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from common.adapters.memory import MemoryStore
from common.day.carried import REPORTS, carried
from common.day.close import MAX_RECORDS
from common.day.control import ALL, read_control, resume
from common.day.errors import TooEarly
from common.research.attention import notices
from common.research.reconciliation import alarm_texts
from common.research.report import MAX_DIFFERENCES, render_html
from common.trading.errors import BrokerUnavailable
from common.trading.orders import Purpose, Status
from tests.unit.books_case import DAY, Day, day_of, foreign, order, plain_day, update_of
from tests.unit.closing_case import Closing


def spoilt() -> Day:
    """One trade is a paisa beside its fills."""
    day = plain_day()
    day.trades[0]["gross_paise"] += 1
    day.trades[0]["net_paise"] += 1
    return day


def left_open() -> Day:
    """A short that nobody closed."""
    return day_of([order(1, -1, 75, [(5_000, 75)], Purpose.ENTRY, "BBB")])


def test_books_that_agree(tmp_path: Path) -> None:
    """No difference, no alarm, no lock; counts of every class, with a row each on the page."""
    closing = Closing(tmp_path, plain_day())
    result = closing.run()
    found = result["reconciliation"]
    assert (found["alarms"], found["differences"], found["carried"], found["fees_paise"]) == (0, [], [], 0)
    counts = {one["asset_class"]: (one["orders"], one["at_broker"]) for one in found["classes"]}
    assert counts == {"stock": (0, 0), "futures": (0, 0), "options": (5, 5)}
    assert result["differences"] == []
    assert closing.logged() == []
    assert (closing.document()["carries"], closing.document()["alarms"]) == (False, 0)
    assert read_control(closing.store) is None
    assert json.loads(closing.archived("report.json"))["reconciliation"] == found
    assert "Every order, fill, round trip and charge is the same" in closing.archived("report.html")


def test_a_difference_is_told_everywhere_once(tmp_path: Path) -> None:
    """In the report's differences, at the top of its page, in its table, and one CRITICAL record, asked thrice."""
    closing = Closing(tmp_path, spoilt())
    for _ in range(3):
        result = closing.run()
    (text,) = alarm_texts(result["reconciliation"])
    assert result["differences"] == result["warnings"] == [text]
    assert text.startswith("options: AAA: 1 trades of")
    (record,) = closing.logged()
    assert (record["severity"], record["message"]) == ("CRITICAL", f"reconciliation: {text}")
    page = closing.archived("report.html")
    assert f'<li class="alarm"><b>Alarm</b> <span>{text}</span></li>' in page
    assert "profit and loss: 1 trades of" in page
    assert closing.document()["alarms"] == 1


def test_alarms_are_bounded(tmp_path: Path) -> None:
    """Of very many differences the first are logged, and how many more there are; the page lists some."""
    day = plain_day()
    day.orders += [order(n, 1, 75, [(100, 75)], Purpose.ENTRY, f"S{n}") for n in range(10, 70)]
    closing = Closing(tmp_path, day)
    result = closing.run()
    alarms = result["reconciliation"]["alarms"]
    assert alarms == len(result["differences"]) == 120
    records = closing.logged()
    assert len(records) == MAX_RECORDS + 1
    assert any(f"{alarms - MAX_RECORDS} more alarms" in record["message"] for record in records)
    page = closing.archived("report.html")
    assert f"{alarms - MAX_DIFFERENCES} more are in report.json" in page


def test_an_open_position_locks_tomorrow(tmp_path: Path) -> None:
    """The report document names it, entries are stopped for good, and tomorrow may not be traded."""
    closing = Closing(tmp_path, left_open())
    result = closing.run()
    assert result["reconciliation"]["carried"] == [{"asset_class": "options", "symbol": "BBB", "quantity": -75}]
    assert closing.document()["carried"] == result["reconciliation"]["carried"]
    control = read_control(closing.store)
    assert control is not None
    assert "-75 BBB left open at the broker on 2026-08-19" in next(iter(control.fields["halts"].values()))["reason"]
    assert "-75 BBB since 2026-08-19" in carried(closing.store, DAY + timedelta(days=1))


def test_an_answered_lock_stays_open(tmp_path: Path) -> None:
    """After the person's resume a second closing of the same books does not halt again; other books do."""
    closing = Closing(tmp_path, left_open())
    closing.run()
    closing.clock.sleep(60)
    resume(closing.store, ALL, "taken over", "me", closing.clock)
    assert carried(closing.store, DAY + timedelta(days=1)) == ""
    closing.clock.sleep(60)
    closing.run()
    assert carried(closing.store, DAY + timedelta(days=1)) == ""
    control = read_control(closing.store)
    assert control is not None
    assert control.fields["halts"] == {}
    closing.day.updates.append(update_of(order(9, 1, 75, [], Purpose.ENTRY, "BBB")))
    assert any("not in the store" in text for text in closing.run()["differences"])
    control = read_control(closing.store)
    assert control is not None
    assert control.fields["halts"] == {}
    closing.day.updates[0].fills[0].quantity = 50
    closing.day.updates[0].filled = 50
    closing.run()
    assert "-50 BBB" in carried(closing.store, DAY + timedelta(days=1))


def test_a_manual_exit_needs_nobody(tmp_path: Path) -> None:
    """Explained differences are in the report and on its page, and are neither alarms nor a lock."""
    day = day_of([order(1, 1, 75, [(5_000, 75)], Purpose.ENTRY, "BBB")])
    day.updates.append(foreign(-1, 75, symbol="BBB"))
    closing = Closing(tmp_path, day)
    result = closing.run()
    assert result["differences"] == []
    assert {one["what"] for one in result["reconciliation"]["differences"]} == {
        "foreign order", "profit and loss", "charges",
    }
    assert closing.logged() == []
    assert not closing.document()["carries"]
    assert "Explained: a person closed it by hand" in closing.archived("report.html")


def test_the_brokers_fee_is_said(tmp_path: Path) -> None:
    """What the broker takes for its own square-off is in no trade, and yet in the day's charges and its result."""
    day = day_of([order(1, 1, 75, [(5_000, 75)], Purpose.ENTRY, "BBB")])
    day.updates.append(foreign(-1, 75, symbol="BBB", minute=370))
    result = Closing(tmp_path, day).run()
    assert result["reconciliation"]["fees_paise"] == 5_900
    traded = sum(trade["charges_paise"] for trade in result["trades"])
    assert (result["totals"]["fees_paise"], result["totals"]["charges_paise"]) == (5_900, traded + 5_900)
    assert result["totals"]["net_paise"] == result["totals"]["gross_paise"] - traded - 5_900
    assert result["warnings"] == []
    assert not any("do not add up" in notice.text for notice in notices(result))
    (taken,) = [one for one in result["reconciliation"]["differences"] if one["charges_paise"]]
    assert taken["explained"] == "the broker squared it off: its fee of 59.00 rupees is in the day's charges"


def test_a_broker_that_does_not_answer(tmp_path: Path) -> None:
    """Nothing is taken for reconciled; what the store says is open counts as carried; asked again it is made good."""
    closing = Closing(tmp_path, left_open())

    def fail() -> None:
        raise BrokerUnavailable("timed out")

    closing.fails = fail
    result = closing.run()
    assert [one["at_broker"] for one in result["reconciliation"]["classes"]] == [None, None, None]
    assert any("could not be read: timed out" in text for text in result["differences"])
    assert result["reconciliation"]["carried"] == [{"asset_class": "options", "symbol": "BBB", "quantity": -75}]
    closing.fails = lambda: None
    closing.day.updates.append(foreign(1, 75, symbol="BBB"))
    assert closing.run()["differences"] == []
    assert carried(closing.store, DAY + timedelta(days=1)) == ""


def test_equity_is_still_compared(tmp_path: Path) -> None:
    """A curve that does not end at the trades' sum is a difference, reconciled or not."""
    closing = Closing(tmp_path, plain_day())
    closing.archive.put(DAY, "equity/options.json", json.dumps([["2026-08-19T15:00:00+05:30", 1]]).encode())
    assert any("equity ends at 1 paise" in text for text in closing.run()["differences"])


def test_without_a_plan_it_is_too_early(tmp_path: Path) -> None:
    """Nothing is written for a day that was never planned."""
    closing = Closing(tmp_path, plain_day())
    closing.store = MemoryStore()
    with pytest.raises(TooEarly, match="prepare_day and plan_day"):
        closing.run()
    assert closing.store.get(REPORTS, DAY.isoformat()) is None


def test_hostile_words_of_the_broker_stay_text(tmp_path: Path) -> None:
    """What a broker calls its orders cannot become markup."""
    day = plain_day()
    day.updates.append(foreign(1, 75, reason="<script>"))
    day.updates[-1].broker_id = "<script>alert(1)</script>"
    result = Closing(tmp_path, day).run()
    assert "<script>alert(1)" not in render_html(result)
    assert "&lt;script&gt;alert(1)" in render_html(result)


def test_an_order_left_working_is_an_alarm(tmp_path: Path) -> None:
    """A stop that rests on after the close is told with its tag."""
    day = plain_day()
    stop = order(9, 1, 75, [], Purpose.EXIT, "BBB", status=Status.TRIGGER_PENDING)
    again = day_of([*day.orders, stop])
    (text,) = Closing(tmp_path, again).run()["differences"]
    assert stop.tag in text
    assert "cancel it" in text
