"""The person and the broker's risk desk: own orders, exits by hand, halts and resumes, the square-off by others."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Final, Protocol

from common.day.control import ALL, ControlRefused, Halt, Source, resume, set_halt
from common.market.bar import NANOSECONDS_A_SECOND
from common.ports import Clock, DocumentStore, StoreError
from common.simulation.account import Account
from common.simulation.faults import Fault, FaultPlan
from common.simulation.instruments import Listing
from common.simulation.truth import Truth
from common.simulation.world import World
from common.trading.errors import OrderRejected
from common.trading.halts import HaltLevel

TRIES: Final = 20
TRY_AGAIN_SECONDS: Final = 60.0
HALTED_SECONDS: Final = (60.0, 2400.0)


class Surroundings(Protocol):
    """Where they act."""

    day: date
    world: World
    faults: FaultPlan
    truth: Truth
    account: Account
    listing: Listing
    traded: list[str]

    def note(self, text: str) -> None: ...

    def by_hand(self, action: Callable[[DocumentStore, Clock], None]) -> None:
        """Run what a person does with the store, as a process of his own."""
        ...


class People:
    """Schedules what they do between two moments, nanoseconds UTC."""

    def __init__(self, where: Surroundings, first: int, last: int) -> None:
        self._where = where
        self._random = where.faults.random
        happens: tuple[tuple[Fault, Callable[[], None]], ...] = (
            (Fault.HALT, self._halt), (Fault.MANUAL_EXIT, lambda: self._exit_by_hand(TRIES)),
            (Fault.PERSON_TRADES, self._trade), (Fault.BROKER_SQUARES_OFF, self.square_off),
        )
        for fault, action in happens:
            for _ in range(where.faults.times_today(fault)):
                at = self._random.randrange(first, last)
                where.world.begin(at, lambda fault=fault, action=action: self._do(fault, action))  # type: ignore[misc]

    def square_off(self) -> None:
        """The broker closes everything in MIS; what was carried from before is no MIS position, and stays."""
        self._where.note("the broker squares off")
        intraday = [symbol for symbol in self._where.traded if symbol not in self._where.truth.before]
        self._where.account.broker_square_off(intraday)

    def _do(self, fault: Fault, action: Callable[[], None]) -> None:
        if fault is not Fault.MANUAL_EXIT:
            self._where.faults.count(fault)
        self._where.note(f"fault {fault.name}")
        action()

    def _trade(self) -> None:
        """For himself: where nothing of ours is open, so that it can be told from an exit by hand."""
        free = [symbol for symbol in self._where.traded if not self._where.truth.busy(symbol)]
        if free:
            self._order(self._random.choice(free), self._random.choice((-1, 1)), self._random.choice((1, 2)))

    def _exit_by_hand(self, tries: int) -> None:
        held = [one for one in self._where.traded if self._where.truth.of(one).net]
        if not held:
            if tries:
                self._where.world.after(TRY_AGAIN_SECONDS, lambda: self._exit_by_hand(tries - 1))
            return
        symbol = self._random.choice(held)
        net = self._where.truth.of(symbol).net
        lots = abs(net) // self._where.listing.instruments[symbol].lot
        self._where.faults.count(Fault.MANUAL_EXIT)
        self._order(symbol, -1 if net > 0 else 1, lots if self._random.random() < 0.6 else max(1, lots // 2))

    def _order(self, symbol: str, side: int, lots: int) -> None:
        instrument = self._where.listing.instruments[symbol]
        quantity = lots * instrument.lot
        if instrument.freeze_quantity is not None:
            quantity = min(quantity, instrument.whole_lots(instrument.freeze_quantity))
        with suppress(OrderRejected):
            self._where.account.place_foreign(symbol, side, quantity)

    def _halt(self) -> None:
        level = self._random.choice((HaltLevel.STOP_ENTRIES, HaltLevel.CANCEL_ENTRIES, HaltLevel.FLATTEN))
        halt = Halt(Source.PERSON, ALL, level, "simulated", "the person")
        self._where.note(f"halt {level.name}")
        self._where.by_hand(lambda store, clock: _set(store, halt, clock))
        if self._random.random() < 0.8:
            shortest, longest = HALTED_SECONDS
            seconds = shortest * (longest / shortest) ** self._random.random()
            self._where.world.begin(self._where.world.now + int(seconds * NANOSECONDS_A_SECOND), self._resume)

    def _resume(self) -> None:
        self._where.note("resume")
        self._where.by_hand(_resume)


def _set(store: DocumentStore, halt: Halt, clock: Clock) -> None:
    with suppress(StoreError):
        set_halt(store, halt, clock)


def _resume(store: DocumentStore, clock: Clock) -> None:
    with suppress(StoreError, ControlRefused):
        resume(store, ALL, "simulated", "the person", clock)

