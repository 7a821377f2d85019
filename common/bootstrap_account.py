"""The part of bootstrap that is about the person's account: secrets, the login, Kite, the readiness gate."""

import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final

from common.market.instrument import AssetClass, Instrument
from common.ports import Archive, Broker, Clock, DocumentStore, ListSource, Logs, Resume, Secrets
from common.redaction import Secret
from common.settings import Settings, SettingsError

if TYPE_CHECKING:
    from common.adapters.kite.parts import KiteParts
    from common.adapters.kite.stream_market import StreamMarket
    from common.day.login import LoginPorts
    from common.day.readiness import Check
    from common.market.bar import Bar
    from common.planning.mandate import Mandate
    from common.research.recorder import MarketRecorder
    from common.research.refetch import Filled
    from common.research.watchlist import Watchlist

MOST_NAMED: Final = 10
NOTIFY_URLS: Final = "notify-urls"
"""The secret with whom to tell, as apprise reads it, with spaces between."""


@dataclass(frozen=True)
class AccountParts:
    """Each made when it is first asked for. Store, archive and mandate may not open: only the gate asks for them."""

    settings: Settings
    clock: Clock
    logs: Logs
    store: Callable[[], DocumentStore]
    archive: Callable[[], Archive]
    mandate: "Callable[[], Mandate]"

    @cached_property
    def secrets(self) -> Secrets:
        """Files in the run's directory or variables, or Secret Manager."""
        if self.settings.secrets == "secret_manager":
            from common.adapters.secrets.cloud import CloudSecrets

            return CloudSecrets(self.settings.project, environment=os.environ)
        from common.adapters.secrets.directory import DirectorySecrets

        return DirectorySecrets(self.settings.home / "secrets", os.environ)

    def notify_urls(self) -> tuple[str, ...]:
        """Whom to tell, secrets: of the settings, else of Secret Manager; nobody where that does not answer."""
        if self.settings.notify_urls or self.settings.secrets != "secret_manager":
            return self.settings.notify_urls
        try:
            stored = self.secrets.get(NOTIFY_URLS)
        except OSError as error:
            self.logs.write("ERROR", f"nobody is told: the secret {NOTIFY_URLS} cannot be read: {error}")
            return ()
        return tuple(stored.reveal().split()) if stored is not None else ()

    def login_ports(self) -> "LoginPorts":
        """What the person's login at the broker needs."""
        from common.adapters.kite.login import KiteLogin
        from common.adapters.steps import HttpSteps
        from common.day.login import LoginPorts

        settings = self.settings
        login = KiteLogin(self.secrets, self.clock, settings.kite_url, settings.kite_login_url)
        steps = HttpSteps(settings.functions_url, identity=not settings.local)
        return LoginPorts(login, steps, self.clock, settings.kite_user, lambda: uuid.uuid4().hex)

    @cached_property
    def kite(self) -> "KiteParts":
        """What belongs to the account at Zerodha, on one connection."""
        from common.adapters.kite.parts import KiteParts

        settings = self.settings
        return KiteParts(
            self.secrets, self.archive, self.clock, self.logs, settings.kite_url, settings.send_timeout,
            stream_url=settings.kite_stream_url, is_simulated=settings.kite_is_simulated,
        )

    def app_secret(self) -> Secret:
        """With which the broker signs its postbacks. Raises SettingsError where it is not stored."""
        from common.adapters.kite.token import API_SECRET

        found = self.secrets.get(API_SECRET)
        if found is None:
            raise SettingsError(f"there is no secret {API_SECRET}: store it first, see docs/kite.md")
        return found

    def open_broker(
        self, day: date, asset_class: AssetClass, instruments: Sequence[Instrument],
    ) -> tuple[Broker, Resume]:
        """The account at Kite, for one workload; a day that goes on has no minute to resume."""
        del asset_class
        broker = self.kite.broker(day, instruments)
        self.kite.stream.on_order = broker.hear
        return broker, Resume()

    @cached_property
    def lists(self) -> ListSource | None:
        """The exchange's lists of today; None where nobody says whence, and for recorded sessions."""
        from common.adapters.exchange_lists import ExchangeLists

        url = self.settings.lists_url
        return ExchangeLists(url) if url and not self.settings.recorded else None

    @cached_property
    def market(self) -> "StreamMarket":
        """What Kite lists and quotes, candles of what the mandate names, and the stream."""
        return self.kite.market(self._known)

    def open_recorder(self, day: date, asset_class: AssetClass, traded: Sequence[str]) -> "MarketRecorder":
        """Of what is traded, the mandate's universe and the strikes around the money.

        Raises what mandate, archive and broker raise.
        """
        from common.research.recorder import MarketRecorder

        wanted, listed = set(traded), self._watchlist(day, asset_class)
        mine = [one for one in self.kite.listing.instruments(day) if one.symbol in wanted]
        watched = dict.fromkeys([*mine, *listed.instruments])
        left_out = [symbol for symbol in listed.left_out if symbol not in wanted]
        if left_out:
            text = f"{len(watched)} instruments are watched and recorded, and {len(left_out)} that the mandate admits "
            text += f"are not, such as {', '.join(left_out[:MOST_NAMED])}"
            self.logs.about(date=day.isoformat(), asset_class=asset_class.value).write(
                "INFO", text, {"category": "recorder", "left_out": len(left_out)},
            )
        return MarketRecorder(
            self.archive(), day, asset_class.value, watched, self.logs, uuid.uuid4().hex[:8], self.market.is_whole,
        )

    def _known(self, day: date) -> "list[Instrument]":
        """Stocks, futures and indices: options of earlier days can no longer be asked for."""
        lists = [self._watchlist(day, asset_class).instruments for asset_class in self.mandate().enabled]
        found = dict.fromkeys(one for some in lists for one in some)
        return [one for one in found if one.asset_class is not AssetClass.OPTIONS]

    def _watchlist(self, day: date, asset_class: AssetClass) -> "Watchlist":
        """By what the day's evidence says, where it is prepared: of which shares a plan chooses, where prices were."""
        from common.day.prepare import EVIDENCE
        from common.research.watchlist import watchlist

        document = self.store().get(EVIDENCE, day.isoformat())
        fields = document.fields if document is not None else {"stocks": (), "symbols": ()}
        closes = {one["symbol"]: one["previous_close_paise"] or 0 for one in fields["symbols"]}

        def prices(symbols: Sequence[str]) -> dict[str, int]:
            """The last closes where quotes are refused: workloads begin in one moment, and one a second is allowed."""
            quotes = self.kite.listing.quotes(symbols, self.clock.now())
            return closes | {quote.symbol: quote.last for quote in quotes if quote.last}

        listed = self.kite.listing.instruments(day)
        return watchlist(self.mandate(), asset_class, day, listed, prices, fields["stocks"])

    def refetch(self, day: date, first: Sequence[str], in_time: Callable[[], bool]) -> "Filled":
        """Minutes of `day` that the stream missed, from candles; `first` before the others. Raises what these raise."""
        from common.research.refetch import fill_holes

        def candles(one: Instrument, on: date) -> "list[Bar]":
            return self.kite.history.bars(one, (on, on))

        return fill_holes(day, self.archive(), self.kite.listing.instruments(day), candles, in_time, first)

    def look(self, day: date) -> "tuple[list[Check], frozenset[str]]":
        """The readiness gate's findings now, and the symbols that the person holds. Raises SettingsError."""
        from common.day.readiness import Surroundings, answers, checks, theirs

        settings = self.settings
        live = settings.on_kite
        facts = self.kite.account(day).look(day) if live else None
        settings.home.mkdir(parents=True, exist_ok=True)
        around = Surroundings(
            shutil.disk_usage(settings.home).free, answers(day, self.store, self.archive),
            (lambda: len(self.kite.listing.instruments(day))) if live else None,
            settings.kite_user, self.mandate().capital_paise, settings.egress, settings.broker == "kite",
        )
        return checks(day, self.clock.now(), around, facts), theirs(facts) if facts is not None else frozenset()
