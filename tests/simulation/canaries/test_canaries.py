"""Planted bugs: each is caught by the simulator within a few days, by an invariant that names it."""

import pytest

from common.market.instrument import AssetClass
from common.simulation.faults import Fault
from common.simulation.findings import Invariant
from tests.simulation.canaries import protecting, sending
from tests.simulation.canaries.canary import Canary

UNCLEAR = frozenset({
    Fault.ANSWER_LOST, Fault.ORDER_LATE, Fault.TIMEOUT_AFTER_ACCEPTANCE, Fault.BAD_REQUEST_BUT_PLACED,
    Fault.SERVER_ERROR,
})
CRASHES = frozenset({Fault.CRASH_AFTER, Fault.CRASH_BEFORE})
PAUSES = frozenset({Fault.PAUSE_AFTER, Fault.LAUNCH_DOUBLED})
TWICE = frozenset({Invariant.ONE_ORDER_AN_INTENT, Invariant.NO_FLIP})
OPTIONS = (AssetClass.OPTIONS,)

CANARIES = {
    "naive retry": Canary("sent again after a time-out", sending.naive_retry, TWICE, UNCLEAR),
    "no patience": Canary("absent once is absent", sending.no_patience, TWICE, UNCLEAR),
    "patience too short": Canary("three seconds", sending.patience_too_short, TWICE, UNCLEAR, days=60),
    "lease skipped": Canary(
        "two holders", sending.lease_skipped, frozenset({Invariant.CURRENT_EPOCH}), PAUSES, days=60,
    ),
    "lease checked too early": Canary(
        "a pause between intent and request", sending.lease_checked_too_early, frozenset({Invariant.CURRENT_EPOCH}),
        stage=sending.pause_after_intents,
    ),
    "unknown not counted": Canary(
        "an unclear entry is forgotten", sending.unknown_not_counted,
        frozenset({Invariant.ONE_ORDER_AN_INTENT, Invariant.WITHIN_LIMITS, Invariant.PROTECTED}), UNCLEAR,
    ),
    "restart forgets": Canary(
        "resting orders are unknown to a new process", sending.restart_forgets,
        TWICE | {Invariant.BOOKS_AGREE}, CRASHES, intensity=4.0,
    ),
    "intent after order": Canary(
        "sent, then written down", sending.intent_after_order, frozenset({Invariant.INTENT_BEFORE_ORDER}),
    ),
    "old entry sent": Canary(
        "a pause, and the price of before it", sending.old_entry_sent, frozenset({Invariant.INTENT_BEFORE_ORDER}),
        stage=sending.nap_after_intents,
    ),
    "fill counted twice": Canary(
        "told twice, counted twice", sending.fill_counted_twice,
        frozenset({Invariant.BOOKS_AGREE, Invariant.NO_FLIP, Invariant.PROTECTED}), frozenset({Fault.UPDATE_DOUBLED}),
    ),
    "book not stored": Canary(
        "what a read tells is not kept", sending.book_not_stored, frozenset({Invariant.BOOKS_AGREE}),
        frozenset({Fault.UPDATE_LOST}),
    ),
    "stop late": Canary("half a minute", protecting.stop_late, frozenset({Invariant.PROTECTED})),
    "stop for ordered quantity": Canary(
        "of a part-filled entry", protecting.stop_for_ordered_quantity, frozenset({Invariant.NO_FLIP}),
    ),
    "two exits resting": Canary(
        "stop and exit both work", protecting.two_exits_resting, frozenset({Invariant.NO_FLIP}),
    ),
    "exit that flips": Canary(
        "sized by the entry", protecting.exit_that_flips, frozenset({Invariant.NO_FLIP}), frozenset({Fault.GAP}),
    ),
    "halt blocks exits": Canary(
        "a halt stops the way out", protecting.halt_blocks_exits,
        frozenset({Invariant.PROTECTED, Invariant.FLAT_OR_ALARM, Invariant.ALIVE}), frozenset({Fault.HALT}),
        intensity=8.0,
    ),
    "square-off forgotten": Canary(
        "open at the close, silently", protecting.square_off_forgotten, frozenset({Invariant.FLAT_OR_ALARM}), leave=1,
    ),
    "hedge last": Canary(
        "all legs at once", protecting.hedge_last, frozenset({Invariant.NEVER_NAKED}), classes=OPTIONS,
    ),
    "hedge released early": Canary(
        "all legs closed at once", protecting.hedge_released_early, frozenset({Invariant.NEVER_NAKED}), classes=OPTIONS,
    ),
    "foreign position sold": Canary(
        "the account's position is ours", protecting.foreign_position_sold,
        frozenset({Invariant.HANDS_OFF, Invariant.NO_FLIP}),
    ),
    "size doubled": Canary("twice the verdict", protecting.size_doubled, frozenset({Invariant.WITHIN_LIMITS})),
    "positions not counted": Canary(
        "more positions than allowed", protecting.positions_not_counted, frozenset({Invariant.WITHIN_LIMITS}),
    ),
    "trade counted twice": Canary(
        "published again by each process", protecting.trade_counted_twice, frozenset({Invariant.MONEY}), CRASHES,
        intensity=4.0,
    ),
    "alarm each second": Canary(
        "no ceiling", protecting.alarm_each_second, frozenset({Invariant.ALARMS_BOUNDED}),
        frozenset({Fault.MANUAL_EXIT, Fault.INSTRUMENT_HALTED, Fault.LOCKED_CIRCUIT}), intensity=8.0,
    ),
}


@pytest.mark.parametrize("name", CANARIES)
def test_caught(name: str) -> None:
    """The bug is seen by an invariant that may see it, and the very same day without it is clean."""
    canary = CANARIES[name]
    found = canary.hunt()
    assert found is not None, f"{name}: {canary.bug}: not caught in {canary.days} days"
    seed, _ = found
    clean = canary.clean(seed)
    assert not clean.violations, f"day {seed} is not clean without the bug: {clean.violations[0]}"


def test_there_are_enough() -> None:
    """Every kind of mistake that the design names is planted once."""
    assert len(CANARIES) >= 20
