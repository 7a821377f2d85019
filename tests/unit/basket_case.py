"""Baskets of options in miniature: a chain, a condor and a put spread, a desk whose legs are on a wire."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from common.market.bar import Bar, Quote
from common.market.calendar import SessionTimes
from common.market.instrument import AssetClass, Instrument, Kind
from common.research.memory_ledger import MemoryLedger
from common.trading.baskets import Basket
from common.trading.charges import rates_on
from common.trading.driver import Driver
from common.trading.exit_policy import EXIT_POLICIES
from common.trading.limits import Limits
from common.trading.order_route import OrderRoute
from common.trading.orders import Order, Purpose, Status
from common.trading.pace import LIVE, Pace
from common.trading.slot import Slot
from common.trading.strategy import EnterBasket, ExitBasket, Leg, Signal
from tests.unit.trading_case import DAY, Desk, Script, minute, open_session
from tests.unit.wire_case import Wire, fill

LOT: Final = 75
EXPIRY: Final = DAY + timedelta(days=4)
RATES: Final = rates_on(DAY, "options")
LIMITS: Final = Limits(
    capital=2_000_000_00, daily_loss=100_000_00, risk_per_trade=20_000_00, max_trades=10, max_open_positions=2,
    max_order_value=1_000_000_00, orders_per_second=10.0, exits_per_second=10.0,
)


def option(strike: int, kind: Kind = Kind.PUT, freeze: int | None = 1800, **more: Any) -> Instrument:
    """A NIFTY option; strike in rupees."""
    name = f"N{strike}{kind}"
    fields = {"underlying": "NIFTY", "expiry": EXPIRY, **more}
    return Instrument(name, "NFO", kind, 5, LOT, strike=strike * 100, freeze_quantity=freeze, **fields)


NIFTY: Final = Instrument("NIFTY", "NSE", Kind.INDEX, 5)
PUT_HEDGE, PUT_SHORT = option(24_300), option(24_400)
CALL_SHORT, CALL_HEDGE = option(24_600, Kind.CALL), option(24_700, Kind.CALL)
CHAIN: Final = (PUT_HEDGE, PUT_SHORT, CALL_SHORT, CALL_HEDGE)
PRICES: Final = {"N24300PE": 60_00, "N24400PE": 100_00, "N24600CE": 100_00, "N24700CE": 60_00}
UNITS: Final = 300
"""What the limits allow of the spread: 4 lots."""

SPREAD: Final = EnterBasket(
    "spread", [Leg("N24300PE", 1), Leg("N24400PE", -1, 0, 50_00)], 40_00, 30_00, "rising", {"credit": 40.0},
)
CONDOR: Final = EnterBasket("condor", [
    Leg("N24300PE", 1), Leg("N24700CE", 1), Leg("N24400PE", -1, 0, 50_00), Leg("N24600CE", -1, 1, 50_00),
], 40_00, 30_00, "calm")
OUT: Final = ExitBasket("spread", "enough")


def basket_desk(
    route: OrderRoute, signals: dict[int, Signal] | None = None, *, instruments: Sequence[Instrument] = CHAIN,
    limits: Limits = LIMITS, pace: Pace = LIVE, times: SessionTimes | None = None,
) -> Desk:
    """The chain and its index, which alone has a script."""
    session = open_session(
        [*instruments, NIFTY], lambda name: Script(signals=signals) if name == "NIFTY" else None, limits=limits,
        pace=pace, asset_class=AssetClass.OPTIONS, may_short=False, times=times, rates=RATES,
        policy=EXIT_POLICIES[AssetClass.OPTIONS],
    )
    ledger = MemoryLedger()
    made = Desk(session, Driver(session, route, ledger), ledger)
    mark(made, at=minute(1))
    return made


def mark(made: Desk, at: int = 0, **prices: int) -> None:
    """Quotes of every leg now, at its usual price or another (paise)."""
    made.session.now = max(made.session.now, at)
    for symbol, price in PRICES.items():
        if symbol in made.session.slots:
            made.driver.take(Quote(made.session.now, symbol, prices.get(symbol, price)))


def signal(made: Desk, what: Signal) -> None:
    """The strategy says so on a bar of the index, now."""
    strategy = made.session.slots["NIFTY"].strategy
    assert isinstance(strategy, Script)
    strategy.signals = {0: what}
    made.driver.take(Bar(minute(0), "NIFTY", 1, 1, 1, 1))
    strategy.signals = {}


def begun(wire: Wire, what: EnterBasket = SPREAD, **more: Any) -> Desk:
    """A basket whose hedges are on the wire."""
    made = basket_desk(wire, **more)
    signal(made, what)
    return made


def basket_of(made: Desk) -> Basket:
    """The one basket that is there."""
    (basket,) = made.session.book.baskets.values()
    return basket


def leg(made: Desk, instrument: Instrument) -> Slot:
    """The slot of one leg."""
    return made.session.slots[instrument.symbol]


def working(made: Desk, instrument: Instrument, purpose: Purpose) -> list[Order]:
    """Orders of ours that may still fill there."""
    return [
        order for order in made.ledger.orders.values()
        if order.symbol == instrument.symbol and order.working and order.purpose is purpose
    ]


def only(made: Desk, instrument: Instrument, purpose: Purpose) -> Order:
    """The one that works."""
    (order,) = working(made, instrument, purpose)
    return order


def trade(made: Desk, wire: Wire, order: Order, quantity: int = 0, price: int = 0) -> None:
    """So much of the order is filled, all of the rest by default, at the usual price."""
    quantity = quantity or order.remaining
    whole = quantity == order.remaining
    one = fill(order, quantity, price or PRICES[order.symbol], ts=made.session.now)
    wire.say(order, Status.COMPLETE if whole else Status.OPEN, one)
    made.driver.settle()


def opened(wire: Wire, what: EnterBasket = SPREAD, **more: Any) -> Desk:
    """A basket that is whole, its shorts' stops resting."""
    made = begun(wire, what, **more)
    for purpose in (Purpose.ENTRY, Purpose.ENTRY):
        for instrument in CHAIN:
            for order in working(made, instrument, purpose):
                trade(made, wire, order)
    for instrument in CHAIN:
        for stop in working(made, instrument, Purpose.EXIT):
            wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    assert basket_of(made).opened
    return made


def placed(wire: Wire) -> list[tuple[int, int]]:
    """Side and quantity of everything placed, in order."""
    return [(call[3], call[4]) for call in wire.asked("place")]


def unwound(made: Desk, wire: Wire, reason: str) -> None:
    """What is held is closed, shorts first, and nothing is left; `reason` is why."""
    basket = basket_of(made)
    assert basket.leaving == reason
    for instrument in (PUT_SHORT, CALL_SHORT, PUT_HEDGE, CALL_HEDGE):
        slot = leg(made, instrument)
        for _ in range(10):
            for order in working(made, instrument, Purpose.ENTRY):
                wire.say(order, Status.CANCELLED)
            for order in working(made, instrument, Purpose.EXIT):
                assert order.remaining <= abs(slot.quantity)
                trade(made, wire, order)
            made.wait(1)
            if not slot.quantity and not working(made, instrument, Purpose.EXIT):
                break
        assert slot.quantity == 0, f"{instrument.symbol} is still held"
    made.wait(3)
    assert made.session.book.baskets == {}
    assert made.account.reserved == {}
    assert not any(slot.busy for slot in made.session.slots.values())
