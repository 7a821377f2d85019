"""From a session and options to a simulation: which rules, which latency, which time it begins at."""

from datetime import date
from pathlib import Path
from typing import Final

from common.exchange.checks import Rules
from common.exchange.fills import FillModel
from common.exchange.latency import BROKER_LATENCY
from common.exchange.margin import MarginRates
from common.exchange.simulated import AT_ONCE, NO_RULES, Exchange
from common.market.bar import NANOSECONDS_A_MINUTE
from common.market.calendar import session_times
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.research.recorded import Recording
from jobs.kite_server.app import Options, Simulation
from jobs.kite_server.journal import Journal
from jobs.kite_server.market import SessionMarket

MODIFICATIONS: Final = 25
CASH: Final = 100_000_000
"""Ten lakh rupees in paise."""
BEFORE_THE_OPEN: Final = 10 * NANOSECONDS_A_MINUTE


def open_simulation(
    recording: Recording, day: date, options: Options, *, seed: int = 0, start: int | None = None,
    on_bars: bool = False, cash: Paise = CASH, journal: Path | None = None,
) -> Simulation:
    """on_bars: orders meet whole bars, without rules and latency, as in a replay; else quotes, as at the broker.

    start: nanoseconds UTC at which the day begins, ten minutes before its open by default. journal: where the account
    is kept, so that it goes on.
    """
    begins = session_times(day, AssetClass.STOCK).open - BEFORE_THE_OPEN if start is None else start
    market = SessionMarket(recording, day, begins, on_bars=on_bars)
    rules = Rules(on=day, modifications=MODIFICATIONS, margin=MarginRates(), cash=cash)
    exchange = Exchange(
        market.instruments, FillModel(seed=seed), market.without_volume(), f"{day:%y%m%d}9",
        rules=NO_RULES if on_bars else rules, latency=BROKER_LATENCY if options.speed else AT_ONCE,
    )
    return Simulation(exchange, market, options, Journal(journal) if journal is not None else None)


