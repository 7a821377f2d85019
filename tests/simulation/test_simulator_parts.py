"""The parts of the simulated world: faults, market, store, launcher, route, truth."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, time
from random import Random

import pytest

from common.adapters.memory import MemoryStore
from common.exchange.resting import RestingOrder
from common.market.indian_time import moment
from common.ports import Conflict, Create, Launch, StoreUnavailable, Update, Write
from common.simulation.faults import NAMES, Fault, FaultPlan, UnknownFault, draw_faults, parse_faults
from common.simulation.findings import Findings, Invariant
from common.simulation.instruments import INDEX, list_instruments
from common.simulation.launcher import SimulatedLauncher
from common.simulation.life import Life, SimulatedClock
from common.simulation.market import make_paths
from common.simulation.store import FaultyStore, Outage
from common.simulation.truth import Truth
from common.simulation.world import Killed, World
from common.trading.orders import Fill, Kind, OrderTag, Purpose, Status

DAY = date(2025, 8, 29)
NONE: frozenset[Fault] = frozenset()
SECOND = 1_000_000_000


def plan(*faults: Fault, intensity: float = 1.0) -> FaultPlan:
    """Only these."""
    return FaultPlan(frozenset(faults), Random(7), intensity)


def test_fault_names() -> None:
    """All, none, names with commas; anything else is refused with the list."""
    assert parse_faults("all") == frozenset(Fault)
    assert parse_faults("none") == NONE
    assert parse_faults("answer-lost, gap") == {Fault.ANSWER_LOST, Fault.GAP}
    assert len(NAMES) == len(Fault) >= 40
    for text in ("", "gap,none", "nonsense"):
        with pytest.raises(UnknownFault, match="answer-lost"):
            parse_faults(text)


def test_every_fault_has_its_reason() -> None:
    """A chance, where it is drawn, and why it is believed to happen."""
    for fault in Fault:
        assert 0 < fault.kind.chance <= 10
        assert len(fault.kind.reason) > 15


def test_one_of_draws_by_chance() -> None:
    """At most one of several, each about as often as its chance says; what is not enabled never."""
    faults = plan(Fault.UPDATE_LOST, Fault.UPDATE_LATE)
    draw = faults.one_of(Fault.UPDATE_LOST, Fault.UPDATE_DOUBLED, Fault.UPDATE_LATE)
    drawn = Counter(draw() for _ in range(20_000))
    assert drawn[Fault.UPDATE_DOUBLED] == 0
    assert 0.03 < drawn[Fault.UPDATE_LOST] / 20_000 < 0.05
    assert 0.04 < drawn[Fault.UPDATE_LATE] / 20_000 < 0.06
    assert faults.struck[Fault.UPDATE_LOST] == drawn[Fault.UPDATE_LOST]
    assert plan().one_of(*Fault)() is None


def test_each_day_draws_a_part() -> None:
    """Some days have all faults, most about half of them, and the seed decides."""
    sizes = [len(draw_faults(Fault, Random(seed))[0]) for seed in range(200)]
    assert sizes.count(len(Fault)) in range(30, 75)
    assert sorted(sizes)[20] < len(Fault) * 0.6
    assert draw_faults(Fault, Random(5)) == draw_faults(Fault, Random(5))


def test_prices_stay_in_their_band() -> None:
    """Quotes are on the tick, ordered, sized, and inside the band, also after gaps and while a circuit is locked."""
    random = Random(3)
    listing = list_instruments(DAY, random)
    paths = make_paths(listing, 0, random)
    for step in range(1, 400):
        for symbol, path in paths.items():
            if step % 50 == 0:
                path.gap(random.uniform(-0.05, 0.05))
            if step == 200:
                path.lock(random.choice((-1, 1)), 250 * SECOND)
            quote, instrument = path.quote(step * SECOND), listing.instruments[symbol]
            assert path.lower <= quote.last <= path.upper, symbol
            assert (quote.bid % instrument.tick, quote.ask % instrument.tick) == (0, 0), symbol
            if 200 <= step < 250:
                assert bool(quote.bid) != bool(quote.ask), f"{symbol}: a locked circuit has one side"
            else:
                assert 0 < quote.bid < quote.ask, symbol
                assert quote.bid_quantity > 0
                assert quote.ask_quantity > 0


def test_options_follow_their_index() -> None:
    """When the index jumps up, calls gain and puts lose."""
    random = Random(4)
    listing = list_instruments(DAY, random)
    paths = make_paths(listing, 0, random)
    before = {symbol: paths[symbol].quote(SECOND).last for symbol in listing.chain}
    paths[INDEX].gap(0.004)
    for symbol in listing.chain:
        after = paths[symbol].quote(2 * SECOND).last
        assert (after > before[symbol]) == symbol.endswith("CE"), symbol


class Onlooker:
    """A witness who keeps nothing."""

    def unanswered(self, name: str) -> None:
        del name

    def stored(self, writes: Sequence[Write]) -> None:
        del writes


def opened(*faults: Fault, intensity: float = 1.0) -> tuple[World, FaultyStore, MemoryStore, Outage]:
    """A store with one workload document, in the hands of one process."""
    world, true, outage, struck = World(0), MemoryStore(), Outage(), plan(*faults, intensity=intensity)
    true.commit([Create("workloads", "w", {"n": 1})])
    store = FaultyStore(true, Life(world, struck, "p"), struck, outage, Onlooker())
    return world, store, true, outage


def happened(world: World, action: object) -> BaseException | None:
    """What came of it within the world."""
    found: list[BaseException] = []

    def guarded() -> None:
        try:
            action()  # type: ignore[operator]
        except BaseException as error:
            found.append(error)

    world.begin(0, guarded)
    world.run(100 * SECOND)
    return found[0] if found else None


@pytest.mark.parametrize(("fault", "written"), [(Fault.STORE_DOWN, False), (Fault.STORE_ANSWER_LOST, True)])
def test_store_down_before_and_after_the_commit(fault: Fault, written: bool) -> None:
    """The answer is the same, and only the true store knows whether it was written."""
    world, store, true, _ = opened(fault, intensity=10_000)
    error = happened(world, lambda: store.commit([Create("a", "x", {})]))
    assert isinstance(error, StoreUnavailable)
    assert (true.get("a", "x") is not None) is written


def test_store_contention_is_a_real_conflict() -> None:
    """Another has touched the workload document: the version that we have is old."""
    world, store, true, _ = opened(Fault.STORE_CONTENTION, intensity=10_000)
    document = true.get("workloads", "w")
    assert document is not None
    error = happened(world, lambda: store.commit([Update("workloads", "w", {"n": 2}, document.version)]))
    assert isinstance(error, Conflict)
    touched = true.get("workloads", "w")
    assert touched is not None
    assert touched.fields == {"n": 1, "touched": 1}


def test_an_outage_is_for_everybody() -> None:
    """Reads and commits fail until it is over."""
    world, store, _, outage = opened()
    outage.until = 50 * SECOND
    assert isinstance(happened(world, lambda: store.get("workloads", "w")), StoreUnavailable)


@pytest.mark.parametrize("after", [False, True])
def test_a_process_dies_where_it_is_told(after: bool) -> None:
    """Before or after the effect of the n-th call, and it never calls again."""
    effects = list[int]()
    life = Life(World(0), plan(), "p", crash_at=2, crash_after=after)
    life.through(lambda: effects.append(1))
    with pytest.raises(Killed):
        life.through(lambda: effects.append(2))
    with pytest.raises(Killed):
        life.through(lambda: effects.append(3))
    assert effects == ([1, 2] if after else [1])


def test_clock_jumps_leave_the_monotonic_clock_alone() -> None:
    """Setting a clock changes what it shows, not what has passed."""
    world = World(moment(DAY, time(10, 0)))
    life = Life(world, plan(), "p")
    clock, before = SimulatedClock(life), SimulatedClock(life).now()
    passed = clock.monotonic()
    life.jumped = -30 * SECOND
    assert (clock.now() - before).total_seconds() == -30
    assert clock.monotonic() == passed


@pytest.mark.parametrize(("fault", "begun"), [(None, 1), (Fault.LAUNCH_LOST, 0), (Fault.LAUNCH_DOUBLED, 2)])
def test_launches(fault: Fault | None, begun: int) -> None:
    """A launch becomes one process, none, or two; while it is on its way a second one does nothing."""
    world, started = World(0), list[str]()
    faults = plan(fault, intensity=100) if fault else plan()
    launcher = SimulatedLauncher(world, faults, lambda launch: started.append(launch.id), lambda id: id in started)

    def twice() -> None:
        for _ in range(1 if fault is Fault.LAUNCH_LOST else 2):
            launcher.start(Launch("x", DAY, "stock"))

    world.begin(0, twice)
    world.run(60 * SECOND)
    assert len(started) == begun


def resting(tag: str, side: int, quantity: int, status: Status = Status.OPEN, *filled: int) -> RestingOrder:
    """An order at the exchange, filled in these parts at 100 rupees."""
    order = RestingOrder(tag or "id", OrderTag(tag), "AAA", side, quantity, Kind.LIMIT, 100_00, 0, 0)
    order.status = status
    order.fills = [Fill(f"{tag}-{n}", n, 100_00, part) for n, part in enumerate(filled)]
    order.filled = sum(filled)
    return order


def test_truth_counts_each_fill_once() -> None:
    """Told again, an order adds only what is new about it; what has ended is live no more."""
    truth = Truth([])
    entry = resting("T250829S00001E", 1, 100, Status.OPEN, 40)
    truth.take(entry, 1)
    truth.take(entry, 2)
    one = truth.of("AAA")
    assert (one.ours, one.left(Purpose.ENTRY, 1), one.cost) == (40, 60, 40 * 100_00)
    entry.fills.append(Fill("more", 3, 101_00, 60))
    entry.filled, entry.status = 100, Status.COMPLETE
    truth.take(entry, 3)
    assert (one.ours, one.live, one.cash) == (100, {}, -40 * 100_00 - 60 * 101_00)


def test_truth_tells_mine_from_yours() -> None:
    """Another's sale takes from our long position as far as it goes; the rest of it is theirs."""
    truth = Truth([])
    truth.take(resting("T250829S00001E", 1, 100, Status.COMPLETE, 100), 1)
    truth.take(resting("", -1, 130, Status.COMPLETE, 130), 2)
    one = truth.of("AAA")
    assert (one.ours, one.manual, one.net, one.theirs, one.helped) == (100, -100, 0, -30, True)


def test_protected_means_resting_or_working() -> None:
    """A stop that is on its way protects nothing yet."""
    truth = Truth([])
    truth.take(resting("T250829S00001E", 1, 100, Status.COMPLETE, 100), 1)
    stop = resting("T250829S00002X", -1, 100, Status.SENT)
    truth.take(stop, 2)
    assert truth.of("AAA").protected == 0
    stop.status = Status.TRIGGER_PENDING
    truth.take(stop, 3)
    assert truth.of("AAA").protected == 100


def test_findings_say_a_thing_once() -> None:
    """Every check is counted, the same violation is told once."""
    findings = Findings(World(0))
    for _ in range(3):
        findings.expect(False, Invariant.NO_FLIP, "AAA", "flipped")
    findings.expect(True, Invariant.NO_FLIP, "BBB", "not told")
    assert findings.checks[Invariant.NO_FLIP] == 4
    assert [one.text for one in findings.violations] == ["flipped"]
