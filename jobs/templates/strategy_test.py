"""my_strategy on the session beside it: it trades, looks at nothing that is to come, and repeats itself."""

from datetime import date
from pathlib import Path
from typing import Final

from common.planning.mandate import default_mandate_text, parse_mandate
from common.research.backtest import backtest
from common.research.backtest_plan import Request, plan_day
from common.research.lookahead import check_lookahead
from common.research.recorded import dates, read
from common.strategies import registry
from common.trading.strategy import Parameters

HERE: Final = Path(__file__).resolve().parent
STRATEGY: Final = str(HERE / "my_strategy.py")
SESSION: Final = HERE / "session.parquet"


def test_every_parameter_has_a_default() -> None:
    """A plan may leave any of them out; the bounds are a promise that any value inside them may be chosen."""
    built = registry.get(STRATEGY)
    assert issubclass(built.Parameters, Parameters)
    assert registry.build(STRATEGY, {}).name == built.name == "my_strategy"


def test_it_trades_and_repeats_itself() -> None:
    """The same bars, the same orders. Say here what it should have done on a day that you know."""
    mandate = parse_mandate(default_mandate_text())
    first = backtest(Request(STRATEGY, (SESSION,)), mandate)
    assert first["orders"] > 0
    assert first["order_hash"] == backtest(Request(STRATEGY, (SESSION,)), mandate)["order_hash"]


def test_it_does_not_look_ahead() -> None:
    """Whatever comes after a bar, what it said until then stays the same."""
    day: date = dates([SESSION])[-1]
    session = read([SESSION], day=day)
    instruments = list(session.instruments.values())
    plan = plan_day(day, Request(STRATEGY, (SESSION,)), instruments, parse_mandate(default_mandate_text())).plan
    look = check_lookahead(day, plan, session, cuts=20)
    assert look.decisions > 0
    assert look.difference is None, str(look.difference)
