"""A model that says what a test wants, ports around it, and a prepared day with headlines."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.memory import MemoryStore
from common.day.model_budget import Limits, Prices
from common.day.model_plan import ModelPorts
from common.day.plan import plan_day
from common.day.prepare import EVIDENCE
from common.planner_ports import Message, Reply
from common.planning.evidence import Evidence, build_evidence
from common.planning.headlines import RawHeadline, news_of
from common.planning.mandate import Mandate
from common.planning.plan import Plan
from common.planning.sentiment import by_lexicon
from common.planning.session_facts import session_facts
from common.planning.surroundings import Surroundings
from common.ports import Create, DocumentStore
from tests.unit import planning_case as case

DAY = case.DAY
NOW = datetime.combine(DAY, time(8, 30), INDIA)
LIMITS = Limits(10_000_000, 100_000_000, 100_000, 1_000_000)
Says = Callable[[Sequence[Message], int], Reply | str]


class Model:
    """Behind the port Planner: says(question, number). rounds: how many questions each call had."""

    def __init__(self, says: Says, seconds: float = 1.0) -> None:
        self.says = says
        self.seconds = seconds
        self.rounds: list[int] = []
        self.questions: list[Sequence[Message]] = []
        self.deadlines: list[float] = []

    def ask(
        self, questions: Sequence[Sequence[Message]], schema: Mapping[str, Any], max_tokens: int,
        deadline_seconds: float,
    ) -> tuple[list[Reply], float]:
        """As it is told to, after `seconds`."""
        del schema, max_tokens
        self.deadlines.append(deadline_seconds)
        self.rounds.append(len(questions))
        found = []
        for one in questions:
            said = self.says(one, len(self.questions))
            self.questions.append(one)
            found.append(said if isinstance(said, Reply) else Reply(said, "", 1000, 100))
        return found, self.seconds


def ports(model: Any, store: DocumentStore, limits: Limits = LIMITS) -> ModelPorts:
    """Around a model at 10 and 40 rupees a million tokens."""
    return ModelPorts(model, "trial", 0.0, Prices(1_000, 4_000), limits, 4_000, 60.0, store)


def headlines(titles: Sequence[str]) -> Surroundings:
    """A morning with these headlines, the first of them the latest."""
    raw = [RawHeadline("news.example", NOW - timedelta(minutes=n + 1), title) for n, title in enumerate(titles)]
    news = news_of(raw, 1, {}, NOW - timedelta(days=1), NOW)
    return Surroundings(news=news, sentiment=by_lexicon(news.headlines))


def evidence(limits: Mandate, around: Surroundings, **past: Any) -> Evidence:
    """Of an ordinary day."""
    return build_evidence(
        DAY, session_facts(DAY), case.history(**past), case.instruments(), limits, around=around,
    )


def planned(
    says: Says | Any, mandate: Mandate | None = None, titles: Sequence[str] = (), store: DocumentStore | None = None,
    around: Surroundings | None = None, limits: Limits = LIMITS,
) -> tuple[Plan, Evidence]:
    """What plan_day stores, with the evidence that it was made from. says: a planner, or what a Model says."""
    mandate, store = mandate or case.mandate(), store or MemoryStore()
    found = evidence(mandate, around or headlines(titles))
    if store.get(EVIDENCE, DAY.isoformat()) is None:
        store.commit([Create(EVIDENCE, DAY.isoformat(), found.to_fields())])
    model = says if hasattr(says, "ask") else Model(says)
    clock = VirtualClock(datetime.combine(DAY, time(8, 45), INDIA))
    return Plan.from_fields(plan_day(DAY, store, mandate, clock, ports(model, store, limits))), found


def choice(asset_class: str, **changes: Any) -> dict[str, Any]:
    """One class of an answer, as the rules have it."""
    return {
        "asset_class": asset_class, "size": 1, "strategy": "", "universe": [], "parameters": [],
        "reason": "as the rules have it", "numbers": [],
    } | changes


def answer(*classes: Mapping[str, Any], **changes: Any) -> str:
    """A whole answer; classes: those that differ from `choice`, by their asset class."""
    given = {one["asset_class"]: one for one in classes}
    every = [given.get(name, choice(name)) for name in ("stock", "options", "futures")]
    return json.dumps({
        "classes": every, "headlines": [], "day_score": 0, "day_reason": "", "day_quotes": [],
    } | changes)
