"""A model's plan of the day: asked five times within time and budget, held against the limits, else the rules' plan."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from common.day.model_budget import Limits, OverBudget, Prices, Spent, reserve, settle
from common.planner_ports import Message, Planner, Reply
from common.planning.agreement import AGREEMENT, SAMPLES, agreed_plan
from common.planning.answer import MAX_ANSWER, ModelAnswer, answer_schema
from common.planning.answered_plan import AnswerRefused, Frame, plan_from
from common.planning.document import InvalidDocument
from common.planning.plain_text import plain
from common.planning.plan import Plan, PlannerRecord
from common.planning.prompt import messages, prompt_bytes, prompt_hash, repair
from common.ports import DocumentStore, StoreError

LEAST_SECONDS: Final = 3.0
"""With less than that left nobody is asked."""
FIRST_SHARE: Final = 0.6
"""Of the time for the first answers: one that hangs must not take the others' repair from them."""
MAX_WHY: Final = 400


@dataclass(frozen=True, slots=True)
class ModelPorts:
    """planner: the model behind its port. model: its name. max_tokens: of one answer. seconds: for all rounds."""

    planner: Planner
    model: str
    temperature: float | None
    prices: Prices
    limits: Limits
    max_tokens: int
    seconds: float
    store: DocumentStore


@dataclass(slots=True)
class _Sample:
    """One of the five: what it was asked last, and what came of it."""

    asked: tuple[Message, ...]
    plan: Plan | None = None
    text: str = ""
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Round:
    """Counted over both rounds."""

    seconds: float = 0.0
    spent: Spent = field(default_factory=Spent)


def plan_by_model(frame: Frame, ports: ModelPorts, seconds: float) -> Plan:
    """The model's plan where four of five answers agree on one that validates; else the rules', with the reason.

    seconds: until when the answers must be there, if that is less than the ports'. Never raises for what the model or
    the store's budget does.
    """
    left = min(seconds, ports.seconds)
    asked: tuple[Message, ...] = messages(frame)
    samples, total = [_Sample(asked) for _ in range(SAMPLES)], _Round()
    try:
        _ask(samples, frame, ports, left * FIRST_SHARE, total)
        failed = [one for one in samples if one.plan is None]
        plan, agreed = agreed_plan([one.plan for one in samples if one.plan is not None])
        if plan is None and failed and agreed + len(failed) >= AGREEMENT:
            for one in failed:
                one.asked = _again(one, asked)
            _ask(failed, frame, ports, left - total.seconds, total)
            plan, agreed = agreed_plan([one.plan for one in samples if one.plan is not None])
        why = "" if plan is not None else _why(samples, agreed)
    except OverBudget as refused:
        plan, agreed, why = None, 0, str(refused)
    except StoreError as failure:
        plan, agreed, why = None, 0, f"the budget cannot be counted: {type(failure).__name__}"
    record = PlannerRecord(
        kind="rules" if plan is None else "model", input_hash=frame.evidence.hash, model=ports.model,
        temperature=ports.temperature, prompt_hash=prompt_hash(), authority=frame.authority, samples=SAMPLES,
        agreed=agreed, tokens=total.spent.tokens, cost_paise=total.spent.paise,
        latency_ms=round(total.seconds * 1000), fallback_reason=plain(why, MAX_WHY),
    )
    return (plan or frame.rules).model_copy(update={"planner": record})


def _ask(samples: Sequence[_Sample], frame: Frame, ports: ModelPorts, left: float, total: _Round) -> None:
    """One question each, all at once. Raises OverBudget, StoreError."""
    if left < LEAST_SECONDS:
        for one in samples:
            one.problems = one.problems or ("there was no time left to ask",)
        return
    day = frame.evidence.date
    bounds = [prompt_bytes([text for _, text in one.asked]) for one in samples]
    amounts = [Spent(most + ports.max_tokens, ports.prices.cost(most, ports.max_tokens)) for most in bounds]
    reserved = _sum(amounts)
    reserve(day, reserved, ports.limits, ports.store)
    replies, took = ports.planner.ask([one.asked for one in samples], answer_schema(), ports.max_tokens, left)
    used = _sum(_used(reply, amount, ports.prices) for reply, amount in zip(replies, amounts, strict=True))
    total.seconds += min(took, left)
    total.spent = total.spent.plus(used)
    settle(day, reserved, used, ports.store)
    for one, reply in zip(samples, replies, strict=True):
        _judge(one, reply, frame)


def _judge(sample: _Sample, reply: Reply, frame: Frame) -> None:
    sample.text, sample.problems = reply.text[:MAX_ANSWER], ()
    if not reply.text:
        sample.problems = (reply.fault or "an empty answer",)
        return
    try:
        if len(reply.text) > MAX_ANSWER:
            raise AnswerRefused([f"the answer has {len(reply.text)} characters; at most {MAX_ANSWER} are read"])
        sample.plan = plan_from(ModelAnswer.parse(reply.text, "answer"), frame)
    except AnswerRefused as refused:
        sample.problems = refused.problems
    except InvalidDocument as invalid:
        sample.problems = tuple(str(invalid).splitlines())


def _again(sample: _Sample, asked: tuple[Message, ...]) -> tuple[Message, ...]:
    """With the errors told where there was an answer, else the same question."""
    if not sample.text:
        return asked
    said, told = repair(sample.text, sample.problems)
    return (*asked, ("assistant", said), ("user", told))


def _used(reply: Reply, most: Spent, prices: Prices) -> Spent:
    """As the other side says; what was reserved where it says nothing, for it may have been charged."""
    if reply.tokens_in is None or reply.tokens_out is None:
        return most
    return Spent(reply.tokens_in + reply.tokens_out, prices.cost(reply.tokens_in, reply.tokens_out))


def _sum(amounts: Iterable[Spent]) -> Spent:
    total = Spent()
    for one in amounts:
        total = total.plus(one)
    return total


def _why(samples: Sequence[_Sample], agreed: int) -> str:
    usable = sum(one.plan is not None for one in samples)
    if usable >= AGREEMENT:
        return f"the answers disagree: {agreed} of {SAMPLES} decide alike, {AGREEMENT} are needed"
    common = Counter(plain(one.problems[0], MAX_WHY // 2) for one in samples if one.problems).most_common(1)
    return f"{usable} of {SAMPLES} answers can be used: {common[0][0] if common else 'no reason is known'}"
