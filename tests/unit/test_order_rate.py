"""Order rate: entries and exits have their lanes, exits may use both, a 429 makes both wait."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.trading.errors import OrderThrottled
from common.trading.halts import HaltLevel
from common.trading.order_rate import (
    COOL_DOWN_SECONDS,
    ENTRIES_PAUSE_SECONDS,
    MINUTE_SHARE,
    OrderRate,
)
from common.trading.orders import Kind, Status
from common.trading.pace import LIVE, Pace
from common.trading.strategy import Enter
from tests.unit.trading_case import LIMITS, LONG, SECOND, desk, flat, minute
from tests.unit.wire_case import Wire, fill, protected


def taken(take: object, now: int, most: int = 1000) -> int:
    """How many orders a lane lets through at one moment."""
    assert callable(take)
    return next(n for n in range(most) if not take(now))


def test_entries_never_take_the_exits_lane() -> None:
    """When entries have used all of theirs, the exits' own is whole."""
    rate = OrderRate(1.5, 1.0, 2.0)
    assert taken(rate.entry, SECOND) == 3
    assert taken(rate.exit, SECOND) == 2
    assert taken(rate.entry, SECOND) == 0


def test_exits_may_use_the_entries_lane() -> None:
    """After their own: getting out comes first, and entries wait."""
    rate = OrderRate(1.5, 1.0, 2.0)
    assert taken(rate.exit, SECOND) == 5
    assert taken(rate.entry, SECOND) == 0


def test_room_comes_back_with_time() -> None:
    """One and a half a second, and never more than the window holds."""
    rate = OrderRate(1.5, 1.0, 2.0)
    taken(rate.entry, SECOND)
    assert [rate.entry(SECOND + n * SECOND // 2) for n in range(1, 5)] == [False, True, True, True]
    assert taken(rate.entry, 3600 * SECOND) == 3


def test_time_that_goes_back_gives_nothing() -> None:
    """Reordered news must not fill the bucket twice."""
    rate = OrderRate(1.5, 1.0, 2.0)
    assert taken(rate.entry, 100 * SECOND) == 3
    assert taken(rate.entry, 50 * SECOND) == 0
    assert not rate.entry(100 * SECOND)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3 * SECOND)), max_size=200),
    st.floats(0.2, 5), st.floats(0.2, 5), st.sampled_from([2.0, 10.0, 60.0]),
)
def test_no_minute_and_no_window_has_more_than_its_share(
    asked: list[tuple[bool, int]], entries: float, exits: float, window: float,
) -> None:
    """Whatever is asked when: what passes in any window or minute is within both lanes, and entries within theirs."""
    rate, now = OrderRate(entries, exits, window), SECOND
    passed: list[tuple[int, bool]] = []
    for is_entry, pause in asked:
        now += pause
        if rate.entry(now) if is_entry else rate.exit(now):
            passed.append((now, is_entry))
    for length, share in ((window, window), (60.0, float(MINUTE_SHARE))):
        for begun, _ in passed:
            within = [is_entry for at, is_entry in passed if begun <= at < begun + length * SECOND]
            # A bucket that was full holds its capacity and gains as much again meanwhile.
            own = 2 * max(1.0, share * entries) + 1
            assert sum(within) <= own
            assert len(within) <= own + 2 * max(1.0, share * exits) + 1


def test_a_minute_has_forty_times_the_second() -> None:
    """Whoever asks all the time gets one and a half a second until the minute's sixty are used, then one a second."""
    rate = OrderRate(1.5, 1.0, 2.0)
    passed = [rate.entry(SECOND + n * SECOND // 2) for n in range(1201)]
    assert sum(passed[:121]) == 3 + 90
    assert sum(passed) == 60 + 600
    assert rate.exit(601 * SECOND), "the exits' lane is another"


def test_a_rate_below_one_still_lets_one_through() -> None:
    """A share so small that a window would hold less than one order."""
    assert taken(OrderRate(0.1, 0.1, 2.0).entry, SECOND) == 1


def test_after_a_429_entries_pause_ten_minutes_and_exits_ten_seconds() -> None:
    """And no longer."""
    rate = OrderRate(1.5, 1.0, 2.0)
    rate.throttle(SECOND)
    for seconds, entry, leave in (
        (0, False, False), (COOL_DOWN_SECONDS - 1, False, False), (COOL_DOWN_SECONDS, False, True),
        (ENTRIES_PAUSE_SECONDS - 1, False, True), (ENTRIES_PAUSE_SECONDS, True, True),
    ):
        now = SECOND + seconds * SECOND
        assert (rate.entry(now), rate.exit(now), rate.throttled(now)) == (entry, leave, not entry)


def test_a_throttled_stop_is_sent_again_after_ten_seconds() -> None:
    """It got a 429: nothing is sent while the broker cools down, then the position leaves."""
    wire = Wire()
    made = desk(wire, {0: LONG, 3: LONG}, symbols="AAA BBB", pace=LIVE)
    made.driver.run(flat("AAA", 1))
    entry = made.order(1)
    wire.faults["place"] = [OrderThrottled("Too many requests")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.session.book.rate.throttled(made.session.now)
    made.wait(9)
    assert len(wire.asked("place")) == 2
    made.wait(3)
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity)]


def test_a_throttled_entry_pauses_all_entries() -> None:
    """Of every symbol, for ten minutes; the reason is counted."""
    wire = Wire()
    signals = {0: LONG, 5: Enter(1, 100, symbol="BBB"), 12: Enter(1, 100, symbol="BBB")}
    made = desk(wire, signals, symbols="AAA BBB", pace=LIVE)
    wire.faults["place"] = [OrderThrottled("Too many requests")]
    for number in range(13):
        made.driver.run(flat("AAA", 1, start=number) + flat("BBB", 1, start=number))
    assert made.session.book.denied == {"throttled": 1}
    assert [order.symbol for order in made.ledger.orders.values()] == ["AAA", "BBB"]
    assert made.order(2).created == minute(13)


def test_a_throttled_change_waits_and_is_made() -> None:
    """The ladder's step was refused for too many requests: nothing for ten seconds, then the next one."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.faults["modify"] = [OrderThrottled("Too many requests")]
    made.control(HaltLevel.FLATTEN)
    made.wait(9)
    assert len(wire.asked("modify")) == 1
    made.wait(2)
    assert wire.asked("modify")[1:] == [("modify", stop.tag, Kind.LIMIT, entry.quantity, 100_00, 0)]


def test_entries_are_denied_beyond_the_rate() -> None:
    """Five symbols signal at one moment, the window holds three."""
    wire = Wire()
    many = replace(LIMITS, max_open_positions=9, capital=10**9)
    made = desk(wire, symbols="AAA BBB CCC DDD EEE", limits=many, pace=LIVE)
    for slot in made.session.slots.values():
        assert slot.strategy is not None
        slot.strategy.signals = {0: LONG}  # type: ignore[attr-defined]
    made.driver.run([bar for name in made.session.slots for bar in flat(name, 1)])
    assert len(wire.asked("place")) == 3
    assert made.session.book.denied == {"order_rate": 2}


@pytest.mark.parametrize("pace", [LIVE, Pace()])
def test_exits_of_many_symbols_all_get_out(pace: Pace) -> None:
    """Eight positions are flattened at once: as many as the rate allows now, all of them in some seconds."""
    wire = Wire()
    many = replace(LIMITS, max_open_positions=9, capital=10**9, orders_per_second=100.0)
    made = desk(wire, symbols=" ".join(f"S{n}" for n in range(8)), limits=many, pace=pace)
    for slot in made.session.slots.values():
        assert slot.strategy is not None
        slot.strategy.signals = {0: LONG}  # type: ignore[attr-defined]
    made.driver.run([bar for name in made.session.slots for bar in flat(name, 1)])
    for order in list(made.ledger.orders.values()):
        wire.say(order, Status.COMPLETE, fill(order, order.quantity, 100_00))
    made.wait(20)
    stops = [order for order in made.ledger.orders.values() if order.kind is Kind.SL]
    assert len(stops) == 8
    for stop in stops:
        wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(5)
    made.session.book.rate = OrderRate(1.0, 1.0, pace.window_seconds)
    made.control(HaltLevel.FLATTEN)
    made.wait(10)
    changed = {call[1] for call in wire.asked("modify")}
    assert changed == {stop.tag for stop in stops}, "some positions were not told to leave within ten seconds"
