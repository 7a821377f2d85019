"""What a trade costs: brokerage, taxes and levies by dated rates, in integer arithmetic, to the paisa."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from common.market.instrument import AssetClass
from common.market.money import Paise, paise_from_rupees
from common.market.tables import OutsideTable, Row, row_in_force, toml_table

Segment: TypeAlias = Literal["intraday", "futures", "options"]
SEGMENT_OF: Final[Mapping[AssetClass, Segment]] = {
    AssetClass.STOCK: "intraday", AssetClass.FUTURES: "futures", AssetClass.OPTIONS: "options",
}
SEGMENTS: Final[tuple[Segment, ...]] = ("intraday", "futures", "options")

BILLION: Final = 1_000_000_000
"""Rates are integers in billionths of turnover: 0.03% is 300_000."""

_HALF: Final = BILLION // 2
_HUNDRED_BILLION: Final = 100 * BILLION
_FIFTY_BILLION: Final = _HUNDRED_BILLION // 2
_BILLIONTHS_A_PERCENT: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class ChargeRates:
    """Rates of one segment on one date; everything left out costs nothing.

    *_ppb: billionths of turnover (options: of premium). brokerage_cap_paise: most an executed order pays (None: no
    cap). brokerage_flat_paise: what each executed order pays besides. gst_percent: on brokerage, transaction, SEBI.
    rates_from: date of the table's row (None: made by hand). extrapolated: the asked date is before that row.
    """

    segment: Segment = "intraday"
    brokerage_ppb: int = 0
    brokerage_cap_paise: Paise | None = None
    brokerage_flat_paise: Paise = 0
    stt_sell_ppb: int = 0
    stt_exercise_ppb: int = 0
    transaction_ppb: int = 0
    ipft_ppb: int = 0
    sebi_ppb: int = 0
    stamp_buy_ppb: int = 0
    gst_percent: int = 0
    rates_from: date | None = None
    extrapolated: bool = False


@dataclass(slots=True, init=False)
class Charges:
    """The parts of what was paid, each in whole paise; add them up with `+`.

    Not frozen: a frozen one costs three times as much to make. Nobody changes it.
    Its __init__ is written out so that a compiled one is compiled too.
    """

    brokerage: Paise
    stt: Paise
    transaction: Paise
    ipft: Paise
    sebi: Paise
    stamp: Paise
    gst: Paise

    def __init__(
        self, brokerage: Paise = 0, stt: Paise = 0, transaction: Paise = 0, ipft: Paise = 0, sebi: Paise = 0,
        stamp: Paise = 0, gst: Paise = 0,
    ) -> None:
        self.brokerage = brokerage
        self.stt = stt
        self.transaction = transaction
        self.ipft = ipft
        self.sebi = sebi
        self.stamp = stamp
        self.gst = gst

    @property
    def total(self) -> Paise:
        """The sum of the parts."""
        return self.brokerage + self.stt + self.transaction + self.ipft + self.sebi + self.stamp + self.gst

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(
            self.brokerage + other.brokerage, self.stt + other.stt, self.transaction + other.transaction,
            self.ipft + other.ipft, self.sebi + other.sebi, self.stamp + other.stamp, self.gst + other.gst,
        )


NO_CHARGES: Final = Charges()


@cache
def rates_on(day: date, segment: Segment) -> ChargeRates:
    """The rates in force on `day`; before the first row, that row with `extrapolated` set. Source: the table's rows.

    Raises OutsideTable for a segment that is not in the table.
    """
    table = toml_table("common.trading", "charges.toml")
    if segment not in table:
        raise OutsideTable(f"there are no charges for {segment!r}: use one of {', '.join(SEGMENTS)}")
    rows = table[segment]
    extrapolated = day < rows[0]["from"]
    row = rows[0] if extrapolated else row_in_force(rows, day, f"charges of {segment}")
    cap = row.get("brokerage_cap")
    return ChargeRates(
        segment=segment, brokerage_ppb=_ppb(row, "brokerage"),
        brokerage_cap_paise=None if cap is None else paise_from_rupees(cap),
        brokerage_flat_paise=paise_from_rupees(row.get("brokerage_flat", "0")),
        stt_sell_ppb=_ppb(row, "stt_sell"), stt_exercise_ppb=_ppb(row, "stt_exercise"),
        transaction_ppb=_ppb(row, "transaction"), ipft_ppb=_ppb(row, "ipft"), sebi_ppb=_ppb(row, "sebi"),
        stamp_buy_ppb=_ppb(row, "stamp_buy"), gst_percent=int(row["gst"]), rates_from=row["from"],
        extrapolated=extrapolated,
    )


def order_charges(rates: ChargeRates, side: int, turnover_paise: Paise, orders: int = 1) -> Charges:
    """Charges of one side: `orders` executed orders (side +1 bought, -1 sold) of `turnover_paise` together.

    As `round_trip` with nothing on the other side.
    """
    if side > 0:
        return round_trip(rates, turnover_paise, 0, orders, 0)
    return round_trip(rates, 0, turnover_paise, 0, orders)


def round_trip(
    rates: ChargeRates, buy_paise: Paise, sell_paise: Paise, buy_orders: int = 1, sell_orders: int = 1
) -> Charges:
    """Charges of buying for `buy_paise` and selling for `sell_paise`, in whichever order it happened.

    Each part of each side is rounded half up to the paisa once. With several orders the cap counts for each of them,
    as if they were equally large: never too little. No turnover costs nothing. Raises ValueError on a negative
    turnover and on a turnover without an order.
    """
    buy_brokerage = _brokerage(rates, buy_paise, buy_orders)
    sell_brokerage = _brokerage(rates, sell_paise, sell_orders)
    transaction, sebi, ipft, gst = rates.transaction_ppb, rates.sebi_ppb, rates.ipft_ppb, rates.gst_percent
    buy_transaction, sell_transaction = transaction * buy_paise, transaction * sell_paise
    buy_sebi, sell_sebi = sebi * buy_paise, sebi * sell_paise
    buy_gst = gst * (buy_brokerage + buy_transaction + buy_sebi)
    sell_gst = gst * (sell_brokerage + sell_transaction + sell_sebi)
    return Charges(
        (buy_brokerage + _HALF) // BILLION + (sell_brokerage + _HALF) // BILLION,
        (rates.stt_sell_ppb * sell_paise + _HALF) // BILLION,
        (buy_transaction + _HALF) // BILLION + (sell_transaction + _HALF) // BILLION,
        (ipft * buy_paise + _HALF) // BILLION + (ipft * sell_paise + _HALF) // BILLION,
        (buy_sebi + _HALF) // BILLION + (sell_sebi + _HALF) // BILLION,
        (rates.stamp_buy_ppb * buy_paise + _HALF) // BILLION,
        (buy_gst + _FIFTY_BILLION) // _HUNDRED_BILLION + (sell_gst + _FIFTY_BILLION) // _HUNDRED_BILLION,
    )


def closing_charges(rates: ChargeRates, turnover_paise: Paise) -> Paise:
    """The total of `round_trip` for the same turnover on both sides, one order each, paise.

    Asked for at every fill that opens something: what both sides pay alike is worked out once.
    """
    brokerage, transaction = _brokerage(rates, turnover_paise, 1), rates.transaction_ppb * turnover_paise
    sebi = rates.sebi_ppb * turnover_paise
    each = (
        (brokerage + _HALF) // BILLION + (transaction + _HALF) // BILLION + (sebi + _HALF) // BILLION
        + (rates.ipft_ppb * turnover_paise + _HALF) // BILLION
        + (rates.gst_percent * (brokerage + transaction + sebi) + _FIFTY_BILLION) // _HUNDRED_BILLION
    )
    stt, stamp = rates.stt_sell_ppb * turnover_paise, rates.stamp_buy_ppb * turnover_paise
    return 2 * each + (stt + _HALF) // BILLION + (stamp + _HALF) // BILLION


def _brokerage(rates: ChargeRates, turnover_paise: Paise, orders: int) -> int:
    """Of one side, in billionths of a paisa."""
    if turnover_paise <= 0:
        if turnover_paise < 0:
            raise ValueError(f"turnover is {turnover_paise} paise; give price times quantity, which is never negative")
        return 0
    if orders < 1:
        raise ValueError(f"{turnover_paise} paise were traded by {orders} orders; count at least one executed order")
    brokerage, cap = rates.brokerage_ppb * turnover_paise, rates.brokerage_cap_paise
    if cap is not None and brokerage > cap * orders * BILLION:
        brokerage = cap * orders * BILLION
    return brokerage + rates.brokerage_flat_paise * orders * BILLION


def exercise_stt(rates: ChargeRates, intrinsic_paise: Paise) -> Paise:
    """STT on a bought option that expires in the money: on its intrinsic value times quantity, paise."""
    return (rates.stt_exercise_ppb * max(0, intrinsic_paise) + _HALF) // BILLION


def charges_json(charges: Charges, rates: ChargeRates) -> dict[str, Any]:
    """Every part as `{part}_paise`, `total_paise`, and which rates they come from; JSON values only."""
    return {
        "brokerage_paise": charges.brokerage, "stt_paise": charges.stt, "transaction_paise": charges.transaction,
        "ipft_paise": charges.ipft, "sebi_paise": charges.sebi, "stamp_paise": charges.stamp,
        "gst_paise": charges.gst, "total_paise": charges.total, "segment": rates.segment,
        "rates_from": rates.rates_from.isoformat() if rates.rates_from else None, "extrapolated": rates.extrapolated,
    }


def _ppb(row: Row, name: str) -> int:
    percent = Decimal(row.get(name, "0"))
    billionths = percent * _BILLIONTHS_A_PERCENT
    if billionths != int(billionths) or billionths < 0:
        raise ValueError(f"{name} = {percent}% in charges.toml is not a whole number of billionths: correct the row")
    return int(billionths)
