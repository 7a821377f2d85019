"""The live broker over real sockets on a simulated Kite, for the contract of brokers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from common.adapters.clock import VirtualClock
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.login import KiteLogin
from common.adapters.kite.rest import KiteBroker
from common.adapters.kite.token import API_KEY, API_SECRET
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.indian_time import at
from common.redaction import Secret
from common.research.recorded import Recording
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import MemorySecrets
from tests.unit.trading_case import DAY, flat, minute, share

APP: Final = "simulated"
OWNER: Final = "AB1234"


class ServedBroker(KiteBroker):
    """As the live one; its market moves at the server, and what the server posts of orders is heard here."""

    def __init__(self, server: Any, secrets: MemorySecrets) -> None:
        logs = KeptLogs()
        connection = KiteConnection(secrets, VirtualClock(at(minute(0))), logs, server.url)
        super().__init__(connection, DAY, [share()], logs)
        self.server = server
        self.connection = connection
        server.simulation.account.told = self.hear

    def observe(self, event: Bar | Quote) -> bool:
        """The bar comes to the exchange; then there may be news."""
        simulation = self.server.simulation
        simulation.account.market.now = max(simulation.account.market.now, event.ts + NANOSECONDS_A_MINUTE)
        simulation.account.observe(event)
        return super().observe(event)


class KiteHouse:
    """Accounts by place, each on a server of its own until the end of the test."""

    def __init__(self, model: FillModel) -> None:
        self._model = model
        self._servers: dict[Path, tuple[Any, MemorySecrets]] = {}

    def open(self, place: Path) -> ServedBroker:
        """One more process that trades the account at `place`."""
        if place not in self._servers:
            self._servers[place] = self._serve()
        return ServedBroker(*self._servers[place])

    def close(self) -> None:
        """Stop every server."""
        for server, _ in self._servers.values():
            server.stop()
        self._servers.clear()

    def _serve(self) -> tuple[Any, MemorySecrets]:
        app, market_of, serving = (_module(name) for name in ("app", "market", "serving"))
        recording = Recording({"AAA": share()}, {"AAA": flat("AAA", 375, 100_00)})
        market = market_of.SessionMarket(recording, DAY, minute(0), on_bars=True)
        exchange = Exchange(market.instruments, self._model, (), "2508299")
        options = app.Options(person=OWNER, limits=False, redirect_url="http://127.0.0.1:9/login")
        server = serving.KiteServer(app.Simulation(exchange, market, options))
        server.start()
        secrets = MemorySecrets(**{API_KEY: APP, API_SECRET: APP})
        login = KiteLogin(secrets, VirtualClock(at(minute(0))), server.url, f"{server.url}/connect/login")
        login.complete(Secret(_request_token(server)), OWNER)
        return server, secrets


def by_the_person(broker: ServedBroker, side: int, quantity: int) -> str:
    """A protected market order of the account's owner, without a tag; its id."""
    return broker.connection.order(lambda client: client.place_order(
        "regular", "NSE", "AAA", "BUY" if side > 0 else "SELL", quantity, "MIS", "MARKET", market_protection=-1,
    ), entry=False)


@contextmanager
def kite_house(model: FillModel) -> Iterator[KiteHouse]:
    """Skips where the simulated Kite is not installed."""
    _module("serving")
    house = KiteHouse(model)
    try:
        yield house
    finally:
        house.close()


def _module(name: str) -> Any:
    return pytest.importorskip(f"jobs.kite_server.{name}", reason="the simulated Kite is not here: jobs/kite_server")


def _request_token(server: Any) -> str:
    """The login page's button is pressed."""
    form = {"api_key": APP, "redirect_params": ""}
    answer = requests.post(f"{server.url}/connect/finish", data=form, allow_redirects=False, timeout=10)
    return parse_qs(urlsplit(answer.headers["location"]).query)["request_token"][0]
