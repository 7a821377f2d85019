"""What the rules pick to trade from the evidence: lively stocks, the nearest future, an option chain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.market.expiries import choose_expiry
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.market.tables import OutsideTable
from common.planning.contracts import CASH_SETTLED, Chain, Contract, index_names, nearest
from common.planning.evidence import Evidence
from common.planning.exclusions import in_shares
from common.planning.limits import ClassLimits
from common.planning.mandate import ANY, ClassMandate, Mandate, OptionsMandate
from common.planning.plan import MAX_TEXT, OptionSelection, Reason
from common.planning.regime import MIN_SESSIONS

MAX_CITED_SYMBOLS: Final = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """Symbols that drive the strategy, and why; without symbols the reasons say why there are none."""

    universe: tuple[str, ...]
    reasons: tuple[Reason, ...]
    options: OptionSelection | None = None


def choose(asset_class: AssetClass, evidence: Evidence, mandate: Mandate, limits: ClassLimits) -> Choice:
    """The universe of one asset class, inside the mandate's allow-list and number of symbols."""
    if asset_class is AssetClass.STOCK:
        return _stocks(evidence, mandate, limits)
    if asset_class is AssetClass.FUTURES:
        return _futures(evidence, mandate, limits)
    return _options(evidence, mandate)


def _stocks(evidence: Evidence, mandate: Mandate, limits: ClassLimits) -> Choice:
    admitted = [symbol for symbol in evidence.stocks if mandate.stock.admits(symbol)]
    if not admitted:
        return Choice((), (Reason(text="no stock of the mandate's universe is among today's instruments"),))
    known = [f for f in map(evidence.features, admitted) if f.liveliness > 0]
    if not known:
        text = "no stock has a history of turnover: the first of the allow-list, in its order or by name"
        return Choice(tuple(admitted[: mandate.stock.max_symbols]), (Reason(text=text),))
    affordable = [f for f in known if (f.previous_close_paise or 0) <= limits.max_order_value_paise]
    if not affordable:
        return Choice((), (Reason(text="one share of each stock costs more than an order may be worth"),))
    lively = sorted(affordable, key=lambda f: (-f.liveliness, f.symbol))[: mandate.stock.max_symbols]
    symbols = tuple(features.symbol for features in lively)
    keys = ("median_turnover_paise", "range_percent")
    names = (f"symbols.{symbol}.{key}" for symbol in symbols[:MAX_CITED_SYMBOLS] for key in keys)
    text = "the liveliest admitted stocks by median turnover times daily range"
    return Choice(symbols, (cite(evidence, text, names),))


def _futures(evidence: Evidence, mandate: Mandate, limits: ClassLimits) -> Choice:
    own = mandate.futures
    chosen: list[str] = []
    reasons: list[Reason] = []
    for name in _names(own, evidence, (c.underlying for c in evidence.futures), (c.symbol for c in evidence.futures)):
        contract = nearest(evidence.futures, name) or next(c for c in evidence.futures if c.symbol == name)
        if contract.symbol in chosen or len(chosen) == own.max_symbols or len(reasons) == MAX_CITED_SYMBOLS:
            continue
        taken, reason = _judge(evidence, contract, limits)
        reasons.append(reason)
        if taken:
            chosen.append(contract.symbol)
    if not reasons:
        reasons.append(Reason(text="no future of the mandate's universe is among today's instruments"))
    return Choice(tuple(chosen), tuple(reasons))


def _judge(evidence: Evidence, contract: Contract, limits: ClassLimits) -> tuple[bool, Reason]:
    """Whether a future may be traded: not settled in shares too soon, not banned, one lot's margin within the limit."""
    symbol, lot = contract.symbol, f"futures.{contract.symbol}.lot"
    barred = in_shares(evidence.date, contract.underlying, contract.expiry, evidence.banned)
    if barred:
        return False, Reason(text=f"{symbol}: {barred}"[:MAX_TEXT])
    source, close = _last_close(evidence, contract)
    if close * contract.lot * limits.margin_percent > limits.max_order_value_paise * 100:
        text = f"the margin of one lot of {symbol} is above the order limit"
        return False, cite(evidence, text, (lot, f"symbols.{source}.previous_close_paise"))
    return True, cite(evidence, f"{symbol} is the nearest future of {contract.underlying}", (
        lot, f"futures.{symbol}.days_to_expiry", f"symbols.{source}.previous_close_paise",
    ))


def _last_close(evidence: Evidence, contract: Contract) -> tuple[str, Paise]:
    """Of the contract, else of its index; zero when neither is known."""
    for symbol in (contract.symbol, *index_names(contract.underlying)):
        close = evidence.features(symbol).previous_close_paise
        if close:
            return symbol, close
    return contract.symbol, 0


def _options(evidence: Evidence, mandate: Mandate) -> Choice:
    own = mandate.options
    for name in _names(own, evidence, (chain.underlying for chain in evidence.chains)):
        chains = [
            c for c in evidence.chains
            if c.underlying == name and c.complete and not in_shares(evidence.date, name, c.expiry, evidence.banned)
        ]
        if not chains:
            continue
        least = own.min_days_to_expiry
        expiry = wanted_expiry(name, chains, evidence.date, own)
        chain = next(c for c in chains if c.expiry == expiry)
        selection = OptionSelection(
            underlying=name, signal_symbol=chain.signal_symbol, expiry=chain.expiry,
            strikes_each_side=own.strikes_each_side,
        )
        path = f"chains.{name}.{chain.expiry}"
        text = f"the {own.expiry} {name} expiry that is not too near, driven by {chain.signal_symbol}"
        if chain.days_to_expiry < least:
            text = f"the last {name} expiry is nearer than the mandate likes, driven by {chain.signal_symbol}"
        keys = [f"{path}.{key}" for key in ("days_to_expiry", "calls", "puts", "lot")]
        keys += [key for key in evidence.numbers if key.startswith(f"volatilities.{name}.")]
        reason = cite(evidence, text, keys)
        return Choice((chain.signal_symbol,), (reason,), selection)
    text = "no option chain of the mandate's universe, with calls, puts and a driver, may be traded today"
    return Choice((), (Reason(text=text),))


def wanted_expiry(underlying: str, chains: Sequence[Chain], on: date, own: OptionsMandate) -> date:
    """As the mandate chooses among at least one chain; without such a one the nearest far enough, else the last."""
    listed = [chain.expiry for chain in chains]
    try:
        chosen = choose_expiry(underlying, listed, on, own.expiry, own.min_days_to_expiry)
    except OutsideTable:
        chosen = None
    return chosen or choose_expiry(underlying, listed, on, "nearest", own.min_days_to_expiry) or max(listed)


def _names(
    own: ClassMandate, evidence: Evidence, underlyings: Iterable[str], symbols: Iterable[str] = ()
) -> list[str]:
    """The allow-list's names that are present, in its order; '*' adds index underlyings, those with history first."""
    present = dict.fromkeys(underlyings)
    known = {*present, *symbols}
    named = [name for name in own.universe if name in known]
    if ANY not in own.universe:
        return named
    rest = [name for name in present if name in CASH_SETTLED]
    rest.sort(key=lambda name: evidence.sessions_behind(name) < MIN_SESSIONS)
    return list(dict.fromkeys([*named, *rest]))


def cite(evidence: Evidence, text: str, paths: Iterable[str]) -> Reason:
    """A reason with those of the numbers that the evidence has."""
    return Reason(text=text, numbers={path: evidence.numbers[path] for path in paths if path in evidence.numbers})
