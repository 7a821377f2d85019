"""Every strategy's orders on recorded days, pinned: a change of any of them has to be meant.

A hash that has to change: run the test, read both, compare the trades with `tron backtest`, and write the new one down.
"""

from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from common.planning.mandate import default_mandate_text, parse_mandate
from common.research.backtest import backtest
from common.research.backtest_plan import Request

EQUITY: Final = ("equity_1m_2016-08.parquet",)
CHAIN: Final = ("options_1m_NIFTY_2025-08-29.parquet", "derived_forward_1m_NIFTY_2025-08-29.parquet")
STOCKS: Final = ("RELIANCE", "TCS", "INFY", "SBIN")
WIDE: Final[dict[str, Any]] = {"min_days_to_expiry": 0, "min_credit_percent": 1.0, "max_spread_percent": 10.0}

PINNED: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...], dict[str, Any], int, str], ...]] = (
    ("vwap", EQUITY, STOCKS, {}, 39,
     "ac2d9670bfe3f204d10a278a04d46fd15c0acb3f4b85a444e9838b819b5e4c36"),
    ("opening_range_breakout", EQUITY, STOCKS, {}, 56,
     "f1eb5b1e965b8296ca609c935d89e858dcbec243864d123a27f2c5099ffc2722"),
    ("ema_cross", EQUITY, STOCKS, {}, 96,
     "8c59dcaa259cbedc9e056843a08969cc84a9ff4227bd693487b0d9e058fea7c2"),
    ("momentum", EQUITY, STOCKS, {}, 40,
     "a49b39c32ed989e5cb4bc0343ec3f3a945330c11e5b0d23a5a0fc4c04d78e5ae"),
    ("range_reversal", EQUITY, STOCKS, {}, 25,
     "9c21685eca05f4887ebb71d41810e7b99b8232bf5305ceeb490c8a286b74813b"),
    ("range_reversal", EQUITY, STOCKS, {"range": "prior"}, 33,
     "7e8f851628f3a81da074864b75c0815f45f712178f4479c6927bf4ad40a1358a"),
    ("trend", CHAIN, (), {}, 2,
     "64bf27f13d39770212d6b08fc06644a4071a6790c8f6c13d3b2823e006d231a0"),
    ("scalp", CHAIN, (), {}, 3,
     "7448e93645f85cd714ed1ac665247c52a1af358d0c293acd74dbaf7662b4e453"),
    ("credit_spread", CHAIN, (), WIDE, 2,
     "e563832fa0c8842ad0e48b9356724097bd120be36aab86df8a7050b7c18d796f"),
)
"""Strategy, files, symbols, parameters; then trades and hash."""


@pytest.mark.parametrize(("strategy", "files", "symbols", "parameters", "trades", "pinned"), PINNED)
def test_orders_are_those_that_were_pinned(
    shared: Path, strategy: str, files: tuple[str, ...], symbols: tuple[str, ...], parameters: dict[str, Any],
    trades: int, pinned: str,
) -> None:
    """The default mandate, two recorded weeks of stocks or one day of the option chain, seed 0."""
    request = Request(
        strategy, tuple(shared / name for name in files), symbols, date(2016, 8, 16) if symbols else None, None,
        parameters, 0,
    )
    found = backtest(request, parse_mandate(default_mandate_text()))
    assert (len(found["trades"]), found["order_hash"]) == (trades, pinned)
