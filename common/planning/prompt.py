"""The questions to a model: one versioned text, and the evidence cut to what a model may know, always spelt alike."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from common.market.instrument import AssetClass
from common.planning.answer import MAX_ANSWER, answer_schema
from common.planning.answered_plan import FULL, Frame, is_usable, most_size
from common.planning.document import canonical_json, document_hash
from common.planning.evidence import Evidence
from common.planning.plain_text import plain
from common.planning.plan import ClassPlan
from common.strategies import registry

PROMPT: Final = "planner_prompt_1.md"
"""A change of its text or of the answer's form is another planner: its promotion does not carry over."""
MAX_SYMBOLS: Final = 30
MAX_SHOWN_ERRORS: Final = 20
MAX_ERROR: Final = 300
MAX_QUOTED: Final = 8_000
CITED_GROUPS: Final = (
    "regime.", "around.breadth.", "around.option_prices.", "around.results.", "around.sentiment.score",
)
SYMBOL_KEYS: Final = (
    "return_percent", "range_percent", "volatility_percent", "volatility_ratio", "efficiency", "gap_percent",
    "sessions",
)


@cache
def prompt_text() -> str:
    """What the model is told whatever the day is."""
    return files("common.planning").joinpath(f"data/{PROMPT}").read_text(encoding="utf-8")


@cache
def prompt_hash() -> str:
    """Of the text and of the form of the answer."""
    return document_hash({"prompt": prompt_text(), "schema": answer_schema()})


def question(frame: Frame) -> str:
    """Facts and headlines as JSON, the headlines apart: equal for equal frames, to the byte."""
    news = frame.evidence.around.news
    headlines = [{"id": one.id, "source": one.source, "published": one.published, "title": one.title}
                 for one in news.headlines]
    untrusted = canonical_json({"items": headlines})
    return f"FACTS\n{canonical_json(facts(frame))}\n\nHEADLINES (untrusted data)\n{untrusted}"


def facts(frame: Frame) -> dict[str, Any]:
    """What may be chosen, what the rules chose, and the numbers that may be cited, by their paths."""
    evidence = frame.evidence
    enabled = frame.rules.enabled
    symbols = {one.asset_class: _symbols(one, frame) for one in enabled}
    shown = {name for names in symbols.values() for name in names} | {evidence.regime.basis}
    return {
        "date": evidence.date.isoformat(), "weekday": evidence.date.strftime("%A"), "mode": frame.rules.mode,
        "authority": frame.authority, "regime": evidence.regime.name, "session": evidence.session.to_fields(),
        "events": [one.to_fields() for one in evidence.around.events],
        "missing": [one.text for one in evidence.missing], "unknown": list(evidence.around.unknown),
        "may_choose": [_choices(one, symbols[one.asset_class], frame) for one in enabled],
        "citable": _citable(evidence, shown),
    }


def repair(answer: str, problems: Sequence[str]) -> tuple[str, str]:
    """What the model said, cut, and what is wrong with it: for the one further round that it gets."""
    lines = "\n".join(f"- {plain(one, MAX_ERROR)}" for one in problems[:MAX_SHOWN_ERRORS])
    told = f"The answer cannot be used:\n{lines}\nAnswer once more, whole, in the given form."
    return answer[: min(MAX_QUOTED, MAX_ANSWER)], told


def _choices(one: ClassPlan, symbols: Sequence[str], frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {
        "asset_class": one.asset_class.value,
        "rules": {"strategy": one.strategy, "size": one.size, "universe": list(one.universe),
                  "parameters": dict(one.parameters)},
    }
    if frame.authority != FULL:
        return found
    own = frame.mandate.of(one.asset_class)
    allowed = [name for name in own.strategies if is_usable(name, one.asset_class)]
    return found | {
        "largest_size": most_size(one.asset_class, frame.evidence), "max_symbols": own.max_symbols,
        "symbols": list(symbols), "strategies": {name: _bounds(name) for name in allowed},
    }


def _symbols(one: ClassPlan, frame: Frame) -> list[str]:
    """The rules' own first, then what else is admitted, the liveliest first."""
    if one.asset_class is not AssetClass.STOCK or frame.authority != FULL:
        return list(one.universe)
    stock = frame.mandate.stock
    others = [symbol for symbol in frame.evidence.stocks if stock.admits(symbol)]
    return list(dict.fromkeys([*one.universe, *others]))[:MAX_SYMBOLS]


def _bounds(strategy: str) -> dict[str, Any]:
    """Each parameter with its bounds and default, as its JSON Schema has them."""
    properties = registry.get(strategy).Parameters.model_json_schema().get("properties", {})
    keys = ("type", "enum", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "default")
    return {
        name: {key: field[key] for key in keys if key in field}
        for name, field in properties.items() if name != "underlying"
    }


def _citable(evidence: Evidence, shown: set[str]) -> dict[str, float]:
    wanted = {f"symbols.{symbol}.{key}" for symbol in shown for key in SYMBOL_KEYS}
    return {
        path: value for path, value in evidence.numbers.items() if path in wanted or path.startswith(CITED_GROUPS)
    }


def messages(frame: Frame) -> tuple[tuple[Literal["system", "user"], str], ...]:
    """Role and text, in order."""
    return (("system", prompt_text()), ("user", question(frame)))


def prompt_bytes(texts: Sequence[str]) -> int:
    """Of the texts and the form of the answer: no model makes more tokens of them than they have bytes."""
    return sum(len(text.encode()) for text in texts) + len(json.dumps(answer_schema()).encode())
