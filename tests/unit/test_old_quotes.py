"""Entries on minutes that the clock has closed: what nobody quotes for two seconds is not entered."""

import pytest

from common.market.bar import Quote
from common.trading.pace import LIVE
from tests.unit.trading_case import LONG, desk, flat, minute
from tests.unit.wire_case import Wire

SECOND = 10**9
TOUCH = {"bid": 99_95, "ask": 100_05}


@pytest.mark.parametrize(("tick_after", "code"), [(None, ["stale_quote"]), (SECOND // 2, [])])
def test_a_minute_that_the_clock_has_closed_is_not_entered_on(tick_after: int | None, code: list[str]) -> None:
    """Two seconds without a tick after its end: its last quote is too old by then; with a tick it is as fresh as that.
    """
    made = desk(Wire(), {0: LONG}, pace=LIVE)
    made.driver.take(Quote(minute(1) - SECOND, "AAA", 100_00, **TOUCH))
    made.driver.pass_time(minute(1) + (2 * SECOND if tick_after is None else 0))
    if tick_after is not None:
        made.driver.take(Quote(minute(1) + tick_after, "AAA", 100_00, **TOUCH))
    made.driver.take(flat("AAA", 1)[0])
    assert list(made.session.book.denied.elements()) == code
