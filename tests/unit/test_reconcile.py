"""The reconciliation, difference by difference: what is an alarm, and what is explained and by what."""

import pytest

from common.trading.closing import closing_of
from common.trading.orders import Fill, OrderTag, Purpose, Status
from common.trading.reconcile import What, difference_fields, square_off_fee
from tests.unit.books_case import (
    MINUTE,
    RATES,
    TIMES,
    Day,
    day_of,
    foreign,
    order,
    plain_day,
    update_of,
)

ENTRY, EXIT = Purpose.ENTRY, Purpose.EXIT


def kinds(day: Day) -> list[tuple[What, bool]]:
    """Each difference's kind, and whether it is explained."""
    return [(one.what, bool(one.explained)) for one in day.differences()]


def test_an_order_that_the_broker_lacks() -> None:
    """With fills, or once numbered by the broker, it is an alarm; a request that never arrived is explained."""
    day = plain_day()
    day.updates.pop(0)
    assert kinds(day) == [(What.MISSING_AT_BROKER, False)]
    for status, found in ((Status.INTENDED, True), (Status.UNKNOWN, True), (Status.OPEN, False)):
        day = plain_day()
        unsent = order(9, 1, 75, [], ENTRY, status=status)
        unsent.broker_id = ""
        day.orders.append(unsent)
        assert kinds(day) == [(What.MISSING_AT_BROKER, found)]
    for status in (Status.NOT_PLACED, Status.REJECTED):
        unsent.status = status
        assert kinds(day) == []
    unsent.broker_id = "17"
    assert kinds(day) == [(What.MISSING_AT_BROKER, False)]


def test_an_exit_sent_while_the_store_was_down() -> None:
    """It is explained where the symbol ends flat; an entry without an intent never is, nor an exit that left more."""
    day = plain_day()
    sent = day.orders.pop(4)
    found = day.differences()
    assert [(one.what, one.tag, bool(one.explained)) for one in found] == [(What.MISSING_IN_STORE, sent.tag, True)]
    day = plain_day()
    day.orders.pop(3)
    assert (What.MISSING_IN_STORE, False) in kinds(day)
    day = plain_day()
    day.updates.append(update_of(order(6, -1, 75, [(5_000, 75)], EXIT, "BBB")))
    assert [(w, e) for w, e in kinds(day) if w is What.MISSING_IN_STORE] == [(What.MISSING_IN_STORE, False)]


def test_a_tag_that_is_two_orders() -> None:
    """A repeated request is named with both of the broker's ids, and what it left open is said."""
    day = plain_day()
    again = update_of(day.orders[3])
    again.broker_id = "4711"
    day.updates.append(again)
    found = {one.what: one for one in day.alarms()}
    assert {"9000004", "4711"} <= set(found[What.TAG_TWICE].text.replace(":", "").replace(",", "").split())
    assert found[What.POSITION].quantity == -75


def test_an_order_that_ended_after_the_last_look() -> None:
    """The workload died with a stop resting that the broker cancelled: explained, if nothing more was filled."""
    day = plain_day()
    stop = order(7, -1, 75, [], EXIT, "BBB", status=Status.TRIGGER_PENDING)
    ended = update_of(stop)
    ended.status = Status.CANCELLED
    day.orders.append(stop)
    day.updates.append(ended)
    assert kinds(day) == [(What.STATUS, True)]
    ended.status, ended.filled = Status.COMPLETE, 75
    assert (What.STATUS, False) in kinds(day)
    assert (What.FILLS, False) in kinds(day)
    assert (What.POSITION, False) in kinds(day)


def test_an_order_that_still_works() -> None:
    """After the close both sides may agree that it rests: it could fill tomorrow, so it is an alarm."""
    day = plain_day()
    stop = order(7, -1, 75, [], EXIT, "BBB", status=Status.TRIGGER_PENDING)
    day.orders.append(stop)
    day.updates.append(update_of(stop))
    assert kinds(day) == [(What.STILL_WORKING, False)]


def test_a_position_that_is_left() -> None:
    """What is open at the broker is named with its signed quantity; its unfinished round trip is not compared."""
    day = day_of([order(1, -1, 75, [(5_000, 75)], ENTRY, "BBB")])
    [left] = day.differences()
    assert (left.what, left.symbol, left.quantity, left.explained) == (What.POSITION, "BBB", -75, "")
    assert "-75 BBB are open" in left.text


def test_a_count_ahead_of_its_fills() -> None:
    """What the broker counts as filled is a position, whether or not it told the fills."""
    day = plain_day()
    day.updates[4].fills, day.updates[4].filled = (), 50
    found = {one.what: one for one in day.alarms()}
    assert set(found) == {What.FILLS, What.POSITION}
    assert found[What.POSITION].quantity == -25
    day.updates[4].filled = 75
    assert What.POSITION not in {one.what for one in day.differences()}


def test_fills_of_cancelled_orders_need_no_fill_list() -> None:
    """A book that only counts (no trades read) agrees where the counts do."""
    day = plain_day()
    for update in day.updates:
        update.fills = ()
    assert What.FILLS not in {one.what for one in day.differences()}


def test_a_broker_that_does_not_count() -> None:
    """Where it tells the fills alone (no count), they are the count, ours and others'."""
    day = plain_day()
    for update in day.updates:
        update.filled = -1
    assert day.differences() == []
    day.updates.append(foreign(1, 75))
    day.updates[-1].filled = -1
    assert [one.what for one in day.alarms()] == [What.FOREIGN]


def held() -> Day:
    """A long of 75 that no order of ours closed."""
    return day_of([order(1, 1, 75, [(10_000, 75)], ENTRY)])


def test_a_manual_exit_is_explained() -> None:
    """A person who closes ours by hand leaves nothing open and no alarm; it costs no fee."""
    day = held()
    day.updates.append(foreign(-1, 75))
    found = day.differences()
    assert [one.what for one in found] == [What.FOREIGN, What.PROFIT, What.CHARGES]
    assert day.alarms() == []
    assert (found[0].explained, found[0].charges) == ("a person closed it by hand", 0)


@pytest.mark.parametrize(("minute", "reason"), [(100, "Squared off by RMS"), (100, "auto square-off"), (400, "")])
def test_the_brokers_own_square_off_costs_a_fee(minute: int, reason: str) -> None:
    """By its words or by the hour it is the broker's: 50 rupees and 18% GST."""
    day = held()
    day.updates.append(foreign(-1, 75, minute=minute, reason=reason))
    assert day.alarms() == []
    assert day.differences()[0].charges == 5_900 == square_off_fee(TIMES, RATES)


def test_what_a_person_does_besides_is_an_alarm() -> None:
    """More than ours, or trades of their own in our symbol: said with the signed quantity; ours stays ours."""
    day = held()
    day.updates.append(foreign(-1, 100))
    assert [(one.what, "-25" in one.text) for one in day.alarms()] == [(What.FOREIGN, True)]
    day = plain_day()
    day.updates += [foreign(1, 75, minute=0), foreign(-1, 75, minute=1, symbol="AAA")]
    assert [one.what for one in day.alarms()] == [What.FOREIGN, What.FOREIGN]
    day.updates[-2:] = [foreign(1, 75, symbol="OTHER")]
    assert day.differences() == []


def test_a_persons_own_round_trip_closes_nothing_of_ours() -> None:
    """They buy and sell beside our long: their sale closes their own, and our position is still there."""
    day = held()
    day.updates += [foreign(1, 75, minute=10), foreign(-1, 75, minute=20)]
    assert [one.quantity for one in day.alarms() if one.what is What.POSITION] == [75]


def test_others_that_traded_nothing_are_ignored() -> None:
    """A cancelled order of the person in our symbol changed nothing."""
    day = plain_day()
    idle = foreign(1, 75)
    idle.fills, idle.filled, idle.status = (), 0, Status.CANCELLED
    day.updates.append(idle)
    assert day.differences() == []


def test_another_workloads_order_in_our_symbol_is_foreign() -> None:
    """Tags of another class or day are not ours: in our symbol they are said."""
    day = plain_day()
    day.updates.append(foreign(1, 75, tag=OrderTag("T260819F00001E")))
    assert [one.what for one in day.alarms()] == [What.FOREIGN]


def test_fills_at_one_moment_are_taken_in_the_order_of_their_orders() -> None:
    """An entry and its exit with one time stamp are one trip, also where the broker tells the exit first."""
    entry, leave = order(1, 1, 75, [(10_000, 75)], ENTRY, minute=5), order(2, -1, 75, [(9_000, 75)], EXIT, minute=5)
    again = order(3, 1, 75, [(9_100, 75)], ENTRY, minute=5), order(4, -1, 75, [(9_300, 75)], EXIT, minute=5)
    day = day_of([entry, leave, *again])
    assert len(day.trades) == 2
    for places in ((3, 2, 1, 0), (0, 2, 1, 3), (2, 0, 3, 1)):
        told = day.copy()
        told.updates = [told.updates[n] for n in places]
        assert told.differences() == []


def test_of_two_fills_at_one_moment_ours_was_first() -> None:
    """A sale by the person at the very moment of our own exit closed nothing of ours."""
    entry, leave = order(1, 1, 75, [(10_000, 75)], ENTRY, minute=5), order(2, -1, 75, [(9_000, 75)], EXIT, minute=6)
    told = {str(one.tag): [update_of(one)] for one in (entry, leave)}
    closing = closing_of("AAA", {}, told, [foreign(-1, 75, minute=6)])
    assert (closing.left, closing.helped) == (0, False)


def test_a_late_news_of_an_order_counts_once() -> None:
    """The same order told twice is one order, and its last word counts."""
    day = plain_day()
    stale = update_of(day.orders[0])
    stale.fills, stale.filled, stale.status = (), 0, Status.OPEN
    day.updates.insert(0, stale)
    assert day.differences() == []


def test_as_json() -> None:
    """Every field, the kind as text and money with its unit."""
    day = held()
    day.updates.append(foreign(-1, 75, minute=400))
    fields = difference_fields(day.differences()[0])
    assert fields == {
        "what": "foreign order", "text": "order 8000400 closed 75 of ours", "tag": "", "symbol": "AAA",
        "explained": "the broker squared it off: its fee of 59.00 rupees is in the day's charges", "quantity": 0,
        "charges_paise": 5_900,
    }


def test_a_fill_more_than_ordered_at_the_broker() -> None:
    """The broker filled more than we ordered: both the fills and what is left are said."""
    day = plain_day()
    update = day.updates[4]
    update.fills = (*update.fills, Fill("extra", TIMES.entry_from + 90 * MINUTE, 4_000, 75))
    update.filled = 150
    assert {one.what for one in day.alarms()} == {What.FILLS, What.POSITION}
