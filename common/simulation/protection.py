"""How long positions stand unprotected, how long the way out takes: seconds that count, and those that are excused."""

from collections.abc import Callable, Mapping
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import AssetClass, Instrument, Kind
from common.simulation.findings import Findings, Invariant
from common.simulation.positions import Positions
from common.simulation.truth import Holding, Truth
from common.simulation.world import World
from common.trading.orders import Purpose, Status

BOUND_SECONDS: Final = 6.0
"""A fill is told within half a second, looked at within one, its stop sent within the order rate and there within 0.3;
news that is lost is read two seconds later. Beyond that only what is excused."""
HEDGE_BOUND_SECONDS: Final = 75.0
"""A basket waits a minute for its shorts before its hedges are let go; a long option cannot lose more than it cost."""
CONTESTED_BOUND_SECONDS: Final = 60.0
"""After others took from our position: until our exits are no more than the broker's net, and somebody was told.
The order book is read each half minute; positions twice, three seconds apart."""
DOWN_BOUND_SECONDS: Final = 2700.0
"""With nobody alive and able: ten lives that end at once, a minute and a lease each, and a take-over or two."""


UNPROTECTED: Final = "stand without stop or exit"


class _Item:
    """Something that must not last. able: seconds in which somebody could have mended it; down: the others.

    missing: units. What covers some of them covers the oldest: where a position grows by one fill after another, and
    its stop after each, no unit stands there for as long as all of them together.
    """

    __slots__ = ("_layers", "able", "asset_class", "bound", "down", "missing", "symbols", "what")

    def __init__(self, what: str, asset_class: AssetClass, symbols: tuple[str, ...], bound: float) -> None:
        self.what = what
        self.asset_class = asset_class
        self.symbols = symbols
        self.bound = bound
        self.able = self.down = 0.0
        self.missing = 0
        self._layers: list[tuple[int, float]] = []

    @property
    def oldest(self) -> float:
        """Seconds in which somebody could have mended what has stood there longest."""
        return self.able - self._layers[0][1]

    def stand(self, missing: int) -> None:
        """So many units stand there now, at least one."""
        gone, self.missing = self.missing - missing, missing
        if gone < 0:
            self._layers.append((-gone, self.able))
        while gone > 0:
            units, since = self._layers.pop(0)
            if units > gone:
                self._layers.insert(0, (units - gone, since))
            gone -= units


class Protection:
    """able: whether the class' process could act on the symbol now. told: whether a person was told of it.

    Seconds: unprotected in all, and beyond the bound while able; naked: with shorts that nothing covers; flat: of each
    way out, from the first working exit to flat.
    """

    def __init__(
        self, world: World, truth: Truth, findings: Findings, positions: Positions,
        instruments: Mapping[str, Instrument], able: Callable[[AssetClass, tuple[str, ...]], bool],
        told: Callable[[str], bool],
    ) -> None:
        self.unprotected = 0.0
        self.beyond = 0.0
        self.naked = 0.0
        self.flat: list[float] = []
        self._world = world
        self._truth = truth
        self._findings = findings
        self._positions = positions
        self._instruments = instruments
        self._able = able
        self._told = told
        self._items: dict[str, _Item] = {}
        self._naked: set[Kind] = set()
        self._leaving: dict[str, int] = {}
        self._last = world.now

    def changed(self, symbols: set[str]) -> None:
        """See which of these symbols stand unprotected from now on."""
        self.pass_time()
        kinds = set()
        for symbol in symbols:
            holding, instrument = self._truth.holdings[symbol], self._instruments[symbol]
            self._note_leaving(holding)
            if holding.option:
                kinds.add(instrument.kind)
            if holding.helped:
                self._contest(holding, instrument.asset_class)
            if not holding.option or holding.net <= 0:
                missing = abs(holding.net) - holding.protected if not holding.turned else 0
                self._set(symbol, instrument.asset_class, (symbol,), missing, BOUND_SECONDS)
            else:
                self._items.pop(symbol, None)
            self._findings.checks[Invariant.PROTECTED] += 1
        for kind in kinds:
            self._look_at_kind(kind)

    def pass_time(self) -> None:
        """Count the time since the last call for what stands unprotected."""
        now = self._world.now
        seconds, self._last = (now - self._last) / NANOSECONDS_A_SECOND, now
        if not seconds:
            return
        if self._naked:
            self.naked += seconds
        for key, item in self._items.items():
            contested = item.what is not UNPROTECTED
            self.unprotected += 0 if contested else seconds
            if not self._able(item.asset_class, item.symbols):
                item.down += seconds
                if item.down > DOWN_BOUND_SECONDS and not contested:
                    self._fail(key, item, "while nobody could act")
                continue
            item.able += seconds
            if item.oldest > item.bound:
                self.beyond += 0 if contested else min(seconds, item.oldest - item.bound)
                self._fail(key, item, f"for {item.oldest:.1f} s in which it could have been mended")

    def _fail(self, key: str, item: _Item, how: str) -> None:
        invariant = Invariant.PROTECTED if item.what is UNPROTECTED else Invariant.HANDS_OFF
        self._findings.fail(invariant, key, f"{key}: {item.missing} units {item.what} {how}")

    def _contest(self, one: Holding, asset_class: AssetClass | None) -> None:
        key = f"{one.symbol} contested"
        self._set(key, asset_class, (one.symbol,), one.excess, CONTESTED_BOUND_SECONDS, "of exits exceed the net")
        silent = 0 if self._told(one.symbol) else 1
        self._set(f"{key} untold", asset_class, (one.symbol,), silent, CONTESTED_BOUND_SECONDS, "taken, nobody told")

    def _set(
        self, key: str, asset_class: AssetClass | None, symbols: tuple[str, ...], missing: int, bound: float,
        what: str = UNPROTECTED,
    ) -> None:
        if missing <= 0 or asset_class is None:
            self._items.pop(key, None)
            return
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = _Item(what, asset_class, symbols, bound)
        item.stand(missing)

    def _look_at_kind(self, kind: Kind) -> None:
        """Longs beyond what the shorts need have to have a stop or an exit, like any long."""
        spare, symbols = 0, []
        for one in self._positions.of_kind(kind):
            if one.net > 0 and not one.turned:
                spare += one.net - one.protected
                symbols.append(one.symbol)
            spare -= max(0, -one.net) + one.left(Purpose.ENTRY, -1)
        self._set(str(kind), AssetClass.OPTIONS, tuple(symbols), spare, HEDGE_BOUND_SECONDS)
        if self._positions.naked(kind) > 0 and not self._positions.tainted(kind):
            self._naked.add(kind)
        else:
            self._naked.discard(kind)

    def _note_leaving(self, one: Holding) -> None:
        """From the first exit that works to flat: how long the way out took."""
        begun = self._leaving.get(one.symbol)
        if not one.net:
            if begun is not None:
                self.flat.append((self._world.now - begun) / NANOSECONDS_A_SECOND)
                del self._leaving[one.symbol]
        elif begun is None and any(
            order.tag.endswith("X") and order.status is Status.OPEN for order in one.live.values()
        ):
            self._leaving[one.symbol] = self._world.now
