"""The evidence: everything that a day's plan may be made from, frozen before planning, whole and hashed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal, Self

from pydantic import Field

from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.continuity import continuous
from common.planning.contracts import CASH_SETTLED, Chain, Contract, chains_of, contracts_of, index_names, nearest
from common.planning.document import InvalidDocument, Record, document_hash
from common.planning.exclusions import in_shares
from common.planning.gate import MARKET, Gate, GateReason, Missing, gate_of
from common.planning.history import Count, DaySummary, SymbolFeatures, features_of
from common.planning.mandate import ANY, ClassMandate, Mandate
from common.planning.notices import Notices, shares_out, without_derivatives
from common.planning.regime import MIN_SESSIONS, Regime, regime_of
from common.planning.session_facts import SessionFacts
from common.planning.surroundings import Surroundings
from common.planning.volatility import Volatility

MAX_STOCKS: Final = 300
MAX_LACKING: Final = 10
BROAD_INDICES: Final = ("NIFTY 50", "NIFTY")


class Counts(Record):
    """Instruments of today's dump by what they are; options: contracts, not chains."""

    stock: Count
    futures: Count
    options: Count
    index: Count


class Evidence(Record):
    """stocks: symbols that may be traded today, allow-listed names first, then the liveliest; at most 300.

    symbols: features of those of them, of the futures and of the indices that have history. Bounded below 1 MiB.
    excluded: shares that may not be traded today, with the reason, at most 300. long_only: those of `stocks` that may
    not be sold short, because nobody says that they have derivatives. banned: underlyings on the day's ban list, None
    without one: then nothing that settles in shares may be entered.
    volatilities: implied, of underlyings of today's chains; volatility_unknown: those of them without any.
    indices: those of today's dump that may stand for the market, best first.
    """

    schema_version: Literal[1] = 1
    date: date
    mandate_hash: str
    session: SessionFacts
    counts: Counts
    gate: Gate
    missing: tuple[Missing, ...]
    regime: Regime
    symbols: tuple[SymbolFeatures, ...]
    stocks: tuple[str, ...]
    indices: tuple[str, ...]
    futures: tuple[Contract, ...]
    chains: tuple[Chain, ...]
    excluded: dict[str, str] = Field(default_factory=dict)
    long_only: tuple[str, ...] = ()
    banned: tuple[str, ...] | None = None
    volatilities: tuple[Volatility, ...] = ()
    volatility_unknown: tuple[str, ...] = ()
    around: Surroundings = Surroundings()

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything."""
        return document_hash(super().to_fields())

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """Every number by its path, as 'regime.efficiency' or 'symbols.SBIN.range_percent': what a reason may cite."""
        return dict(_numbers("", super().to_fields()))

    @cached_property
    def _features(self) -> Mapping[str, SymbolFeatures]:
        return {features.symbol: features for features in self.symbols}

    def features(self, symbol: str) -> SymbolFeatures:
        """With zero sessions where there is no history."""
        return self._features.get(symbol) or SymbolFeatures(symbol=symbol, sessions=0)

    def sessions_behind(self, underlying: str) -> int:
        """Sessions of history of an underlying: of its nearest future or of its index, whichever has more."""
        return sessions_behind(self._features, self.futures, underlying)

    def is_missing(self, asset_class: AssetClass) -> bool:
        """Whether something about the asset class, or the whole market, is missing."""
        return any(one.scope in (asset_class.value, MARKET) for one in self.missing)

    def to_fields(self) -> dict[str, Any]:
        """With the hash, which `from_fields` checks."""
        return {**super().to_fields(), "hash": self.hash}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Raises InvalidDocument, also when the content is not what was hashed."""
        evidence = cls.parse({key: value for key, value in fields.items() if key != "hash"}, "evidence")
        if fields.get("hash") != evidence.hash:
            raise InvalidDocument("evidence: hash does not fit the content: it was changed since; prepare the day anew")
        return evidence


def build_evidence(
    day: date, session: SessionFacts, history: Mapping[str, Sequence[DaySummary]], instruments: Iterable[Instrument],
    mandate: Mandate, checks: Sequence[GateReason] = (), notices: Notices | None = None,
    volatilities: Sequence[Volatility] = (), around: Surroundings | None = None,
) -> Evidence:
    """Evidence for `day` from sessions before it, by symbol, and the day's instruments.

    checks: findings of the caller (broker, token, dump) for the gate. notices: the day's lists about shares; None where
    nobody was asked, as in a test of something else. volatilities: of underlyings whose chains have been recorded; of
    the mandate's others the evidence says that there is none. Raises LookAhead (a ValueError) when a session of
    `day` or later is among the history, ValueError when a history is filed under another symbol.
    """
    listed = list(instruments)
    wanted = mandate.futures.universe + mandate.options.universe
    contracts = contracts_of(day, listed, wanted)
    features = _features(day, history, contracts)
    chains = chains_of(day, listed, contracts, wanted)
    shares = {one.symbol for one in listed if one.kind is Kind.EQUITY}
    closes = {symbol: features[symbol].previous_close_paise for symbol in shares if symbol in features}
    excluded = shares_out(day, sorted(shares), notices, closes) if notices is not None else {}
    stocks = _stocks(shares - set(excluded), features, mandate)
    long_only, unsaid = without_derivatives(stocks, listed, notices)
    broad = dict.fromkeys([*BROAD_INDICES, *(n for one in wanted if one in CASH_SETTLED for n in index_names(one))])
    indices = _with_history(broad, features, contracts, wanted)
    regime = regime_of([features[name] for name in indices], [features[name] for name in stocks if name in features])
    banned = notices.banned if notices is not None else None
    own = mandate.options
    options = {chain.underlying for chain in chains if own.enabled and own.admits(chain.underlying)}
    known = tuple(one for one in volatilities if one.underlying in options)
    tradable, missing = _review(
        mandate, features, stocks, [c for c in contracts if not in_shares(day, c.underlying, c.expiry, banned)],
        [c for c in chains if not in_shares(day, c.underlying, c.expiry, banned)],
    )
    if mandate.stock.enabled:
        missing += [Missing(scope=AssetClass.STOCK, text=text) for text in unsaid]
    missing += _market(session, features, regime)
    kept = dict.fromkeys([*indices, *(c.symbol for c in contracts), *(c.signal_symbol for c in chains), *stocks])
    return Evidence(
        date=day, mandate_hash=mandate.hash, session=session, counts=_counts(listed), regime=regime,
        gate=gate_of(session, tradable, missing, checks), missing=tuple(missing), stocks=stocks, futures=contracts,
        volatilities=known, volatility_unknown=tuple(sorted(options - {one.underlying for one in known})),
        indices=_listed_indices(listed, broad), chains=chains, long_only=long_only, banned=banned,
        excluded=dict(list(excluded.items())[:MAX_STOCKS]),
        symbols=tuple(features[s] for s in kept if s in features and features[s].sessions),
        around=around or Surroundings(),
    )


def _features(
    day: date, history: Mapping[str, Sequence[DaySummary]], contracts: Sequence[Contract],
) -> dict[str, SymbolFeatures]:
    """Of every symbol; of an index's nearest future also from the contracts before it."""
    features = {symbol: features_of(symbol, day, history[symbol]) for symbol in sorted(history)}
    for name in {c.underlying for c in contracts} & CASH_SETTLED:
        future = nearest(contracts, name)
        sessions = continuous(future, history) if future is not None else []
        if future is not None and sessions:
            features[future.symbol] = features_of(future.symbol, day, sessions)
    return features


def _stocks(symbols: AbstractSet[str], features: Mapping[str, SymbolFeatures], mandate: Mandate) -> tuple[str, ...]:
    named = set(mandate.stock.universe)

    def place(symbol: str) -> tuple[bool, float, str]:
        lively = features[symbol].liveliness if symbol in features else 0.0
        return (symbol not in named, -lively, symbol)

    return tuple(sorted(symbols, key=place)[:MAX_STOCKS])


def _listed_indices(listed: Sequence[Instrument], broad: Iterable[str]) -> tuple[str, ...]:
    present = {one.symbol for one in listed if one.kind is Kind.INDEX}
    return tuple(name for name in broad if name in present)


def _with_history(
    broad: Iterable[str], features: Mapping[str, SymbolFeatures], contracts: Sequence[Contract], wanted: Sequence[str]
) -> list[str]:
    """Names with history that may stand for the market, best first: indices, then futures of the wanted underlyings."""
    names = [*broad, *(c.symbol for c in contracts if c.underlying in wanted and c.underlying in CASH_SETTLED)]
    return [name for name in dict.fromkeys(names) if name in features]


def _review(
    mandate: Mandate, features: Mapping[str, SymbolFeatures], stocks: Sequence[str], contracts: Sequence[Contract],
    chains: Sequence[Chain],
) -> tuple[list[AssetClass], list[Missing]]:
    """Enabled asset classes that have something to trade, and what is missing about the enabled ones."""
    admitted = [s for s in stocks if mandate.stock.admits(s)]
    futures = [c for c in contracts if mandate.futures.admits(c.underlying, c.symbol)]
    options = [c for c in chains if mandate.options.admits(c.underlying)]
    driver = "{}, which drives its options"
    short = {
        AssetClass.STOCK: _short_stocks(admitted, features),
        AssetClass.FUTURES: _short("{} futures", mandate.futures, features, contracts, futures),
        AssetClass.OPTIONS: _short(driver, mandate.options, features, contracts, options),
    }
    tradable = {AssetClass.STOCK: admitted, AssetClass.FUTURES: futures, AssetClass.OPTIONS: options}
    missing = []
    for a in mandate.enabled:
        texts = short[a] if tradable[a] else [f"no {a} instruments today that the mandate's universe admits"]
        missing += [Missing(scope=a, text=text) for text in texts]
    return [a for a in mandate.enabled if tradable[a]], missing


def _short_stocks(stocks: Sequence[str], features: Mapping[str, SymbolFeatures]) -> list[str]:
    known = any(s in features and features[s].sessions >= MIN_SESSIONS for s in stocks)
    return [] if known else [f"no history for stocks: none of {len(stocks)} has {MIN_SESSIONS} sessions"]


def _short(
    what: str, own: ClassMandate, features: Mapping[str, SymbolFeatures], contracts: Sequence[Contract],
    admitted: Sequence[Contract | Chain],
) -> list[str]:
    """Underlyings with too little history; where any will do, only if it is true of all."""
    names = dict.fromkeys(one.underlying for one in admitted)
    sessions = {name: sessions_behind(features, contracts, name) for name in names}
    lacking = [name for name, count in sessions.items() if count < MIN_SESSIONS]
    if ANY in own.universe and len(lacking) < len(sessions):
        return []
    return [
        f"no history for {what.format(name)}: {sessions[name]} sessions of {MIN_SESSIONS}"
        for name in lacking[:MAX_LACKING]
    ]


def sessions_behind(features: Mapping[str, SymbolFeatures], contracts: Sequence[Contract], underlying: str) -> int:
    """Of the nearest future or of the index: a contract lives for weeks, its index's history serves as well."""
    future = nearest(contracts, underlying)
    names = (*index_names(underlying), *((future.symbol,) if future else ()))
    return max(features[name].sessions if name in features else 0 for name in names)


def _market(session: SessionFacts, features: Mapping[str, SymbolFeatures], regime: Regime) -> list[Missing]:
    found = []
    if regime.name == "unknown":
        found.append(Missing(scope=MARKET, text=f"the regime is unknown: {regime.sessions} sessions of {MIN_SESSIONS}"))
    last = max((f.last_session for f in features.values() if f.last_session), default=None)
    if last is not None and last < session.previous_trading_day:
        text = f"history ends with {last}; the last session was {session.previous_trading_day}"
        found.append(Missing(scope=MARKET, text=text))
    return found


def _counts(listed: Sequence[Instrument]) -> Counts:
    classes = [one.asset_class for one in listed]
    return Counts(
        stock=classes.count(AssetClass.STOCK), futures=classes.count(AssetClass.FUTURES),
        options=classes.count(AssetClass.OPTIONS), index=classes.count(None),
    )


def _numbers(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _numbers(f"{path}.{_label(inner, position)}", inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def _label(value: Any, position: int) -> str:
    if not isinstance(value, dict):
        return str(position)
    if "symbol" in value:
        return str(value["symbol"])
    if "underlying" in value:
        return f"{value['underlying']}.{value['expiry']}"
    if "strategy" in value:
        return f"{value['asset_class']}.{value['strategy']}"
    return str(position)
