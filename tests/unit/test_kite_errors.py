"""What Kite and the network say, over a real socket and through the real client, as our errors and nothing else."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.adapters.clock import VirtualClock
from common.market.indian_time import at
from common.trading.errors import BrokerUnavailable, LoginExpired, OrderRejected, OrderThrottled, OrderUnknown
from tests.unit.kite_case import (
    KEY,
    SECRET,
    TOKEN,
    Reply,
    SmallKite,
    account,
    body,
    cut,
    data,
    drops,
    error,
    hang_up,
    order,
    row,
    silence,
    small_kite,
)
from tests.unit.trading_case import minute

PLACE = "POST /orders/regular"
TIMED_OUT = "Order request timed out. Please check the order book and confirm before placing again."
NO_FUNDS = (
    "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80. "
    "Check the orderbook for open orders."
)
SLOW = ("silence", "drops")
HTML = b"<html><body>502 Bad Gateway</body></html>"


@pytest.fixture
def kite() -> Iterator[SmallKite]:
    with small_kite() as one:
        yield one


def cases() -> dict[str, tuple[Reply, type[Exception]]]:
    """name -> the answer to a placement, and what it means."""
    final = ("InputException", "OrderException", "MarginException", "HoldingException", "UserException")
    found: dict[str, tuple[Reply, type[Exception]]] = {
        f"400 {one}": (error(400, one), OrderRejected) for one in (*final, "PermissionException")
    }
    found |= {f"{code} GeneralException": (error(code, "GeneralException"), OrderUnknown) for code in (400, 500, 504)}
    return found | {
        "403 TokenException": (error(403, "TokenException"), LoginExpired),
        "403 without error_type": (error(403, None), LoginExpired),
        "403 PermissionException": (error(403, "PermissionException", "IP is not allowed"), OrderRejected),
        "404": (error(404, "GeneralException", "Couldn't find that `order_id`."), OrderRejected),
        "404 as HTML": (body(HTML, 404, "text/html"), OrderUnknown),
        "404 without error_type": (error(404, None), OrderRejected),
        "405": (error(405, None), OrderRejected), "410": (error(410, None), OrderRejected),
        "429": (error(429, "NetworkException", "Too many requests"), OrderThrottled),
        "429 without error_type": (error(429, None), OrderThrottled),
        "429 as HTML": (body(HTML, 429, "text/html"), OrderThrottled),
        "429 as 200": (error(200, "NetworkException", "Too many requests"), OrderThrottled),
        "margin as 200": (error(200, "MarginException", NO_FUNDS), OrderRejected),
        "400 but perhaps placed": (error(400, "OrderException", TIMED_OUT), OrderUnknown),
        "400 input but perhaps placed": (error(400, "InputException", TIMED_OUT), OrderUnknown),
        "400 without funds": (error(400, "MarginException", NO_FUNDS), OrderRejected),
        "500 OrderException": (error(500, "OrderException"), OrderUnknown),
        "502 DataException": (error(502, "DataException"), OrderUnknown),
        "503 NetworkException": (error(503, "NetworkException"), OrderUnknown),
        "502 as HTML": (body(HTML, 502, "text/html"), OrderUnknown),
        "403 as HTML": (body(HTML, 403, "text/html"), OrderUnknown),
        "an error that nobody knows": (error(400, "NewException"), OrderUnknown),
        "KeyError and the like of Python": (error(400, "KiteException"), OrderUnknown),
        "without error_type": (error(400, None, "bad"), OrderRejected),
        "data is null": (data(None), OrderUnknown), "data is a list": (data([]), OrderUnknown),
        "no order_id": (data({}), OrderUnknown), "order_id is null": (data({"order_id": None}), OrderUnknown),
        "order_id is a number": (data({"order_id": 5}), OrderUnknown),
        "not JSON": (body(b"{", 200), OrderUnknown), "empty": (body(b"", 200), OrderUnknown),
        "a JSON list": (body(b"[]", 200), OrderUnknown), "no content type": (body(HTML, 200, None), OrderUnknown),
        "a redirect": (body(b"", 302, "text/html"), OrderUnknown),
        "hung up": (hang_up, OrderUnknown), "silence": (silence, OrderUnknown), "drops": (drops, OrderUnknown),
        "cut": (cut, OrderUnknown),
    }


@pytest.mark.parametrize("name", sorted(cases()))
def test_what_an_answer_means_for_an_order(kite: SmallKite, name: str) -> None:
    """Rejected only where it is proven; sent exactly once, whatever came back, and over within its time-out."""
    reply, expected = cases()[name]
    kite.put(PLACE, reply)
    desk = account(kite, timeout_seconds=0.6 if name in SLOW else 5.0)
    with pytest.raises((OrderRejected, OrderUnknown)) as said:
        desk.broker.place(order())
    assert type(said.value) is expected
    assert len(kite.sent("POST")) == 1


@pytest.mark.parametrize("name", sorted(cases()))
def test_what_an_answer_means_for_a_read(kite: SmallKite, name: str) -> None:
    """Always the one error of reads; a success that is empty is none."""
    reply, _ = cases()[name]
    kite.put("GET /orders", reply, reply)
    desk = account(kite, timeout_seconds=0.6 if name in SLOW else 5.0)
    if name == "data is a list":
        assert desk.broker.orders() == []
    else:
        with pytest.raises(BrokerUnavailable):
            desk.broker.orders()


def test_a_request_that_found_nobody_was_not_sent() -> None:
    """No connection is a proven refusal, so that nothing counts as exposure."""
    with small_kite() as kite:
        address = kite.url
    with pytest.raises(OrderRejected, match="not sent"):
        account(kite, url=address).broker.place(order())
    with pytest.raises(OrderRejected, match="not sent"):
        account(kite, url="http://nowhere.invalid").broker.place(order())


def test_the_raw_kind_and_text_are_kept(kite: SmallKite) -> None:
    """For the person who reads the log."""
    kite.put(PLACE, error(400, "MarginException", NO_FUNDS))
    with pytest.raises(OrderRejected) as said:
        account(kite).broker.place(order())
    assert NO_FUNDS[:40] in str(said.value)
    assert "HTTP 400, MarginException" in str(said.value)


def test_a_refused_change_is_refused_and_an_unclear_one_unclear(kite: SmallKite) -> None:
    """Modifying and cancelling are judged as placing is."""
    kite.put(PLACE, data({"order_id": "7"}))
    desk = account(kite)
    placed = order()
    desk.broker.place(placed)
    kite.put("PUT /orders/regular/7", error(400, "InputException"), error(500, "GeneralException"))
    kite.put("DELETE /orders/regular/7", error(400, "OrderException", TIMED_OUT), data({"order_id": "7"}))
    change = (placed.tag, 0, placed.kind, 50, 100_00, 0)
    with pytest.raises(OrderRejected):
        desk.broker.modify(*change)
    with pytest.raises(OrderUnknown):
        desk.broker.modify(*change)
    with pytest.raises(OrderUnknown):
        desk.broker.cancel(placed.tag, 0)
    desk.broker.cancel(placed.tag, 0)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.sampled_from(["TokenException", "OrderException", "2025-08-29 09:20:01", "error", "OPEN", "7", "x" * 19]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*row(), "status", "data", "error_type", "message", "order_id", "net"]), inner, max_size=6,
    ),
    max_leaves=12,
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(sorted(row())), ANY, max_size=3).map(lambda changes: row(**changes)), max_size=3,
)
BODIES = st.binary(max_size=40) | ANY.map(lambda value: json.dumps(value).encode()) | (ANY | ROWS).map(
    lambda value: json.dumps({"status": "success", "data": value}).encode()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=BODIES, status=st.sampled_from([200, 200, 400, 403, 429, 500]), kind=st.sampled_from(
    ["application/json", "text/html", "text/csv"]
))
def test_no_answer_raises_anything_but_our_errors(kite: SmallKite, content: bytes, status: int, kind: str) -> None:
    """Whatever the body: an id or our errors for an order, a book or our error for the reads."""
    kite.standing = {
        path: body(content, status, kind) for path in (PLACE, "GET /orders", "GET /trades", "GET /portfolio/positions")
    }
    desk = account(kite, clock=VirtualClock(at(minute(0))))
    with suppress(OrderRejected, OrderUnknown):
        assert desk.broker.place(order()).isalnum()
    for read in (desk.broker.orders, desk.broker.positions):
        with suppress(BrokerUnavailable):
            read()


@pytest.mark.parametrize("name", sorted(cases()))
def test_no_secret_is_in_any_output(
    kite: SmallKite, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in the errors, not in our logs, not in those of the libraries at their loudest; not if Kite echoes it."""
    caplog.set_level(0)
    reply, _ = cases()[name]
    echo = error(400, "InputException", f"token {KEY}:{TOKEN} in api_secret={SECRET}")
    kite.put(PLACE, reply, echo)
    desk = account(kite, timeout_seconds=0.6 if name in SLOW else 5.0)
    said = []
    for _ in range(2):
        with pytest.raises((OrderRejected, OrderUnknown)) as raised:
            desk.broker.place(order())
        said.append(f"{raised.value!r} {raised.value} {raised.getrepr(style='short')}")
    output = capfd.readouterr()
    everything = "".join([*said, caplog.text, output.out, output.err, str(desk.logs.records), repr(desk.connection)])
    for secret in (KEY, TOKEN, SECRET):
        assert secret not in everything
