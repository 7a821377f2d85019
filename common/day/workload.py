"""One workload: recovered at its start, driven by events and time, halted by control, flat at its end."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, NoReturn

from common.day.control import NOTHING_SAID, Effective, effective, read_control
from common.day.equity import EquityCurve
from common.day.ledger import StoreLedger
from common.day.postback import Hints
from common.day.recovery import SENT_WITHOUT_STORE, Findings, Unexplained, bring_together
from common.day.stored import order_documents
from common.day.trade_ports import TradePorts, nanoseconds
from common.day.workloads import ENDED, WORKLOADS, State, workload_fields, workload_id
from common.market.bar import NANOSECONDS_A_SECOND, Bar
from common.market.indian_time import at
from common.planning.plan import ClassPlan
from common.ports import Broker, Resume, StoreError, StoreUnavailable
from common.research.workload import open_session, select, summarise
from common.trading.driver import Driver
from common.trading.errors import BrokerUnavailable, TradingStopped
from common.trading.halts import HaltLevel
from common.trading.messages import Control, Event, Log
from common.trading.orders import OrderTag, Purpose, TransitionError
from common.trading.restore import restore
from common.trading.session import DAILY_LOSS, Session

CONTROL_EVERY: Final = 10 * NANOSECONDS_A_SECOND
RECONCILE_EVERY: Final = 30 * NANOSECONDS_A_SECOND
CONFIRM_EVERY: Final = 3 * NANOSECONDS_A_SECOND
"""After a read with a difference that another one has to confirm: till then exits may be more than what is held."""
RETRY_EVERY: Final = NANOSECONDS_A_SECOND
END_TRIES: Final = 30
END_WAIT_SECONDS: Final = 2.0


class Workload:
    """`open`, then `take` and `pass_time` as the world goes on, `finish` when the day is over, `close` in any case.

    All but `close` raise TradingStopped: then nothing more may be sent by this process. flatten: why everything is to
    be closed from the start, '' for a workload that trades; until everything is, it stays FAILED.
    """

    session: Session
    driver: Driver
    broker: Broker
    resume: Resume
    symbols: list[str]

    def __init__(
        self, day: date, plan: ClassPlan, ports: TradePorts, ledger: StoreLedger, *, flatten: str = "",
    ) -> None:
        self.day = day
        self.plan = plan
        self.ports = ports
        self.ledger = ledger
        self.id = workload_id(day, plan.asset_class)
        self.equity = EquityCurve(ports.archive, day, plan.asset_class)
        self.control: Effective | None = None
        self._forced = Effective(HaltLevel.FLATTEN, flatten, 0) if flatten else NOTHING_SAID
        self._state = State.FAILED if flatten else State.RUNNING
        self._before: Mapping[str, Any] = {}
        self._restored = self._unexplained = False
        self._awaited: list[OrderTag] = []
        self._halted, self._said_flat, self._paused = "", False, 0
        self._next_control = self._next_read = self._next_try = self._next_beat = self._recheck_at = 0
        self._opened = False
        self._hints = Hints(ports.store, self.id) if ports.postbacks else None

    @property
    def flat(self) -> bool:
        """Recovered, nothing open, nothing working and nothing in doubt."""
        session = self.session
        if not self._restored or not session.recovered or session.book.doubts:
            return False
        return not any(slot.quantity for slot in session.slots.values()) and not any(
            order.working for order in session.book.orders.values()
        )

    def open(self) -> None:
        """Claim the document, build the session, open the broker, recover: the same for a first start and any other."""
        ports = self.ports
        document = ports.store.get(WORKLOADS, self.id)
        if document is None:
            raise TradingStopped(f"{self.id} was never launched: start it through start_workloads")
        state = State(document.fields["state"])
        if state in ENDED and not (self._forced.level and state is State.FAILED):
            raise TradingStopped(f"{self.id} has ended ({document.fields['state']}): nothing more is traded today")
        self.ledger.claim(document)
        self._before = document.fields
        instruments = select(self.plan, ports.market.instruments(self.day))
        self.symbols = [instrument.symbol for instrument in instruments]
        self.session = open_session(self.day, self.plan, instruments, ports.pace)
        self._carry_over(document.fields["summary"])
        self.broker, self.resume = ports.open_broker(self.day, self.plan.asset_class, instruments)
        self._opened = True
        self.driver = Driver(self.session, self.broker, self.ledger, None if ports.replay else self._steady_clock())
        # From outside nothing is said before it is known: what was last said to be open may still be.
        if not self._forced.level and not self._report(self._state, self.resume.ts):
            raise TradingStopped(f"{self.id}: the store does not answer: nothing is traded without it, start again")
        self.equity.load(self.resume.ts)
        self._recover(self.resume.ts if ports.replay else nanoseconds(ports.clock))

    def run(self, feed: Iterable[Bar]) -> None:
        """Several bars in order, faster than one by one."""
        self.equity.busy = True
        if self._restored:
            self.driver.run(feed)

    def take(self, event: Event) -> None:
        """One event of the market or the broker."""
        self.equity.busy = True
        if self._restored:
            self.driver.take(event)

    def pass_time(self, ts: int) -> None:
        """Time without news, about each second on a live feed; `ts` in nanoseconds, UTC.

        A heartbeat that is due comes first: its commit renews the lease, which needs none of its own then.
        """
        self._beat(ts)
        self.keep_lease()
        if self._restored or self._recover(ts):
            self._look_at_control(ts)
            self._look_at_broker(ts)
            if not self.ports.replay:
                self.driver.settle()
            self.driver.pass_time(ts)
            self._note_equity(ts)
        self._beat(ts)

    def news_was_lost(self) -> None:
        """The stream was away: the broker's books are read at the next `pass_time`."""
        self._next_read = 0

    def keep_lease(self) -> None:
        """For times in which nothing else is to be done."""
        self.ledger.keep_lease()

    def finish(self) -> Mapping[str, Any]:
        """The day is over: say so, whole, and return the summary. Raises TradingStopped where it cannot be stored."""
        self._store_equity()
        still_open = [slot.symbol for slot in self.session.slots.values() if slot.quantity]
        state = State.FAILED if still_open or not self._restored else State.DONE
        for _ in range(END_TRIES):
            if self._report(state, self.session.now):
                return self._summary()
            self.ports.clock.sleep(END_WAIT_SECONDS)
        raise TradingStopped(f"{self.id} has ended as {state} and the store does not take it: start it once more")

    def close(self) -> None:
        """Let go of the broker."""
        if self._opened:
            self._opened = False
            self.broker.close()

    def _steady_clock(self) -> Callable[[], int]:
        """Nanoseconds now, counted from one look at the clock, so that no jump of it shortens our patience."""
        clock = self.ports.clock
        offset = nanoseconds(clock) - int(clock.monotonic() * NANOSECONDS_A_SECOND)
        return lambda: offset + int(clock.monotonic() * NANOSECONDS_A_SECOND)

    def _carry_over(self, before: Mapping[str, Any]) -> None:
        """What an earlier run had said that orders do not tell: the halt, a pause, alarms, the most that was used."""
        account = self.session.book.account
        account.halted = self._halted = str(before.get("halted", ""))
        self.session.book.flattening = DAILY_LOSS if account.halted == DAILY_LOSS else ""
        self.ledger.alarms = [*before.get("alarms", []), *self.ledger.alarms]
        self.session.book.rate.entries_from = self._paused = int(before.get("entries_from_ns", 0))
        used = {limit["name"]: limit["used"] for limit in before.get("limits", [])}
        account.peak_used = used.get("capital", 0)
        account.peak_loss = used.get("daily loss", 0)
        account.peak_positions = used.get("open positions", 0)

    def _recover(self, ts: int) -> bool:
        """The store's intents and the broker's book into the session; False where one of the two does not answer."""
        if ts < self._next_try:
            return False
        self._next_try = ts + RETRY_EVERY
        try:
            documents = order_documents(self.ports.store, self.day, self.plan.asset_class)
            book = self.broker.orders()
        except (BrokerUnavailable, StoreUnavailable) as failure:
            self.ledger.log(Log(ts, "WARNING", f"nothing is done before the books are read: {failure}", {}))
            return False
        pace, prefix = self.ports.pace, self.session.book.prefix
        try:
            found = bring_together(documents, book, prefix, ts, pace.patience_seconds)
        except Unexplained as difference:
            self._give_up(difference, ts)
        self._restore(found, ts)
        self._awaited, self._recheck_at = found.awaited, ts + int(pace.patience_seconds * NANOSECONDS_A_SECOND)
        self._look_at_control(ts)
        return True

    def _restore(self, found: Findings, ts: int) -> None:
        for order, version, verdict in found.stored:
            self.ledger.adopt(order, version, verdict)
        for order in found.adopted:
            self.ledger.adopt(order, "", SENT_WITHOUT_STORE)
            self.ledger.log(Log(ts, "WARNING", f"{order.tag} was sent while the store was down: it is ours", {}))
        last = max((max((f.ts for f in order.fills), default=order.created) for order in found.orders), default=0)
        self._restored = True
        try:
            self.driver.carry_out(restore(self.session, found.orders, ts, found.others))
        except TransitionError as error:
            self._give_up(Unexplained(str(error), []), ts)
        self.driver.settle()
        self._read_books(ts)
        self.session.now = max(self.session.now, last)  # bars of before its last fill do not mark what it opened

    def _give_up(self, difference: Unexplained, ts: int) -> NoReturn:
        self.ledger.log(Log(ts, "CRITICAL", str(difference), {"tags": difference.tags}))
        self._unexplained = True
        self._report(State.FAILED, ts)
        raise TradingStopped(str(difference)) from difference

    def _look_at_control(self, ts: int) -> None:
        """At most every ten seconds; until it has been read once, entries wait."""
        if ts < self._next_control:
            return
        self._next_control = ts + CONTROL_EVERY
        try:
            said = effective(read_control(self.ports.store), self.plan.asset_class, self.day)
        except StoreUnavailable as failure:
            said = self.control or Effective(HaltLevel.STOP_ENTRIES, f"control cannot be read: {failure}", 0)
        wanted = max(said, self._forced, key=lambda one: one.level)
        if wanted.level is not self.session.book.level:
            self.driver.tell(Control(ts, wanted.level, wanted.reason))
            self.driver.settle()
        seen, self.control = self.control, said
        if (seen or NOTHING_SAID).sequence != said.sequence:
            self._report(self._state, ts)

    def _look_at_broker(self, ts: int) -> None:
        hinted = self._hints is not None and self._hints.new(ts)
        if self.broker.lossy and (hinted or ts >= self._next_read):
            self._read_books(ts)
        if self._awaited and ts >= self._recheck_at:
            self._recheck(ts)

    def _read_books(self, ts: int) -> None:
        self.driver.reconcile()
        self._next_read = ts + (CONFIRM_EVERY if self.session.reports.differs else RECONCILE_EVERY)
        self.driver.settle()

    def _recheck(self, ts: int) -> None:
        """What the broker's book did not show yet at the start must be there by now."""
        try:
            shown = {update.tag for update in self.broker.orders()}
        except BrokerUnavailable:
            return
        lost, self._awaited = [tag for tag in self._awaited if tag not in shown], []
        if lost:
            text = (
                f"{', '.join(lost[:3])}: sent before the restart, and not in the broker's book after "
                f"{self.ports.pace.patience_seconds:.0f} s. Compare the two, close what is open by hand, start afresh"
            )
            self._give_up(Unexplained(text, lost), ts)

    def _note_equity(self, ts: int) -> None:
        if self.equity.due(ts):
            account = self.session.book.account
            account.note_peaks()
            self.equity.note(ts, account.net)

    def _store_equity(self) -> None:
        try:
            self.equity.store()
        except StoreError as failure:  # a curve is not worth a day
            self.ledger.say("WARNING", f"the P&L curve could not be kept: {failure}")

    def _beat(self, ts: int) -> None:
        if not self._next_beat:
            self._next_beat = ts + int(self.ports.heartbeat_seconds * NANOSECONDS_A_SECOND)
        halted, paused = self.session.book.account.halted, self.session.book.rate.entries_from
        flat = self.session.book.level is HaltLevel.FLATTEN and self.flat
        if (halted, flat, paused) == (self._halted, self._said_flat, self._paused) and ts < self._next_beat:
            return
        self._halted, self._said_flat, self._paused = halted, flat, paused
        self._next_beat = ts + int(self.ports.heartbeat_seconds * NANOSECONDS_A_SECOND)
        self._store_equity()
        self._report(self._state, ts)

    def _report(self, state: State, ts: int) -> bool:
        now = self.ports.clock.now()
        return self.ledger.report(workload_fields(self._before, state, now, at(ts) if ts else None, self._summary()))

    def _summary(self) -> dict[str, Any]:
        working = [order for order in self.session.book.orders.values() if order.working]
        return {
            **summarise(self.session), "alarms": self.ledger.alarms,
            "working_entries": sum(order.purpose is Purpose.ENTRY for order in working),
            "control_seen": (self.control or NOTHING_SAID).sequence, "halt_level": self.session.book.level.name,
            "entries_from_ns": self.session.book.rate.entries_from, "unexplained": self._unexplained,
            "log_records_dropped": self.ledger.dropped,
        }
