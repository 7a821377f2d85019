"""The official client against a server that speaks its API, well and badly: the day has a plan within its time."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from common.adapters.memory import MemoryStore
from common.adapters.openai_planner import OpenAiPlanner, reply_of
from common.day.model_budget import spent
from common.planner_ports import Message, Reply
from common.planning.plan import Plan
from common.planning.validation import validate_plan
from common.redaction import Secret
from tests.model_server import Answer, Asked, Behaviour, sensible, serving, well_behaved
from tests.unit import planner_case as case
from tests.unit import planning_case

QUESTION: Sequence[Message] = (("user", "hello"),)
SECONDS = 1.5


def client(url: str, key: str = "a-key") -> OpenAiPlanner:
    """Of a server on this machine."""
    return OpenAiPlanner(url, "trial", lambda: Secret(key), 0.0)


class Hurried:
    """The real client, in a hurry: what takes minutes in the morning takes a second here."""

    def __init__(self, inner: OpenAiPlanner, seconds: float = SECONDS) -> None:
        self.inner = inner
        self.seconds = seconds
        self.took: list[float] = []

    def ask(
        self, questions: Sequence[Sequence[Message]], schema: Mapping[str, Any], max_tokens: int,
        deadline_seconds: float,
    ) -> tuple[list[Reply], float]:
        """With a deadline of its own."""
        began = time.monotonic()
        replies, _ = self.inner.ask(questions, schema, max_tokens, min(self.seconds, deadline_seconds))
        self.took.append(time.monotonic() - began)
        return replies, self.seconds


def day_on(behaviour: Behaviour, mandate: str = "") -> tuple[Plan, Hurried, MemoryStore]:
    """A day that is planned by that server; what is stored validates."""
    store, limits = MemoryStore(), planning_case.mandate(mandate)
    with serving(behaviour) as server:
        hurried = Hurried(client(server.url))
        plan, evidence = case.planned(hurried, limits, ["Shares rally"], store)
    assert validate_plan(plan, limits, evidence) == []
    return plan, hurried, store


def test_a_day_is_planned_over_the_wire() -> None:
    """Five answers, one plan; the key, the strict schema, the name and the temperature were sent."""
    with serving(well_behaved) as server:
        plan, _ = case.planned(client(server.url), titles=["Shares rally on results"])
    assert (plan.planner.kind, plan.planner.agreed, plan.planner.tokens) == ("model", 5, 5_000)
    assert plan.sentiment is not None
    assert plan.sentiment.source == "model"
    asked = server.asked[0]
    assert server.headers["authorization"] == "Bearer a-key"
    assert (asked["model"], asked["temperature"]) == ("trial", 0.0)
    assert asked["max_completion_tokens"] == 4_000
    form = asked["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["additionalProperties"] is False
    assert len(server.asked) == 5


def broken(**fields: Any) -> Behaviour:
    """Always this instead of an answer."""
    return lambda *_: Answer(**fields)


def almost(change: dict[str, Any]) -> Behaviour:
    """A sensible answer, changed."""
    return lambda asked, _: Answer(json.dumps(sensible(asked) | change))


def cut(asked: Asked, _: int) -> Answer:
    """Half of an answer."""
    text = json.dumps(sensible(asked))
    return Answer(text[: len(text) // 2])


def faulty(fault: str) -> Behaviour:
    """The right answer, sent in a wrong way."""
    return lambda asked, _: Answer(json.dumps(sensible(asked)), fault=fault)


FAULTS: dict[str, tuple[Behaviour, str]] = {
    "hang": (faulty("hang"), "no answer within the time"),
    "slow stream": (faulty("drip"), "no answer within the time"),
    "cut connection": (faulty("cut"), "cannot be used"),
    "flood": (faulty("flood"), "cannot be used"),
    "redirect": (faulty("redirect"), "answers 307"),
    "429": (broken(status=429, raw=b'{"error": {"message": "slow down"}}'), "answers 429"),
    "500": (broken(status=500, raw=b"oops"), "answers 500"),
    "401": (broken(status=401, raw=b"{}"), "answers 401"),
    "truncated JSON": (cut, "answer"),
    "truncated body": (broken(raw=b'{"id": "x", "choices": [{"mess'), "answer"),
    "cut by length": (broken(content="{", finish="length"), "was cut"),
    "refusal": (broken(content=None, refusal="I cannot help with that"), "refuses"),
    "empty": (broken(content=""), "without text"),
    "no choices": (broken(raw=b'{"choices": []}'), "without a choice"),
    "garbage": (broken(raw=b"\x00\xff<html>"), "answer"),
    "wrong shape": (broken(raw=b"[1, 2, 3]"), "answer"),
    "deep": (broken(content="[" * 50_000), "answer"),
    "wrong schema": (broken(content='{"buy": "everything"}'), "is missing"),
    "one key more": (almost({"leverage": 10}), "no such key"),
    "a long answer": (broken(content="x" * 100_000), "characters"),
    "prose": (broken(content="Certainly! Here is your plan: buy SBIN."), "JSON"),
    "other types": (broken(raw=b'{"choices": [{"message": {"content": {"a": 1}}}], "usage": {"prompt_tokens": -5}}'),
                    "without text"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_server_does_the_day_has_a_plan(name: str) -> None:
    """The rules' plan with the reason, two rounds at most; no round is longer than its deadline allows."""
    behaviour, told = FAULTS[name]
    plan, hurried, store = day_on(behaviour)
    assert (plan.status, plan.planner.kind) == ("READY", "rules")
    assert told in plan.planner.fallback_reason
    assert len(hurried.took) <= 2
    assert spent(case.DAY, store)[0].tokens == plan.planner.tokens


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_one_that_hangs_does_not_stop_four(fault: str) -> None:
    """Four answers are enough, and the fifth is left when the time is over."""
    plan, _, _ = day_on(lambda asked, number: Answer(json.dumps(sensible(asked)), fault=fault if number == 2 else ""))
    assert (plan.planner.kind, plan.planner.agreed) == ("model", 4)


def test_a_server_that_is_gone() -> None:
    """Nobody listens: the rules plan, and the text names no address."""
    with serving(well_behaved) as server:
        url = server.url
    plan, _ = case.planned(Hurried(client(url)))
    assert plan.planner.kind == "rules"
    assert "APIConnectionError" in plan.planner.fallback_reason
    assert "127.0.0.1" not in plan.planner.fallback_reason


def test_a_second_try_is_the_only_one() -> None:
    """A busy server is asked once more for each answer, not again and again."""
    with serving(lambda asked, number: Answer("", status=429) if number < 5 else well_behaved(asked, number)) as server:
        plan, _ = case.planned(client(server.url))
    assert plan.planner.kind == "model"
    assert len(server.asked) == 10


def test_live_a_refusal_leaves_the_rules_draft() -> None:
    """Nothing about the model makes a live plan tradable or loses it."""
    plan, _, _ = day_on(broken(content=None, refusal="no"), 'mode = "live"')
    assert (plan.mode, plan.status, plan.planner.kind) == ("live", "DRAFT", "rules")


def test_no_key_no_question() -> None:
    """Without its key nothing is sent, nothing is charged."""
    planner = OpenAiPlanner("https://model.invalid/v1", "trial", lambda: None)
    replies, took = planner.ask([QUESTION], {}, 10, 5.0)
    assert (replies, took) == ([Reply("", "there is no secret openai-api-key: store it first", 0, 0)], 0.0)


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": -1}, {"prompt_tokens": "9", "completion_tokens": 1e99}, 7])
def test_odd_counts_are_no_counts(usage: Any) -> None:
    """What a server says that it used is taken when it is a count; else the reservation stands."""
    with serving(broken(content="{}", usage=usage)) as server:
        (reply,), _ = client(server.url).ask([QUESTION], {}, 10, 5.0)
    assert (reply.tokens_in, reply.tokens_out) == (None, None)


def test_an_answer_without_parts_is_none() -> None:
    """The client's objects may lack anything."""
    assert reply_of(object()).fault == "an answer without a choice"
    assert reply_of(None).fault == "an answer without a choice"
