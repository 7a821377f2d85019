"""Variables of the environment, read strictly: what cannot be meant is named with what to do."""

import math
from collections.abc import Mapping
from datetime import date


class SettingsError(ValueError):
    """A setting is missing or wrong; the text names the variable and what to do."""


def integer(env: Mapping[str, str], name: str, default: int) -> int:
    """A whole number. Raises SettingsError."""
    text = env.get(name, "")
    try:
        return int(text) if text else default
    except ValueError:
        raise SettingsError(f"{name}={text!r} is not a whole number: correct it or leave it out") from None


def seconds(env: Mapping[str, str], name: str) -> float | None:
    """Seconds; None where nothing is said. Raises SettingsError."""
    text = env.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SettingsError(f"{name}={text!r} is not a number: correct it or leave it out")
    return value


def read_date(env: Mapping[str, str], name: str) -> date | None:
    """A date; None where nothing is said. Raises SettingsError."""
    text = env.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{name}={text!r} is no date: give YYYY-MM-DD, or leave it out") from None


def session_clock(env: Mapping[str, str]) -> tuple[float, float, float] | None:
    """TRON_SESSION_CLOCK: see Settings; None where real time holds. Raises SettingsError."""
    text = env.get("TRON_SESSION_CLOCK", "")
    if not text:
        return None
    try:
        began, start, speed = (float(part) for part in text.split())
    except ValueError:
        began = start = speed = 0.0
    if not (math.isfinite(began + start) and 0 < speed < math.inf):
        raise SettingsError(f"TRON_SESSION_CLOCK={text!r} is no clock: give BEGAN START SPEED, or leave it out")
    return began, start, speed


def switch(env: Mapping[str, str], name: str) -> bool:
    """1 or 0, which is also nothing. Raises SettingsError."""
    text = env.get(name, "")
    if text not in ("", "0", "1"):
        raise SettingsError(f"{name}={text!r} is neither 1 nor 0: correct it or leave it out")
    return text == "1"


def optional(seconds: float | None) -> str:
    """As `seconds` reads it."""
    return "" if seconds is None else repr(seconds)
