"""Any output of a model: the stored plan stays inside mandate, evidence and allow-lists, as read twice."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from common.adapters.memory import MemoryStore
from common.day.plan import plan_day
from common.day.prepare import EVIDENCE
from common.planner_ports import Message
from common.planning.evidence import Evidence
from common.planning.headlines import RawHeadline, news_of
from common.planning.mandate import Mandate
from common.planning.plan import Plan
from common.planning.rule_planner import plan_by_rules
from common.planning.surroundings import Surroundings
from common.planning.validation import validate_plan
from common.ports import Create
from tests.unit import planner_case
from tests.unit import planning_case as case
from tests.unit.plan_bounds import escapes
from tests.unit.test_plan_day import clock

WORDS = st.sampled_from([
    "SBIN", "TCS", "INFY", "NIFTY26AUGFUT", "NIFTY 50", "ENRON", "vwap", "opening_range_breakout", "trend", "iron_fly",
    "scalp", "/tmp/x.py", "stop_atr", "entry_atr", "style", "direction", "", "\u202eNIBS", "regime.efficiency", "both",
]) | st.text(max_size=30)
NUMBERS = st.sampled_from([0, 0.5, 1, 2, -1, 0.2, 1e308, float("nan"), float("inf")]) | st.floats() | st.integers()
CHOICES = st.fixed_dictionaries({
    "asset_class": st.sampled_from(["stock", "futures", "options"]), "size": NUMBERS, "strategy": WORDS,
    "universe": st.lists(WORDS, max_size=4),
    "parameters": st.lists(
        st.fixed_dictionaries({"name": WORDS, "value": NUMBERS | WORDS | st.booleans()}), max_size=3,
    ),
    "reason": WORDS | st.just("calm"),
    "numbers": st.lists(st.fixed_dictionaries({"path": WORDS, "value": NUMBERS}), max_size=2),
})
NEARLY = st.fixed_dictionaries({
    "classes": st.lists(CHOICES, max_size=4),
    "headlines": st.lists(st.fixed_dictionaries({"headline": st.integers(-1, 70), "score": NUMBERS, "quote": WORDS}),
                          max_size=3),
    "day_score": NUMBERS, "day_reason": WORDS, "day_quotes": st.lists(WORDS, max_size=3),
}).map(json.dumps)
SIMPLE = st.none() | st.booleans() | st.floats() | st.text()
ANYTHING = st.text() | st.recursive(
    SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(json.dumps)


@st.composite
def aimed(draw: st.DrawFn) -> str:
    """Usable but for a change or two: what goes furthest."""
    classes = []
    for name in draw(st.permutations(["stock", "options", "futures"])):
        one = planner_case.choice(name, size=draw(st.sampled_from([0, 0.5, 1])))
        if draw(st.booleans()):
            key = draw(st.sampled_from(["strategy", "universe", "parameters", "reason", "numbers", "size"]))
            one[key] = draw(CHOICES)[key]
        if draw(st.integers(0, 3)):
            classes.append(one)
    return json.dumps(json.loads(planner_case.answer()) | {"classes": classes})


def stored(evidence: Evidence, mandate: Mandate, outputs: list[str], *, fitted: bool) -> Plan:
    """The plan that plan_day stores when the five answers are these, in turn. fitted: to the day's asset classes."""
    store = MemoryStore()
    store.commit([Create(EVIDENCE, evidence.date.isoformat(), evidence.to_fields())])

    def says(question: Sequence[Message], number: int) -> str:
        output = outputs[number % len(outputs)]
        return fit(output, question[1][1]) if fitted else output

    model = planner_case.Model(says)
    now = clock(day=evidence.date)
    return Plan.from_fields(plan_day(evidence.date, store, mandate, now, planner_case.ports(model, store)))


def fit(output: str, question: str) -> str:
    """The same for just the asset classes that may be chosen, as the rules have what it does not say."""
    try:
        said = json.loads(output)
        given = {one["asset_class"]: one for one in said["classes"]}
    except (ValueError, TypeError, KeyError):
        return output
    facts = json.loads(question.partition("FACTS\n")[2].partition("\n\nHEADLINES")[0])
    names = [one["asset_class"] for one in facts["may_choose"]]
    return json.dumps(said | {"classes": [given.get(name, planner_case.choice(name)) for name in names]})


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    day=case.cases(), fitted=st.sampled_from([True, True, True, False]),
    outputs=st.one_of(aimed(), aimed(), aimed(), NEARLY, ANYTHING).map(lambda one: [one])
    | st.lists(aimed(), min_size=2, max_size=2),
)
def test_any_output_leaves_a_plan_inside_the_limits(
    day: tuple[Evidence, Mandate], outputs: list[str], fitted: bool,
) -> None:
    """Of any evidence and mandate: the plan validates, and by another reading of the limits nothing escapes."""
    evidence, mandate = day
    plan = stored(evidence, mandate, outputs, fitted=fitted)
    event(f"planned by {plan.planner.kind}, {plan.status}")
    assert validate_plan(plan, mandate, evidence) == []
    assert escapes(plan, mandate, evidence) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(output=aimed())
def test_live_a_model_only_takes_away(output: str) -> None:
    """Without a promotion each class is the rules' own, at a size that is not above theirs, or it is off."""
    mandate = case.mandate('mode = "live"')
    evidence = case.evidence(mandate)
    rules, plan = plan_by_rules(evidence, mandate), stored(evidence, mandate, [output], fitted=True)
    assert plan.mode == rules.mode == "live"
    assert plan.status in ("DRAFT", "REJECTED")
    event(f"planned by {plan.planner.kind}, {plan.status}")
    for one in plan.enabled:
        ours: Any = rules.of(one.asset_class)
        assert (one.strategy, one.parameters, one.universe) == (ours.strategy, ours.parameters, ours.universe)
        assert one.size in (ours.size, ours.size / 2)


@settings(max_examples=100, deadline=None)
@given(titles=st.lists(st.text(max_size=300), max_size=5))
def test_any_title_is_harmless(titles: list[str]) -> None:
    """What is kept of a headline is one bounded line without controls, marks of direction, tags or addresses."""
    raw = [RawHeadline("a.example", planner_case.NOW - timedelta(minutes=1), one) for one in titles]
    news = news_of(raw, 1, {}, planner_case.NOW - timedelta(days=1), planner_case.NOW)
    for one in news.headlines:
        assert 0 < len(one.title) <= 200
        assert one.title.isprintable()
        assert not set(one.title) & set("<>\u202e\u200b\n")
        assert "://" not in one.title
    assert Surroundings.from_fields(Surroundings(news=news).to_fields()).news == news
