"""The stocks of the generated market: well-known large caps with rough prices, volumes and weights of 2026."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stock:
    """rupees: price to start from; volume: units a session; weight: in the index; beta: to the market.

    deviation: of its own daily log return, apart from market and sector.
    """

    symbol: str
    sector: str
    rupees: float
    volume: int
    weight: float
    beta: float
    deviation: float


LARGE_CAPS: Final = (
    Stock("RELIANCE", "energy", 1420, 11_000_000, 9.0, 1.05, 0.0072),
    Stock("HDFCBANK", "bank", 985, 16_000_000, 13.0, 0.95, 0.0059),
    Stock("ICICIBANK", "bank", 1380, 11_000_000, 9.0, 1.00, 0.0064),
    Stock("INFY", "technology", 1490, 7_000_000, 5.0, 0.90, 0.0081),
    Stock("TCS", "technology", 3050, 2_600_000, 3.0, 0.80, 0.0072),
    Stock("BHARTIARTL", "telecom", 1930, 5_500_000, 4.5, 0.85, 0.0076),
    Stock("ITC", "consumer", 405, 13_000_000, 3.5, 0.60, 0.0064),
    Stock("LT", "industry", 3650, 2_000_000, 4.0, 1.10, 0.0076),
    Stock("SBIN", "bank", 870, 12_000_000, 3.0, 1.15, 0.0076),
    Stock("AXISBANK", "bank", 1180, 8_000_000, 3.0, 1.10, 0.0081),
    Stock("KOTAKBANK", "bank", 2110, 2_800_000, 2.8, 0.90, 0.0072),
    Stock("HINDUNILVR", "consumer", 2520, 1_600_000, 2.0, 0.50, 0.0068),
    Stock("BAJFINANCE", "bank", 960, 8_500_000, 2.3, 1.25, 0.0098),
    Stock("MARUTI", "auto", 15_300, 450_000, 1.8, 0.90, 0.0081),
    Stock("M&M", "auto", 3480, 2_600_000, 2.6, 1.05, 0.0093),
    Stock("SUNPHARMA", "pharma", 1630, 2_400_000, 1.7, 0.60, 0.0081),
    Stock("TITAN", "consumer", 3560, 1_100_000, 1.3, 0.90, 0.0085),
    Stock("TATASTEEL", "metal", 172, 32_000_000, 1.3, 1.25, 0.0110),
    Stock("NTPC", "energy", 335, 11_000_000, 1.5, 0.95, 0.0081),
    Stock("WIPRO", "technology", 248, 9_000_000, 0.8, 0.90, 0.0093),
)
