"""The plan of a simulated day: one to three asset classes, restless strategies, limits that are met at times."""

from collections.abc import Mapping
from datetime import date
from random import Random
from typing import Final

from common.market.calendar import session_times
from common.market.instrument import AssetClass
from common.planning.limits import ClassLimits
from common.planning.plan import ClassPlan, OpeningLimits, OptionSelection, Plan, PlannerRecord
from common.planning.session_facts import clock
from common.simulation.instruments import INDEX, STRIKES_EACH_SIDE, Listing
from common.simulation.restless import Restless

CHANCES: Final = (10, 20, 40)
"""In a thousand, of an entry, each minute and symbol."""
LEAVE: Final = 100
LAKH: Final = 100_000_00
"""Paise."""
_MONEY = {
    # capital, largest order, risk of a trade, margin per cent
    AssetClass.STOCK: (40 * LAKH, 3 * LAKH, LAKH // 20, 100),
    AssetClass.FUTURES: (40 * LAKH, 16 * LAKH, LAKH, 15),
    AssetClass.OPTIONS: (40 * LAKH, 8 * LAKH, LAKH, 100),
}


def draw_plan(day: date, listing: Listing, random: Random) -> Plan:
    """READY, on paper: in a simulation the broker is whatever stands behind the port."""
    number = random.choice((1, 1, 1, 2, 3))
    chosen = sorted(random.sample(list(AssetClass), number))
    return make_plan(day, listing, {asset_class: random.choice(CHANCES) for asset_class in chosen}, random)


def make_plan(
    day: date, listing: Listing, enter: Mapping[AssetClass, int], random: Random, leave: int = LEAVE,
) -> Plan:
    """enter: chance in a thousand of an entry at each bar, by asset class that is traded; leave: of an exit."""
    classes = tuple(_class_plan(day, listing, one, chance, leave, random) for one, chance in enter.items())
    return Plan(
        date=day, status="READY", mode="paper", classes=classes, evidence_hash="simulated", mandate_hash="simulated",
        opening=OpeningLimits(max_symbol_gap_percent=10, halve_at_index_gap_percent=5),
        planner=PlannerRecord(kind="rules", input_hash="simulated"),
    )


def _class_plan(
    day: date, listing: Listing, asset_class: AssetClass, enter: int, leave: int, random: Random,
) -> ClassPlan:
    parameters: dict[str, bool | int | float | str] = {"seed": random.getrandbits(31), "enter": enter, "leave": leave}
    options = None
    if asset_class is AssetClass.OPTIONS:
        parameters["underlying"] = INDEX
        options = OptionSelection(
            underlying=INDEX, signal_symbol=INDEX, expiry=listing.expiry, strikes_each_side=STRIKES_EACH_SIDE,
        )
    return ClassPlan(
        asset_class=asset_class, enabled=True, strategy=Restless.name, parameters=parameters,
        universe=listing.of(asset_class), options=options, size=1.0, limits=_limits(day, asset_class, random),
    )


def _limits(day: date, asset_class: AssetClass, random: Random) -> ClassLimits:
    capital, order, risk, margin = _MONEY[asset_class]
    times = session_times(day, asset_class)
    return ClassLimits(
        capital_paise=capital, loss_paise=random.choice((2, 10, 30)) * LAKH, risk_per_trade_paise=risk,
        max_trades=random.choice((20, 200)), max_open_positions=random.choice((1, 3, 5)), max_order_value_paise=order,
        margin_percent=margin, order_rate_per_second=1.5, losses_to_lock_symbol=100,
        losses_to_lock_class=random.choice((8, 100)), max_spread_percent=2.0, entry_from=clock(times.entry_from),
        entry_cutoff=clock(times.entry_cutoff), square_off=clock(times.square_off),
    )
