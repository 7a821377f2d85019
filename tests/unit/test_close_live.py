"""close_day of a live day: what its charts are drawn from."""

from io import BytesIO
from pathlib import Path

from pyarrow import parquet

from common.market.bar import Bar
from common.research.recorder import bars_table
from tests.unit.books_case import DAY, TIMES, plain_day
from tests.unit.closing_case import Closing
from tests.unit.trading_case import share


def test_the_charts_of_a_live_day_are_the_recorders(tmp_path: Path) -> None:
    """Nobody opens the stream again; a day that was recorded badly or not at all has no charts, and that is said."""
    closing = Closing(tmp_path, plain_day())
    assert closing.run_live()["bars"] == {}
    assert [record["severity"] for record in closing.logged()] == ["WARNING"]
    assert "no charts: the archive has no recorded session" in closing.logs.messages[-1]
    bars = {"AAA": [Bar(TIMES.open, "AAA", 100_00, 101_00, 99_00, 100_50, 7)]}
    for low in (99_00, 102_00):
        bars["AAA"][0].low = low
        data = BytesIO()
        parquet.write_table(bars_table([(bars["AAA"][0], True)], {"AAA": share("AAA")}), data)
        closing.archive.put(DAY, "market/options/bars-09-a.parquet", data.getvalue(), overwrite=True)
        drawn = closing.run_live()["bars"]
        assert list(drawn) == (["AAA"] if low == 99_00 else [])
    assert "is not used" in closing.logs.messages[-1]
