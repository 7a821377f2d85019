"""The day's report: every figure on it, nothing of the result trusted, nothing fetched, sound on an empty day."""

import copy
import json
import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape, unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from common.research import figures, report
from common.research.charts import drawdown
from common.research.report import render_html, write_report

OPEN = datetime(2026, 11, 20, 9, 15, tzinfo=ZoneInfo("Asia/Kolkata"))
STRATEGIES = {"stock": "vwap", "options": "scalp", "futures": "trend"}
VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = "<script>alert(1)</script>\"'><img src=https://evil.example/x onerror=a()>{{ 7*7 }}</title>\u202e\x00\ud800"


def day_result(symbols: int = 5, trades: int = 9, seed: int = 7) -> dict[str, Any]:
    """A day as `tron day` hands it over: random walks, round trips on them, books that add up."""
    rng = random.Random(seed)
    bars = {f"SYM{n}" if n else "M&M": _walk(rng, 800 * (n + 1)) for n in range(symbols)}
    done = [_trade(rng, n, bars) for n in range(trades)]
    marks = _marks(done)
    net = [trade["net_paise"] for trade in done]
    charges = sum(trade["charges_paise"] for trade in done)
    return {
        "date": "2026-11-20", "mode": "paper", "source": "generated session, seed 7", "seed": 7,
        "order_hash": "9f2c" * 16, "code_version": "0.1.0+abc1234", "plan": _plan(list(bars)),
        "evidence": {"regime": {"volatility": "high", "india_vix": 17.35, "days": 20}, "missing": [],
                     "gate": {"verdict": "green", "checks": {"instruments": True, "bars_count": 7500}}},
        "workloads": [_workload(name, done) for name in STRATEGIES],
        "trades": done, "equity": marks, "equity_by_class": {
            name: _marks([trade for trade in done if trade["asset_class"] == name]) for name in STRATEGIES},
        "limits": [
            {"asset_class": "stock", "name": "loss_paise", "used": 412_345, "limit": 1_000_000, "unit": "paise"},
            {"asset_class": "options", "name": "max_trades", "used": 6, "limit": 6, "unit": "count"},
            {"asset_class": "futures", "name": "order_rate", "used": 0.85, "limit": 3, "unit": "per second"}],
        "bars": bars, "warnings": [],
        "totals": {"gross_paise": sum(net) + charges, "charges_paise": charges, "net_paise": sum(net),
                   "trades": trades, "wins": sum(n > 0 for n in net), "losses": sum(n <= 0 for n in net),
                   "max_drawdown_paise": -min(below for _, below in drawdown(list(enumerate(m[1] for m in marks)))),
                   "charges_share": charges / (sum(net) + charges) if sum(net) + charges > 0 else None},
    }


def _walk(rng: random.Random, price: float) -> list[list[Any]]:
    rows = []
    for minute in range(375):
        opened, price = price, price * (1 + rng.gauss(0, 0.0009))
        high, low = max(opened, price) * 1.0004, min(opened, price) * 0.9996
        prices = [round(value * 20) / 20 for value in (opened, high, low, price)]
        rows.append([(OPEN + timedelta(minutes=minute)).isoformat(), *prices, rng.randrange(500, 90_000)])
    return rows


def _trade(rng: random.Random, number: int, bars: dict[str, list[list[Any]]]) -> dict[str, Any]:
    symbol = list(bars)[number % len(bars)]
    side, start = rng.choice((1, -1)), rng.randrange(10, 250)
    entry, leave = bars[symbol][start], bars[symbol][start + rng.randrange(8, 100)]
    quantity, asset_class = rng.randrange(1, 400), list(STRATEGIES)[number % 3]
    gross = round((leave[4] - entry[4]) * 100) * quantity * side
    parts = {"brokerage_paise": 4000, "stt_paise": rng.randrange(9000), "gst_paise": 720 + number}
    charges = sum(parts.values())
    return {
        "asset_class": asset_class, "strategy": STRATEGIES[asset_class], "symbol": symbol,
        "side": "long" if side > 0 else "short", "quantity": quantity, "entry_time": entry[0],
        "entry_price": entry[4], "exit_time": leave[0], "exit_price": leave[4],
        "exit_reason": rng.choice(("stop", "target", "square-off")), "entry_reason": "close crossed VWAP + band",
        "stop_price": round(entry[4] * (1 - 0.006 * side), 2),
        "target_price": round(entry[4] * (1 + 0.011 * side), 2) if number % 3 else None,
        "charges": charges / 100, "net": (gross - charges) / 100, "gross": gross / 100, "charges_paise": charges,
        "net_paise": gross - charges, "gross_paise": gross, "charge_parts": parts,
        "numbers": {"vwap": entry[4], "atr_rupees": 7.25, "band_percent": 0.35},
    }


def _marks(trades: list[dict[str, Any]]) -> list[list[Any]]:
    ends = [datetime.fromisoformat(trade["exit_time"]) for trade in trades]
    rows = []
    for minute in range(376):
        at = OPEN + timedelta(minutes=minute)
        booked = sum(t["net_paise"] for t, end in zip(trades, ends, strict=True) if end <= at)
        rows.append([at.isoformat(), booked])
    return rows


def _plan(universe: list[str]) -> dict[str, Any]:
    limits = {"capital_paise": 50_000_000, "loss_paise": 1_000_000, "risk_per_trade_paise": 250_000, "max_trades": 12,
              "max_open_positions": 3, "max_order_value_paise": 20_000_000}
    reasons = [{"text": "Trend days paid best.", "numbers": {"net_paise": 81_234, "n": 42, "se": 0.317}}]
    return {
        "status": "READY", "planner": {"kind": "rules", "latency_seconds": 0.021},
        "reasons": [{"text": "Volatility is in its upper third.", "numbers": {"india_vix": 17.35}}],
        "classes": [{"asset_class": name, "enabled": True, "strategy": strategy, "universe": universe, "limits": limits,
                     "parameters": {"band_percent": 0.35, "window_minutes": 20}, "reasons": reasons}
                    for name, strategy in STRATEGIES.items()],
    }


def _workload(name: str, trades: list[dict[str, Any]]) -> dict[str, Any]:
    own = [trade for trade in trades if trade["asset_class"] == name]
    return {"asset_class": name, "state": "DONE", "orders": 2 * len(own) + 1, "fills": 3 * len(own), "alarms": [],
            "trades": len(own), "net_paise": sum(trade["net_paise"] for trade in own), "denied": {"MAX_TRADES": 4}}


def rejected_result() -> dict[str, Any]:
    """A day that never started."""
    day = day_result(0, 0)
    day["plan"] = {"status": "REJECTED", "classes": [], "reasons": [{"text": "Only 2 of 20 sessions.", "numbers": {}}]}
    return day | {"workloads": [], "limits": [], "equity": [], "equity_by_class": {}}


class Page(HTMLParser):
    """Collects what a test asks for, and fails on tags that do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _shown(value: Any, name: str) -> Iterator[str]:
    """How each number below `value` must read on the page; bars and equity are drawn, not written."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in ("bars", "equity", "equity_by_class", "charges", "net", "gross"):
                yield from _shown(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _shown(one, name)
    elif figures.is_number(value):
        if name.endswith("_price"):
            yield figures.price(value)
        elif name.endswith("_paise"):
            yield figures.rupees(value).lstrip(figures.MINUS)
        elif name in ("used", "limit"):
            yield figures.number(value) if value < 1000 else figures.rupees(value)
        else:
            yield figures.scalar(value, name)


@pytest.mark.parametrize("day", [day_result(), day_result(10, 200, 3)], ids=["five symbols", "200 trades"])
def test_every_number_of_the_result_is_on_the_page(day: dict[str, Any]) -> None:
    """Whatever number the JSON carries, the page says it with its unit, sign and Indian grouping."""
    text = " ".join(Page(render_html(day)).words)
    missing = {shown for shown in _shown(day, "") if shown not in text}
    assert missing == set()


def _poisoned(value: Any) -> Any:
    if isinstance(value, dict):
        return {(key if key in KNOWN else HOSTILE + key): _poisoned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_poisoned(one) for one in value]
    return HOSTILE if isinstance(value, str) and not re.match(r"\d{4}-\d\d", value) else value


KNOWN = {*day_result(), "symbol", "net_paise", "classes", "reasons", "text", "status", "asset_class", "numbers"}


def test_hostile_strings_stay_text() -> None:
    """Every string and unknown key of the result replaced by markup: the page has the tags it had, and no more."""
    day = day_result()
    day["warnings"] = day["evidence"]["missing"] = ["a headline"]
    poisoned = _poisoned(day)
    poisoned["bars"] = {HOSTILE: next(iter(day["bars"].values()))}
    html = render_html(poisoned)
    page = Page(html)
    assert len(page.of("script")) == 1
    assert page.of("img") == []
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "\x00" not in html
    assert "\u202e" not in html
    assert escape("<script>alert(1)</script>") in html
    assert "{{ 7*7 }}" in unescape(html)


@pytest.mark.parametrize("day", [day_result(), rejected_result()], ids=["traded", "rejected"])
def test_nothing_is_fetched(day: dict[str, Any]) -> None:
    """The page holds no address and no tag that loads one, and its policy forbids the browser to try."""
    html = render_html(day)
    page = Page(html)
    assert not re.search(r"https?:|//\w|src=|url\(|@import", html)
    assert not {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "use", "image"}
    assert [one["href"] for one in page.of("a")] == ["report.json"]
    policy = next(str(one["content"]) for one in page.of("meta") if one.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_a_day_without_a_plan_says_why() -> None:
    """A rejected plan leads the page with its reason; nothing is drawn and nothing fails."""
    page = Page(render_html(rejected_result()))
    text = " ".join(page.words)
    assert "The plan was REJECTED, so nothing was started. Only 2 of 20 sessions." in text
    assert "No trades: the plan was REJECTED." in " ".join(text.split())
    assert page.of("figure") == []
    assert Page(render_html({"date": "2026-11-20"})).of("h1")
    with pytest.raises(ValueError, match="no date"):
        render_html({})


def test_what_is_wrong_leads_the_page() -> None:
    """Alarms, a dead workload, a limit broken, a missing workload and books that do not add up stand at the top."""
    day = day_result()
    assert "Nothing wrong" in render_html(day)
    day["workloads"][0] |= {"state": "HALTED", "alarms": ["not flat at the close"], "halted": "daily loss"}
    del day["workloads"][1]
    day["limits"][0]["used"] = 1_000_001
    day["trades"][0]["net_paise"] -= 1
    day["warnings"] = ["3 off-tick prices"]
    top = render_html(day).split("<main>")[0]
    for words in ("ended in state HALTED", "not flat at the close", "halted: daily loss",
                  "options: planned, but no workload", "over its limit", "books do not add up", "3 off-tick prices"):
        assert words in top
    assert "Nothing wrong" not in top


def test_a_page_can_be_read_aloud() -> None:
    """Headings descend without a gap, columns and rows have scopes, each drawing has its title and description."""
    page = Page(render_html(day_result()))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in one for one in page.of("th"))
    known = [one["id"] for _, one in page.tags if "id" in one]
    assert len(known) == len(set(known))
    named = [str(one["aria-labelledby"]).split() for one in page.of("svg") if one.get("role") == "img"]
    assert len(named) == 2 * (2 + 5)
    assert all(identity in known for pair in named for identity in pair)


def test_size_is_bounded() -> None:
    """Ten symbols of 375 bars and 200 trades stay below 3 MB; beyond MAX_CHARTS symbols are counted, not drawn."""
    assert len(render_html(day_result(10, 200)).encode()) < 3_000_000
    html = render_html(day_result(report.MAX_CHARTS + 3, report.MAX_CHARTS + 3))
    assert html.count('<details class="chart"') == report.MAX_CHARTS
    assert "3 more traded symbols" in html
    long = day_result(0, 0) | {"warnings": ["x" * 1_000_000]}
    assert len(render_html(long)) < 60_000


def test_report_is_written_whole(tmp_path: Path) -> None:
    """Both files appear and replace the old ones; a result that cannot be rendered leaves the old ones alone."""
    day = day_result()
    day["trades"][0]["numbers"]["broken"] = float("nan")
    html, data = write_report(tmp_path / "out" / "2026-11-20", day)
    read = json.loads(data.read_text())
    assert read["trades"][0]["numbers"].pop("broken") is None
    expected = copy.deepcopy(day)
    del expected["trades"][0]["numbers"]["broken"]
    assert read == expected
    assert html.read_text("utf-8") == render_html(day)
    before = html.read_bytes()
    with pytest.raises(ValueError, match="no date"):
        write_report(html.parent, {})
    assert html.read_bytes() == before
    assert sorted(path.name for path in html.parent.iterdir()) == ["report.html", "report.json"]
