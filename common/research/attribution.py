"""Where a basket's profit came from: delta, gamma, theta, vega, the rest, and what it cost."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import Instrument, Kind
from common.market.money import Paise
from common.market.option_chain import NANOSECONDS_A_YEAR, RATE, Offer, expires_at, parity_forward

PARTS: Final = ("delta", "gamma", "theta", "vega")


@dataclass(frozen=True, slots=True)
class LegHistory:
    """One leg: fills as (nanoseconds UTC, signed units), in order of time."""

    instrument: Instrument
    fills: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Paise; delta, gamma, theta, vega and rest less charges are net, exactly.

    rest: what is paid to the spread, moves between a fill and the next minute's end, minutes without a quote, and what
    the first terms of a series leave out.
    """

    delta: Paise
    gamma: Paise
    theta: Paise
    vega: Paise
    rest: Paise
    charges: Paise
    net: Paise

    def to_fields(self) -> dict[str, Paise]:
        """JSON."""
        names = (*PARTS, "rest", "charges", "net")
        return {f"{name}_paise": getattr(self, name) for name in names}


def attribute(
    legs: Sequence[LegHistory], chain: Sequence[Instrument], bars: Mapping[str, Sequence[Bar]], gross: Paise,
    charges: Paise,
) -> Attribution:
    """From minute to minute by the Greeks of its beginning, for the units held then.

    chain: the legs, and enough calls and puts of their expiry around the money for its forward; bars: theirs, with bid
    and ask; a minute without is left in the rest. gross, charges: as booked.
    """

    forwards = _forwards(chain, bars)
    total = dict.fromkeys(PARTS, 0.0)
    for leg in legs:
        rows = [
            (bar, forwards[bar.ts]) for bar in bars.get(leg.instrument.symbol, ())
            if bar.ts in forwards and 0 < bar.bid <= bar.ask
        ]
        for name, value in _of_leg(leg, rows).items():
            total[name] += value
    parts = {name: round(value) for name, value in total.items()}
    return Attribution(**parts, rest=gross - sum(parts.values()), charges=charges, net=gross - charges)


def _of_leg(leg: LegHistory, rows: Sequence[tuple[Bar, float]]) -> dict[str, float]:
    """rows: its two-sided minutes, each with the forward."""
    from common.market import black76

    found = dict.fromkeys(PARTS, 0.0)
    if len(rows) < 2:
        return found
    side, strike = 1.0 if leg.instrument.kind is Kind.CALL else -1.0, float(leg.instrument.strike)
    mids, forward = [(bar.bid + bar.ask) / 2 for bar, _ in rows], [one for _, one in rows]
    years = [_years(leg.instrument, bar.ts) for bar, _ in rows]
    sigma, _ = black76.implied(mids, forward, strike, years, side, RATE)
    greeks = black76.greeks(forward, strike, years, sigma, side, RATE)
    columns = (sigma, greeks.delta, greeks.gamma, greeks.theta, greeks.vega)
    sigmas, delta, gamma, theta, vega = (column.tolist() for column in columns)
    for n in range(len(rows) - 1):
        units = _held(leg, rows[n][0].ts + NANOSECONDS_A_MINUTE)
        if units and sigmas[n] and sigmas[n + 1]:
            moved = forward[n + 1] - forward[n]
            found["delta"] += units * delta[n] * moved
            found["gamma"] += units * gamma[n] * moved * moved / 2
            found["theta"] += units * theta[n] * (years[n] - years[n + 1])
            found["vega"] += units * vega[n] * (sigmas[n + 1] - sigmas[n])
    return found


def _forwards(chain: Sequence[Instrument], bars: Mapping[str, Sequence[Bar]]) -> dict[int, float]:
    """Of each minute in which a call and a put of one strike are quoted on both sides, by its start."""
    offers: dict[int, list[Offer]] = {}
    for option in chain:
        for bar in bars.get(option.symbol, ()):
            if 0 < bar.bid <= bar.ask:
                offers.setdefault(bar.ts, []).append(Offer(option, bar.ts, bar.bid, bar.ask))
    found = {}
    for ts, quoted in offers.items():
        forward = parity_forward(quoted, _years(quoted[0].instrument, ts))
        if forward is not None and forward > 0:
            found[ts] = forward
    return found


def _years(instrument: Instrument, ts: int) -> float:
    """From the end of the minute that starts at `ts` to the expiry."""
    assert instrument.expiry is not None
    return (expires_at(instrument.expiry) - ts - NANOSECONDS_A_MINUTE) / NANOSECONDS_A_YEAR


def _held(leg: LegHistory, until: int) -> int:
    """Signed units after every fill up to that time."""
    return sum(units for _, units in leg.fills[: bisect_right(leg.fills, (until, 2**62))])
