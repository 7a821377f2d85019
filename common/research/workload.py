"""From one asset class of a plan to a session with its slots, and the loop over its minutes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol, Self

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import SessionTimes, session_times
from common.market.instrument import AssetClass, Instrument
from common.planning.exclusions import exclusions
from common.planning.plan import ClassPlan
from common.ports import Resume
from common.strategies.registry import build
from common.trading.book import Book
from common.trading.charges import SEGMENT_OF, ChargeRates, rates_on
from common.trading.exit_policy import EXIT_POLICIES
from common.trading.greek_exposure import held_exposure
from common.trading.limits import Limits
from common.trading.orders import Order, Status
from common.trading.pace import REPLAY, Pace
from common.trading.risk import Account
from common.trading.session import Session
from common.trading.slot import Slot, Universe


def order_ids(day: date, asset_class: AssetClass) -> str:
    """How the simulated exchange's order ids begin: 15 digits in all, unique over a day's workloads."""
    return f"{day:%y%m%d}{list(AssetClass).index(asset_class) + 1}"


FRESH: Final = Resume()


@dataclass(slots=True)
class Outcome:
    """What one workload did: for the report, the reconciliation and the hash.

    trades: as stored. equity: [IST time, net paise], one a minute. summary: see `summarise`.
    """

    asset_class: AssetClass
    state: str
    orders: list[Order]
    trades: list[Mapping[str, Any]]
    equity: list[tuple[str, int]]
    summary: Mapping[str, Any]
    alarms: list[Mapping[str, Any]] = field(default_factory=list)


def select(plan: ClassPlan, instruments: Iterable[Instrument]) -> list[Instrument]:
    """What the workload watches, in the order of its feed: option chain first, then what its strategy decides on.

    Raises LookupError when a symbol of the plan is not among today's instruments.
    """
    known = {instrument.symbol: instrument for instrument in instruments}
    missing = [symbol for symbol in plan.universe if symbol not in known]
    if missing:
        raise LookupError(f"the plan trades {', '.join(missing)}, which today's instruments do not list: plan again")
    drivers = [known[symbol] for symbol in plan.universe]
    if plan.options is None:
        return drivers
    wanted = (plan.options.underlying, plan.options.expiry)
    chain = [i for i in known.values() if i.asset_class is AssetClass.OPTIONS and (i.underlying, i.expiry) == wanted]
    return [*sorted(chain, key=lambda i: (i.strike, i.kind)), *drivers]


@dataclass(frozen=True, slots=True)
class Terms:
    """What one workload trades, and within what, on one day, whatever the parameters of its strategy are.

    instruments: as from `select`. barred: symbols that may not be entered, with the reason.
    """

    day: date
    plan: ClassPlan
    instruments: Sequence[Instrument]
    times: SessionTimes
    limits: Limits
    rates: ChargeRates
    barred: Mapping[str, str]

    @classmethod
    def of(cls, day: date, plan: ClassPlan, instruments: Sequence[Instrument]) -> Self:
        """Raises ValueError for a class that the plan does not enable."""
        if plan.limits is None:
            raise ValueError(f"the plan does not enable {plan.asset_class}: it has no limits to trade within")
        return cls(
            day, plan, instruments, plan.limits.tighten(session_times(day, plan.asset_class)),
            plan.limits.for_trading(), rates_on(day, SEGMENT_OF[plan.asset_class]),
            exclusions(day, instruments, plan.banned),
        )

    def open(self, parameters: Mapping[str, Any], pace: Pace = REPLAY) -> Session:
        """A fresh session whose strategy has these parameters. Raises what the registry raises."""
        plan = self.plan
        book = Book(plan.asset_class, self.day, Account(self.limits), EXIT_POLICIES[plan.asset_class], self.rates, pace)
        slots: dict[str, Slot] = {}
        strikes = plan.options.strikes_each_side if plan.options is not None else 0
        universe = Universe(self.day, self.instruments, plan.universe[0], strikes)
        drivers = set(plan.universe)
        for instrument in self.instruments:
            strategy = build(plan.strategy, parameters) if instrument.symbol in drivers else None
            may_short = plan.asset_class is not AssetClass.OPTIONS and instrument.symbol not in plan.long_only
            slots[instrument.symbol] = Slot(instrument, strategy, slots, universe, may_short=may_short)
            slots[instrument.symbol].blocked = self.barred.get(instrument.symbol, "")
        return Session(book, slots, self.times)


def open_session(day: date, plan: ClassPlan, instruments: Sequence[Instrument], pace: Pace = REPLAY) -> Session:
    """A fresh session for `plan`; instruments as from `select`. Raises what the registry raises."""
    return Terms.of(day, plan, instruments).open(plan.parameters, pace)


def by_minute(feed: Iterable[Bar]) -> Iterator[tuple[int, list[Bar]]]:
    """Bars that start together: (ts, bars)."""
    ts, bars = 0, list[Bar]()
    for bar in feed:
        if bar.ts != ts and bars:
            yield ts, bars
            bars = []
        ts = bar.ts
        bars.append(bar)
    if bars:
        yield ts, bars


class Trader(Protocol):
    """A `Driver`, or the workload around one."""

    session: Session

    def run(self, feed: Iterable[Bar]) -> None: ...

    def pass_time(self, ts: int) -> None: ...


def trade_minutes(
    trader: Trader, feed: Iterable[Bar], each_minute: Callable[[int], None], resume: Resume = FRESH,
) -> None:
    """The day, minute by minute; what an earlier run has decided on only warms prices and indicators."""
    warm = trader.session.warm
    for ts, bars in by_minute(feed):
        if ts > resume.ts:
            trader.run(bars)
        else:
            done = resume.handled if ts == resume.ts else None
            for bar in bars:
                if done is None or bar.symbol in done:
                    warm(bar)
                else:
                    trader.run([bar])
        if ts >= resume.ts:
            trader.pass_time(ts + NANOSECONDS_A_MINUTE)
        each_minute(ts)
    # Symbols whose bars stopped early are squared off, or said to be open, all the same.
    trader.pass_time(trader.session.times.close)


def summarise(session: Session) -> dict[str, Any]:
    """One workload in numbers: the page's cheap read. Money: paise."""
    book = session.book
    account, limits = book.account, book.account.limits
    orders = book.orders.values()
    return {
        "orders": len(orders), "fills": sum(len(order.fills) for order in orders), "trades": len(book.trades),
        "open_positions": account.open_positions, "gross_paise": account.gross + account.open_pnl,
        "charges_paise": account.charges + account.pending_charges, "net_paise": account.net,
        "halted": account.halted, "denied": dict(book.denied), "positions": _positions(session),
        "seconds_to_flat": sorted(book.flat_seconds)[-20:],
        "margin_paise": sum(account.reserved.values()), "greeks": _greeks(session),
        "limits": [
            {"name": "capital", "used": account.peak_used, "limit": limits.capital, "unit": "paise"},
            {"name": "daily loss", "used": account.peak_loss, "limit": limits.daily_loss, "unit": "paise"},
            {"name": "trades", "used": account.trades, "limit": limits.max_trades, "unit": "count"},
            {"name": "open positions", "used": account.peak_positions, "limit": limits.max_open_positions,
             "unit": "count"},
        ],
    }


def _greeks(session: Session) -> dict[str, int] | None:
    """Paise, of what is held; None where the market does not say."""
    found = held_exposure(session.slots, session.now)
    if found is None:
        return None
    return {"delta_paise": round(found.delta), "gamma_paise": round(found.gamma), "vega_paise": round(found.vega)}


def _positions(session: Session) -> list[dict[str, Any]]:
    """Of ours. stop_paise: trigger of the stop that rests for all of it, 0 for none. leaving: why it is closed."""
    found = []
    for slot in session.slots.values():
        if not slot.quantity:
            continue
        resting = [one for one in slot.exits if one.status is Status.TRIGGER_PENDING]
        whole = sum(one.remaining for one in resting) >= abs(slot.quantity)
        found.append({
            "symbol": slot.symbol, "quantity": slot.quantity, "mark_paise": slot.mark,
            "average_paise": round(slot.trip.average) if slot.trip.side else 0,
            "stop_paise": resting[0].trigger if whole else 0, "leaving": slot.leaving,
            "basket": slot.basket.name if slot.basket is not None else "",
        })
    return found
