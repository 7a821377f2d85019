"""Every request is looked at as it leaves: who sends it, on what intent, and whether an earlier one is unclear."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from common.day.lease import LEASES
from common.day.workloads import workload_id
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import AssetClass
from common.ports import Create, Delete, DocumentStore, Write
from common.simulation.findings import Findings, Invariant
from common.simulation.world import World
from common.trading.book import purpose_of, tag_prefix
from common.trading.driver import ENTRY_SECONDS
from common.trading.orders import Order, OrderUpdate, Purpose

STORE_DOWN: Final = "the store is down"
"""Words of a process that cannot write: from then on its exits go out without a stored intent."""
SESSIONS: Final = frozenset(AssetClass)
"""How the names of processes that trade begin."""
UNCLEAR_SECONDS: Final = 20.0
"""After an unclear request, so long at least nobody may conclude that its order does not exist."""


class Requests:
    """sent: requests by verb. store: the true one. announced: processes that said that the store is down.
    storeless: those that it has not answered.

    allowed: units that the verdict of a symbol's last entry was for, all slices together.
    """

    def __init__(self, world: World, store: DocumentStore, day: date, findings: Findings) -> None:
        self.sent: Counter[str] = Counter()
        self.announced: set[str] = set()
        self.storeless: set[str] = set()
        self.allowed: dict[str, int] = {}
        self._world = world
        self._store = store
        self._findings = findings
        self._leases: Mapping[str, str] = {tag_prefix(one, day): workload_id(day, one) for one in AssetClass}
        self._created: dict[str, int] = {}
        self._unclear: dict[str, dict[str, int]] = {}
        self._lasting: dict[str, int] = {}
        self._intended: dict[str, int] = {}

    def unanswered(self, name: str) -> None:
        """The store has not answered that process."""
        self.storeless.add(name)

    def stored(self, writes: Sequence[Write]) -> None:
        """From now on a lease lasts for its time, and an order is intended."""
        for write in writes:
            if write.collection == LEASES and not isinstance(write, Delete):
                seconds = write.fields["ttl_seconds"]
                self._lasting[write.id] = self._world.now + int(seconds * NANOSECONDS_A_SECOND)
            elif isinstance(write, Create):
                self._intended.setdefault(write.id, self._world.now)

    def place(self, sender: str, order: Order) -> None:
        """A new order leaves its process."""
        self.sent["place"] += 1
        self._epoch(sender, order.tag, "place")
        self._intent(sender, order)
        self._created[order.tag] = order.created
        earlier = self._unclear.get(order.symbol, {})
        now = self._world.now
        for tag, since in earlier.items():
            # Slices of one entry or exit leave together, whatever becomes of the first of them.
            young = now - since < UNCLEAR_SECONDS * NANOSECONDS_A_SECOND
            same = young and purpose_of(tag) is order.purpose and self._created.get(tag) != order.created
            self._findings.expect(
                not same, Invariant.ONE_ORDER_AN_INTENT, order.tag,
                f"{order.tag} in {order.symbol} is sent {(now - since) / NANOSECONDS_A_SECOND:.1f} s after {tag}, "
                "whose outcome is unclear",
            )

    def change(self, sender: str, tag: str, verb: str) -> None:
        """A change of an order leaves its process."""
        self.sent[verb] += 1
        self._epoch(sender, tag, verb)

    def unclear(self, symbol: str, tag: str) -> None:
        """Its sender was not told whether the order was placed."""
        self._unclear.setdefault(symbol, {})[tag] = self._world.now

    def clear_all(self, told: Sequence[OrderUpdate]) -> None:
        """A process has read these."""
        tags = {tag for held in self._unclear.values() for tag in held}
        if tags:
            for update in told:
                if update.tag in tags:
                    self.clear(update.symbol, update.tag)

    def clear(self, symbol: str, tag: str) -> None:
        """A process was told of the order."""
        held = self._unclear.get(symbol)
        if held is not None:
            held.pop(tag, None)

    def _epoch(self, sender: str, tag: str, verb: str) -> None:
        id = self._leases[tag[:8]]
        lease = self._store.get(LEASES, id)
        holder = lease.fields["holder"] if lease is not None else "nobody"
        left = (self._lasting.get(id, 0) - self._world.now) / NANOSECONDS_A_SECOND
        self._findings.expect(
            left > 0, Invariant.CURRENT_EPOCH, f"{sender} {tag} late",
            f"{sender} sends {verb} of {tag} {-left:.1f} s after its lease has run out",
        )
        self._findings.expect(
            holder == sender, Invariant.CURRENT_EPOCH, f"{sender} {tag}",
            f"{sender} sends {verb} of {tag}, and the lease is held by {holder or 'nobody'}",
        )

    def _intent(self, sender: str, order: Order) -> None:
        document = self._store.get("orders", order.tag)
        if document is None:
            # A function that closes by the broker's books alone says so on its output, before anything else.
            told = sender in self.announced or sender.split()[0] not in SESSIONS
            told = told and order.purpose is Purpose.EXIT and sender in self.storeless
            self._findings.expect(
                told, Invariant.INTENT_BEFORE_ORDER, order.tag,
                f"{order.tag} ({order.purpose} in {order.symbol}) is sent without a stored intent",
            )
            return
        fields = document.fields
        if order.purpose is Purpose.ENTRY:
            self._allow(order, fields)
            self._fresh(order.tag)
        stored = (fields["symbol"], fields["side"], fields["quantity"], fields["kind"])
        sent = (order.symbol, order.side, order.quantity, order.kind.value)
        self._findings.expect(
            bool(fields["verdict"]["allowed"]) and stored == sent, Invariant.INTENT_BEFORE_ORDER, order.tag,
            f"{order.tag} is sent as {sent}; stored is {stored}, allowed {fields['verdict']['allowed']}",
        )

    def _fresh(self, tag: str) -> None:
        seconds = (self._world.now - self._intended.get(tag, 0)) / NANOSECONDS_A_SECOND
        self._findings.expect(
            seconds <= ENTRY_SECONDS, Invariant.INTENT_BEFORE_ORDER, f"{tag} old",
            f"the entry {tag} is sent {seconds:.1f} s after its intent was stored",
        )

    def _allow(self, order: Order, fields: Mapping[str, Any]) -> None:
        """How much the position may become: of a basket its quantity, else what the verdict weighed the risk of."""
        verdict = fields["verdict"]
        if fields["basket"]:
            self.allowed[order.symbol] = fields["basket"]["quantity"]
        elif "risk" in verdict["numbers"]:
            self.allowed[order.symbol] = verdict["numbers"]["risk"] // fields["stop_distance"]
