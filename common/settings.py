"""One frozen Settings, read once from the environment; nothing else reads it."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(ValueError):
    """A setting is missing or wrong; the text names the variable and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """home: directory of the embedded store, archive, journals and logs. sessions: recorded session files.

    mandate: the person's limits as a TOML file (None: the default that is shipped). seed: of slippage and generator.
    source_name: what to call the market data in the report ("": the files' names).
    """

    home: Path
    sessions: tuple[Path, ...] = ()
    mandate: Path | None = None
    seed: int = 0
    source_name: str = ""
    lease_ttl_seconds: float = 10.0
    history_sessions: int = 10

    @property
    def source(self) -> str:
        """Where the market data comes from, for people."""
        return self.source_name or ", ".join(path.name for path in self.sessions) or "no sessions"

    def environment(self) -> dict[str, str]:
        """Variables from which `read_settings` makes the same Settings; each is set, so that none is inherited."""
        return {
            "TRON_HOME": str(self.home), "TRON_SESSIONS": os.pathsep.join(str(path) for path in self.sessions),
            "TRON_SEED": str(self.seed), "TRON_SOURCE": self.source_name,
            "TRON_MANDATE": str(self.mandate) if self.mandate else "",
            "TRON_LEASE_TTL_SECONDS": repr(self.lease_ttl_seconds), "TRON_HISTORY_SESSIONS": str(self.history_sessions),
        }


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from TRON_* variables. Raises SettingsError."""
    env = os.environ if environment is None else environment
    home = env.get("TRON_HOME", "")
    if not home:
        raise SettingsError("TRON_HOME is not set: give the directory that holds this run's store and archive")
    sessions = tuple(Path(part) for part in env.get("TRON_SESSIONS", "").split(os.pathsep) if part)
    mandate = env.get("TRON_MANDATE", "")
    lifetime = _seconds(env, "TRON_LEASE_TTL_SECONDS", 10.0)
    history = _integer(env, "TRON_HISTORY_SESSIONS", 10)
    if lifetime <= 0:
        raise SettingsError(f"TRON_LEASE_TTL_SECONDS={lifetime} is no lifetime: give more than 0 seconds")
    if history < 0:
        raise SettingsError(f"TRON_HISTORY_SESSIONS={history} is no count: give 0 or more")
    return Settings(
        home=Path(home), sessions=sessions, mandate=Path(mandate) if mandate else None,
        seed=_integer(env, "TRON_SEED", 0), source_name=env.get("TRON_SOURCE", ""), lease_ttl_seconds=lifetime,
        history_sessions=history,
    )


def _integer(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "")
    try:
        return int(text) if text else default
    except ValueError:
        raise SettingsError(f"{name}={text!r} is not a whole number: correct it or leave it out") from None


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SettingsError(f"{name}={text!r} is not a number: correct it or leave it out")
    return value
