"""What goes wrong in a simulated day: each fault by name, how often, and why it is believed to happen."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, unique
from random import Random
from typing import Final, Literal, TypeAlias

Per: TypeAlias = Literal["request", "read", "update", "tick", "call", "commit", "launch", "step", "day"]


@dataclass(frozen=True, slots=True)
class Kind:
    """chance: at each `per`; for 'day', how often in a day on average. reason: where it was seen, or why it must be."""

    chance: float
    per: Per
    reason: str


@unique
class Fault(Enum):
    """Every fault. Chances are far above life, so that a day meets several and their combinations."""

    REQUEST_LOST = Kind(0.012, "request", "the connection broke before the broker had it: time-out, nothing done")
    ANSWER_LOST = Kind(0.015, "request", "the connection was reset after the broker had acted")
    ANSWER_LATE = Kind(0.02, "request", "the broker's order system is slow at the open: an answer takes seconds")
    TIMEOUT_AFTER_ACCEPTANCE = Kind(0.01, "request", "the answer comes after our time-out; the order is live")
    ORDER_LATE = Kind(0.02, "request", "an order sits in the broker's queue, seen up to 20 s, and is in no book yet")
    ORDER_HIDDEN = Kind(0.01, "read", "the order book is served from a copy that does not have an order yet")
    BAD_REQUEST_BUT_PLACED = Kind(0.006, "request", "HTTP 400 'timed out, check the order book', and placed")
    THROTTLED = Kind(0.008, "request", "HTTP 429: orders are counted per account, not per process")
    SERVER_ERROR = Kind(0.012, "request", "HTTP 5xx: the order may or may not be placed")
    CANCEL_FILL_RACE = Kind(0.04, "request", "the market trades at our price while our change is on its way")
    FILL_AFTER_CANCEL = Kind(0.04, "request", "a cancelled order has been seen to fill: the broker corrects itself")
    READ_FAILED = Kind(0.03, "read", "reads have limits and outages of their own")
    POSITIONS_LATE = Kind(0.03, "read", "positions are booked seconds after the trade")
    UPDATE_LOST = Kind(0.04, "update", "order updates are fire-and-forget")
    UPDATE_DOUBLED = Kind(0.03, "update", "socket and postback both tell")
    UPDATE_LATE = Kind(0.05, "update", "seconds behind when everybody trades")
    UPDATE_REORDERED = Kind(0.03, "update", "updates overtake each other")
    TICK_STALE = Kind(0.003, "tick", "an old price is told as of now")
    TICK_DOUBLED = Kind(0.005, "tick", "told again after a reconnect")
    TICK_REORDERED = Kind(0.005, "tick", "an earlier tick after a later one")
    TICKS_SILENT = Kind(0.6, "day", "a socket that says nothing for a while and is not noticed to be dead")
    CRASH_BEFORE = Kind(0.0006, "call", "out of memory, node lost: before a call of the outside has taken effect")
    CRASH_AFTER = Kind(0.0006, "call", "the same, after it took effect and before its answer was taken in")
    PAUSE_BEFORE = Kind(0.0003, "call", "the machine is suspended or swaps: the process goes on as if nothing was")
    PAUSE_AFTER = Kind(0.0003, "call", "the same, with the answer not yet looked at")
    STORE_DOWN = Kind(0.003, "commit", "the store did not take the commit")
    STORE_ANSWER_LOST = Kind(0.003, "commit", "the store took the commit and its answer was lost")
    STORE_CONTENTION = Kind(0.004, "commit", "another writer touched a document of the commit")
    STORE_OUTAGE = Kind(0.3, "day", "the store is away for seconds to minutes, for everybody")
    CLOCK_JUMP = Kind(0.4, "day", "the system clock is set by up to a minute; the monotonic one is not")
    TOKEN_EXPIRED = Kind(0.15, "day", "somebody logged in elsewhere: requests and reads are refused until a new login")
    HALT = Kind(0.5, "day", "the person stops entries, cancels them or flattens, and often resumes")
    MANUAL_EXIT = Kind(0.5, "day", "the person closes one of our positions by hand, in whole or in part")
    PERSON_TRADES = Kind(0.6, "day", "the person trades for himself, also in a symbol of our universe")
    BROKER_SQUARES_OFF = Kind(0.1, "day", "the broker's risk desk closes everything in MIS, before its time")
    GAP = Kind(4.0, "day", "news: the next price is percents away, beyond stops and their limits")
    LOCKED_CIRCUIT = Kind(0.3, "day", "a price band is reached: nobody on the other side for minutes")
    INSTRUMENT_HALTED = Kind(0.3, "day", "the exchange suspends one instrument: no order in, none out")
    BID_VANISHED = Kind(2.0, "day", "one side of the book is empty for a while")
    SPREAD_WIDE = Kind(2.0, "day", "the spread is several times what it was")
    LAUNCH_LOST = Kind(0.06, "launch", "the platform took the job and never ran it")
    LAUNCH_DOUBLED = Kind(0.06, "launch", "the platform ran the job twice")
    START_LOST = Kind(0.06, "day", "the event of the plan's document is lost: only the sweeper can start the day")
    START_DOUBLED = Kind(0.2, "day", "events are delivered at least once")
    STEP_LATE = Kind(0.01, "step", "Scheduler calls minutes late")
    STEP_DOUBLED = Kind(0.01, "step", "Scheduler calls at least once")
    STEP_LOST = Kind(0.01, "step", "a call fails before it does anything, and the retry is given up")

    @property
    def kind(self) -> Kind:
        """How often, at what, and why."""
        kind: Kind = self.value
        return kind


NAMES: Final = {fault.name.lower().replace("_", "-"): fault for fault in Fault}


class UnknownFault(ValueError):
    """No fault has this name; the text lists them."""


def parse_faults(text: str) -> frozenset[Fault]:
    """'all', 'none', or names with commas. Raises UnknownFault."""
    if text in ("all", "none"):
        return frozenset(Fault) if text == "all" else frozenset()
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    strange = [part for part in wanted if part not in NAMES]
    if strange or not wanted:
        named = ", ".join(strange) or repr(text)
        raise UnknownFault(f"there is no fault {named}; there are: all, none, {', '.join(NAMES)}")
    return frozenset(NAMES[part] for part in wanted)


class FaultPlan:
    """Decides by chance what strikes, and counts it.

    intensity: factor on every chance. Each day uses a part of what is enabled (`draw_faults`): a day with everything
    at once hides what two faults alone would show.
    """

    def __init__(self, enabled: frozenset[Fault], random: Random, intensity: float = 1.0) -> None:
        self.random = random
        self.struck: Counter[Fault] = Counter()
        self._chances = {fault: fault.kind.chance * intensity if fault in enabled else 0.0 for fault in Fault}

    def enabled(self, fault: Fault) -> bool:
        """Whether it may strike at all."""
        return self._chances[fault] > 0

    def strikes(self, fault: Fault) -> bool:
        """Whether it happens now; counted if it does."""
        chance = self._chances[fault]
        if not chance or self.random.random() >= chance:
            return False
        self.struck[fault] += 1
        return True

    def one_of(self, *faults: Fault) -> Callable[[], Fault | None]:
        """A draw of at most one of several that exclude each other; what it draws is counted."""
        chances = [(fault, self._chances[fault]) for fault in faults if self._chances[fault]]
        total = sum(chance for _, chance in chances)
        if not total:
            return _nothing
        random, struck = self.random.random, self.struck

        def draw() -> Fault | None:
            left = random()
            if left >= total:
                return None
            for fault, chance in chances:
                left -= chance
                if left < 0:
                    struck[fault] += 1
                    return fault
            return None

        return draw

    def times_today(self, fault: Fault) -> int:
        """How often a fault of the day comes; it is counted when it does, by `count`."""
        rate, number = self._chances[fault], 0
        while rate > 0:
            rate += _exponential(self.random)
            if rate > 0:
                number += 1
        return number

    def count(self, fault: Fault) -> None:
        """It has happened."""
        self.struck[fault] += 1


def draw_faults(enabled: Iterable[Fault], random: Random) -> tuple[frozenset[Fault], float]:
    """The faults of one day and their intensity: one day in four all of them, else each with an even chance."""
    intensity = random.choice((0.5, 1.0, 1.0, 2.0))
    ordered = sorted(enabled, key=lambda fault: fault.name)
    if random.random() < 0.25:
        return frozenset(ordered), intensity
    return frozenset(fault for fault in ordered if random.random() < 0.5), intensity


def _nothing() -> Fault | None:
    """Of faults that are not enabled."""
    return None


def _exponential(random: Random) -> float:
    """Minus the waiting time to the next of a process of rate one."""
    return -random.expovariate(1.0)
