"""The one place that picks adapters: from Settings to the ports that the day's steps stand on."""

import os
import re
import socket
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from common.launch_ports import OperatedLauncher
from common.log_record import LOGS
from common.market.calendar import session_on, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass, Instrument
from common.ports import (
    Archive,
    Broker,
    ChangeFeed,
    Clock,
    DocumentStore,
    Logs,
    MarketData,
    Notifier,
    Resume,
    SteppedClock,
    StoreError,
)
from common.settings import Settings, SettingsError, read_settings
from common.trading.orders import OrderUpdate
from common.trading.pace import LIVE, REPLAY

if TYPE_CHECKING:
    from common.adapters.sqlite import SqliteStore
    from common.bootstrap_account import AccountParts
    from common.day.close import ClosePorts
    from common.day.delivery import NoticePorts
    from common.day.takeover import OutsidePorts
    from common.day.trade_ports import TradePorts
    from common.planning.mandate import Mandate
    from common.simulation.outcome import Bench

STANDARD_OUTPUT: Final = 1
STANDARD_ERROR: Final = 2
"""Where a command's records go: its standard output is for people, or one JSON object."""


def load_mandate(path: Path | None, text: str = "") -> "Mandate":
    """The person's limits: of the text, else the file, else the shipped ones. Raises SettingsError, InvalidDocument."""
    from common.planning.mandate import default_mandate_text, parse_mandate

    if text or path is None:
        return parse_mandate(text or default_mandate_text())
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = f"the mandate {path} cannot be read ({error}): give a TOML file"
        raise SettingsError(f"{told}, such as a copy of common/planning/data/mandate.toml") from None
    return parse_mandate(text)


@dataclass(frozen=True)
class Application:
    """Ports by name, each built when it is first asked for."""

    settings: Settings

    @cached_property
    def clock(self) -> Clock:
        """Real time, or that of a session that is played at its pace."""
        from common.adapters.clock import SessionClock, SystemClock

        played = self.settings.session_clock
        return SystemClock() if played is None else SessionClock(*played)

    @cached_property
    def store(self) -> DocumentStore:
        """SQLite in the run's directory, or Firestore."""
        if self.settings.store == "sqlite":
            return self._sqlite
        from common.adapters.firestore import FirestoreStore

        settings = self.settings
        return FirestoreStore(settings.project, settings.database, emulator=settings.emulator)

    @cached_property
    def _sqlite(self) -> "SqliteStore":
        from common.adapters.sqlite import SqliteStore

        return SqliteStore(self.settings.home / "store.sqlite")

    @property
    def changes(self) -> ChangeFeed:
        """The embedded store's committed changes, for the local relay. Raises SettingsError for another store."""
        if self.settings.store != "sqlite":
            raise SettingsError(f"TRON_STORE={self.settings.store} has no change feed: it sends its events itself")
        return self._sqlite

    def virtual_clock(self, start: datetime) -> SteppedClock:
        """A clock that moves only when told, for a day run as fast as it goes."""
        from common.adapters.clock import VirtualClock

        return VirtualClock(start)

    def step_clock(self, day: date, step: str) -> Clock:
        """Now; on recorded sessions the time that the day's table has for `step`, whenever they are replayed."""
        if not self.settings.recorded or self.settings.session_clock or session_on(day) is None:
            return self.clock
        return self.virtual_clock(at(session_times(day, AssetClass.STOCK).steps[step]))

    @cached_property
    def archive(self) -> Archive:
        """Dated folders in the run's directory, or buckets of Cloud Storage. Raises SettingsError, StoreError."""
        if self.settings.archive == "gcs":
            return self._cloud_storage()
        from common.adapters.directory import DirectoryArchive

        return DirectoryArchive(self.settings.home / "archive")

    def _cloud_storage(self) -> Archive:
        from common.adapters.gcs import CloudStorageArchive
        from common.retention import bucket_lifecycle

        settings = self.settings
        try:
            return CloudStorageArchive(
                settings.bucket, settings.project, location=settings.location, lifecycle=bucket_lifecycle(),
            )
        except ValueError as error:
            raise SettingsError(f"TRON_BUCKET: {error}") from None

    @cached_property
    def market(self) -> MarketData:
        """Recorded sessions, as fast as they are read or at a clock's pace; with Kite its instruments and quotes."""
        if self.settings.on_kite:
            return self.account.market
        from common.research.market import RecordedMarket
        from common.research.played import PlayedMarket

        market = RecordedMarket(self.settings.sessions)
        return market if self.settings.session_clock is None else PlayedMarket(market, self.clock)

    @cached_property
    def launcher(self) -> OperatedLauncher:
        """Each asset class's workload where TRON_LAUNCHERS says, else as a process of this machine."""
        from common.bootstrap_launcher import open_launcher

        return open_launcher(self.settings)

    @cached_property
    def notifier(self) -> Notifier:
        """Whoever TRON_NOTIFY_URLS or, in the cloud, the secret notify-urls names; without one a log record."""
        from common.adapters.notify import AppriseNotifier, LoggedNotifier

        urls, logs = self.account.notify_urls(), self.logs("functions")
        return AppriseNotifier(urls, logs) if urls else LoggedNotifier(logs)

    def notice_ports(self) -> "NoticePorts":
        """What telling the person needs; by the clock, also on recorded sessions."""
        from common.day.delivery import NoticePorts

        return NoticePorts(self.store, self.notifier, self.clock, self.logs("functions"))

    @cached_property
    def account(self) -> "AccountParts":
        """Secrets, login and the account at the broker; what it logs is of the room that this process is."""
        from common.bootstrap_account import AccountParts

        logs = next(iter(self._logs.values()), None) or self.logs("functions")
        return AccountParts(
            self.settings, self.clock, logs, lambda: self.store, lambda: self.archive, lambda: self.mandate,
        )

    @cached_property
    def mandate(self) -> "Mandate":
        """The person's limits."""
        return load_mandate(self.settings.mandate, self.settings.mandate_text)

    @cached_property
    def _logs(self) -> dict[str, Logs]:
        return {}

    def logs(self, room: str) -> Logs:
        """Of this process, the same at each call. room: the asset class of a workload, else the service that it is."""
        if room not in self._logs:
            self._logs[room] = self._open_logs(room)
        return self._logs[room]

    def flush_logs(self, timeout_seconds: float) -> None:
        """Hand over what has been logged so far, within the time."""
        for logs in self._logs.values():
            logs.flush(timeout_seconds)

    def _open_logs(self, room: str) -> Logs:
        from common.adapters.logs.structured import open_logs
        from common.retention import expiring

        run = f"{re.sub('[^A-Za-z0-9-]', '-', socket.gethostname())[:60]}-{uuid.uuid4().hex[:10]}"
        about = "asset_class" if room in {one.value for one in AssetClass} else "service"
        return open_logs(
            STANDARD_ERROR if room == "command" else STANDARD_OUTPUT, lambda: self.archive, lambda: self.store,
            self.settings.home / "spool" / room, self.clock, partial(expiring, LOGS), run,
            {"environment": self.settings.stage, about: room},
        )

    def trade_ports(self, logs: Logs) -> "TradePorts":
        """What a workload needs; each time for another holder of the lease."""
        return self._ports(self.store, logs)

    def _ports(self, store: DocumentStore, logs: Logs) -> "TradePorts":
        from common.day.trade_ports import TradePorts

        settings = self.settings
        live, heard = settings.broker == "kite", settings.on_kite
        return TradePorts(
            store, self.archive, self.market, self.clock, self.account.open_broker if live else self._paper_broker,
            holder=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
            lease_ttl_seconds=settings.lease_ttl, logs=logs, send_timeout_seconds=settings.send_timeout,
            pace=REPLAY if settings.recorded else LIVE, replay=settings.recorded,
            heartbeat_seconds=settings.heartbeat_seconds,
            readiness=(lambda day: self.account.look(day)[0]) if live else None,
            pre_open=self.account.kite.listing.pre_open if heard else None,
            real_money=self._real_money, postbacks=live and settings.postbacks,
            live=self.account.market if heard else None, open_recorder=self.account.open_recorder if heard else None,
        )

    @property
    def _real_money(self) -> bool:
        return self.settings.broker == "kite" and not self.settings.kite_is_simulated

    def broker_ports(self) -> "TradePorts":
        """As a workload's, also where the store cannot be opened: then it is one that never answers."""
        from common.adapters.no_store import NoStore

        try:
            store = self.store
        except StoreError as failure:
            store = NoStore(str(failure))
        return self._ports(store, self.logs("command"))

    def outside_ports(self, day: date, step: str) -> "OutsidePorts":
        """What watches workloads from outside needs; step: of the day's table, for which it is called."""
        from common.day.takeover import OutsidePorts

        return OutsidePorts(self.trade_ports(self.logs("functions")), self.launcher, self.step_clock(day, step))

    def close_ports(self) -> "ClosePorts":
        """What closing a day needs."""
        from common.day.close import ClosePorts
        from common.day.grade import GradePorts
        from common.research.archived import archived_market

        settings, seed = self.settings, self.settings.seed
        archived = partial(archived_market, self.archive)
        session = (lambda _: nullcontext(self.market)) if settings.recorded else archived
        grading = GradePorts(self.store, self.mandate, session, self.clock, seed, settings.model_cutoff)
        return ClosePorts(
            self.store, self.archive, session, self._read_orders, self.clock, self.logs("functions"), settings.source,
            seed, grading, self._real_money, self.account.refetch if settings.on_kite else None,
        )

    def _read_orders(self, day: date, asset_class: AssetClass) -> list[OrderUpdate]:
        """The order book of a day, to compare with: on paper the journal's, empty where nothing was ordered."""
        if self.settings.broker == "kite":
            return self.account.kite.broker(day, self.market.instruments(day)).orders()
        from common.bootstrap_paper import read_journal

        return read_journal(self.settings, self.archive, day, asset_class)

    def _paper_broker(
        self, day: date, asset_class: AssetClass, instruments: Sequence[Instrument],
    ) -> tuple[Broker, Resume]:
        from common.bootstrap_paper import open_paper_broker

        return open_paper_broker(self.settings, self.market, self.archive, day, asset_class, instruments)


def send_trial(urls: Sequence[str], title: str, text: str) -> list[str]:
    """To each URL, a secret; one line for each that has not taken it."""
    from common.adapters.notify import send_to_all

    return send_to_all(urls, title, text)


def simulation_bench() -> "Bench":
    """For simulated days: a store and an archive of this process, new for each day."""
    from common.adapters.memory import MemoryArchive, MemoryStore
    from common.simulation.outcome import Bench

    return Bench(lambda: MemoryStore(checked=False), MemoryArchive)


@cache
def application() -> Application:
    """For entry points: from the environment, once a process. Raises SettingsError."""
    return Application(read_settings())
