"""Backtest: one strategy with the trading session itself, a session a day, as the workload would trade it on paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.market.calendar import is_trading_day
from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.contracts import chains_of, contracts_of
from common.planning.limits import full_limits
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan, OptionSelection
from common.planning.session_facts import session_facts
from common.research.day_result import differences
from common.research.market import RecordedMarket
from common.research.recorded import dates
from common.research.replay import replay_class
from common.research.workload import Outcome
from common.strategies.registry import build, get
from common.trading.charges import SEGMENT_OF, rates_on
from common.trading.order_hash import order_hash

STRIKES_EACH_SIDE: Final = 15


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


def backtest(
    request: Request, mandate: Mandate, progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """One result over all days; `progress` is told the share done, 0 to 1.

    Raises NothingToTest and what reader and registry raise.
    """
    days = [
        day for day in dates(request.paths)
        if (request.first is None or day >= request.first) and (request.last is None or day <= request.last)
    ]
    if not days:
        raise NothingToTest("no session of the files is between --from and --to: look at them with `tron data check`")
    market = RecordedMarket(request.paths)
    skipped, outcomes = [], list[tuple[date, Outcome]]()
    for number, day in enumerate(days):
        progress(number / len(days))
        if not is_trading_day(day, special=True):
            skipped.append(f"{day}: bars on a day on which the exchange was closed; left out")
            continue
        plan = _plan(day, request, market.instruments(day), mandate)
        outcomes.append((day, replay_class(day, plan, market, request.seed)))
    progress(1.0)
    if not outcomes:
        raise NothingToTest("none of the files' dates is a trading day: check their dates and time zone")
    return _result(request, outcomes, skipped)


def _plan(day: date, request: Request, instruments: Sequence[Instrument], mandate: Mandate) -> ClassPlan:
    """A plan of one class with the whole of the mandate's limits for it."""
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


def _result(request: Request, outcomes: Sequence[tuple[date, Outcome]], warnings: Sequence[str]) -> dict[str, Any]:
    trades = [{"date": day.isoformat(), **trade} for day, outcome in outcomes for trade in outcome.trades]
    gross = sum(trade["gross_paise"] for trade in trades)
    charges = sum(trade["charges_paise"] for trade in trades)
    net = gross - charges
    daily = [[day.isoformat(), sum(t["net_paise"] for t in outcome.trades)] for day, outcome in outcomes]
    notes = [*warnings, *(f"{day}: {text}" for day, outcome in outcomes for text in differences([outcome]))]
    rates = [rates_on(day, SEGMENT_OF[outcome.asset_class]) for day, outcome in outcomes]
    early = [row.rates_from for row in rates if row.extrapolated]
    if early:
        notes.append(f"charges of {len(early)} days are those of {early[0]}, where the table of rates begins")
    return {
        "strategy": request.strategy, "parameters": dict(request.parameters), "seed": request.seed,
        "files": [path.name for path in request.paths], "from": outcomes[0][0].isoformat(),
        "to": outcomes[-1][0].isoformat(), "days": len(outcomes),
        "failed_days": [day.isoformat() for day, outcome in outcomes if outcome.state != "DONE"],
        "order_hash": order_hash(order for _, outcome in outcomes for order in outcome.orders),
        "orders": sum(len(outcome.orders) for _, outcome in outcomes), "trades": trades, "daily": daily,
        "totals": {
            "gross_paise": gross, "charges_paise": charges, "net_paise": net, "trades": len(trades),
            "wins": sum(1 for trade in trades if trade["net_paise"] > 0),
            "losses": sum(1 for trade in trades if trade["net_paise"] < 0),
            "max_drawdown_paise": _drawdown(daily),
        },
        "warnings": notes,
    }


def _drawdown(daily: Sequence[Sequence[Any]]) -> int:
    total = peak = worst = 0
    for _, net in daily:
        total += net
        peak = max(peak, total)
        worst = max(worst, peak - total)
    return worst
