"""What befalls the market, the store and the clocks at some moment of a day, drawn beforehand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import Kind
from common.simulation.faults import Fault, FaultPlan
from common.simulation.feed import Feed
from common.simulation.life import Life
from common.simulation.market import Path
from common.simulation.route import Login
from common.simulation.store import Outage
from common.simulation.truth import Truth
from common.simulation.world import World

GAP_PERCENT: Final = (0.3, 5.0)
INDEX_GAP_PERCENT: Final = (0.2, 1.5)
OUTAGE_SECONDS: Final = (3.0, 180.0)
SILENT_SECONDS: Final = (10.0, 180.0)
LOCKED_SECONDS: Final = (60.0, 1800.0)
HALTED_SECONDS: Final = (30.0, 900.0)
EMPTY_SECONDS: Final = (5.0, 120.0)
TOKEN_SECONDS: Final = (60.0, 1800.0)
SETTLED_SECONDS: Final = 65.0
"""After an outage or a halt: exits that were refused again and again are tried each minute."""
MOST_JUMPED_SECONDS: Final = 60.0


class Grounds(Protocol):
    """Where it happens."""

    world: World
    faults: FaultPlan
    truth: Truth
    exchange: Exchange
    paths: Mapping[str, Path]
    feed: Feed
    login: Login
    outage: Outage
    traded: list[str]

    def lives(self) -> Sequence[Life]: ...

    def trouble(self, seconds: float) -> None:
        """For so long every process may know or do less than it should."""
        ...

    def note(self, text: str) -> None: ...


class Mishaps:
    """Schedules the faults of the day between two moments, nanoseconds UTC."""

    def __init__(self, grounds: Grounds, first: int, last: int) -> None:
        self._grounds = grounds
        self._random = grounds.faults.random
        happens: Mapping[Fault, Callable[[], None]] = {
            Fault.GAP: self._gap, Fault.LOCKED_CIRCUIT: self._lock, Fault.INSTRUMENT_HALTED: self._halt,
            Fault.BID_VANISHED: self._empty, Fault.SPREAD_WIDE: self._widen, Fault.TICKS_SILENT: self._silence,
            Fault.STORE_OUTAGE: self._lose_store, Fault.CLOCK_JUMP: self._jump, Fault.TOKEN_EXPIRED: self._expire,
        }
        for fault, action in happens.items():
            for _ in range(grounds.faults.times_today(fault)):
                at = self._random.randrange(first, last)
                grounds.world.at(at, lambda fault=fault, action=action: self._strike(fault, action))  # type: ignore[misc]

    def _strike(self, fault: Fault, action: Callable[[], None]) -> None:
        self._grounds.faults.count(fault)
        self._grounds.note(f"fault {fault.name}")
        action()

    def _until(self, seconds: tuple[float, float]) -> int:
        shortest, longest = seconds
        length = shortest * (longest / shortest) ** self._random.random()
        return self._grounds.world.now + int(length * NANOSECONDS_A_SECOND)

    def _symbol(self) -> str:
        """Mostly one that we hold or order."""
        held = [symbol for symbol in self._grounds.traded if self._grounds.truth.busy(symbol)]
        return self._random.choice(held if held and self._random.random() < 0.7 else list(self._grounds.traded))

    def _gap(self) -> None:
        path = self._grounds.paths[self._symbol()]
        path = path.underlying or path
        least, most = GAP_PERCENT if path.instrument.kind is Kind.EQUITY else INDEX_GAP_PERCENT
        percent = least * (most / least) ** self._random.random() * self._random.choice((-1, 1))
        path.gap(percent / 100)
        for symbol in self._grounds.traded:
            if self._grounds.paths[symbol] is path or self._grounds.paths[symbol].underlying is path:
                self._grounds.feed.stir(symbol)

    def _lock(self) -> None:
        symbol = self._symbol()
        self._grounds.paths[symbol].lock(self._random.choice((-1, 1)), self._until(LOCKED_SECONDS))
        self._grounds.feed.stir(symbol)

    def _halt(self) -> None:
        symbol = self._symbol()
        self._grounds.exchange.halt(symbol)
        until = self._until(HALTED_SECONDS)
        self._grounds.feed.silent_until[symbol] = until
        self._grounds.world.at(until, lambda: self._resume(symbol))

    def _resume(self, symbol: str) -> None:
        self._grounds.exchange.resume(symbol)
        self._grounds.trouble(SETTLED_SECONDS)
        self._grounds.feed.stir(symbol)

    def _empty(self) -> None:
        symbol = self._symbol()
        self._grounds.paths[symbol].empty[self._random.choice((-1, -1, 1))] = self._until(EMPTY_SECONDS)
        self._grounds.feed.stir(symbol)

    def _widen(self) -> None:
        symbol = self._symbol()
        self._grounds.paths[symbol].wide_until = self._until(EMPTY_SECONDS)
        self._grounds.feed.stir(symbol)

    def _silence(self) -> None:
        chosen = list(self._grounds.traded) if self._random.random() < 0.5 else [self._symbol()]
        until = self._until(SILENT_SECONDS)
        for symbol in chosen:
            self._grounds.feed.silent_until[symbol] = until

    def _lose_store(self) -> None:
        until = self._until(OUTAGE_SECONDS)
        self._grounds.outage.until = max(self._grounds.outage.until, until)
        self._grounds.trouble((until - self._grounds.world.now) / NANOSECONDS_A_SECOND + SETTLED_SECONDS)

    def _jump(self) -> None:
        lives = self._grounds.lives()
        if lives:
            life = self._random.choice(lives)
            life.jumped = int(self._random.uniform(-1, 1) * MOST_JUMPED_SECONDS * NANOSECONDS_A_SECOND)

    def _expire(self) -> None:
        self._grounds.login.expired = True
        until = self._until(TOKEN_SECONDS)
        self._grounds.trouble((until - self._grounds.world.now) / NANOSECONDS_A_SECOND + SETTLED_SECONDS)
        self._grounds.world.at(until, self._renew)

    def _renew(self) -> None:
        self._grounds.login.expired = False
