"""All checks of a simulated day: after every change, as time passes, at quiet moments, and at its end."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import AssetClass
from common.simulation.books_at_close import BooksAtClose
from common.simulation.findings import Invariant
from common.simulation.positions import Positions
from common.simulation.protection import Protection
from common.simulation.requests import STORE_DOWN

if TYPE_CHECKING:
    from common.simulation.day import SimulatedDay

MOST_ALARMS: Final = 30
"""Of one asset class a day, all its processes together, each of which counts anew: loud, and still to be read."""
QUIET_NANOSECONDS: Final = 65 * NANOSECONDS_A_SECOND
"""Two reads of the books, one of which may be just before."""
QUIET_EVERY_SECONDS: Final = 300.0
LOUD: Final = ("taken over", "take-over", "died", "silent", "without the store", "broker's books", "not flat")
"""Words of a function that had to act, which it says as loudly on its output."""
GAVE_UP: Final = ("do not fit", "not in the broker's book", "is taken: ", "a fault of ours")
"""Words of a process that stops for good because books cannot be explained: here nobody tampers with them."""


class Checks:
    """alarms: loud records of processes by their message. troubled: by asset class, until when its process may know or
    do less than it should (nanoseconds UTC), because a fault is at work.
    """

    def __init__(self, day: "SimulatedDay") -> None:
        self.alarms: Counter[str] = Counter()
        self.troubled = dict.fromkeys(AssetClass, 0)
        self.not_flat: list[str] = []
        self._day = day
        self._alarmed: dict[str, dict[str, int]] = {one: {} for one in AssetClass}
        self._counts: Counter[str] = Counter()
        limits = {one.asset_class: one.limits for one in day.plan.enabled if one.limits is not None}
        instruments = day.listing.instruments
        self.positions = Positions(day.truth, day.findings, day.requests, instruments, limits)
        self.protection = Protection(
            day.world, day.truth, day.findings, self.positions, instruments, self._able,
            lambda symbol: symbol in self._alarmed[instruments[symbol].asset_class or ""],
        )
        day.world.after_step = self.protection.pass_time
        day.world.at(day.times[AssetClass.STOCK].open, self._quiet)

    def changed(self, symbols: set[str]) -> None:
        """Something changed at the exchange."""
        self.positions.changed(symbols)
        self.protection.changed(symbols)

    def trouble(self, asset_class: AssetClass, seconds: float) -> None:
        """A fault is at work: for so long it may show."""
        until = self._day.world.now + int(seconds * NANOSECONDS_A_SECOND)
        self.troubled[asset_class] = max(self.troubled[asset_class], until)

    def slept(self, asset_class: AssetClass, seconds: float) -> None:
        """A process that slept through its doubts has the whole of their patience still to wait."""
        if self.troubled[asset_class] > self._day.world.now - round(seconds * NANOSECONDS_A_SECOND):
            self.troubled[asset_class] += round(seconds * NANOSECONDS_A_SECOND)

    def said(self, name: str, severity: str, message: str) -> None:
        """A process said something loud."""
        asset_class = name.split()[0]
        loud = severity in ("ERROR", "CRITICAL")
        if loud:
            self.alarms[message] += 1
        self._counts[asset_class] += loud
        if STORE_DOWN in message:
            self._day.requests.announced.add(name)
        if asset_class in self._alarmed and (loud or STORE_DOWN not in message):
            symbol = message.split(":")[0]
            self._alarmed[asset_class][symbol] = self._day.world.now
            if symbol in self._day.truth.holdings:
                self.protection.changed({symbol})
        self._day.findings.expect(
            self._counts[asset_class] <= MOST_ALARMS, Invariant.ALARMS_BOUNDED, asset_class,
            f"more than {MOST_ALARMS} alarms of {asset_class}; this one says: {message}",
        )

    def answered(self, answer: str) -> None:
        """A function has said what it did; what it did to a workload it has also told people."""
        for asset_class in self._day.classes:
            if any(f"-{asset_class}" in part and any(word in part for word in LOUD) for part in answer.split("', '")):
                self._alarmed[asset_class]["function"] = self._day.world.now

    def ended(self, name: str, why: str, fault: Exception | None) -> None:
        """A process or a function is no more."""
        self._day.findings.expect(fault is None, Invariant.ALIVE, why[:60], f"{name} died: {why}")
        gave_up = any(words in why for words in GAVE_UP)
        self._day.findings.expect(not gave_up, Invariant.BOOKS_AGREE, why[:60], f"{name} gave up: {why}")

    def before_the_broker(self) -> None:
        """What is open now was not closed by us: then somebody must have said so."""
        for symbol, one in self._day.truth.holdings.items():
            asset_class = self._day.listing.instruments[symbol].asset_class
            self._day.findings.checks[Invariant.FLAT_OR_ALARM] += 1
            if not one.net or one.turned or asset_class is None:
                continue
            self.not_flat.append(symbol)
            self._day.findings.expect(
                self._alarmed_since(asset_class, symbol), Invariant.FLAT_OR_ALARM, symbol,
                f"{symbol}: {one.net:+d} are open when the broker squares off, and nobody has said a word",
            )

    def _alarmed_since(self, asset_class: AssetClass, symbol: str) -> bool:
        """Whether somebody was told of the symbol, or of the whole class, since everything should be closed."""
        since, symbols = self._day.times[asset_class].square_off, self._day.listing.instruments
        told = self._alarmed[asset_class].items()
        return any(ts >= since and (what == symbol or what not in symbols) for what, ts in told)

    def end(self) -> None:
        """The day is over."""
        BooksAtClose(self._day).check()

    def _quiet(self) -> None:
        """Where nothing happened for a while the session must hold what is really held."""
        day = self._day
        if day.world.now < day.ends:
            day.world.after(QUIET_EVERY_SECONDS, self._quiet)
        for process in day.processes:
            since = day.world.now - QUIET_NANOSECONDS
            if process.workload is None or process.busy or self.troubled[process.asset_class] > since:
                continue
            session = process.workload.session
            for symbol, slot in session.slots.items():
                one = day.truth.holdings.get(symbol)
                if one is None or one.changed_at > since or one.turned or not session.recovered:
                    continue
                day.findings.expect(
                    slot.quantity == one.net, Invariant.BOOKS_AGREE, f"{process.life.name} {symbol}",
                    f"{symbol}: {process.life.name} thinks it holds {slot.quantity:+d}, it is {one.net:+d}",
                )

    def _able(self, asset_class: AssetClass, symbols: tuple[str, ...]) -> bool:
        """Whether the class' process could protect these symbols now."""
        day, now = self._day, self._day.world.now
        if now < self.troubled[asset_class] or day.login.expired or now < day.outage.until:
            return False
        if now >= day.broker_closes or any(symbol in day.exchange.books.halted for symbol in symbols):
            return False
        return any(
            one.asset_class is asset_class and one.workload is not None and not one.busy for one in day.processes
        )
