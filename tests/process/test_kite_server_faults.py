"""The simulated Kite's faults over real sockets: what was done, what was said of it, and that all is well after."""

from pathlib import Path
from typing import Any

import pytest
import requests
from kiteconnect import exceptions as refused
from websockets.exceptions import ConnectionClosed

from jobs.kite_server.opening import open_simulation
from jobs.kite_server.serving import KiteServer
from tests.process.kite_case import (
    DAY,
    STEPPED,
    STOCK,
    buy,
    control,
    logged_in,
    news,
    served,
    session,
    streaming,
)


def fault(server: KiteServer, kind: str, **fields: Any) -> None:
    """From now on, or once."""
    control(server, "faults", kind=kind, **fields)


def test_an_order_is_taken_and_the_answer_never_comes() -> None:
    """By time-out or a dropped connection: the order is in the book each time, once."""
    with served() as server:
        client = logged_in(server, timeout=0.5)
        fault(server, "accepted_no_answer", method="POST", path="/orders/", wait=3)
        with pytest.raises(requests.exceptions.RequestException):
            buy(client, tag="LATE1")
        fault(server, "accepted_dropped", method="POST", path="/orders/")
        with pytest.raises(requests.exceptions.RequestException):
            buy(client, tag="LATE2")
        fault(server, "dropped", method="POST", path="/orders/")
        with pytest.raises(requests.exceptions.RequestException):
            buy(client, tag="NEVER")
        assert [row["tag"] for row in client.orders()] == ["LATE1", "LATE2"]


def test_an_order_that_is_refused_and_placed() -> None:
    """HTTP 400, and the order is live."""
    with served() as server:
        client = logged_in(server)
        fault(server, "accepted_400", method="POST", path="/orders/")
        with pytest.raises(refused.OrderException, match="check the order book"):
            buy(client, tag="LIAR")
        assert [row["tag"] for row in client.orders()] == ["LIAR"]


@pytest.mark.parametrize(("kind", "status", "text"), [
    ("too_many", 429, "NetworkException"), ("too_many_as_ok", 200, '"status":"error"'), ("html_502", 502, "<html>"),
    ("server_error", 503, "GeneralException"), ("no_error_type", 403, '"message":"Something went wrong."}'),
    ("null", 200, '"data":null'),
])
def test_answers_that_hide_what_happened(kind: str, status: int, text: str) -> None:
    """Nothing is done, so many times; then all is well."""
    with served() as server:
        client = logged_in(server)
        fault(server, kind, count=2, status=503, path="/orders")
        headers = {"Authorization": f"token simulated:{client.access_token}"}
        answers = [requests.get(f"{server.url}/orders", headers=headers, timeout=5) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [status, status, 200]
        assert text in answers[0].text
        assert answers[2].json() == {"status": "success", "data": []}


def test_hidden_orders_and_lost_updates() -> None:
    """An order is not in the book for seconds of the market's time; news of it is lost; then it is there."""
    with served() as server:
        client = logged_in(server)
        with streaming(server, client, STOCK) as stream:
            fault(server, "hidden_orders", wait=8)
            fault(server, "lost_updates", count=1)
            id = buy(client)
            assert client.orders() == []
            control(server, "step", seconds=9)
            assert [row["order_id"] for row in client.orders()] == [id]
            client.cancel_order("regular", id)
            assert news(stream)["status"] == "CANCELLED"


def test_a_silent_socket_a_dropped_one_and_a_dead_token() -> None:
    """Silence has no heartbeat either; a drop is a close; a dead token ends stream and requests."""
    with served() as server:
        client = logged_in(server)
        with streaming(server, client, STOCK) as stream:
            fault(server, "silent_socket", seconds=3000)
            control(server, "step", seconds=60)
            with pytest.raises(TimeoutError):
                stream.recv(1.5)
            control(server, "clear")
            assert stream.recv(3) == b"\x00"
            fault(server, "drop_sockets")
            with pytest.raises(ConnectionClosed):
                stream.recv(3)
        with streaming(server, client) as stream:
            fault(server, "half_open", seconds=3000)
            with pytest.raises(TimeoutError):
                stream.recv(1.5)
            assert not stream.ping().wait(0.5)
            fault(server, "token_expired")
            with pytest.raises(ConnectionClosed):
                stream.recv(3)
        with pytest.raises(refused.TokenException):
            client.orders()


def test_a_server_that_restarts_keeps_the_account() -> None:
    """The same port, the same token, the same orders; sockets begin anew."""
    with served() as server:
        client = logged_in(server)
        id = buy(client)
        port = server.port
        server.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            client.orders()
        server.start()
        assert server.port == port
        assert [row["order_id"] for row in client.orders()] == [id]
        with streaming(server, client, STOCK):
            pass


def test_a_server_that_is_killed_goes_on_from_its_journal(tmp_path: Path) -> None:
    """Another process' server: the same token, orders, fills, position and ids; a torn last line is nothing."""
    journal = tmp_path / "account.jsonl"
    first = open_simulation(session(), DAY, STEPPED, seed=5, journal=journal)
    with KiteServer(first) as server:
        control(server, "step", to=f"{DAY}T09:20:00+05:30")
        client = logged_in(server)
        filled = buy(client, order_type="MARKET", price=None, market_protection=-1, tag="FILLED")
        resting = buy(client, tag="RESTS")
        before, trades, positions = client.orders(), client.trades(), client.positions()
    with journal.open("a") as file:
        file.write('{"order": {"id"')
    again = open_simulation(session(), DAY, STEPPED, seed=5, journal=journal)
    with KiteServer(again) as server:
        control(server, "step", to=f"{DAY}T09:20:00+05:30")
        client.root = server.url
        assert (client.orders(), client.trades(), client.positions()) == (before, trades, positions)
        client.cancel_order("regular", resting)
        third = buy(client, tag="THIRD")
        assert len({filled, resting, third}) == 3
        client.invalidate_access_token()
    ended = open_simulation(session(), DAY, STEPPED, seed=5, journal=journal)
    assert ended.logins.access_token == ""
    assert [one["status"] for one in ended.account.orders()] == ["COMPLETE", "CANCELLED", "OPEN"]


def test_a_control_that_is_not_json_is_refused() -> None:
    """A form would be read as no fields at all: a step to nowhere, a fault that never comes."""
    with served() as server:
        before = server.simulation.account.market.now
        for data in ('{"seconds": 60}', "seconds=60"):
            answer = requests.post(f"{server.url}/_control/step", data=data.encode(), timeout=10)
            assert answer.status_code == 400
            assert "application/json" in answer.json()["message"]
        assert server.simulation.account.market.now == before
