"""The simulated Kite over real sockets, by the broker's own client: recorded shapes, logins, refusals, limits."""

import csv
import json
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
import requests
from kiteconnect import KiteConnect
from kiteconnect import exceptions as refused

from common.market.instruments import parse_dump
from jobs.kite_server.app import Options
from jobs.kite_server.serving import KiteServer
from tests.architecture.source_files import ROOT
from tests.process.kite_case import (
    DAY,
    ORDER,
    SECRET,
    STEPPED,
    STOCK,
    buy,
    control,
    logged_in,
    request_token,
    served,
    session,
)

RECORDED = ROOT.parent / "shared" / "kite"
OPEN_KEYS = {"authorisation", "meta", "tags", "terminal_id", "auction_number", "account_id", "children", "error"}
"""What the recorded answers have only now and then."""


@pytest.fixture(scope="module")
def server() -> Iterator[KiteServer]:
    """One for all tests that leave nothing behind that others see."""
    with served() as serving:
        yield serving


def raw(server: KiteServer, client: KiteConnect, path: str, method: str = "GET", **kwargs: Any) -> Any:
    """The whole JSON answer of one call."""
    headers = {"Authorization": f"token simulated:{client.access_token}"}
    return requests.request(method, server.url + path, headers=headers, timeout=10, **kwargs).json()


def differences(wanted: Any, got: Any, place: str = "") -> list[str]:
    """Where a value has another type or a key is missing or new; numbers are numbers, null fits all."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        keys = (wanted.keys() ^ got.keys()) - OPEN_KEYS
        found = [f"{place}.{key}: {'missing' if key in wanted else 'new'}" for key in sorted(keys)]
        return found + [
            text for key in wanted.keys() & got.keys() for text in differences(wanted[key], got[key], f"{place}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(got, list):
        row = any(isinstance(one, str) for one in wanted)  # a candle: each place has its type
        pairs = zip(wanted, got, strict=False) if row else ((wanted[-1], one) for one in got if wanted)
        return [text for pair in pairs for text in differences(*pair, f"{place}[]")]
    number = (int, float)
    if wanted is None or got is None or (isinstance(wanted, number) and isinstance(got, number)):
        return []
    return [] if type(wanted) is type(got) else [f"{place}: {type(got).__name__} for {type(wanted).__name__}"]


def recorded(name: str) -> Any:
    """One recorded answer, or the test is skipped."""
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not there: the recorded answers are not part of the repository")
    return json.loads((RECORDED / f"{name}.json").read_text())


def by_name(answer: Any) -> Any:
    """Quotes carry the instrument's name as a key: one name for all."""
    return {**answer, "data": {"name": next(iter(answer["data"].values()))}}


READS = {
    "profile": ("/user/profile", {}), "margins": ("/user/margins", {}), "holdings": ("/portfolio/holdings", {}),
    "quote": ("/quote", {"i": f"NSE:{STOCK}"}), "ohlc": ("/quote/ohlc", {"i": f"NSE:{STOCK}"}),
    "ltp": ("/quote/ltp", {"i": f"NSE:{STOCK}"}), "orders": ("/orders", {}), "order_info": ("/orders/ID", {}),
    "order_trades": ("/orders/ID/trades", {}), "positions": ("/portfolio/positions", {}),
    "historical_minute": ("/instruments/historical/TOKEN/minute", {"from": f"{DAY} 09:15:00", "to": f"{DAY} 09:18:00"}),
}


@pytest.mark.parametrize("name", sorted(READS))
def test_answers_have_the_recorded_shapes(server: KiteServer, name: str) -> None:
    """Same keys and types all the way down, of the very JSON."""
    wanted, client = recorded(name), logged_in(server)
    id = buy(client, order_type="MARKET", price=None, market_protection=-1)
    control(server, "hold", symbol=STOCK, quantity=3, price=100_00)
    token = client.ltp(f"NSE:{STOCK}")[f"NSE:{STOCK}"]["instrument_token"]
    path, fields = READS[name]
    got = raw(server, client, path.replace("ID", id).replace("TOKEN", str(token)), params=fields)
    assert got["data"]
    if name in ("quote", "ohlc", "ltp"):
        wanted, got = by_name(wanted), by_name(got)
    if name == "order_info":  # recorded in 2017, before today's fields
        got["data"] = [{key: row[key] for key in wanted["data"][0]} for row in got["data"]]
    assert differences(wanted, got) == []


def test_requests_are_answered_in_the_recorded_shapes(server: KiteServer) -> None:
    """Place, slice, modify, cancel, margins of orders, and a new session."""
    client = logged_in(server)
    place = {**ORDER, "order_type": "LIMIT", "price": 10, "quantity": "1"}
    placed = raw(server, client, "/orders/regular", "POST", data=place)
    assert differences(recorded("order_response"), placed) == []
    id = placed["data"]["order_id"]
    modified = raw(server, client, f"/orders/regular/{id}", "PUT", data={"price": 11})
    assert differences(recorded("order_modify"), modified) == []
    cancelled = raw(server, client, f"/orders/regular/{id}", "DELETE")
    assert differences(recorded("order_cancel"), cancelled) == []
    sliced = raw(server, client, "/orders/regular", "POST", data={**place, "autoslice": "true"})
    assert differences(recorded("autoslice_response"), sliced) == []
    assert sliced["data"]["children"] == []
    needed = raw(server, client, "/margins/orders", "POST", json=[ORDER])
    assert differences(recorded("order_margins"), needed) == []
    fields = {"api_key": "simulated", "request_token": request_token(server)}
    fields["checksum"] = sha256(f"simulated{fields['request_token']}{SECRET}".encode()).hexdigest()
    begun = requests.post(f"{server.url}/session/token", data=fields, timeout=10).json()
    assert differences(recorded("generate_session"), begun) == []


def test_the_basket_is_cheaper_than_its_legs(server: KiteServer) -> None:
    """A hedge counts in `final`; compact leaves the legs out; the contract note has the parts of each charge."""
    client = logged_in(server)
    puts = [one for one in session().instruments.values() if one.kind == "PE"]
    nearest = min(one.expiry for one in puts if one.expiry)
    low, high = sorted((one for one in puts if one.expiry == nearest), key=lambda one: one.strike)[-2:]
    legs = [
        {**ORDER, "exchange": "NFO", "tradingsymbol": leg.symbol, "transaction_type": side, "quantity": leg.lot}
        for leg, side in ((low, "BUY"), (high, "SELL"))
    ]
    basket = client.basket_order_margins(legs)
    assert 0 < basket["final"]["total"] < sum(leg["total"] for leg in basket["orders"])
    assert client.basket_order_margins(legs, mode="compact")["orders"] == []
    note = client.get_virtual_contract_note([{**legs[1], "order_id": "1", "average_price": 100.0}])
    assert note[0]["charges"]["transaction_tax"] > 0


def test_the_dump_is_one_that_we_read(server: KiteServer) -> None:
    """Whole and by exchange; each token is its exchange token and the segment's code."""
    client = logged_in(server)
    answer = requests.get(
        f"{server.url}/instruments", headers={"Authorization": f"token simulated:{client.access_token}"}, timeout=10
    )
    book = parse_dump(answer.text, on=DAY)
    assert len(book) == len(client.instruments()) == len(session().instruments)
    assert {one["exchange"] for one in client.instruments("NSE")} == {"NSE"}
    codes = {one.exchange: one.token & 0xFF for one in book if one.kind != "INDEX"}
    assert codes == {"NSE": 1, "NFO": 2}
    if RECORDED.exists():
        header = next(csv.reader((RECORDED / "instruments_nse.csv").read_text().splitlines()))
        assert answer.text.splitlines()[0].split(",") == header


def test_a_login_carries_the_state_and_is_good_once(server: KiteServer) -> None:
    """The page has one button; what `redirect_params` held comes back; the request token works once."""
    params = quote("state=abc123&x=1")
    page = requests.get(f"{server.url}/connect/login?v=3&api_key=simulated&redirect_params={params}", timeout=10)
    assert page.text.count("<button>log in as AB1234</button>") == 1
    assert 'value="state=abc123&amp;x=1"' in page.text
    form = {"api_key": "simulated", "redirect_params": "state=abc123&x=1"}
    answer = requests.post(f"{server.url}/connect/finish", data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    url = answer.headers["location"]
    assert url.startswith("http://127.0.0.1:9/login?action=login&type=login&status=success&request_token=")
    assert url.endswith("&state=abc123&x=1")
    client, token = KiteConnect("simulated", root=server.url), request_token(server)
    with pytest.raises(refused.TokenException):
        client.generate_session(token, "not the secret")
    token = request_token(server)
    client.generate_session(token, SECRET)
    with pytest.raises(refused.TokenException):
        client.generate_session(token, SECRET)


def test_a_token_dies_by_the_next_login_and_by_logout(server: KiteServer) -> None:
    """403 and TokenException from then on; without any token too."""
    first, second = logged_in(server), logged_in(server)
    with pytest.raises(refused.TokenException):
        first.profile()
    assert second.profile()["user_id"] == "AB1234"
    second.invalidate_access_token()
    with pytest.raises(refused.TokenException) as dead:
        second.orders()
    assert dead.value.code == 403
    assert requests.get(f"{server.url}/orders", timeout=10).status_code == 403


@pytest.mark.parametrize(("changes", "error"), [
    ({"order_type": "MARKET", "price": None}, refused.InputException),
    ({"price": 100.003}, refused.InputException),
    ({"quantity": 0}, refused.InputException),
    ({"tag": "x" * 21}, refused.InputException),
    ({"tag": "a-b"}, refused.InputException),
    ({"variety": "amo"}, refused.InputException),
    ({"tradingsymbol": "NOTHERE"}, refused.InputException),
    ({"quantity": 10_000_000, "price": 100.0}, refused.GeneralException),
])
def test_what_the_broker_refuses(server: KiteServer, changes: dict[str, Any], error: type[Exception]) -> None:
    """As HTTP 400 with its type, and nothing is in the book. (The client knows no MarginException.)"""
    client = logged_in(server)
    before = len(client.orders())
    with pytest.raises(error):
        buy(client, **changes)
    assert len(client.orders()) == before


def test_a_tag_is_no_key(server: KiteServer) -> None:
    """The same tag twice is two orders, as at the broker: who retries blindly sees it."""
    client = logged_in(server)
    ids = {buy(client, tag="TWICE1"), buy(client, tag="TWICE1")}
    assert {row["order_id"] for row in client.orders() if row["tag"] == "TWICE1"} == ids
    assert len(ids) == 2
    for id in ids:
        assert client.cancel_order("regular", id) == id
    assert {row["status"] for row in client.orders() if row["tag"] == "TWICE1"} == {"CANCELLED"}
    with pytest.raises(refused.OrderException):
        client.modify_order("regular", ids.pop(), price=100.0)


def test_immediate_or_cancel_leaves_nothing(server: KiteServer) -> None:
    """What does not fill at once is cancelled."""
    client = logged_in(server)
    id = buy(client, validity="IOC", tag="IOC1")
    assert client.order_history(id)[-1]["status"] == "CANCELLED"


def test_rate_limits_are_the_documented_ones() -> None:
    """One quote a second, ten orders a second; then 429 for the cool-down, and for that kind of call only."""
    with served(Options(redirect_url="http://127.0.0.1:9/", limits=True)) as server:
        client = logged_in(server)
        buy(client)
        assert raw(server, client, "/quote/ltp", params={"i": f"NSE:{STOCK}"})["error_type"] == "NetworkException"
        data = {**ORDER, "order_type": "LIMIT", "price": 10}
        answers = [raw(server, client, "/orders/regular", "POST", data=data)["status"] for _ in range(10)]
        assert answers == ["success"] * 9 + ["error"]
        assert client.profile()
        control(server, "step", seconds=5)
        assert raw(server, client, "/orders/regular", "POST", data=data)["message"] == "Too many requests"
        control(server, "step", seconds=20)
        assert raw(server, client, "/orders/regular", "POST", data=data)["status"] == "success"


class _Postbacks(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_postbacks_are_signed_and_of_the_recorded_shape() -> None:
    """To a real address: the checksum is SHA-256 of order id, time and secret."""
    seen: list[dict[str, Any]] = []
    listener = HTTPServer(("127.0.0.1", 0), type("Handler", (_Postbacks,), {"seen": seen}))
    Thread(target=listener.serve_forever, daemon=True).start()
    options = Options(postback_url=f"http://127.0.0.1:{listener.server_port}/postback",
                      redirect_url=STEPPED.redirect_url, limits=False)
    with served(options) as server:
        id = buy(logged_in(server), order_type="MARKET", price=None, market_protection=2)
        control(server, "step", seconds=15)
    listener.shutdown()
    listener.server_close()
    assert [(one["order_id"], one["status"]) for one in seen][-1] == (id, "COMPLETE")
    for one in seen:
        assert one["checksum"] == sha256((id + one["order_timestamp"] + SECRET).encode()).hexdigest()
    assert differences(recorded("postback"), seen[-1]) == []
