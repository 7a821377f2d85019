"""What planning asks of the world: which planner, which model at what price and budget, which feeds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PLANNERS: Final = ("rules", "model")
OPENAI_URL: Final = "https://api.openai.com/v1"
OWN_MACHINE: Final = ("127.0.0.1", "localhost", "::1")
MAX_FEEDS: Final = 20
MOST_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class PlannerSettings:
    """kind: one of PLANNERS. base_url: of an API like OpenAI's. model: its name there. temperature: None to leave out.

    input_price, output_price: paise for a million tokens. deadline_seconds: for all questions of a day together.
    tokens_a_day, tokens_a_month, rupees_a_day, rupees_a_month: never exceeded. max_output_tokens: of one answer.
    feeds: addresses of RSS or Atom. feeds_on_loopback: whether they may be on this machine: for tests.
    """

    kind: str = "rules"
    base_url: str = OPENAI_URL
    model: str = ""
    temperature: float | None = None
    input_price: int = 0
    output_price: int = 0
    deadline_seconds: float = 120.0
    max_output_tokens: int = 4_000
    tokens_a_day: int = 600_000
    tokens_a_month: int = 6_000_000
    rupees_a_day: int = 50
    rupees_a_month: int = 1_000
    feeds: tuple[str, ...] = ()
    feeds_on_loopback: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the model runs on this machine: then it needs neither key nor price."""
        return urlsplit(self.base_url).hostname in OWN_MACHINE

    def environment(self) -> dict[str, str]:
        """Variables from which `read_planner` makes the same."""
        return {
            "TRON_PLANNER": self.kind, "TRON_MODEL_URL": self.base_url, "TRON_MODEL": self.model,
            "TRON_MODEL_TEMPERATURE": "" if self.temperature is None else repr(self.temperature),
            "TRON_MODEL_INPUT_PAISE_PER_MILLION": str(self.input_price),
            "TRON_MODEL_OUTPUT_PAISE_PER_MILLION": str(self.output_price),
            "TRON_MODEL_DEADLINE_SECONDS": repr(self.deadline_seconds),
            "TRON_MODEL_MAX_OUTPUT_TOKENS": str(self.max_output_tokens),
            "TRON_MODEL_TOKENS_PER_DAY": str(self.tokens_a_day),
            "TRON_MODEL_TOKENS_PER_MONTH": str(self.tokens_a_month),
            "TRON_MODEL_RUPEES_PER_DAY": str(self.rupees_a_day),
            "TRON_MODEL_RUPEES_PER_MONTH": str(self.rupees_a_month),
            "TRON_FEEDS": " ".join(self.feeds), "TRON_FEEDS_ON_LOOPBACK": "1" if self.feeds_on_loopback else "",
        }


def read_planner(env: Mapping[str, str], kind: str | None = None) -> PlannerSettings:
    """From TRON_* variables; kind: in place of TRON_PLANNER. Raises ValueError with the variable and what to do."""
    plain = PlannerSettings()
    found = PlannerSettings(
        kind=kind or env.get("TRON_PLANNER") or plain.kind,
        base_url=env.get("TRON_MODEL_URL") or plain.base_url, model=env.get("TRON_MODEL", ""),
        temperature=_number(env, "TRON_MODEL_TEMPERATURE", None, 2.0),
        input_price=_whole(env, "TRON_MODEL_INPUT_PAISE_PER_MILLION", plain.input_price),
        output_price=_whole(env, "TRON_MODEL_OUTPUT_PAISE_PER_MILLION", plain.output_price),
        deadline_seconds=_number(env, "TRON_MODEL_DEADLINE_SECONDS", plain.deadline_seconds, MOST_SECONDS) or 0.0,
        max_output_tokens=_whole(env, "TRON_MODEL_MAX_OUTPUT_TOKENS", plain.max_output_tokens),
        tokens_a_day=_whole(env, "TRON_MODEL_TOKENS_PER_DAY", plain.tokens_a_day),
        tokens_a_month=_whole(env, "TRON_MODEL_TOKENS_PER_MONTH", plain.tokens_a_month),
        rupees_a_day=_whole(env, "TRON_MODEL_RUPEES_PER_DAY", plain.rupees_a_day),
        rupees_a_month=_whole(env, "TRON_MODEL_RUPEES_PER_MONTH", plain.rupees_a_month),
        feeds=tuple(env.get("TRON_FEEDS", "").split()), feeds_on_loopback=env.get("TRON_FEEDS_ON_LOOPBACK") == "1",
    )
    _check_feeds(found)
    if found.kind not in PLANNERS:
        raise ValueError(f"TRON_PLANNER={found.kind!r} is no planner: give one of {', '.join(PLANNERS)}")
    if found.kind == "model":
        _check_model(found)
    return found


def _check_model(found: PlannerSettings) -> None:
    parts = urlsplit(found.base_url)
    if not parts.hostname or parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and
                                                                               found.is_local)):
        raise ValueError("TRON_MODEL_URL is not an https address: a key travels there, and http serves on this "
                         "machine alone")
    if not found.model:
        raise ValueError("TRON_MODEL is not set: give the name that the model has at TRON_MODEL_URL")
    if not found.is_local and not (found.input_price and found.output_price):
        raise ValueError(
            "TRON_MODEL_INPUT_PAISE_PER_MILLION and TRON_MODEL_OUTPUT_PAISE_PER_MILLION are not set: without the "
            "prices nobody can keep to a budget in rupees"
        )
    if found.deadline_seconds <= 0 or found.max_output_tokens <= 0:
        raise ValueError("TRON_MODEL_DEADLINE_SECONDS and TRON_MODEL_MAX_OUTPUT_TOKENS must be above 0")


def _check_feeds(found: PlannerSettings) -> None:
    if len(found.feeds) > MAX_FEEDS:
        raise ValueError(f"TRON_FEEDS names {len(found.feeds)} feeds: give {MAX_FEEDS} at most")
    for url in found.feeds:
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("TRON_FEEDS: each must be an http or https address without a name and password in it")


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ValueError(f"{name}={text!r} is no count: give a whole number, 0 or more, or leave it out")
    return int(text) if text else default


def _number(env: Mapping[str, str], name: str, default: float | None, most: float) -> float | None:
    text = env.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise ValueError(f"{name}={text!r}: give a number from 0 to {most:g}, or leave it out")
    return value
