"""From a model's answer to a plan inside mandate and evidence, or to what is wrong with the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from common.market.instrument import AssetClass
from common.planning.answer import MAX_REASON, ClassAnswer, ModelAnswer
from common.planning.citations import text_problems
from common.planning.evidence import Evidence
from common.planning.limits import full_limits, scaled
from common.planning.mandate import Mandate
from common.planning.plain_text import plain
from common.planning.plan import ClassPlan, Plan, Reason
from common.planning.rule_planner import HALF, careful
from common.planning.sentiment import HeadlineSentiment, Sentiment
from common.planning.structures import planned_structure
from common.planning.validation import validate_plan
from common.strategies import registry

FULL: Final = "full"
VETO_OR_SIZE: Final = "veto or size"


class AnswerRefused(ValueError):
    """The answer cannot be used; `problems` say why, each in a line that the model can mend it by."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the answer is held against. rules: the plan of the day without a model. authority: FULL or VETO_OR_SIZE."""

    rules: Plan
    evidence: Evidence
    mandate: Mandate
    authority: str


def most_size(asset_class: AssetClass, evidence: Evidence) -> float:
    """Of what the mandate allows, as large as a model with full authority may plan: half when anything is unknown."""
    return HALF if evidence.around.unknown or careful(evidence, asset_class) else 1.0


def is_usable(strategy: str, asset_class: AssetClass) -> bool:
    """Whether a strategy that the mandate names is there and trades the asset class; not for names from elsewhere."""
    try:
        return asset_class in registry.get(strategy).asset_classes
    except registry.UnknownStrategy:
        return False


def plan_from(answer: ModelAnswer, frame: Frame) -> Plan:
    """Classes, their reasons and the sentiment; the rest is the rules' plan. Raises AnswerRefused."""
    problems = [*_classes_problems(answer, frame), *_sentiment_problems(answer, frame.evidence)]
    choices = {one.asset_class: one for one in answer.classes}
    classes = []
    for ours in frame.rules.classes:
        theirs = choices.get(ours.asset_class.value)
        if theirs is None or not ours.enabled:
            classes.append(ours)
            continue
        try:
            classes.append(_class_plan(ours, theirs, frame))
        except AnswerRefused as refused:
            problems += refused.problems
    if problems:
        raise AnswerRefused(problems)
    trading = any(one.enabled for one in classes)
    plan = frame.rules.model_copy(update={
        "classes": tuple(classes), "sentiment": _sentiment(answer, frame.evidence),
        "status": frame.rules.status if trading else "REJECTED",
    })
    problems = validate_plan(plan, frame.mandate, frame.evidence)
    if problems:
        raise AnswerRefused(problems)
    return plan


def decision(plan: Plan) -> tuple[Any, ...]:
    """What of a plan decides about money, in one spelling: reasons, sentiment and the order of symbols do not count."""
    return tuple(
        (one.asset_class.value, one.enabled, one.strategy, one.size, tuple(sorted(one.universe)),
         tuple(sorted(one.parameters.items())), one.options.to_fields() if one.options else None)
        for one in sorted(plan.classes, key=lambda each: each.asset_class.value)
    )


def _classes_problems(answer: ModelAnswer, frame: Frame) -> Iterator[str]:
    given: list[str] = [one.asset_class for one in answer.classes]
    wanted = [one.asset_class.value for one in frame.rules.enabled]
    for name in wanted:
        if given.count(name) != 1:
            yield f"classes: {name} is there {given.count(name)} times; answer it once, with size 0 for no trade"
    for name in sorted(set(given) - set(wanted)):
        yield f"classes: {name} may not be chosen today; leave it out"


def _class_plan(ours: ClassPlan, theirs: ClassAnswer, frame: Frame) -> ClassPlan:
    """Raises AnswerRefused."""
    where, own = ours.asset_class.value, frame.mandate.of(ours.asset_class)
    full = frame.authority == FULL
    chosen = (theirs.strategy if full else "") or ours.strategy
    if chosen not in own.strategies or not is_usable(chosen, ours.asset_class):
        raise AnswerRefused([f"{where}: strategy {plain(chosen, 64)!r} is not among {', '.join(own.strategies)}"])
    parameters = _parameters(where, chosen, theirs if full else None, ours)
    reason = _reason(where, theirs, frame.evidence, parameters)
    whole = most_size(ours.asset_class, frame.evidence) if full else ours.size
    size = min(theirs.size, whole) if full else theirs.size * whole
    if size <= 0:
        return ClassPlan(asset_class=ours.asset_class, enabled=False, reasons=(reason,))
    universe = tuple(dict.fromkeys(theirs.universe)) if full and theirs.universe else ours.universe
    times = frame.evidence.session.times_of(ours.asset_class)
    limits = scaled(full_limits(frame.mandate, times), ours.asset_class, size)
    structure = None
    if ours.options is not None:
        structure = planned_structure(chosen, parameters, ours.options, limits, frame.evidence)
    return ours.model_copy(update={
        "strategy": chosen, "parameters": parameters, "universe": universe, "size": size, "limits": limits,
        "structure": structure, "reasons": (reason, *ours.reasons),
        "long_only": tuple(symbol for symbol in universe if symbol in frame.evidence.long_only),
    })


def _parameters(where: str, strategy: str, theirs: ClassAnswer | None, ours: ClassPlan) -> dict[str, Any]:
    """The rules' where the strategy is theirs, else its defaults; over them the answer's. Raises AnswerRefused."""
    values: dict[str, Any] = dict(ours.parameters) if strategy == ours.strategy else {}
    known = registry.get(strategy).Parameters.model_fields
    for one in theirs.parameters if theirs is not None else ():
        if one.name not in known:
            raise AnswerRefused([f"{where}: {strategy} has no parameter {plain(one.name, 64)!r}"])
        whole = isinstance(one.value, float) and one.value.is_integer()
        values[one.name] = int(one.value) if whole else one.value
    if ours.options is not None and "underlying" in known:
        values["underlying"] = ours.options.underlying
    try:
        checked: Any = registry.build(strategy, values)
    except registry.InvalidParameters as error:
        raise AnswerRefused([f"{where}: {plain(str(error), MAX_REASON)}"]) from None
    fields: dict[str, Any] = checked.parameters.model_dump(mode="json")
    return fields


def _reason(where: str, theirs: ClassAnswer, evidence: Evidence, parameters: dict[str, Any]) -> Reason:
    """Raises AnswerRefused for numbers that are not the evidence's; validation looks at the cited ones again."""
    text = plain(theirs.reason, MAX_REASON)
    if not text:
        raise AnswerRefused([f"{where}: reason is empty; say why in a sentence"])
    numbers = {one.path: one.value for one in theirs.numbers}
    problems = [f"{where}: {plain(one, MAX_REASON)}" for one in text_problems(
        text, numbers, evidence, (theirs.size, *parameters.values()),
    )]
    if problems:
        raise AnswerRefused(problems)
    return Reason(text=text, numbers=numbers)


def _sentiment_problems(answer: ModelAnswer, evidence: Evidence) -> Iterator[str]:
    titles = {one.id: one.title.casefold() for one in evidence.around.news.headlines}
    if not titles and (answer.headlines or answer.day_quotes or answer.day_score):
        yield "headlines: there are none today; leave headlines and day_quotes empty and day_score 0"
        return
    if len({one.headline for one in answer.headlines}) != len(answer.headlines):
        yield "headlines: one is there twice; score each once"
    for one in answer.headlines:
        if not plain(one.quote, MAX_REASON) or one.quote.casefold() not in titles.get(one.headline, ""):
            yield f"headlines: the quote of headline {one.headline} is not in it; quote its very words"
    if any(not plain(one, MAX_REASON) or not any(one.casefold() in title for title in titles.values())
           for one in answer.day_quotes):
        yield "day_quotes: one is in no headline; quote the very words of headlines"
    if titles and answer.day_score and not answer.day_quotes:
        yield "day_quotes: a score needs at least one quote"


def _sentiment(answer: ModelAnswer, evidence: Evidence) -> Sentiment | None:
    if not evidence.around.news.headlines:
        return None
    return Sentiment(
        source="model", score=answer.day_score, why=plain(answer.day_reason, MAX_REASON), quotes=answer.day_quotes,
        headlines=tuple(
            HeadlineSentiment(headline=one.headline, score=one.score, quote=one.quote) for one in answer.headlines
        ),
    )
