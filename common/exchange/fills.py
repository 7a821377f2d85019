"""What an order gets: price and quantity on a bar, with spread, slippage and participation; its place in a queue."""

from dataclasses import dataclass
from zlib import crc32

from common.market.bar import Bar, Moment
from common.market.instrument import Instrument
from common.market.money import Paise


@dataclass(frozen=True, slots=True)
class FillModel:
    """half_spread_bps: paid on each side where no quote is recorded (1 bp: large caps and index futures trade at 1-2).

    slippage_ticks: up to so many ticks worse, drawn by seed, tag and fill number, so that a restart draws the same.
    participation: part of a bar's volume that one order may take (a tenth is usual practice).
    queue_share: part of what a quote shows at our price that is ahead of an order that joins there (1: all of it, as
    everybody who is seen came before; those who leave the queue are only seen when less is shown than was ahead).
    """

    half_spread_bps: float = 1.0
    slippage_ticks: int = 2
    participation: float = 0.1
    seed: int = 0
    queue_share: float = 1.0

    def price(self, instrument: Instrument, raw: float, side: int, bar: Bar, tag: str, number: int) -> Paise:
        """What `side` pays where the market stood at `raw` (paise), on the tick; 0 where nobody offers the other side.

        On a quote its touch. On a bar half a spread and some slippage more, and no better than the bar's own quote.
        """
        touch = bar.ask if side > 0 else bar.bid
        if not touch and (bar.bid or bar.ask):
            return 0
        if touch and isinstance(bar, Moment):
            return touch
        half = (bar.ask - bar.bid) / 2 if bar.bid and bar.ask else raw * self.half_spread_bps / 10_000
        if self.slippage_ticks:
            draw = crc32(f"{self.seed}:{tag}:{number}".encode()) % (self.slippage_ticks + 1)
            half += draw * instrument.tick
        if side > 0:
            return max(touch, instrument.round_up(raw + half))
        worse = instrument.round_down(raw - half)
        return min(touch, worse) if touch else worse

    def quantity(self, instrument: Instrument, bar: Bar, wanted: int, *, has_volume: bool) -> int:
        """Units that may fill on this bar. Without volume in the data, or on a quote, all of it."""
        if not has_volume or (bar.volume == 0 and bar.bid and bar.ask):
            return wanted
        if bar.volume == 0:
            return 0
        return min(wanted, max(instrument.lot, instrument.whole_lots(int(bar.volume * self.participation))))
