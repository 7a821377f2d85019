"""The registry: what it lists, what its errors say, and that a broken plug-in breaks nothing but itself."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any, cast

import pytest

from common.market.instrument import AssetClass
from common.strategies import registry
from common.trading.strategy import Strategy
from tests.unit.strategy_case import minute_bars, play, signs

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "strategy_plugin"


@pytest.fixture(autouse=True)
def no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulation that ran in this process before has introduced a strategy of its own."""
    monkeypatch.delitem(cast(dict[str, Any], registry.BUILT_IN), "restless", raising=False)


@pytest.fixture
def plug_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """Entry points that the environment pretends to have; the example's module can be imported."""
    points: list[EntryPoint] = []
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints(points).select(group=group))
    registry._plug_ins.cache_clear()
    yield points
    registry._plug_ins.cache_clear()


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, registry.GROUP)


def test_names_by_asset_class(plug_ins: list[EntryPoint]) -> None:
    """Each class has its own; an unknown plug-in environment adds nothing."""
    assert plug_ins == []
    assert registry.names(AssetClass.STOCK) == [
        "ema_cross", "momentum", "opening_range_breakout", "range_reversal", "vwap",
    ]
    assert registry.names(AssetClass.FUTURES) == ["ema_cross", "trend", "vwap"]
    assert registry.names(AssetClass.OPTIONS) == ["credit_spread", "iron_fly", "scalp"]
    assert registry.names() == sorted(registry.BUILT_IN)


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_the_table_agrees_with_the_classes(name: str) -> None:
    """Name and asset classes in the table are the class's own; defaults build; instances hold no __dict__."""
    strategy = registry.get(name)
    assert strategy.name == name
    assert strategy.asset_classes == registry.BUILT_IN[name].asset_classes
    built = registry.build(name, {})
    assert type(built) is strategy
    assert not hasattr(built, "__dict__")


def test_importing_the_registry_imports_no_strategy() -> None:
    """A function that only lists names pays for no strategy."""
    code = "import sys, common.strategies.registry as r; r.names(); print([m for m in sys.modules if 'vwap' in m])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_an_unknown_name_is_met_with_a_suggestion(plug_ins: list[EntryPoint]) -> None:
    """The error is a KeyError that reads as a sentence, lists what there is and guesses what was meant."""
    plug_ins.append(point("vwap_reversion", "vwap_reversion:VwapReversion"))
    with pytest.raises(KeyError) as raised:
        registry.get("opening_range_brakeout")
    text = str(raised.value)
    assert text.startswith("there is no strategy 'opening_range_brakeout'; did you mean 'opening_range_breakout'?")
    assert all(name in text for name in (*registry.BUILT_IN, "vwap_reversion"))
    with pytest.raises(registry.UnknownStrategy, match=r"no strategy 'zzz'; there are"):
        registry.get("zzz")


@pytest.mark.parametrize(("name", "parameters", "said"), [
    ("vwap", {"threshold": 0.2}, "threshold = 0.2: input should be less than or equal to 0.05 (allowed: 0 to 0.05, "
                                 "default 0.001)"),
    ("vwap", {"thresold": 0.002}, "there is no parameter 'thresold'; did you mean 'threshold'? There are: atr_period"),
    ("vwap", {"direction": "short"}, "direction = 'short': input should be 'long' or 'both' (allowed: long, both"),
    ("vwap", {"atr_period": "many"}, "atr_period = 'many': input should be a valid integer"),
    ("trend", {"fast": 30, "slow": 20}, "slow (20) must be above fast (30)"),
    ("scalp", {"max_spread_percent": 0}, "max_spread_percent = 0: input should be greater than 0 (allowed: above 0 to"),
])
def test_refused_parameters_say_what_is_allowed(name: str, parameters: dict[str, Any], said: str) -> None:
    """Parameter, value given, bounds and default, in one line that begins with the strategy's name."""
    with pytest.raises(registry.InvalidParameters) as raised:
        registry.build(name, parameters)
    assert str(raised.value).startswith(f"strategy {name}: {said}")
    assert "\n" not in str(raised.value)


def test_every_complaint_is_in_the_message() -> None:
    """Two mistakes are told at once."""
    with pytest.raises(registry.InvalidParameters, match=r"threshold = 1: .*; atr_period = 0: "):
        registry.build("vwap", {"threshold": 1, "atr_period": 0})


def test_text_values_are_taken() -> None:
    """As they come from a command line's --param k=v."""
    built = registry.build("vwap", {"stop_percent": "50", "wait_minutes": "0", "direction": "both"})
    assert signs(play(built, minute_bars([10_000, 9_900]))) == ".S"


def test_each_build_is_its_own() -> None:
    """Two instances share no state: one symbol's bars do not reach another's."""
    one, other = (registry.build("vwap", {"stop_percent": 50, "wait_minutes": 0}) for _ in range(2))
    assert signs(play(one, minute_bars([10_000, 10_100]))) == ".B"
    assert signs(play(other, minute_bars([9_000, 9_100]))) == ".B"


def test_a_plug_in_joins(plug_ins: list[EntryPoint]) -> None:
    """The example, by the entry point its own pyproject declares: listed, built, and it trades."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    ((name, value),) = project["project"]["entry-points"][registry.GROUP].items()
    plug_ins.append(point(name, value))
    assert "vwap_reversion" in registry.names(AssetClass.STOCK)
    assert "vwap_reversion" not in registry.names(AssetClass.FUTURES)
    assert registry.problems() == {}
    built = registry.build("vwap_reversion", {"atr_period": 2, "stretch_atr": 1})
    assert signs(play(built, minute_bars([10_000, 10_010, 10_000, 9_950, 9_940, 10_020, 9_700]))) == "...B.xB"
    with pytest.raises(registry.InvalidParameters, match="stretch_atr = 99"):
        registry.build("vwap_reversion", {"stretch_atr": 99})


def test_a_class_that_only_looks_like_a_strategy_trades_like_one(tmp_path: Path) -> None:
    """Without the base class it is put behind it, and says what it says with it."""
    source = (EXAMPLE / "vwap_reversion.py").read_text(encoding="utf-8")
    derived, bare = tmp_path / "derived.py", tmp_path / "bare.py"
    derived.write_text(source, encoding="utf-8")
    bare.write_text(source.replace("(Strategy)", ""), encoding="utf-8")
    bars = minute_bars([*range(10_000, 9_000, -25), *range(9_000, 10_000, 25)])
    signals = [play(registry.build(str(path), {}), bars) for path in (derived, bare)]
    assert signs(signals[0]) == signs(signals[1])
    assert any(signals[0])
    assert issubclass(registry.get(str(bare)), Strategy)
    assert registry.build(str(bare), {}).name == "vwap_reversion"


def test_plug_ins_are_looked_for_once(monkeypatch: pytest.MonkeyPatch, plug_ins: list[EntryPoint]) -> None:
    """Every plan lists strategies, and looking through all installed packages takes longer than planning."""
    asked: list[str] = []

    def entry_points(group: str) -> EntryPoints:
        asked.append(group)
        return EntryPoints(plug_ins)

    monkeypatch.setattr(registry, "entry_points", entry_points)
    plug_ins += [point("vwap_reversion", "vwap_reversion:VwapReversion"), point("absent", "no_such_module_anywhere:X")]
    for _ in range(3):
        assert "vwap_reversion" in registry.names()
        assert set(registry.problems()) == {"absent"}
        assert registry.get("vwap_reversion").name == "vwap_reversion"
    assert asked == [registry.GROUP]


def test_a_broken_plug_in_is_named_and_breaks_nothing_else(plug_ins: list[EntryPoint], tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Import errors, missing attributes and things that are no strategies: each reported, the good one usable."""
    (tmp_path / "tron_test_raises.py").write_text("raise RuntimeError('no licence file')")
    (tmp_path / "tron_test_odd.py").write_text(
        "class Nameless: pass\n"
        "class Bare:\n    name = 'bare'\n"
        "def function(): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    plug_ins += [
        point("vwap_reversion", "vwap_reversion:VwapReversion"), point("absent", "no_such_module_anywhere:X"),
        point("raises", "tron_test_raises:X"), point("nameless", "tron_test_odd:Nameless"),
        point("bare", "tron_test_odd:Bare"), point("function", "tron_test_odd:function"),
    ]
    assert registry.names() == sorted([*registry.BUILT_IN, "vwap_reversion"])
    problems = registry.problems()
    assert set(problems) == {"absent", "raises", "nameless", "bare", "function"}
    assert "'raises'" in problems["raises"]
    assert "RuntimeError: no licence file" in problems["raises"]
    assert "calls itself None" in problems["nameless"]
    assert "has no `Parameters`" in problems["bare"]
    assert "is not a class" in problems["function"]
    with pytest.raises(registry.UnknownStrategy, match=r"'absent'.*cannot be loaded: ModuleNotFoundError"):
        registry.get("absent")


def test_a_built_in_name_cannot_be_taken(plug_ins: list[EntryPoint]) -> None:
    """The built-in one stays, and the intruder is reported."""
    plug_ins.append(point("vwap", "vwap_reversion:VwapReversion"))
    assert registry.get("vwap").__module__ == "common.strategies.vwap"
    assert registry.names() == sorted(registry.BUILT_IN)
    assert "has the name of a built-in strategy" in registry.problems()["vwap"]


def test_two_packages_cannot_share_a_name(plug_ins: list[EntryPoint]) -> None:
    """Which of the two would trade must not depend on the order of a folder: neither does."""
    plug_ins += [point("twice", "vwap_reversion:VwapReversion"), point("twice", "elsewhere:Other")]
    with pytest.raises(registry.UnknownStrategy, match="'twice' is offered by"):
        registry.get("twice")


def test_the_page_on_strategies_is_complete() -> None:
    """docs/strategies.md names every built-in strategy's parameters with their present defaults."""
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    for name in registry.BUILT_IN:
        section = re.split(r"^### ", page.partition(f"### `{name}`")[2], flags=re.MULTILINE)[0]
        for parameter, field in registry.get(name).Parameters.model_fields.items():
            assert f"| `{parameter}` | {field.default} |" in section, f"{name}.{parameter} in docs/strategies.md"
