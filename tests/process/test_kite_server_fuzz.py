"""Garbage against the simulated Kite over real sockets: never its fault, and the next client is served."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.kite_server.serving import KiteServer
from tests.process.kite_case import ORDER, STOCK, logged_in, served


@pytest.fixture(scope="module")
def victim() -> Iterator[KiteServer]:
    """One for garbage."""
    with served() as serving:
        yield serving


PATHS = st.sampled_from([
    "/orders", "/orders/regular", "/orders/regular/1", "/orders/1/trades", "/trades", "/quote", "/quote/ltp",
    "/instruments/historical/256257/minute", "/instruments/NSE", "/margins/basket", "/margins/orders",
    "/charges/orders", "/session/token", "/connect/login", "/connect/finish", "/user/margins/equity",
    "/_control/step", "/_control/faults", "/_control/foreign", "/_control/hold", "/_control/band",
    "/_control/bar", "/nothing/here",
])
NAMES = st.sampled_from([
    "exchange", "tradingsymbol", "transaction_type", "quantity", "price", "trigger_price", "order_type", "product",
    "validity", "tag", "market_protection", "autoslice", "i", "from", "to", "oi", "api_key", "request_token",
    "checksum", "redirect_params", "kind", "count", "seconds", "wait", "symbol", "symbols", "side", "mode",
    "average_price", "lower",
])
WORDS = st.sampled_from([
    "", "NSE", "NFO", STOCK, "BUY", "SELL", "1", "-1", "0", "1e400", "NaN", "10.05", "LIMIT", "MARKET", "SL", "SL-M",
    "MIS", "DAY", "IOC", f"NSE:{STOCK}", "2026-11-20 09:15:00", "0001-01-01", "9999-12-31 23:59:59", "simulated",
    "9" * 400, "\x00", "é", "true",
]) | st.text(max_size=20)
VALUES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats(), lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]), path=PATHS,
    fields=st.dictionaries(NAMES, VALUES, max_size=8), how=st.sampled_from(["query", "form", "json", "list", "raw"]),
    junk=st.binary(max_size=60),
)
def test_garbage_is_never_the_servers_fault(
    victim: KiteServer, method: str, path: str, fields: dict[str, Any], how: str, junk: bytes,
) -> None:
    """Whatever is sent, the answer is below 500, and JSON with a status where it is an error."""
    if path == "/_control/faults":
        fields = {**fields, "kind": "nothing"}
    if path == "/_control/step":
        fields = {"to": fields.get("to")}
    token = victim.simulation.logins.access_token or logged_in(victim).access_token
    ways: dict[str, dict[str, Any]] = {
        "query": {"params": {key: str(value) for key, value in fields.items()}},
        "form": {"data": {key: str(value) for key, value in fields.items()}},
        "json": {"data": json.dumps(fields), "headers": {"Content-Type": "application/json"}},
        "list": {"data": json.dumps([fields, {**ORDER, **fields}]), "headers": {"Content-Type": "application/json"}},
        "raw": {"data": junk, "headers": {"Content-Type": "application/json"}},
    }
    kwargs = ways[how]
    headers = {"Authorization": f"token simulated:{token}", **kwargs.pop("headers", {})}
    answer = requests.request(method, victim.url + path, headers=headers, allow_redirects=False, timeout=10, **kwargs)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["status"] == "error"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_http_harm_nobody(victim: KiteServer, junk: bytes) -> None:
    """The connection is refused, and the next client is served."""
    with socket.create_connection(("127.0.0.1", victim.port), timeout=5) as connection:
        connection.sendall(junk + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(200)
    assert not answer.startswith((b"HTTP/1.1 500", b"HTTP/1.1 502"))
    assert requests.get(f"{victim.url}/_control/state", timeout=10).status_code == 200
