"""Whether a strategy's decisions depend on what comes later: the same session again, and with other futures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any, ClassVar, Final

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import Bar
from common.market.indian_time import at
from common.market.instrument import AssetClass, Instrument
from common.planning.plan import ClassPlan
from common.research.memory_ledger import MemoryLedger
from common.research.recorded import Recording
from common.research.workload import open_session, order_ids, select, trade_minutes
from common.trading.driver import Driver
from common.trading.strategy import AnyParameters, Enter, EnterBasket, Exit, Signal, Strategy, View

CUTS: Final = 100
MAX_CUTS: Final = 400
"""More than a session has minutes: each of them may be a cut."""
RAISES: Final = "raises"
AGAIN: Final = "the same bars a second time"
FUTURES: Final = ("the bars after it left out", "the bars after it in another order", "other bars after it")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a strategy said on one bar. ts: the bar's start, ns UTC. text: the signal, whole."""

    ts: int
    symbol: str
    text: str

    def __str__(self) -> str:
        return f"{at(self.ts):%Y-%m-%d %H:%M} {self.symbol}: {self.text}"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first decision that is not the same. cut: the last bar that both runs saw alike, ns UTC.

    expected, found: of the first run and of the other; None where it said nothing.
    """

    how: str
    cut: int
    expected: Decision | None
    found: Decision | None

    @property
    def ts(self) -> int:
        """Of the bar whose decision differs."""
        return min(one.ts for one in (self.expected, self.found) if one is not None)

    def __str__(self) -> str:
        same = f"with every bar the same up to {at(self.cut):%H:%M} and {self.how}"
        if self.how == AGAIN:
            same = f"with {self.how}: something is kept outside of the instance, or it is not deterministic"
        return f"first {self.expected or 'nothing'}\n  then  {self.found or 'nothing'}\n  {same}"


@dataclass(frozen=True, slots=True)
class Look:
    """What was compared. bars, decisions: of the first run. difference: None where every run agreed."""

    strategy: str
    date: date
    bars: int
    decisions: int
    cuts: int
    runs: int
    difference: Difference | None

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        found = self.difference
        return {
            "strategy": self.strategy, "date": self.date.isoformat(), "bars": self.bars, "decisions": self.decisions,
            "cuts": self.cuts, "runs": self.runs, "ok": found is None,
            "difference": None if found is None else {
                "how": found.how, "cut": at(found.cut).isoformat(), "bar": at(found.ts).isoformat(),
                "expected": str(found.expected or ""), "found": str(found.found or ""),
            },
        }


def check_lookahead(day: date, plan: ClassPlan, recording: Recording, cuts: int = CUTS, seed: int = 0) -> Look:
    """Trades `day` whole, then again, then with three other futures after each cut; decisions before it must agree.

    cuts: 1 to 400: on bars with a decision, and evenly over the session. The futures follow from `seed`. What a
    strategy reads from a file of its own, the same in every run, is not seen.
    Raises ValueError without bars, and where the strategy fails on one.
    """
    if not 1 <= cuts <= MAX_CUTS:
        raise ValueError(f"{cuts} cuts were asked for; ask for 1 to {MAX_CUTS}")
    instruments = select(plan, recording.instruments.values())
    place = {instrument.symbol: number for number, instrument in enumerate(instruments)}
    bars = [bar for symbol in place for bar in recording.bars.get(symbol, ())]
    bars = sorted((bar for bar in bars if at(bar.ts).date() == day), key=lambda bar: (bar.ts, place[bar.symbol]))
    if not bars:
        raise ValueError(f"there are no bars of {', '.join(plan.universe)} on {day}: choose another date or symbol")
    silent = frozenset(s for s in place if not any(bar.volume for bar in bars if bar.symbol == s))
    trade = _Trade(day, plan, instruments, silent)
    first = trade(bars)
    failed = next((one for one in first if one.text.startswith(RAISES)), None)
    if failed is not None:
        raise ValueError(f"{plan.strategy} fails on the bar of {failed}: mend that first")
    found = [_compared(AGAIN, bars[-1].ts, first, trade(bars))]
    chosen = _cuts(bars, first, cuts)
    for cut in chosen:
        random = Random(f"{seed}:{cut}")  # noqa: S311 - other futures, the same ones each time
        for how, future in zip(FUTURES, _futures(bars, cut, random), strict=True):
            found.append(_compared(how, cut, first, trade(future)))
    # What does not even repeat itself is told as that: the other comparisons then say nothing.
    differences = sorted((one for one in found if one is not None), key=lambda one: (one.how != AGAIN, one.ts))
    return Look(
        plan.strategy, day, len(bars), len(first), len(chosen), len(found) + 1, differences[0] if differences else None
    )


class _Trade:
    """One session over any bars of the day, as the workload trades it; calling it gives the strategies' decisions."""

    def __init__(
        self, day: date, plan: ClassPlan, instruments: Sequence[Instrument], without_volume: frozenset[str]
    ) -> None:
        self._day, self._plan, self._instruments, self._silent = day, plan, instruments, without_volume

    def __call__(self, bars: Sequence[Bar]) -> list[Decision]:
        book = {instrument.symbol: instrument for instrument in self._instruments}
        exchange = Exchange(book, FillModel(), self._silent, order_ids(self._day, self._plan.asset_class))
        session = open_session(self._day, self._plan, self._instruments)
        said: list[Decision] = []
        for slot in session.slots.values():
            if slot.strategy is not None:
                slot.strategy = _Heard(slot.strategy, said)
        trade_minutes(Driver(session, exchange, MemoryLedger()), iter(bars), lambda _: None)
        return said


class _Heard(Strategy):
    """A strategy whose decisions are written down; what it raises is a decision too."""

    name: ClassVar[str] = "heard"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset()
    Parameters: ClassVar[type[AnyParameters]] = AnyParameters

    def __init__(self, strategy: Strategy, said: list[Decision]) -> None:
        self._strategy, self._said = strategy, said

    def start_day(self) -> None:
        self._strategy.start_day()

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        try:
            signal = self._strategy.on_bar(bar, view)
        except Exception as error:
            self._said.append(Decision(bar.ts, bar.symbol, f"{RAISES} {type(error).__name__}: {error}"))
            return None
        if signal is not None:
            self._said.append(Decision(bar.ts, bar.symbol, _text(signal)))
        return signal


def _text(signal: Signal) -> str:
    """All of it, so that a stop or a cited number that differs is a difference too."""
    if isinstance(signal, Exit):
        return f"Exit({signal.symbol or ''}: {signal.reason})"
    if isinstance(signal, Enter):
        distances = (signal.stop_distance, signal.target_distance, signal.trail_distance)
        return f"Enter({signal.side:+d} {signal.symbol or ''} {distances}: {signal.reason} {_numbers(signal.numbers)})"
    if isinstance(signal, EnterBasket):
        legs = [(leg.symbol, leg.side, leg.hedge, leg.stop_distance) for leg in signal.legs]
        limits = (signal.loss_limit, signal.profit_target)
        return f"EnterBasket({signal.name} {legs} {limits}: {signal.reason} {_numbers(signal.numbers)})"
    return f"ExitBasket({signal.name}: {signal.reason})"


def _numbers(numbers: Mapping[str, float] | None) -> str:
    return ", ".join(f"{name}={value}" for name, value in (numbers or {}).items())


def _cuts(bars: Sequence[Bar], decisions: Sequence[Decision], most: int) -> list[int]:
    """Times of bars: half of them where something was decided, the rest evenly, in order."""
    times = sorted({bar.ts for bar in bars})[:-1] or [bars[0].ts]
    decided = sorted({one.ts for one in decisions} & set(times))
    chosen = set(_evenly(decided, (most + 1) // 2))
    chosen.update(_evenly([ts for ts in times if ts not in chosen], most - len(chosen)))
    return sorted(chosen)


def _evenly(times: Sequence[int], most: int) -> list[int]:
    if len(times) <= most:
        return list(times)
    return [times[number * len(times) // most] for number in range(most)]


def _futures(bars: Sequence[Bar], cut: int, random: Random) -> Iterator[list[Bar]]:
    """The bars up to `cut`, followed by nothing, by the same ones in another order, by others."""
    past, later = [bar for bar in bars if bar.ts <= cut], [bar for bar in bars if bar.ts > cut]
    yield past
    shuffled: dict[str, list[Bar]] = {}
    for bar in later:
        shuffled.setdefault(bar.symbol, []).append(bar)
    for rest in shuffled.values():
        random.shuffle(rest)
    yield past + [_moved(shuffled[bar.symbol].pop(), bar.ts, 1.0, 1.0) for bar in later]
    yield past + [_moved(bar, bar.ts, random.uniform(0.94, 1.06), random.uniform(0, 3)) for bar in later]


def _moved(bar: Bar, ts: int, price: float, volume: float) -> Bar:
    """`bar` at `ts`, its prices and its volume multiplied."""
    low, high = max(1, round(bar.low * price)), max(1, round(bar.high * price))
    open_, close = (min(high, max(low, round(one * price))) for one in (bar.open, bar.close))
    return Bar(
        ts, bar.symbol, open_, high, low, close, round(bar.volume * volume), bar.oi, round(bar.bid * price),
        round(bar.ask * price),
    )


def _compared(how: str, cut: int, first: Sequence[Decision], other: Sequence[Decision]) -> Difference | None:
    expected, found = ([one for one in said if one.ts <= cut] for said in (first, other))
    for left, right in zip(expected, found, strict=False):
        if left != right:
            # Where one said something earlier than the other, the other said nothing there.
            early = min(left.ts, right.ts)
            return Difference(how, cut, left if left.ts == early else None, right if right.ts == early else None)
    if len(expected) == len(found):
        return None
    longer = expected[len(found):] or found[len(expected):]
    difference = Difference(how, cut, longer[0], None)
    return difference if len(expected) > len(found) else replace(difference, expected=None, found=longer[0])
