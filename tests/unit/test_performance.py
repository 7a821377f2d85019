"""The backtest's figures and its page: sums that agree, ratios by hand, nothing that a name could break."""

import json
import math
from datetime import date, timedelta
from math import sqrt
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.research import performance
from common.research.backtest_report import render
from common.research.report import json_pieces, render_json

FIRST = date(2026, 1, 1)
NETS = st.lists(st.integers(-10**9, 10**9), min_size=1, max_size=400)


def days(nets: list[int]) -> list[list[Any]]:
    return [[(FIRST + timedelta(n)).isoformat(), net] for n, net in enumerate(nets)]


def result(nets: list[int], **changes: Any) -> dict[str, Any]:
    """As `backtest` makes it, one trade a day."""
    trades = [{"net_paise": net, "symbol": "ABC"} for net in nets]
    totals = {
        "gross_paise": sum(nets) + 100, "charges_paise": 100, "net_paise": sum(nets), "trades": len(nets),
        "wins": sum(net > 0 for net in nets), "losses": sum(net < 0 for net in nets), "max_drawdown_paise": 7,
    }
    return {
        "strategy": "vwap", "parameters": {"threshold": 0.001}, "seed": 0, "files": ["a.parquet"], "from": "2026-01-01",
        "to": days(nets)[-1][0], "days": len(nets), "order_hash": "00ff", "trades": trades, "daily": days(nets),
        "capital_paise": 10**8, "tick_paise": 500, "ratios": None, "totals": totals, "warnings": [], **changes,
    }


@given(NETS)
def test_months_and_groups_add_up(nets: list[int]) -> None:
    """Months add up to their years and these to the whole; every trade is in one group, whose bounds hold it."""
    years = performance.monthly(days(nets))
    assert sum(year["net_paise"] for year in years) == sum(nets)
    groups = performance.distribution([{"net_paise": net} for net in nets])
    assert sum(group["trades"] for group in groups) == len(nets)
    for group in groups:
        inside = [net for net in nets if group["from_paise"] <= net < group["to_paise"]]
        assert len(inside) == group["trades"]
    assert len(groups) <= 14


@given(NETS)
def test_best_and_worst(nets: list[int]) -> None:
    """At most five each, the furthest first; a gain is never among the worst."""
    found = performance.extremes(days(nets))
    assert [net for _, net in found["best"]] == sorted([net for net in nets if net > 0], reverse=True)[:5]
    assert [net for _, net in found["worst"]] == sorted(net for net in nets if net < 0)[:5]


def test_slippage_is_what_every_fill_would_lose() -> None:
    """Two ticks cost twice what one costs."""
    rows = performance.slippage(result([1000, 2000]))
    assert [(row["ticks"], row["net_paise"]) for row in rows] == [(0, 3000), (1, 2500), (2, 2000)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_a_result_in_pieces_is_its_text(result: dict[str, Any]) -> None:
    """Byte for byte what the library makes of the whole, whatever is in it, also where a list is only gone through."""
    def finite(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: finite(one) for name, one in value.items()}
        if isinstance(value, list):
            return [finite(one) for one in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    wanted = json.dumps(finite(result), indent=1) + "\n"
    assert render_json(result) == wanted
    once = {name: iter(value) if isinstance(value, list) else value for name, value in result.items()}
    assert "".join(json_pieces(once)) == wanted


def test_ratios_by_hand() -> None:
    """Sharpe and volatility as their formulas have them; what is not finite is None."""
    pytest.importorskip("empyrical", reason="the extra `research` is not installed")
    nets = [1000, -500, 2000, 300, -1200]
    found = performance.ratios(days(nets), 10**6)
    assert found is not None
    returns = [net / 10**6 for net in nets]
    assert found["sharpe"] == pytest.approx(fmean(returns) / stdev(returns) * sqrt(252))
    assert found["annual_volatility"] == pytest.approx(stdev(returns) * sqrt(252))
    still = performance.ratios(days([0, 0, 0]), 10**6)
    assert still is not None
    assert still["sharpe"] is None


@given(NETS)
def test_the_page_shows_any_result(nets: list[int]) -> None:
    """One day or many, gains, losses, zeros: the page is made, with its sections."""
    page = render(result(nets))
    for heading in ("Through the days", "Months", "If fills had been worse", "Trades by what", "Best and worst days"):
        assert heading in page


def test_the_page_escapes_and_asks_for_nothing() -> None:
    """Names are text; no script, no address outside."""
    page = render(result([5], strategy="<script>x</script>", warnings=["<b>&"], files=["<img src=x>"]))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;b&gt;&amp;" in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")


def test_ratios_are_on_the_page_where_there_are_some() -> None:
    """With figures, and without them the reason."""
    assert "1.25" in render(result([5], ratios={"sharpe": 1.25, "tail": None}))
    assert "research" in render(result([5]))
