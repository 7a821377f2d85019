"""One frozen Settings, read once from the environment; nothing else reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from common.environment import SettingsError as SettingsError
from common.environment import integer, optional, read_date, seconds, session_clock, switch
from common.launch_settings import LaunchSettings
from common.launch_settings import read as read_launching
from common.planner_settings import PlannerSettings, read_planner

STORES: Final = ("sqlite", "firestore")
DATABASE: Final = "(default)"
ARCHIVES: Final = ("directory", "gcs")
BUCKET: Final = "{project}-tron-trade-logs-{date}"
BROKERS: Final = ("paper", "kite")
MARKETS: Final = ("recorded", "kite")
KITE_URL: Final = "https://api.kite.trade"
KITE_STREAM_URL: Final = "wss://ws.kite.trade"
KITE_LOGIN_URL: Final = "https://kite.zerodha.com/connect/login"
API_RATE: Final = 20.0
SECRET_STORES: Final = ("directory", "secret_manager")
OWN_MACHINE: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """home: directory of the embedded store, archive, journals and logs. sessions: recorded session files.

    mandate: the person's limits as a TOML file (None: the default that is shipped). mandate_text: the same as text, for
    machines that have no such file. seed: of slippage and generator.
    source_name: what to call the market data in the report ("": the files' names). lease_ttl_seconds: for which a
    workload holds its lease unless renewed. send_timeout_seconds: of a request to the broker. None for these two: see
    `lease_ttl` and `send_timeout`. local: all of it runs on this machine for the person at it, who needs no key.
    store: one of STORES. project: on Google Cloud. database: of Firestore. emulator: HOST:PORT of Firestore's.
    archive: one of ARCHIVES. bucket: with '{date}' in it one a day, else one for all days.
    location: of buckets that are made.
    stage: local, development, staging or production: a label of each log record.
    notify_urls: whom to tell, as apprise reads them; secrets.
    broker: one of BROKERS. market: one of MARKETS; kite while orders stay on paper is a trial on the real market, and
    with the broker kite the market is kite as well.
    kite_url, kite_stream_url, kite_login_url: of Zerodha Kite, or of a simulation of it.
    kite_user: whose account it is, such as AB1234; nobody else's login is taken. egress: registered static addresses
    from which orders are sent. secrets: one of SECRET_STORES. functions_url: of the functions, before their names.
    postbacks: whether workloads look for hints of the broker's postbacks, which tell what the stream tells too.
    model_cutoff: the last day that the planning model may remember from its training; None: unknown.
    lists_url: where the exchange publishes its lists of the day, '' to fetch none.
    planner: which one, with its model, budgets and feeds.
    api_rate: requests a second that one key may make in the long run. backtests: where results of backtests are listed
    from, None for the archive alone.
    session_clock: (began, start, speed) of a session that is played at its pace, as SessionClock has them.
    launching: where workloads are started. scheduler: HOST:PORT of a Cloud Scheduler on this machine, for tests.
    """

    home: Path
    sessions: tuple[Path, ...] = ()
    mandate: Path | None = None
    mandate_text: str = ""
    seed: int = 0
    source_name: str = ""
    lease_ttl_seconds: float | None = None
    send_timeout_seconds: float | None = None
    history_sessions: int = 10
    local: bool = False
    store: str = "sqlite"
    project: str = ""
    database: str = DATABASE
    emulator: str = ""
    archive: str = "directory"
    bucket: str = BUCKET
    location: str = "asia-south1"
    stage: str = "local"
    notify_urls: tuple[str, ...] = field(default=(), repr=False)
    broker: str = "paper"
    market: str = "recorded"
    kite_url: str = KITE_URL
    kite_stream_url: str = KITE_STREAM_URL
    kite_login_url: str = KITE_LOGIN_URL
    kite_user: str = ""
    egress: tuple[str, ...] = ()
    secrets: str = "directory"
    functions_url: str = ""
    postbacks: bool = False
    model_cutoff: date | None = None
    planner: PlannerSettings = field(default_factory=PlannerSettings, repr=False)
    api_rate: float = API_RATE
    backtests: Path | None = None
    session_clock: tuple[float, float, float] | None = None
    lists_url: str = ""
    launching: LaunchSettings = field(default_factory=LaunchSettings)
    scheduler: str = ""

    @property
    def source(self) -> str:
        """Where the market data comes from, for people."""
        return self.source_name or ", ".join(path.name for path in self.sessions) or "no sessions"

    @property
    def recorded(self) -> bool:
        """Whether recorded sessions are traded, as fast as it goes: the market's time is no clock's."""
        return bool(self.sessions)

    @property
    def on_kite(self) -> bool:
        """Whether the market is what Kite shows now, and its login is needed: with real orders and with paper's."""
        return "kite" in (self.broker, self.market)

    @property
    def kite_is_simulated(self) -> bool:
        """Whether what is called Kite runs on this machine: no real money is moved there."""
        return urlsplit(self.kite_url).hostname in OWN_MACHINE

    @property
    def heartbeat_seconds(self) -> float:
        """A minute; five of a market's time that passes in a blink, because each is a write to disk."""
        return 300.0 if self.recorded and self.session_clock is None else 60.0

    @property
    def lease_ttl(self) -> float:
        """30 s: two missed renewals, and a send time-out to spare. 10 s on recorded sessions."""
        if self.lease_ttl_seconds is not None:
            return self.lease_ttl_seconds
        return 10.0 if self.recorded else 30.0

    @property
    def send_timeout(self) -> float:
        """7 s, as kiteconnect has it. On recorded sessions the broker is within the process, and answers at once."""
        if self.send_timeout_seconds is not None:
            return self.send_timeout_seconds
        return 0.0 if self.recorded else 7.0

    def environment(self) -> dict[str, str]:
        """Variables from which `read_settings` makes the same Settings; each is set, so that none is inherited."""
        return {
            "TRON_HOME": str(self.home), "TRON_SESSIONS": os.pathsep.join(str(path) for path in self.sessions),
            "TRON_SEED": str(self.seed), "TRON_SOURCE": self.source_name,
            "TRON_MANDATE": str(self.mandate) if self.mandate else "", "TRON_MANDATE_TEXT": self.mandate_text,
            "TRON_LEASE_TTL_SECONDS": optional(self.lease_ttl_seconds),
            "TRON_SEND_TIMEOUT_SECONDS": optional(self.send_timeout_seconds),
            "TRON_HISTORY_SESSIONS": str(self.history_sessions), "TRON_LOCAL": "1" if self.local else "",
            "TRON_STORE": self.store, "TRON_PROJECT": self.project, "TRON_DATABASE": self.database,
            "FIRESTORE_EMULATOR_HOST": self.emulator,
            "TRON_ARCHIVE": self.archive, "TRON_BUCKET": self.bucket,
            "TRON_LOCATION": self.location,
            "TRON_ENVIRONMENT": self.stage,
            "TRON_NOTIFY_URLS": " ".join(self.notify_urls),
            "TRON_BROKER": self.broker, "TRON_MARKET": self.market,
            "TRON_KITE_URL": self.kite_url, "TRON_KITE_STREAM_URL": self.kite_stream_url,
            "TRON_KITE_LOGIN_URL": self.kite_login_url, "TRON_KITE_USER": self.kite_user,
            "TRON_EGRESS": " ".join(self.egress), "TRON_SECRETS": self.secrets,
            "TRON_FUNCTIONS_URL": self.functions_url, "TRON_POSTBACKS": "1" if self.postbacks else "",
            "TRON_MODEL_CUTOFF": str(self.model_cutoff or ""),
            "TRON_LISTS_URL": self.lists_url,
            "TRON_API_RATE": repr(self.api_rate), "TRON_BACKTESTS": str(self.backtests) if self.backtests else "",
            "TRON_SESSION_CLOCK": " ".join(map(repr, self.session_clock or ())), **self.planner.environment(),
            **self.launching.environment(), "TRON_SCHEDULER": self.scheduler,
        }


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from TRON_* variables. Raises SettingsError."""
    env = os.environ if environment is None else environment
    home = env.get("TRON_HOME", "")
    if not home:
        raise SettingsError("TRON_HOME is not set: give the directory that holds this run's store and archive")
    sessions = tuple(Path(part) for part in env.get("TRON_SESSIONS", "").split(os.pathsep) if part)
    mandate = env.get("TRON_MANDATE", "")
    settings = Settings(
        home=Path(home), sessions=sessions, mandate=Path(mandate) if mandate else None,
        mandate_text=env.get("TRON_MANDATE_TEXT", ""),
        seed=integer(env, "TRON_SEED", 0), source_name=env.get("TRON_SOURCE", ""),
        lease_ttl_seconds=seconds(env, "TRON_LEASE_TTL_SECONDS"),
        send_timeout_seconds=seconds(env, "TRON_SEND_TIMEOUT_SECONDS"),
        history_sessions=integer(env, "TRON_HISTORY_SESSIONS", 10), local=switch(env, "TRON_LOCAL"),
        store=env.get("TRON_STORE") or "sqlite", project=env.get("TRON_PROJECT", ""),
        database=env.get("TRON_DATABASE") or DATABASE, emulator=env.get("FIRESTORE_EMULATOR_HOST", ""),
        archive=env.get("TRON_ARCHIVE") or "directory",
        bucket=env.get("TRON_BUCKET") or BUCKET, location=env.get("TRON_LOCATION") or "asia-south1",
        stage=env.get("TRON_ENVIRONMENT") or "local",
        model_cutoff=read_date(env, "TRON_MODEL_CUTOFF"),
        notify_urls=notify_urls(env), session_clock=session_clock(env), broker=env.get("TRON_BROKER") or "paper",
        market=env.get("TRON_MARKET") or "recorded",
        kite_url=env.get("TRON_KITE_URL") or KITE_URL,
        kite_stream_url=env.get("TRON_KITE_STREAM_URL") or KITE_STREAM_URL,
        kite_login_url=env.get("TRON_KITE_LOGIN_URL") or KITE_LOGIN_URL, kite_user=env.get("TRON_KITE_USER", ""),
        egress=tuple(env.get("TRON_EGRESS", "").split()), secrets=env.get("TRON_SECRETS") or "directory",
        functions_url=env.get("TRON_FUNCTIONS_URL", ""), postbacks=switch(env, "TRON_POSTBACKS"),
        lists_url=env.get("TRON_LISTS_URL", ""),
        planner=planner_settings(env), api_rate=seconds(env, "TRON_API_RATE") or API_RATE,
        backtests=Path(env["TRON_BACKTESTS"]) if env.get("TRON_BACKTESTS") else None,
        launching=_launching(env), scheduler=env.get("TRON_SCHEDULER", ""),
    )
    _check(settings)
    _check_kite(settings)
    return settings


def notify_urls(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Whom to tell: TRON_NOTIFY_URLS, with spaces between. Secrets."""
    return tuple(environment.get("TRON_NOTIFY_URLS", "").split())


def planner_settings(environment: Mapping[str, str], kind: str | None = None) -> PlannerSettings:
    """kind: in place of TRON_PLANNER. Raises SettingsError."""
    try:
        return read_planner(environment, kind)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _launching(env: Mapping[str, str]) -> LaunchSettings:
    try:
        return read_launching(env)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _check(settings: Settings) -> None:
    ttl, timeout, history = settings.lease_ttl, settings.send_timeout, settings.history_sessions
    if ttl <= 0:
        raise SettingsError(f"TRON_LEASE_TTL_SECONDS={ttl} is no lifetime: give more than 0 seconds")
    if not 0 <= timeout < ttl / 2:
        raise SettingsError(
            f"TRON_SEND_TIMEOUT_SECONDS={timeout} does not fit TRON_LEASE_TTL_SECONDS={ttl}: a request must end while "
            "the lease lasts, which is renewed when half of it is gone: give 0 or more, and less than half of it"
        )
    if settings.mandate and settings.mandate_text:
        raise SettingsError("TRON_MANDATE and TRON_MANDATE_TEXT are both set: which limits hold? Leave one out")
    if settings.api_rate <= 0:
        raise SettingsError(f"TRON_API_RATE={settings.api_rate} answers nobody: give requests a second, more than 0")
    if history < 0:
        raise SettingsError(f"TRON_HISTORY_SESSIONS={history} is no count: give 0 or more")
    if settings.store not in STORES:
        raise SettingsError(f"TRON_STORE={settings.store!r} is no store: give one of {', '.join(STORES)}")
    if settings.store == "firestore" and not settings.project:
        raise SettingsError("TRON_STORE=firestore needs TRON_PROJECT: give the Google Cloud project that owns it")
    if settings.lists_url and urlsplit(settings.lists_url).scheme not in ("http", "https"):
        raise SettingsError(f"TRON_LISTS_URL={settings.lists_url} is no address: give https://nsearchives.nseindia.com")
    if settings.archive not in ARCHIVES:
        raise SettingsError(f"TRON_ARCHIVE={settings.archive!r} is no archive: give one of {', '.join(ARCHIVES)}")
    if settings.archive == "gcs" and not settings.project:
        raise SettingsError("TRON_ARCHIVE=gcs needs TRON_PROJECT: give the Google Cloud project that owns the buckets")


def _check_kite(settings: Settings) -> None:
    if settings.broker == "kite" and settings.recorded:
        raise SettingsError("TRON_SESSIONS are replayed on paper: leave them out, or TRON_BROKER=kite")
    if settings.market == "kite" and settings.recorded:
        raise SettingsError("TRON_SESSIONS are a market of their own: leave them out, or TRON_MARKET=kite")
    if settings.market not in MARKETS:
        raise SettingsError(f"TRON_MARKET={settings.market!r} is no market: give one of {', '.join(MARKETS)}")
    if settings.broker not in BROKERS:
        raise SettingsError(f"TRON_BROKER={settings.broker!r} is no broker: give one of {', '.join(BROKERS)}")
    if settings.secrets not in SECRET_STORES:
        told = f"TRON_SECRETS={settings.secrets!r} keeps no secrets"
        raise SettingsError(f"{told}: give one of {', '.join(SECRET_STORES)}")
    if settings.secrets == "secret_manager" and not settings.project:
        raise SettingsError("TRON_SECRETS=secret_manager needs TRON_PROJECT: give the project that owns the secrets")
    addresses = (
        ("TRON_KITE_URL", settings.kite_url, "https"), ("TRON_KITE_LOGIN_URL", settings.kite_login_url, "https"),
        ("TRON_KITE_STREAM_URL", settings.kite_stream_url, "wss"),
    )
    for name, url, scheme in addresses:
        parts = urlsplit(url)
        secure = parts.scheme == scheme or (parts.scheme == scheme[:-1] and parts.hostname in OWN_MACHINE)
        if not secure or not parts.hostname:
            raise SettingsError(
                f"{name} is not a {scheme} address: tokens travel there, and {scheme[:-1]} serves on this machine alone"
            )
    if urlsplit(settings.kite_url).path not in ("", "/"):
        raise SettingsError("TRON_KITE_URL has a path, which the broker's client would drop: give host and port alone")
    for address in settings.egress:
        try:
            ip_address(address)
        except ValueError:
            raise SettingsError(f"TRON_EGRESS: {address!r} is no IP address: give the registered ones") from None
