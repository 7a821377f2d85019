"""What the tests of strategies share: bars made by hand, a view that says what it is told, the whole state."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import Instrument
from common.strategies import registry
from common.trading.strategy import Enter, Signal, Strategy

OPEN_TS = 1_756_439_100_000_000_000
"""2025-08-29 09:15 in India."""

DAY = date(2025, 8, 29)


class FakeView:
    """A view whose content the test sets."""

    def __init__(self, quantity: int = 0, options: Sequence[Instrument] = ()) -> None:
        self.quantity = quantity
        self.positions: dict[str, int] = {}
        self.bars: dict[str, Bar] = {}
        self.chain = options
        self.baskets: set[str] = set()
        self.shown: dict[str, tuple[int, int]] = {}

    def position(self, symbol: str) -> int:
        return self.positions.get(symbol, 0)

    def bar(self, symbol: str) -> Bar | None:
        return self.bars.get(symbol)

    def sizes(self, symbol: str) -> tuple[int, int]:
        return self.shown.get(symbol, (0, 0))

    def basket_open(self, name: str) -> bool:
        return name in self.baskets

    def options(self, underlying: str) -> Sequence[Instrument]:
        return [option for option in self.chain if option.underlying == underlying]

    def days_to_expiry(self, instrument: Instrument) -> int:
        assert instrument.expiry is not None
        return (instrument.expiry - DAY).days


def minute_bar(minute: int, close: int, volume: int = 100, *, high: int = 0, low: int = 0) -> Bar:
    """A bar that starts `minute` minutes after the open; high and low are the close unless given."""
    return Bar(OPEN_TS + minute * NANOSECONDS_A_MINUTE, "X", close, high or close, low or close, close, volume)


def minute_bars(closes: Iterable[int], volume: int = 100) -> list[Bar]:
    """One flat bar a minute from the open."""
    return [minute_bar(minute, close, volume) for minute, close in enumerate(closes)]


def signs(signals: Iterable[Signal | None]) -> str:
    """Signals as one letter a bar: B buys, S sells short, x exits, a dot is nothing."""
    return "".join(_sign(signal) for signal in signals)


def _sign(signal: Signal | None) -> str:
    if isinstance(signal, Enter):
        return "B" if signal.side > 0 else "S"
    return "." if signal is None else "x"


def play(strategy: Strategy, bars: Iterable[Bar], *, follow: bool = True, quantity: int = 0) -> list[Signal | None]:
    """Every bar's signal; with `follow`, a signal is filled by the time of the next bar."""
    view = FakeView(quantity)
    signals: list[Signal | None] = []
    for bar in bars:
        signal = strategy.on_bar(bar, view)
        signals.append(signal)
        if follow and signal is not None:
            view.quantity = signal.side * 10 if isinstance(signal, Enter) else 0
    return signals


def state_of(thing: Any) -> Any:
    """All that an object of slots holds, as plain values to compare."""
    slots = [name for one in type(thing).__mro__ for name in getattr(one, "__slots__", ())]
    if slots and not isinstance(thing, deque):
        return {name: state_of(getattr(thing, name)) for name in slots}
    return list(thing) if isinstance(thing, deque) else thing


def assert_blind_to_positions(
    name: str, parameters: Mapping[str, Any], bars: Sequence[Bar], held: Sequence[int]
) -> None:
    """After every bar the state is the same whether the strategy was flat or `held` whatever it held."""
    flat, holder = registry.build(name, parameters), registry.build(name, parameters)
    for bar, quantity in zip(bars, held, strict=True):
        flat.on_bar(bar, FakeView())
        holder.on_bar(bar, FakeView(quantity))
        assert state_of(flat) == state_of(holder), f"{name} remembers that it held {quantity} at {bar}"


@st.composite
def market_and_positions(draw: st.DrawFn) -> tuple[list[Bar], list[int]]:
    """Up to eighty bars that jump about, some without volume, some minutes missing, and a position for each."""
    moves = draw(st.lists(st.tuples(st.integers(-900, 900), st.integers(0, 60), st.integers(0, 500),
                                    st.sampled_from((1, 1, 1, 1, 9))), min_size=1, max_size=80))
    held = draw(st.lists(st.sampled_from((-75, 0, 0, 75)), min_size=len(moves), max_size=len(moves)))
    bars, close, minute = [], 100_000, 0
    for move, width, volume, wait in moves:
        close += move
        bars.append(minute_bar(minute, close, volume, high=close + width, low=close - width))
        minute += wait
    return bars, held


def assert_one_position_and_flat_in_time(name: str, parameters: Mapping[str, Any], bars: Sequence[Bar]) -> None:
    """Filled by the next bar: never an entry while held, none past `last_minutes`, flat after `exit_minutes`."""
    strategy, view = registry.build(name, parameters), FakeView()
    for bar in bars:
        minute = (bar.ts - bars[0].ts) // NANOSECONDS_A_MINUTE
        signal = strategy.on_bar(bar, view)
        if isinstance(signal, Enter):
            assert not view.quantity, f"{name} enters at {bar} while it holds {view.quantity}"
            assert minute <= parameters["last_minutes"], f"{name} enters at {bar}, minute {minute}"
            assert signal.stop_distance > 0, f"{name} enters without a stop at {bar}"
            view.quantity = signal.side * 10
        elif signal is not None:
            view.quantity = 0
        assert minute < parameters["exit_minutes"] or not view.quantity, f"{name} holds on after {bar}"
