"""Quotes over REST, for who asks now and then and has no stream."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from math import isfinite
from typing import Any, Final

from common.adapters.kite.history import Read
from common.market.bar import Quote
from common.market.indian_time import INDIA, moment
from common.market.instrument import Instrument
from common.market.money import Paise, paise_from_rupees
from common.trading.errors import BrokerUnavailable

A_CALL: Final = 500


def ask_quotes(read: Read, instruments: Sequence[Instrument], at: datetime) -> list[Quote]:
    """What the broker shows of each now, dated `at` (aware); nothing for one that has not traded on that date.

    Raises BrokerUnavailable.
    """
    found = []
    for start in range(0, len(instruments), A_CALL):
        some = {f"{one.exchange}:{one.symbol}": one.symbol for one in instruments[start : start + A_CALL]}
        answer = read(partial(_ask, list(some)))
        if not isinstance(answer, dict):
            raise BrokerUnavailable("quotes came as no object")
        for name, symbol in some.items():
            quote = _quote(symbol, answer.get(name), at.astimezone(INDIA))
            if quote is not None:
                found.append(quote)
    return found


def _ask(names: list[str], client: Any) -> Any:
    return client.quote(names)


def _quote(symbol: str, row: Any, at: datetime) -> Quote | None:
    if row is None:
        return None
    try:
        if _date_of(row.get("timestamp")) != at.date():
            return None
        depth = row.get("depth") or {}
        bid, ask = _best(depth.get("buy")), _best(depth.get("sell"))
        last, volume = _paise(row["last_price"]), int(row.get("volume") or 0)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError):
        raise BrokerUnavailable(f"the quote of {symbol} is not as documented") from None
    if last <= 0:
        return None
    return Quote(moment(at.date(), at.time()), symbol, last, bid[0], ask[0], bid[1], ask[1], volume)


def _best(levels: Any) -> tuple[Paise, int]:
    return (_paise(levels[0]["price"]), int(levels[0]["quantity"])) if levels else (0, 0)


def _date_of(stamp: Any) -> date | None:
    """The client gives a naive time of India, or the text where it cannot read it."""
    if isinstance(stamp, datetime):
        return stamp.date()
    return datetime.fromisoformat(stamp).date() if stamp else None


def _paise(value: Any) -> Paise:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("no number")
    return paise_from_rupees(value)
