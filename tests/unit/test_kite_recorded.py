"""Answers that the broker itself has recorded for client tests, read by our own reading."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.adapters.kite.answers import fills_by_order, net_positions, order_update, rows_of
from common.trading.orders import Kind, Status
from tests.unit.trading_case import DAY

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "kite"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here: ../shared/kite")
class TestRecorded:
    """Answers of the broker itself."""

    @staticmethod
    def data(name: str) -> Any:
        return json.loads((RECORDED / f"{name}.json").read_text())["data"]

    def test_orders(self) -> None:
        """Long ids as text, inconsistent quantities ignored, others' tags dropped, no kind but ours with terms."""
        updates = [order_update(one) for one in rows_of(self.data("orders"))]
        assert len(updates) == 10
        assert {update.tag for update in updates} == {""}
        assert [u.filled for u in updates] == [0, 1, 1, 0, 1, 1, 0, 0, 1, 150]
        assert updates[8].broker_id == "1953341975595868160"
        assert updates[8].terms == (Kind.LIMIT, 1, 159_82, 0)
        assert updates[9].terms is None
        assert "Insufficient funds" in updates[3].reason

    def test_histories_and_postbacks(self) -> None:
        """Every status of an order's life."""
        statuses = [order_update(one).status for one in rows_of(self.data("order_info"))]
        assert statuses[:4] == [Status.SENT, Status.SENT, Status.SENT, Status.OPEN]
        postback = order_update(json.loads((RECORDED / "postback.json").read_text()))
        assert (postback.status, postback.filled, postback.broker_id) == (Status.COMPLETE, 1, "220303000308932")

    def test_trades_and_positions(self) -> None:
        """A time of day alone is in it too."""
        fills = fills_by_order(rows_of(self.data("order_trades")), DAY)
        ((fill,),) = fills.values()
        assert (fill.id, fill.price, fill.quantity) == ("10000000", 4852_00, 1)
        assert net_positions(self.data("positions"), {})["LEADMINI17DECFUT"] == 1
