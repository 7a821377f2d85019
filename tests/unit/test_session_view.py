"""A session's days, times and views: what a strategy sees, what is late, what is not its own."""

from datetime import timedelta

import pytest

from common.market.bar import Quote
from common.market.instrument import Instrument
from common.market.instrument import Kind as InstrumentKind
from common.trading.messages import Timer
from common.trading.orders import Status
from common.trading.strategy import Enter, Exit
from tests.unit.trading_case import (
    DAY,
    LONG,
    PATIENT,
    RATES,
    SMALL_LOSS,
    Script,
    bars,
    desk,
    flat,
    hours,
    minute,
    open_session,
    share,
)
from tests.unit.wire_case import Wire, fill, protected


def test_a_new_day_begins_anew() -> None:
    """Numbers, counts and halts of yesterday are gone; what is open is carried, with its orders."""
    wire = Wire()
    made, _, stop = protected(wire, symbols="AAA BBB")
    made.account.halted = "yesterday"
    made.session.book.denied["x"] = 1
    tomorrow = DAY + timedelta(days=3)
    started: list[str] = []
    script = made.slot().strategy
    assert script is not None
    script.start_day = lambda: started.append("AAA")  # type: ignore[method-assign]
    made.session.open_day(tomorrow, hours(), RATES)
    book = made.session.book
    assert (book.sequence, book.trades, book.flattening, made.account.halted) == (0, [], "", "")
    assert book.prefix == "T250901S"
    assert list(book.orders) == [stop.tag]
    assert made.slot().quantity > 0
    assert started == ["AAA"]
    assert len(made.session.strategies()) == 2


def test_an_instance_of_several_symbols_is_started_once() -> None:
    """One strategy for two symbols."""
    one = Script()
    session = open_session([share("AAA"), share("BBB"), share("CCC")], lambda name: None if name == "CCC" else one)
    assert session.strategies() == [one]


def test_time_does_not_go_back() -> None:
    """A bar that comes late is taken at the time that is known by now, and an older one is no price."""
    wire = Wire()
    made = desk(wire, {3: LONG})
    made.driver.take(Timer(minute(10)))
    made.driver.run(flat("AAA", 1, 101_00, start=4))
    made.driver.run(flat("AAA", 1, 50_00, start=3))
    assert made.session.now == minute(10)
    assert made.order(1).created == minute(10)
    late = made.slot().last
    assert late is not None
    made.driver.take(Quote(minute(10), "AAA", 102_00))
    made.driver.run(flat("AAA", 1, 50_00, start=2))
    assert made.slot().last is not None
    assert made.slot().last.close == 102_00  # type: ignore[union-attr]


def test_quotes_of_others_and_of_yesterday_are_nothing() -> None:
    """Unknown symbols, and ticks from before the last."""
    made = desk(Wire())
    made.driver.take(Quote(minute(5), "AAA", 100_00))
    assert made.session.handle(Quote(minute(5), "ZZZ", 1)) == ()
    assert made.session.handle(Quote(minute(4), "AAA", 1)) == ()
    made.session.warm(flat("ZZZ", 1)[0])
    assert made.slot().last is not None
    assert made.slot().last.close == 100_00  # type: ignore[union-attr]


def test_an_exit_of_another_symbol() -> None:
    """A strategy may leave what another of its symbols holds; of what is not its own it hears."""
    wire = Wire()
    made = desk(wire, {0: Enter(1, 100, symbol="BBB"), 2: Exit("out", "BBB"), 3: Exit("out", "ZZZ")},
                symbols="AAA BBB", policy=PATIENT)
    made.session.handle(flat("BBB", 1)[0])
    made.driver.run(flat("AAA", 1))
    entry = made.order(1)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.driver.run(flat("AAA", 4, start=1))
    assert (made.order(2).symbol, made.order(2).reason) == ("BBB", "out")
    assert [r.fields["symbol"] for r in made.ledger.records if r.severity == "ERROR"] == ["ZZZ"]


def test_what_a_strategy_sees() -> None:
    """Positions, bars, options and days to expiry of its workload, and nothing of others."""
    expiry = DAY + timedelta(days=4)
    chain = [
        Instrument(f"N{k}{kind}", "NFO", kind, 5, 75, 0, "NIFTY", expiry, k * 100)
        for k in (24_500, 24_400) for kind in (InstrumentKind.PUT, InstrumentKind.CALL)
    ]
    session = open_session([share("AAA"), *chain], lambda _: None)
    view = session.slots["AAA"]
    session.handle(flat("AAA", 1)[0])
    session.slots["N24400CE"].quantity = 75
    assert [view.position(s) for s in ("N24400CE", "AAA", "ZZZ")] == [75, 0, 0]
    assert view.bar("AAA") is view.last
    assert view.bar("N24400CE") is view.bar("ZZZ") is None
    assert [o.symbol for o in view.options("NIFTY")] == ["N24400CE", "N24400PE", "N24500CE", "N24500PE"]
    assert view.options("BANKNIFTY") == ()
    assert view.days_to_expiry(chain[0]) == 4
    with pytest.raises(ValueError, match="AAA does not expire"):
        view.days_to_expiry(share("AAA"))
    assert not view.basket_open("spread")
    assert view.universe.strikes_away(chain[0], 24_390_00) == 1


def test_a_warmed_loss_halts_the_day() -> None:
    """Bars from before a restart, after the last fill: a loss that was confirmed then is confirmed again."""
    wire = Wire()
    made, _, _ = protected(wire, Enter(1, 200, 0.0, "go"), limits=SMALL_LOSS)
    for bar in bars("AAA", (90_00, 90_00, 90_00, 90_00), (90_00, 90_00, 90_00, 90_00), start=1):
        made.session.warm(bar)
    assert (made.account.halted, made.session.book.flattening) == ("daily loss reached", "daily loss reached")
    assert wire.asked("modify") == []
