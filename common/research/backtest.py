"""Backtest: one strategy with the trading session itself, a session a day, as the workload would trade it on paper."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, Protocol

from common.market.calendar import is_trading_day
from common.market.instrument import Instrument
from common.market.money import Paise
from common.planning.mandate import Mandate
from common.research.backtest_plan import AllExcluded, NothingToTest, Request, plan_day
from common.research.day_result import differences
from common.research.heap import give_back
from common.research.market import RecordedMarket, StreamedMarket
from common.research.performance import ratios
from common.research.recorded import dates
from common.research.replay import replay_class
from common.research.workload import Outcome
from common.trading.charges import SEGMENT_OF, rates_on
from common.trading.order_hash import hash_row, row_bytes

NAMED: Final = 5
DISTURBING: Final = ("not one-minute bars", "bars outside of trading hours", "bid above ask")
"""Warnings about bars that make a backtest say little; the others are no fault of the files."""


class Kept(Protocol):
    """Days that are done, by date: kept one by one, so that a run that was killed goes on behind the last of them."""

    def done(self, day: date) -> bool: ...

    def keep(self, day: date, result: Mapping[str, Any]) -> None: ...

    def days(self) -> Iterator[Mapping[str, Any]]:
        """What was kept, by date."""
        ...

    def trades(self) -> Iterable[Mapping[str, Any]]:
        """Of all days, in order; may be gone through more than once."""
        ...


class InMemory:
    """Keeps of the days what their result is made of: the equity of each minute is not."""

    def __init__(self) -> None:
        self._days: dict[date, Mapping[str, Any]] = {}

    def done(self, day: date) -> bool:
        """Whether the day is there."""
        return day in self._days

    def keep(self, day: date, result: Mapping[str, Any]) -> None:
        """Take a day."""
        self._days[day] = {name: value for name, value in result.items() if name != "equity"}

    def days(self) -> Iterator[Mapping[str, Any]]:
        """By date."""
        return (self._days[day] for day in sorted(self._days))

    def trades(self) -> list[Mapping[str, Any]]:
        """All of them."""
        return [trade for day in self.days() for trade in day.get("trades", ())]


def backtest(
    request: Request, mandate: Mandate, progress: Callable[[float], None] = lambda _: None, kept: Kept | None = None,
) -> dict[str, Any]:
    """One result over all days; `progress` is told the share done, 0 to 1.

    kept: where each day goes as soon as it is traded; what is there already is not traded again. In memory are a
    stretch of the files and one day. Raises NothingToTest and what reader and registry raise.
    """
    kept = kept or InMemory()
    _trade_days(request, mandate, progress, kept)
    give_back()  # before the ratios bring their library
    return collect(request, kept)


def _trade_days(request: Request, mandate: Mandate, progress: Callable[[float], None], kept: Kept) -> None:
    days = chosen_days(request)
    give_back()  # the footers of long files, before bars are held
    market = StreamedMarket(request.paths, days)
    for number, day in enumerate(days):
        progress(number / len(days))
        if not kept.done(day):
            kept.keep(day, trade_day(day, request, market, mandate))
    progress(1.0)


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
    try:
        found = plan_day(day, request, instruments, mandate)
    except AllExcluded as none:
        return {"date": day.isoformat(), "skipped": f"{day}: {none}; left out", "excluded": dict(none.excluded)}
    plan = found.plan
    assert plan.limits is not None
    outcome = replay_class(day, plan, market, request.seed)
    record = day_record(day, outcome, plan.limits.capital_paise, instruments)
    odd = {one.kind: one.example for one in market.warnings(day) if one.kind in DISTURBING}
    return record | {"excluded": dict(found.excluded), "missing": list(found.missing), "odd": odd}


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
        "denied": outcome.summary.get("denied", {}),
        "differences": [f"{day}: {text}" for text in differences([outcome])],
        "rates_from": str(rates.rates_from) if rates.extrapolated else "",
    }


def collect(request: Request, kept: Kept) -> dict[str, Any]:
    """The result of days that are done, in the order of their dates. Raises NothingToTest where none was traded."""
    skipped, early, notes = list[str](), list[str](), list[str]()
    daily, failed, capital, count, tick, totals = list[list[Any]](), list[str](), 0, 0, 0, _Totals()
    digest, excluded, missing, denied = OrderDigest(), Counter[str](), Counter[str](), Counter[str]()
    odd: dict[str, list[str]] = {}
    for day in kept.days():
        excluded.update(list(day.get("excluded", ())))
        missing.update(day.get("missing", ()))
        if "skipped" in day:
            skipped.append(day["skipped"])
            continue
        digest.add(day["orders"])
        count += len(day["orders"])
        tick += day["tick_paise"]
        capital = max(capital, day["capital_paise"])
        daily.append([day["date"], totals.add(day["trades"])])
        notes += day["differences"]
        denied.update(day["denied"])
        for kind, example in day["odd"].items():
            odd.setdefault(kind, []).append(f"{day['date']}: {example}")
        early += [day["rates_from"]] if day["rates_from"] else []
        failed += [day["date"]] if day["state"] != "DONE" else []
    if not daily and excluded:
        raise NothingToTest(f"the lists rule out every share on each day: {', '.join(sorted(excluded)[:NAMED])}")
    if not daily:
        raise NothingToTest("none of the files' dates is a trading day: check their dates and time zone")
    skipped += _absent([date.fromisoformat(day) for day, _ in daily])
    notes += _by_lists(excluded, missing)
    notes += [f"{kind} on {len(days)} of {len(daily)} days, first {days[0]}" for kind, days in odd.items()]
    if early:
        notes.append(f"charges of {len(early)} days are those of {early[0]}, where the table of rates begins")
    return {
        "strategy": request.strategy, "parameters": dict(request.parameters), "seed": request.seed,
        "files": [path.name for path in request.paths], "from": daily[0][0], "to": daily[-1][0], "days": len(daily),
        "failed_days": failed, "order_hash": digest.value(), "orders": count, "trades": kept.trades(), "daily": daily,
        "capital_paise": capital, "tick_paise": tick, "ratios": ratios(daily, capital),
        "totals": totals.of(daily), "denied": dict(sorted(denied.items())), "warnings": [*skipped, *notes],
    }


def _by_lists(excluded: Mapping[str, int], missing: Mapping[str, int]) -> list[str]:
    """What the exchange's lists have changed: symbols and facts with their numbers of days."""
    found = [f"on {count} days at half size: {text}" for text, count in sorted(missing.items())]
    if excluded:
        named = [f"{symbol} on {count}" for symbol, count in sorted(excluded.items())]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        found.append(f"ruled out by the lists, in days: {', '.join(named[:NAMED])}{more}")
    return found


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


class _Totals:
    """Sums over trades, a day at a time."""

    def __init__(self) -> None:
        self._gross = self._charges = self._trades = self._wins = self._losses = 0

    def add(self, trades: Sequence[Mapping[str, Any]]) -> int:
        """Trades of the next day; returns their net result in paise."""
        self._trades += len(trades)
        self._gross += sum(trade["gross_paise"] for trade in trades)
        self._charges += sum(trade["charges_paise"] for trade in trades)
        self._wins += sum(1 for trade in trades if trade["net_paise"] > 0)
        self._losses += sum(1 for trade in trades if trade["net_paise"] < 0)
        return sum(trade["net_paise"] for trade in trades)

    def of(self, daily: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """daily: what `add` returned, as [ISO date, net paise]."""
        return {
            "gross_paise": self._gross, "charges_paise": self._charges, "net_paise": self._gross - self._charges,
            "trades": self._trades, "wins": self._wins, "losses": self._losses, "max_drawdown_paise": _drawdown(daily),
        }


def _drawdown(daily: Sequence[Sequence[Any]]) -> int:
    total = peak = worst = 0
    for _, net in daily:
        total += net
        peak = max(peak, total)
        worst = max(worst, peak - total)
    return worst
