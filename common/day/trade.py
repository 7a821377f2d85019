"""One workload's day: lease, recover, trade, say how it stands, be flat."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from common.day.lease import acquire, release
from common.day.ledger import StoreLedger, load_orders, workload_id
from common.day.plan import PLANS
from common.day.workloads import ENDED, WORKLOADS, State, workload_fields
from common.market.indian_time import at
from common.market.instrument import AssetClass, Instrument
from common.planning.plan import ClassPlan, Plan
from common.ports import Archive, Broker, Clock, Document, DocumentStore, MarketData, Resume, Update
from common.research.workload import open_session, select, summarise, trade_minutes
from common.trading.driver import Driver
from common.trading.errors import TradingStopped
from common.trading.messages import Log
from common.trading.orders import Order, Status, order_from_fields
from common.trading.restore import restore
from common.trading.session import DAILY_LOSS, Session

HEARTBEAT_MINUTES: Final = 5
"""Of market time between two heartbeats: three workloads then write about 250 of the free 20,000 a day."""


@dataclass(frozen=True, slots=True)
class TradePorts:
    """What a workload needs. open_broker: for the instruments traded, and where an earlier run was.

    patience_seconds: how long an order may take to appear in the broker's book.
    """

    store: DocumentStore
    archive: Archive
    market: MarketData
    clock: Clock
    open_broker: Callable[[date, AssetClass, Sequence[Instrument]], tuple[Broker, Resume]]
    holder: str
    lease_ttl_seconds: float
    patience_seconds: float = 0.0


def trade(day: date, asset_class: AssetClass, ports: TradePorts) -> Mapping[str, Any]:
    """Trade `asset_class` on `day` to its end; returns the summary. Raises TradingStopped, LookupError."""
    class_plan = _plan(ports.store, day, asset_class)
    lease = acquire(
        ports.store, workload_id(day, asset_class), ports.holder, ports.clock,
        ttl_seconds=ports.lease_ttl_seconds, wait_seconds=2 * ports.lease_ttl_seconds,
    )
    try:
        return _Workload(day, class_plan, ports, StoreLedger(ports.store, lease, ports.clock, day, asset_class)).run()
    finally:
        release(ports.store, lease, ports.clock.now())


def _plan(store: DocumentStore, day: date, asset_class: AssetClass) -> ClassPlan:
    document = store.get(PLANS, day.isoformat())
    if document is None:
        raise TradingStopped(f"there is no plan for {day}: run plan_day first")
    plan = Plan.from_fields(document.fields)
    if plan.refusal:
        raise TradingStopped(plan.refusal)
    chosen = plan.of(asset_class)
    if chosen is None or not chosen.enabled:
        raise TradingStopped(f"the plan for {day} does not trade {asset_class.value}")
    return chosen


def _forget_lost_step(order: Order) -> None:
    """A change that was noted and never reached the broker is taken again."""
    if order.wanted and order.wanted != order.price:
        order.steps, order.stepped_at = max(0, order.steps - 1), 0


def equity_name(asset_class: AssetClass) -> str:
    """Of the archive's blob with the net P&L by minute: [[IST time, paise], ...]."""
    return f"equity/{asset_class.value}.json"


class _Workload:
    def __init__(self, day: date, plan: ClassPlan, ports: TradePorts, ledger: StoreLedger) -> None:
        self.day = day
        self.plan = plan
        self.ports = ports
        self.ledger = ledger
        self.equity: list[tuple[str, int]] = []
        self.equity_name = equity_name(plan.asset_class)
        self.minutes = 0
        self.state_version = ""
        self.launches = 0
        self.before: dict[str, Any] = {}
        self.halted = ""

    def run(self) -> Mapping[str, Any]:
        self._claim_state()
        instruments = select(self.plan, self.ports.market.instruments(self.day))
        session = open_session(self.day, self.plan, instruments)
        broker, resume = self.ports.open_broker(self.day, self.plan.asset_class, instruments)
        try:
            self._take_over(session)
            self._report(State.RUNNING, session, resume.ts)
            driver = Driver(session, broker, self.ledger)
            self._recover(session, driver, broker)
            self.equity = self._equity_before(resume.ts)
            symbols = [instrument.symbol for instrument in instruments]
            feed = self.ports.market.feed(self.day, symbols)
            trade_minutes(driver, feed, lambda ts: self._minute(session, ts, warm=ts < resume.ts), resume)
            return self._finish(session)
        finally:
            broker.close()

    def _claim_state(self) -> None:
        """Count this start before anything can go wrong in it."""
        id = workload_id(self.day, self.plan.asset_class)
        document = self.ports.store.get(WORKLOADS, id)
        if document is None:
            raise TradingStopped(f"{id} was never launched: start it through start_workloads")
        if State(document.fields["state"]) in ENDED:
            raise TradingStopped(f"{id} has ended ({document.fields['state']}): nothing more is traded today")
        self.launches = int(document.fields["launches"]) + 1
        self.before = dict(document.fields["summary"])
        fields = {**document.fields, "launches": self.launches}
        self.state_version = self.ledger.flush(Update(WORKLOADS, id, fields, document.version))[0]

    def _take_over(self, session: Session) -> None:
        """What an earlier run had said that orders do not tell: the halt, alarms, the most that was used."""
        account = session.book.account
        account.halted = self.halted = str(self.before.get("halted", ""))
        session.book.flattening = DAILY_LOSS if self.halted == DAILY_LOSS else ""
        self.ledger.alarms += self.before.get("alarms", [])
        used = {limit["name"]: limit["used"] for limit in self.before.get("limits", [])}
        account.peak_used = used.get("capital", 0)
        account.peak_loss = used.get("daily loss", 0)
        account.peak_positions = used.get("open positions", 0)

    def _recover(self, session: Session, driver: Driver, broker: Broker) -> None:
        """The one start: the store's intents and the broker's book, into the session, made safe."""
        stored = load_orders(self.ports.store, self.day, self.plan.asset_class)
        self._explain(broker, stored, session)
        if not stored:
            return
        orders = {tag: order_from_fields(fields) for tag, fields in stored.items()}
        self._ask_broker(orders, broker)
        for tag, order in orders.items():
            document = self.ports.store.get("orders", tag)
            assert isinstance(document, Document)
            self.ledger.adopt(order, document.version, document.fields["verdict"])
        last = max(max((fill.ts for fill in order.fills), default=order.created) for order in orders.values())
        session.now = last
        driver.carry_out(restore(session, orders.values(), last))
        driver.settle()

    def _explain(self, broker: Broker, stored: Mapping[str, Any], session: Session) -> None:
        """An order that only one of store and broker knows cannot be explained: nothing is traded on what is left."""
        ours = {update.tag for update in broker.orders() if update.tag.startswith(session.book.prefix)}
        strange = sorted(ours - stored.keys())
        lost = sorted(tag for tag, fields in stored.items() if fields["broker_id"] and tag not in ours)
        if not strange and not lost:
            return
        text = (
            f"the broker's order book and the store do not fit: {len(strange)} orders of ours are not in the store "
            f"({', '.join(strange[:3])}), {len(lost)} are not at the broker ({', '.join(lost[:3])}): one of them was "
            "lost or replaced. Compare them, close what is open by hand, and start afresh"
        )
        self.ledger.log(Log(session.now, "CRITICAL", text, {"tags": [*strange, *lost][:20]}))
        self._report(State.FAILED, session, session.now)
        raise TradingStopped(text)

    def _ask_broker(self, orders: Mapping[str, Order], broker: Broker) -> None:
        """Bring every order to the broker's truth; one that never appears within our patience was not placed."""
        waited = 0.0
        while True:
            for update in broker.orders():
                order = orders.get(update.tag)
                if order is not None:
                    if update.terms is not None:
                        order.kind, order.quantity, order.price, order.trigger = update.terms
                        _forget_lost_step(order)
                    for fill in update.fills:
                        order.add_fill(fill)
                    order.broker_id = update.broker_id or order.broker_id
                    order.move(update.status)
            unseen = [order for order in orders.values() if not order.status.terminal and not order.broker_id]
            if not unseen or waited >= self.ports.patience_seconds:
                break
            self.ports.clock.sleep(1.0)
            waited += 1.0
        for order in unseen:
            order.move(Status.NOT_PLACED)

    def _equity_before(self, resume_at: int) -> list[tuple[str, int]]:
        """The curve as far as an earlier run has kept it; its last minutes may be lost with that run."""
        kept = self.ports.archive.get(self.day, self.equity_name) if resume_at else None
        until = at(resume_at).isoformat()
        return [(time, net) for time, net in json.loads(kept) if time < until] if kept else []

    def _minute(self, session: Session, ts: int, *, warm: bool) -> None:
        self.ledger.keep_lease()
        if warm:
            return
        account = session.book.account
        account.note_peaks()
        self.equity.append((at(ts).isoformat(), account.net))
        self.minutes += 1
        halted, self.halted = account.halted != self.halted, account.halted
        if halted or self.minutes % HEARTBEAT_MINUTES == 0:
            self._keep_equity()
            self._report(State.RUNNING, session, ts)

    def _keep_equity(self) -> None:
        self.ports.archive.put(self.day, self.equity_name, json.dumps(self.equity).encode(), overwrite=True)

    def _finish(self, session: Session) -> Mapping[str, Any]:
        self._keep_equity()
        open_symbols = [slot.symbol for slot in session.slots.values() if slot.quantity]
        state = State.FAILED if open_symbols else State.DONE
        return self._report(state, session, session.now)

    def _report(self, state: State, session: Session, ts: int) -> Mapping[str, Any]:
        summary = {**summarise(session), "alarms": self.ledger.alarms[-20:]}
        fields = workload_fields(
            self.day, self.plan.asset_class, state, self.launches, self.ports.clock.now(), at(ts) if ts else None,
            summary,
        )
        write = Update(WORKLOADS, workload_id(self.day, self.plan.asset_class), fields, self.state_version)
        self.state_version = self.ledger.flush(write)[0]
        return summary
