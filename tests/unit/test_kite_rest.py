"""The live broker on the real client and a real socket: what is sent, what is read, and a login that ends."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import VirtualClock
from common.adapters.kite.answers import AnswerError, nanoseconds, order_update, paise_of, rupees
from common.adapters.kite.token import Token, read_token, write_token
from common.market.indian_time import at
from common.redaction import Secret
from common.trading.errors import BrokerUnavailable, LoginExpired, OrderRejected, OrderThrottled
from common.trading.orders import Kind, OrderTag, Purpose, Status
from tests.unit.kite_case import KEY, TAG, TOKEN, SmallKite, account, data, error, order, row, small_kite, trade_row
from tests.unit.trading_case import DAY, SECOND, minute

PLACE = "POST /orders/regular"


@pytest.fixture
def kite() -> Iterator[SmallKite]:
    with small_kite() as one:
        yield one


def virtual() -> VirtualClock:
    return VirtualClock(at(minute(0)))


def test_what_an_order_looks_like_on_the_wire(kite: SmallKite) -> None:
    """Every field to the digit: intraday, our tag, a price in rupees; never a market order."""
    kite.put(PLACE, data({"order_id": "151220000000000"}), data({"order_id": "2"}))
    desk = account(kite)
    assert desk.broker.place(order()) == "151220000000000"
    desk.broker.place(order(Purpose.EXIT, trigger=99_95, number=2))
    first, second = kite.sent("POST")
    assert first.form == {
        "variety": "regular", "exchange": "NSE", "tradingsymbol": "AAA", "transaction_type": "BUY", "quantity": "100",
        "product": "MIS", "order_type": "LIMIT", "price": "100.05", "validity": "DAY", "tag": TAG,
    }
    assert {"order_type": "SL", "price": "100.05", "trigger_price": "99.95"}.items() <= second.form.items()
    assert first.authorization == f"token {KEY}:{TOKEN}"


def test_a_stop_becomes_a_limit_by_modifying_the_same_order(kite: SmallKite) -> None:
    """By the id that placing returned; a limit has no trigger."""
    kite.put(PLACE, data({"order_id": "7"}))
    kite.standing["PUT /orders/regular/7"] = data({"order_id": "7"})
    desk = account(kite)
    stop = order(Purpose.EXIT, trigger=99_95)
    desk.broker.place(stop)
    desk.broker.modify(stop.tag, 0, Kind.LIMIT, 60, 98_00, 0)
    desk.broker.modify(stop.tag, 0, Kind.SL, 60, 98_00, 97_50)
    forms = [one.form for one in kite.sent("PUT")]
    assert [(form["order_type"], form["quantity"], form["price"], form.get("trigger_price")) for form in forms] == [
        ("LIMIT", "60", "98.00", None), ("SL", "60", "98.00", "97.50"),
    ]


def test_a_new_process_finds_ids_in_the_book(kite: SmallKite) -> None:
    """Cancelled by tag; what the book does not have is refused, and nothing is sent."""
    kite.standing["GET /orders"] = data([row()])
    kite.standing["DELETE /orders/regular/1953341975595868160"] = data({"order_id": "1953341975595868160"})
    desk = account(kite)
    desk.broker.cancel(TAG, 0)
    assert len(kite.sent("DELETE")) == 1
    with pytest.raises(OrderRejected, match="nothing was sent"):
        desk.broker.cancel(OrderTag("T250829S00009E"), 0)
    other = order()
    other.symbol = "ZZZ"
    with pytest.raises(OrderRejected, match="not among the instruments"):
        desk.broker.place(other)
    assert len(kite.requests) == 3


def test_the_book_with_its_fills(kite: SmallKite) -> None:
    """Fills by trade id from the trade book, terms in paise, times in nanoseconds, tags of others dropped."""
    trades = [trade_row(), trade_row(trade_id="2", quantity=20, average_price=100.1)]
    theirs = row(order_id="5", tag="connect test order1", tags=["connect test order1"], order_type="MARKET")
    kite.standing = {
        "GET /orders": data([row(filled_quantity=60), theirs]), "GET /trades": data(trades),
        "GET /portfolio/positions": data({"net": [
            {"tradingsymbol": "AAA", "exchange": "NSE", "quantity": 60},
            {"tradingsymbol": "AAA", "exchange": "BSE", "quantity": 5},
            {"tradingsymbol": "BBB", "exchange": "NSE", "quantity": 0},
        ], "day": []}),
    }
    desk = account(kite)
    ours, other = desk.broker.orders()
    assert (ours.tag, ours.status, ours.broker_id, ours.filled) == (TAG, Status.OPEN, "1953341975595868160", 60)
    assert ours.terms == (Kind.LIMIT, 100, 100_05, 0)
    assert ours.ts == minute(5) + 2 * SECOND
    assert [(f.id, f.ts, f.price, f.quantity) for f in ours.fills] == [
        ("10000000", minute(5) + 3 * SECOND, 100_05, 40), ("2", minute(5) + 3 * SECOND, 100_10, 20),
    ]
    assert (other.tag, other.terms, other.symbol, other.side) == ("", None, "AAA", 1)
    assert desk.broker.positions() == {"AAA": 60}


def test_no_trade_book_is_read_before_anything_is_filled(kite: SmallKite) -> None:
    """One request, not two, each time that the book is looked at."""
    kite.standing["GET /orders"] = data([row()])
    account(kite).broker.orders()
    assert [one.path for one in kite.requests] == ["/orders"]


def test_a_row_of_ours_that_cannot_be_read_spoils_the_read(kite: SmallKite) -> None:
    """Somebody else's is left out, loudly and once; ours must not be missing from a successful read."""
    odd = row(order_id="5", tag=None, quantity="many")
    kite.standing["GET /orders"] = data([row(), odd])
    desk = account(kite)
    for _ in range(2):
        assert [update.tag for update in desk.broker.orders()] == [TAG]
    assert len(desk.logs.loud()) == 1
    kite.standing["GET /orders"] = data([row(quantity="many")])
    with pytest.raises(BrokerUnavailable, match=TAG):
        desk.broker.orders()


def test_a_status_that_nobody_knows_is_no_end_and_an_alarm(kite: SmallKite) -> None:
    """Whatever Kite invents, the order is looked at again, and a person is told once."""
    kite.standing["GET /orders"] = data([row(status="FROZEN")])
    desk = account(kite)
    for _ in range(2):
        (update,) = desk.broker.orders()
        assert not update.status.terminal
    assert ["FROZEN" in record["message"] for record in desk.logs.loud()] == [True]


def test_news_is_told_by_drain(kite: SmallKite) -> None:
    """As the stream or a postback brings it; rubbish in between is left out."""
    desk = account(kite)
    assert not desk.broker.observe(None)  # type: ignore[arg-type]
    for news in (row(), {"order_id": "1"}, row(status="COMPLETE", filled_quantity=100)):
        desk.broker.hear(news)
    assert desk.broker.observe(None)  # type: ignore[arg-type]
    assert [(u.status, u.filled, u.fills) for u in desk.broker.drain()] == [
        (Status.OPEN, 0, ()), (Status.COMPLETE, 100, ()),
    ]
    assert desk.broker.drain() == []
    assert desk.broker.lossy


@pytest.mark.parametrize(("order_type", "status"), [("SL", Status.TRIGGER_PENDING), ("LIMIT", Status.OPEN)])
def test_a_stop_under_change_has_not_triggered(order_type: str, status: Status) -> None:
    """Else the ladder would take over a stop that only moves."""
    for named in ("MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED", "CANCEL PENDING"):
        assert order_update(row(status=named, order_type=order_type)).status is status


def test_a_login_that_ends_and_a_new_one(kite: SmallKite) -> None:
    """Entries stop without another request, one alarm; the new token is used without a restart."""
    kite.put(PLACE, error(403, "TokenException"), data({"order_id": "9"}))
    clock = virtual()
    desk = account(kite, clock=clock)
    for number in range(5):
        with pytest.raises(LoginExpired):
            desk.broker.place(order(number=number + 1))
    with pytest.raises(BrokerUnavailable):
        desk.broker.orders()
    assert len(kite.requests) == 1
    assert [record["fields"]["category"] for record in desk.logs.loud()] == ["login"]
    write_token(desk.secrets, Token(Secret("another-token"), "AB1234", clock.now()))
    clock.advance_to(clock.now() + timedelta(seconds=11))
    assert desk.broker.place(order(number=7)) == "9"
    assert kite.requests[-1].authorization == f"token {KEY}:another-token"


def test_another_login_that_brings_the_same_token_is_noticed(kite: SmallKite) -> None:
    """Its time says that it is another one: orders go on without a restart; refused again, it is told again."""
    kite.put(PLACE, error(403, "TokenException"), data({"order_id": "9"}), error(403, "TokenException"))
    clock = virtual()
    desk = account(kite, clock=clock)
    with pytest.raises(LoginExpired):
        desk.broker.place(order())
    found = read_token(desk.secrets)
    assert found is not None
    clock.sleep(11)
    with pytest.raises(LoginExpired):
        desk.broker.place(order(number=2))
    write_token(desk.secrets, Token(found.value, "AB1234", clock.now()))
    clock.sleep(11)
    assert desk.broker.place(order(number=3)) == "9"
    assert len(desk.logs.loud()) == 1
    for number in (4, 5):
        with pytest.raises(LoginExpired):
            desk.broker.place(order(number=number))
    assert (len(desk.logs.loud()), len(kite.requests)) == (2, 3)


def test_a_read_goes_on_with_a_newer_token_at_once(kite: SmallKite) -> None:
    """The other processes' login was changed before this one noticed: one more read, and no alarm is needed."""
    kite.put("GET /orders", error(403, "TokenException"), data([row()]))
    desk = account(kite, clock=virtual())
    with pytest.raises(BrokerUnavailable):
        desk.broker.positions()
    write_token(desk.secrets, Token(Secret("another-token"), "AB1234"))
    assert [update.tag for update in desk.broker.orders()] == [TAG]


def test_a_dead_token_is_tried_by_a_read_now_and_then(kite: SmallKite) -> None:
    """Kite may be wrong about it; a success ends the doubt."""
    kite.put("GET /orders", error(403, "TokenException"), data([row()]))
    clock = virtual()
    desk = account(kite, clock=clock)
    with pytest.raises(BrokerUnavailable):
        desk.broker.orders()
    clock.sleep(29)
    with pytest.raises(BrokerUnavailable):
        desk.broker.orders()
    clock.sleep(2)
    assert len(desk.broker.orders()) == 1
    kite.put(PLACE, data({"order_id": "9"}))
    assert desk.broker.place(order()) == "9"


def test_before_anyone_has_logged_in_nothing_is_asked(kite: SmallKite) -> None:
    """And the text says what to do."""
    desk = account(kite, clock=virtual())
    desk.secrets.values.pop("kite-access-token")
    with pytest.raises(BrokerUnavailable, match="run `tron login`"):
        desk.broker.orders()
    with pytest.raises(LoginExpired, match="run `tron login`"):
        desk.broker.place(order())
    assert kite.requests == []


def test_entries_have_a_lane_and_exits_another(kite: SmallKite) -> None:
    """Entries beyond their share are refused unsent; exits then still go, and wait rather than fail."""
    kite.standing[PLACE] = data({"order_id": "1"})
    clock = virtual()
    desk = account(kite, clock=clock)
    entries = 6
    for number in range(entries):
        desk.broker.place(order(number=number + 1))
    with pytest.raises(OrderRejected, match="not sent"):
        desk.broker.place(order(number=entries + 1))
    for number in range(20):
        desk.broker.place(order(Purpose.EXIT, number=50 + number))
    assert len(kite.requests) == entries + 20
    assert clock.monotonic() >= 6


def test_after_a_429_it_is_quiet(kite: SmallKite) -> None:
    """For ten seconds no exit and for ten minutes no entry leaves; reads have a lane of their own."""
    kite.put(PLACE, error(429, "NetworkException"))
    kite.standing |= {PLACE: data({"order_id": "1"}), "GET /orders": data([])}
    clock = virtual()
    desk = account(kite, clock=clock)
    with pytest.raises(OrderThrottled):
        desk.broker.place(order())
    with pytest.raises(OrderRejected, match="not sent"):
        desk.broker.place(order(Purpose.EXIT, number=2))
    assert (desk.broker.orders(), len(kite.sent("POST"))) == ([], 1)
    clock.sleep(10)
    desk.broker.place(order(Purpose.EXIT, number=3))
    with pytest.raises(OrderRejected, match="entries wait"):
        desk.broker.place(order(number=4))
    clock.sleep(600)
    desk.broker.place(order(number=5))


@given(st.integers(0, 10**12))
def test_a_price_is_the_same_there_and_back(paise: int) -> None:
    """As text, and through JSON's floats as Kite answers them."""
    assert paise_of(rupees(paise), "price") == paise
    assert paise_of(json.loads(json.dumps(paise / 100)), "price") == paise


def test_times_with_and_without_a_date() -> None:
    """India's wall clock in both."""
    assert nanoseconds("2025-08-29 09:15:00") == nanoseconds("09:15:00", DAY) == minute(0)
    for wrong in ("", "09:15:00", None, 5, "2025-08-29 25:00:00"):
        with pytest.raises(AnswerError):
            nanoseconds(wrong)
