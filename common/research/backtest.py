"""Backtest: one strategy with the trading session itself, a session a day, as the workload would trade it on paper."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from common.market.calendar import is_trading_day
from common.market.instrument import AssetClass, Instrument, Kind
from common.market.money import Paise
from common.planning.contracts import chains_of, contracts_of
from common.planning.limits import full_limits
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan, OptionSelection
from common.planning.session_facts import session_facts
from common.research.day_result import differences
from common.research.market import RecordedMarket, StreamedMarket
from common.research.performance import ratios
from common.research.recorded import dates
from common.research.replay import replay_class
from common.research.workload import Outcome
from common.strategies.registry import build, get
from common.trading.charges import SEGMENT_OF, rates_on
from common.trading.order_hash import hash_row, row_bytes

STRIKES_EACH_SIDE: Final = 15
NAMED: Final = 5


class NothingToTest(ValueError):
    """The strategy, the files and the selection leave nothing to trade; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Request:
    """symbols: empty for all that the strategy can trade. first, last: dates, None for the files' own."""

    strategy: str
    paths: tuple[Path, ...]
    symbols: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


class Kept(Protocol):
    """Days that are done, by date: kept one by one, so that a run that was killed goes on behind the last of them."""

    def done(self, day: date) -> bool: ...

    def keep(self, day: date, result: Mapping[str, Any]) -> None: ...

    def days(self) -> Iterator[Mapping[str, Any]]:
        """What was kept, by date."""
        ...


class InMemory:
    """Keeps the days of a short run."""

    def __init__(self) -> None:
        self._days: dict[date, Mapping[str, Any]] = {}

    def done(self, day: date) -> bool:
        """Whether the day is there."""
        return day in self._days

    def keep(self, day: date, result: Mapping[str, Any]) -> None:
        """Take a day."""
        self._days[day] = result

    def days(self) -> Iterator[Mapping[str, Any]]:
        """By date."""
        return (self._days[day] for day in sorted(self._days))


def backtest(
    request: Request, mandate: Mandate, progress: Callable[[float], None] = lambda _: None, kept: Kept | None = None,
) -> dict[str, Any]:
    """One result over all days; `progress` is told the share done, 0 to 1.

    kept: where each day goes as soon as it is traded; what is there already is not traded again. In memory are a
    stretch of the files, one day, and the trades. Raises NothingToTest and what reader and registry raise.
    """
    kept, days = kept or InMemory(), chosen_days(request)
    market = StreamedMarket(request.paths, days)
    for number, day in enumerate(days):
        progress(number / len(days))
        if not kept.done(day):
            kept.keep(day, trade_day(day, request, market, mandate))
    progress(1.0)
    return collect(request, kept.days())


def chosen_days(request: Request) -> list[date]:
    """Dates of the files within the request. Raises NothingToTest, DataError."""
    days = [
        day for day in dates(request.paths)
        if (request.first is None or day >= request.first) and (request.last is None or day <= request.last)
    ]
    if not days:
        raise NothingToTest("no session of the files is between --from and --to: look at them with `tron data check`")
    return days


def trade_day(day: date, request: Request, market: RecordedMarket, mandate: Mandate) -> dict[str, Any]:
    """One day as JSON values: {date, skipped} or {date, state, orders, trades, equity, ...}. Raises NothingToTest."""
    if not is_trading_day(day, special=True):
        text = f"{day}: bars on a day on which the exchange was closed; left out"
        return {"date": day.isoformat(), "skipped": text}
    instruments = market.instruments(day)
    plan = plan_day(day, request, instruments, mandate)
    assert plan.limits is not None
    return day_record(day, replay_class(day, plan, market, request.seed), plan.limits.capital_paise, instruments)


def day_record(
    day: date, outcome: Outcome, capital: Paise, instruments: Sequence[Instrument],
) -> dict[str, Any]:
    """What is kept of a day. tick_paise: what one more tick against us on every fill would have cost."""
    ticks = {instrument.symbol: instrument.tick for instrument in instruments}
    orders = sorted(outcome.orders, key=lambda order: order.tag)
    rates = rates_on(day, SEGMENT_OF[outcome.asset_class])
    return {
        "date": day.isoformat(), "asset_class": outcome.asset_class.value, "state": outcome.state,
        "capital_paise": capital, "orders": [hash_row(order) for order in orders],
        "trades": [{"date": day.isoformat(), **trade} for trade in outcome.trades], "equity": outcome.equity,
        "tick_paise": sum(order.filled * ticks[order.symbol] for order in orders),
        "differences": [f"{day}: {text}" for text in differences([outcome])],
        "rates_from": str(rates.rates_from) if rates.extrapolated else "",
    }


def plan_day(day: date, request: Request, instruments: Sequence[Instrument], mandate: Mandate) -> ClassPlan:
    """A plan of one class with the whole of the mandate's limits for it. Raises NothingToTest."""
    classes = get(request.strategy).asset_classes
    options = None
    parameters = dict(request.parameters)
    known = {instrument.symbol: instrument for instrument in instruments}
    missing = [symbol for symbol in request.symbols if symbol not in known]
    if missing:
        raise NothingToTest(f"the files have no {', '.join(missing)} on {day}: `tron data check` lists their symbols")
    if AssetClass.OPTIONS in classes:
        asset_class, options = AssetClass.OPTIONS, _selection(day, request, instruments)
        universe: tuple[str, ...] = (options.signal_symbol,)
        parameters.setdefault("underlying", options.underlying)
    else:
        found = [known[s] for s in request.symbols] or [i for i in instruments if i.asset_class in classes]
        found = [i for i in found if i.asset_class in classes]
        if not found:
            names = " or ".join(sorted(classes))
            raise NothingToTest(f"{request.strategy} trades {names}, and the files have none on {day}")
        asset_class = found[0].asset_class or AssetClass.STOCK
        universe = tuple(i.symbol for i in found if i.asset_class is asset_class)
    build(request.strategy, parameters)  # says which parameter is wrong before a plan carries it
    return ClassPlan(
        asset_class=asset_class, enabled=True, strategy=request.strategy, parameters=parameters, universe=universe,
        options=options, size=1.0, limits=full_limits(mandate, asset_class, session_facts(day)),
    )


def _selection(day: date, request: Request, instruments: Sequence[Instrument]) -> OptionSelection:
    listed = sorted({i.underlying for i in instruments if i.kind in (Kind.CALL, Kind.PUT)})
    asked = request.parameters.get("underlying")
    wanted = listed if asked is None else [name for name in listed if name == asked]
    if asked is not None and not wanted:
        raise NothingToTest(f"the files have options on {', '.join(listed) or 'nothing'} on {day}, not on {asked}")
    contracts = contracts_of(day, instruments, wanted)
    chains = [
        chain for chain in chains_of(day, instruments, contracts, wanted)
        if chain.signal_symbol and (not request.symbols or chain.signal_symbol in request.symbols)
    ]
    if not chains:
        raise NothingToTest(
            f"{request.strategy} needs an option chain and its future, forward or index on {day}: "
            "give both files with --bars"
        )
    chain = min(chains, key=lambda one: one.expiry)
    return OptionSelection(
        underlying=chain.underlying, signal_symbol=chain.signal_symbol, expiry=chain.expiry,
        strikes_each_side=STRIKES_EACH_SIDE,
    )


def collect(request: Request, kept: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The result of days that are done, in the order of their dates. Raises NothingToTest where none was traded."""
    skipped, early, notes = list[str](), list[str](), list[str]()
    trades, daily, failed, capital, count, tick = list[Any](), list[list[Any]](), list[str](), 0, 0, 0
    digest = OrderDigest()
    for day in kept:
        if "skipped" in day:
            skipped.append(day["skipped"])
            continue
        digest.add(day["orders"])
        count += len(day["orders"])
        tick += day["tick_paise"]
        capital = day["capital_paise"]
        trades += day["trades"]
        daily.append([day["date"], sum(trade["net_paise"] for trade in day["trades"])])
        notes += day["differences"]
        early += [day["rates_from"]] if day["rates_from"] else []
        failed += [day["date"]] if day["state"] != "DONE" else []
    if not daily:
        raise NothingToTest("none of the files' dates is a trading day: check their dates and time zone")
    skipped += _absent([date.fromisoformat(day) for day, _ in daily])
    if early:
        notes.append(f"charges of {len(early)} days are those of {early[0]}, where the table of rates begins")
    return {
        "strategy": request.strategy, "parameters": dict(request.parameters), "seed": request.seed,
        "files": [path.name for path in request.paths], "from": daily[0][0], "to": daily[-1][0], "days": len(daily),
        "failed_days": failed, "order_hash": digest.value(), "orders": count, "trades": trades, "daily": daily,
        "capital_paise": capital, "tick_paise": tick, "ratios": ratios(daily, capital),
        "totals": _totals(trades, daily), "warnings": [*skipped, *notes],
    }


def _absent(days: Sequence[date]) -> list[str]:
    """Sessions between the first and the last day that the files do not have."""
    between = (days[0] + timedelta(n) for n in range((days[-1] - days[0]).days))
    there = set(days)
    absent = [str(day) for day in between if day not in there and is_trading_day(day)]
    if not absent:
        return []
    more = f" and {len(absent) - NAMED} more" if len(absent) > NAMED else ""
    return [f"sessions that are not in the files ({len(absent)}): {', '.join(absent[:NAMED])}{more}"]


class OrderDigest:
    """The hash of all orders, a day at a time: tags begin with the date, so that days in order add up."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Orders of the next day, by tag."""
        for row in rows:
            self.add_bytes(row_bytes(row))

    def add_bytes(self, rows: bytes) -> None:
        """The same as `row_bytes` has them."""
        self._digest.update(rows)

    def value(self) -> str:
        """As `order_hash` of all of them."""
        return self._digest.hexdigest()


def _totals(trades: Sequence[Mapping[str, Any]], daily: Sequence[Sequence[Any]]) -> dict[str, Any]:
    gross = sum(trade["gross_paise"] for trade in trades)
    charges = sum(trade["charges_paise"] for trade in trades)
    return {
        "gross_paise": gross, "charges_paise": charges, "net_paise": gross - charges, "trades": len(trades),
        "wins": sum(1 for trade in trades if trade["net_paise"] > 0),
        "losses": sum(1 for trade in trades if trade["net_paise"] < 0), "max_drawdown_paise": _drawdown(daily),
    }


def _drawdown(daily: Sequence[Sequence[Any]]) -> int:
    total = peak = worst = 0
    for _, net in daily:
        total += net
        peak = max(peak, total)
        worst = max(worst, peak - total)
    return worst
