"""The account on disk, so that a simulated Kite that is started again has the same orders and the same login."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.exchange.resting import RestingOrder, resting_fields, resting_from_fields
from common.market.instrument import Instrument
from jobs.kite_server.rows import Ticket, order_row


class Journal:
    """One JSON line a change; the last line of an order, and of the token, counts. A torn last line is cut off."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes() if path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            path.write_bytes(whole)
        self._lines = [json.loads(line) for line in whole.splitlines()]
        self._file = path.open("a", encoding="utf-8")
        path.chmod(0o600)

    @property
    def token(self) -> str:
        """The last login's, '' for none."""
        found = [line["token"] for line in self._lines if "token" in line]
        return found[-1] if found else ""

    def tickets(self, instruments: Mapping[str, Instrument], person: str) -> list[Ticket]:
        """In the order in which they were placed."""
        last: dict[str, Mapping[str, Any]] = {
            line["order"]["id"]: line for line in self._lines if "order" in line
        }
        return [_ticket(line, instruments, person) for line in last.values()]

    def keep(self, ticket: Ticket) -> None:
        """An order as it is now."""
        self._write({
            "order": resting_fields(ticket.order), "product": ticket.product, "validity": ticket.validity,
            "tag": ticket.tag, "tags": ticket.tags, "placed": ticket.placed, "modified": ticket.modified,
        })

    def keep_token(self, token: str) -> None:
        """Of the login; '' for its end."""
        self._write({"token": token})

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def _ticket(line: Mapping[str, Any], instruments: Mapping[str, Instrument], person: str) -> Ticket:
    order: RestingOrder = resting_from_fields(line["order"])
    ticket = Ticket(
        order, instruments[order.symbol], person, line["product"], line["validity"], line["tag"], line["tags"],
        line["placed"], line["modified"],
    )
    ticket.history.append(order_row(ticket))
    return ticket
