"""The hash chains of a day: whole over restarts and failures, and broken by every kind of tampering."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.memory import MemoryArchive, MemoryStore
from common.day.audit import SEAL, Audit, seal, verify
from common.day.carried import REPORTS
from common.day.chain import AUDIT, Head, OrderChain
from common.day.control import ALL, MAX_HISTORY, Halt, Source, resume, set_halt
from common.day.ledger import StoreLedger
from common.day.stored import load_orders
from common.market.instrument import AssetClass
from common.ports import Create, Delete, DocumentStore, Update
from common.trading.errors import IntentRefused
from common.trading.halts import HaltLevel
from common.trading.orders import Fill, Order, Status
from tests.unit.faulty_store import Faulty
from tests.unit.ledger_case import ALLOW, ID, LAUNCHED, ledger, order, workload
from tests.unit.trading_case import DAY, minute

STOCK = "stock"

@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2025, 8, 29, 9, 0, tzinfo=INDIA))


class Traded:
    """A small day of two holders of the lease, with halts, open or closed."""

    def __init__(self, clock: VirtualClock) -> None:
        self.store, self.archive, self.clock = MemoryStore(), MemoryArchive(), clock
        book = ledger(self.store, clock)
        book.claim(workload(self.store))
        made = [order(n) for n in (1, 2, 3)]
        for one in made[:2]:
            book.intend(one, ALLOW)
            one.status = Status.OPEN
            book.changed(one)
        book.flush()
        set_halt(self.store, Halt(Source.PERSON, ALL, HaltLevel.STOP_ENTRIES, "tea", "me"), clock)
        clock.sleep(11)
        again = ledger(self.store, clock, "two")
        again.claim(workload(self.store))
        for one in made[:2]:
            stored = self.store.get("orders", one.tag)
            assert stored is not None
            again.adopt(one, stored.version, stored.fields["verdict"])
        made[0].add_fill(Fill("x", minute(1), 100_00, 4))
        again.flush()
        again.intend(made[2], ALLOW)
        resume(self.store, ALL, "tea is over", "me", clock)
        again.report({**LAUNCHED, "state": "DONE", "summary": {"control_seen": 2}})

    def close(self) -> None:
        assert seal(DAY, self.store, self.archive) == []
        self.store.commit([Create(REPORTS, DAY.isoformat(), {"date": DAY.isoformat()})])

    def verified(self) -> Audit:
        return verify(DAY, self.store, self.archive)

    def findings(self) -> list[str]:
        return self.verified().findings

    def change(self, collection: str, id: str, how: Callable[[dict[str, Any]], object]) -> None:
        document = self.store.get(collection, id)
        assert document is not None
        fields = json.loads(json.dumps(document.fields))
        how(fields)
        self.store.commit([Update(collection, id, fields, document.version)])

    def remove(self, collection: str, id: str) -> None:
        document = self.store.get(collection, id)
        self.store.commit([Delete(collection, id, document.version if document else "")])


@pytest.fixture
def day(clock: VirtualClock) -> Traded:
    return Traded(clock)


def tag(number: int) -> str:
    return f"T250829S{number:05d}E"


def test_a_day_with_a_restart_is_whole(day: Traded) -> None:
    """Two holders, one chain; the workload names its end, and so does the archive after the close."""
    audit = day.verified()
    assert (audit.findings, audit.orders, audit.actions, audit.sealed) == ([], {STOCK: 3}, 2, False)
    # Two intents and two changes; two adopted with the second epoch, one of them filled; a third intent.
    assert audit.changes == {STOCK: 7}
    found = day.store.get("workloads", ID)
    assert found is not None
    assert found.fields[AUDIT] == audit.heads[STOCK].to_fields()
    day.close()
    assert (day.findings(), day.verified().sealed) == ([], True)


def test_each_entry_names_the_one_before(day: Traded) -> None:
    """By number, over all orders: prev is the hash of the entry before it."""
    orders = load_orders(day.store, DAY, AssetClass.STOCK).values()
    entries = sorted((one for fields in orders for one in fields[AUDIT]), key=lambda one: one["number"])
    assert [entry["number"] for entry in entries] == list(range(1, 8))
    assert [entry["prev"] for entry in entries] == ["", *(entry["hash"] for entry in entries[:-1])]


def swap(one: dict[str, Any]) -> None:
    one[AUDIT][0], one[AUDIT][1] = one[AUDIT][1], one[AUDIT][0]


def renumber(one: dict[str, Any]) -> None:
    one[AUDIT][0]["number"], one[AUDIT][1]["number"] = one[AUDIT][1]["number"], one[AUDIT][0]["number"]


def insert(day: Traded) -> None:
    """A copy of an order under the next tag, chained by whoever knows how, behind an old head."""
    found = day.store.get("orders", tag(1))
    assert found is not None
    content = {name: value for name, value in found.fields.items() if name != AUDIT}
    whole, _ = OrderChain([]).extended(Head(3, found.fields[AUDIT][0]["hash"]), tag(9), {**content, "tag": tag(9)})
    day.store.commit([Create("orders", tag(9), whole)])


def cut(day: Traded, number: int) -> None:
    """The chain as it was after `number` changes, as far as documents can be wound back."""
    for id, fields in load_orders(day.store, DAY, AssetClass.STOCK).items():
        if all(entry["number"] > number for entry in fields[AUDIT]):
            day.remove("orders", id)


def cut_actions(fields: dict[str, Any]) -> None:
    """As it was after the first action, with the halt that stood then."""
    fields["history"].pop()
    fields["sequence"] = 1
    fields["halts"] = {"person-all": {
        "source": "person", "scope": "all", "level": "STOP_ENTRIES", "reason": "tea", "by": "me",
        "at": "2025-08-29T09:00:00+05:30", "date": None,
    }}


TAMPERINGS: dict[str, tuple[Callable[[Traded], object], str]] = {
    "a field of an order": (lambda d: d.change("orders", tag(1), lambda f: f.update(price=1)), "was changed after"),
    "a fill": (lambda d: d.change("orders", tag(1), lambda f: f["fills"].clear()), "was changed after"),
    "a verdict": (lambda d: d.change("orders", tag(3), lambda f: f["verdict"].update(code="x")), "was changed after"),
    "an old state": (lambda d: d.change("orders", tag(2), lambda f: f[AUDIT][0].update(content="0")), "was altered"),
    "a removed order": (lambda d: d.remove("orders", tag(2)), "an order was removed"),
    "the first order removed": (lambda d: d.remove("orders", tag(1)), "an order was removed"),
    "an inserted order": (insert, "an order was inserted"),
    "an order without a chain": (
        lambda d: d.store.commit([Create("orders", tag(9), {"date": str(DAY), "asset_class": STOCK, "tag": tag(9)})]),
        "is not chained",
    ),
    "entries swapped in place": (lambda d: d.change("orders", tag(1), swap), "were rearranged"),
    "entries renumbered": (lambda d: d.change("orders", tag(1), renumber), "was altered"),
    "an entry removed": (lambda d: d.change("orders", tag(1), lambda f: f[AUDIT].pop(0)), "is missing"),
    "entries spoilt": (lambda d: d.change("orders", tag(1), lambda f: f.update(audit=["x"])), "is not chained"),
    "another day's": (lambda d: d.change("orders", tag(2), lambda f: f.update(date="2025-08-28")), "was removed"),
    "the tail": (lambda d: cut(d, 6), "the end was cut off"),
    "everything": (lambda d: cut(d, 0), "the end was cut off"),
    "the workload": (lambda d: d.remove("workloads", ID), "names no end of the chain"),
    "an action's reason": (
        lambda d: d.change("control", "account", lambda f: f["history"][0].update(reason="x")), "action 1 was altered",
    ),
    "a halt without an action": (
        lambda d: d.change("control", "account", lambda f: f["halts"].update(x={})), "changed without an action",
    ),
    "the first action": (
        lambda d: d.change("control", "account", lambda f: f["history"].pop(0)), "the actions before 2 were removed",
    ),
    "the last action": (lambda d: d.change("control", "account", cut_actions), "the end was cut off"),
    "actions swapped": (
        lambda d: d.change("control", "account", lambda f: f["history"].reverse()), "does not follow",
    ),
    "control": (lambda d: d.remove("control", "account"), "the end was cut off"),
}


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_seen(what: str, closed: bool, day: Traded) -> None:
    """Each kind is named, before and after the close; the close does not seal over it."""
    if closed:
        day.close()
    tamper, said = TAMPERINGS[what]
    tamper(day)
    assert any(said in text for text in day.findings()), day.findings()
    before = day.archive.get(DAY, SEAL)
    assert seal(DAY, day.store, day.archive)
    assert day.archive.get(DAY, SEAL) == before


def rewrite(day: Traded, leave: int) -> None:
    """Orders without the last `leave`, chained anew by whoever knows the code, and the workload's head with them."""
    orders = load_orders(day.store, DAY, AssetClass.STOCK)
    chain = OrderChain([])
    for number, (id, fields) in enumerate(sorted(orders.items())):
        day.remove("orders", id)
        if number < len(orders) - leave:
            content = {name: value for name, value in fields.items() if name != AUDIT}
            whole, _ = chain.extended(chain.head, id, content)
            chain.stored(id, whole)
            day.store.commit([Create("orders", id, whole)])
    day.change("workloads", ID, lambda fields: fields.update(audit=chain.head.to_fields()))


@pytest.mark.parametrize("leave", [0, 1])
def test_a_chain_written_anew_is_seen_by_the_seal(leave: int, day: Traded) -> None:
    """Whoever rewrites the whole store consistently has not rewritten the archive."""
    day.close()
    rewrite(day, leave)
    assert any(SEAL in text for text in day.findings())


def test_a_removed_seal_is_seen(day: Traded) -> None:
    """A day that was closed has one."""
    day.close()
    day.archive = MemoryArchive()
    assert any(SEAL in text for text in day.findings())
    day.archive.put(DAY, SEAL, b"{")
    assert any(SEAL in text for text in day.findings())


def test_closing_again_moves_the_seal_on(day: Traded, clock: VirtualClock) -> None:
    """What was added behind the sealed end is sealed too."""
    day.close()
    clock.sleep(11)
    book = ledger(day.store, clock, "three")
    book.claim(workload(day.store))
    book.intend(order(4), ALLOW)
    book.report({**LAUNCHED, "state": "DONE"})
    assert (day.findings(), day.verified().changes) == ([], {STOCK: 8})
    assert seal(DAY, day.store, day.archive) == []
    sealed = json.loads(day.archive.get(DAY, SEAL) or b"")
    assert sealed["orders"][STOCK]["number"] == 8


def test_more_actions_than_are_kept(day: Traded, clock: VirtualClock) -> None:
    """The oldest leave the document by themselves: that is no finding."""
    day.close()
    for number in range(MAX_HISTORY):
        set_halt(day.store, Halt(Source.PERSON, ALL, HaltLevel.STOP_ENTRIES, f"{number}", "me"), clock)
    assert day.findings() == []
    day.change("control", "account", lambda fields: fields["history"].pop(0))
    assert day.findings() != []


STEPS = st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25)


@given(steps=STEPS)
def test_whatever_fails_the_chain_is_whole(steps: list[tuple[int, bool, int]]) -> None:
    """Commits lost or answered too late, deaths with work unsaved, take-overs: nothing to find, every order chained."""
    clock = VirtualClock(datetime(2025, 8, 29, 9, 0, tzinfo=INDIA))
    plain = MemoryStore()
    store, made = Faulty(plain), dict[int, Order]()
    book = ledger(store, clock)
    book.claim(workload(store))
    for number, dies, fault in steps:
        clock.sleep(2)
        if fault:
            store.fail(1, written=fault == 2)
        if number not in made:
            made[number] = order(number)
            with suppress(IntentRefused):
                book.intend(made[number], ALLOW)
        else:
            made[number].modifications += 1
            book.changed(made[number])
            book.report({**LAUNCHED, "state": "RUNNING"})
        if dies:
            clock.sleep(11)
            store = Faulty(plain)
            book = taken_over(store, clock, made)
    clock.sleep(2)
    assert book.report({**LAUNCHED, "state": "DONE"})
    audit = verify(DAY, plain, MemoryArchive())
    assert (audit.findings, audit.orders.get(STOCK, 0)) == ([], len(made))


def taken_over(store: DocumentStore, clock: VirtualClock, made: dict[int, Order]) -> StoreLedger:
    """By another holder, which knows what is stored; an order whose intent was never stored is gone."""
    book = ledger(store, clock, f"holder at {clock.now()}")
    book.claim(workload(store))
    for number, one in list(made.items()):
        stored = store.get("orders", one.tag)
        if stored is None:
            del made[number]
        else:
            book.adopt(one, stored.version, stored.fields["verdict"])
    return book
