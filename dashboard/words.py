"""Numbers and moments in the words of the page: Indian grouping, Indian time, ages, signs besides colours."""

from datetime import datetime, timedelta
from typing import Final

from common.market.indian_time import INDIA
from common.market.money import money

GAIN: Final = "#0072B2"
LOSS: Final = "#D55E00"
FLAT: Final = "#6B7280"
"""Blue and vermilion can be told apart by every kind of colour-blind eye; signs and arrows say the same."""
STATUS_ICON: Final = {"green": ":material/check_circle:", "amber": ":material/warning:", "red": ":material/dangerous:"}
"""Of the font that Streamlit brings: there on every machine."""
STATUS_WORD: Final = {"green": "fine", "amber": "look", "red": "wrong"}
STATUS_BADGE: Final = {
    "green": ":green-badge[:material/check_circle: all is well]",
    "amber": ":orange-badge[:material/warning: look below]",
    "red": ":red-badge[:material/dangerous: something is wrong]",
}
STATE_WORD: Final = {"LAUNCHED": "starting", "RUNNING": "trading", "DONE": "done", "FAILED": "failed"}
LEVEL_WORD: Final = {
    "RUN": "running",
    "STOP_ENTRIES": "no new entries",
    "CANCEL_ENTRIES": "entries cancelled",
    "FLATTEN": "closing everything",
}
STEP_WORD: Final = {
    "sync_schedule": "the schedule is set",
    "remind_login": "login reminder",
    "prepare_day": "evidence is ready",
    "plan_day": "the day is planned",
    "supervise_from": "watching begins",
    "opening_gate": "opening gate",
    "positions_first": "first positions told",
    "login_until": "login closes",
    "approve_until": "approval closes",
    "square_off": "everything is closed",
    "positions_last": "last positions told",
    "supervise_until": "watching ends",
    "close_day": "the day is closed",
}


def rupees(paise: float | None) -> str:
    """Whole rupees with Indian grouping; '–' for nothing known."""
    return "–" if paise is None else money(round(paise / 100) * 100).removesuffix(".00")


def price(paise: int) -> str:
    """To the paisa: a tick is five of them."""
    return money(paise)


def signed(paise: float | None) -> str:
    """As `rupees`, with an arrow and a sign, in one piece at the end of a line."""
    if paise is None:
        return "–"
    arrow = "▲\u00a0+\u2060" if paise > 0 else "▼\u00a0−\u2060" if paise < 0 else ""
    return f"{arrow}{rupees(abs(paise))}"


def made(paise: float | None) -> str:
    """A gain or a loss in words and, as Streamlit's markdown has them, in colours; '' for nothing known."""
    if paise is None:
        return ""
    if paise == 0:
        return "nothing made, nothing lost"
    return f":{'blue' if paise > 0 else 'orange'}[{rupees(abs(paise))} {'made' if paise > 0 else 'lost'}]"


def parsed(text: str | None) -> datetime | None:
    """A moment of the API in Indian time."""
    return datetime.fromisoformat(text).astimezone(INDIA) if text else None


def number(value: float) -> str:
    """With Indian grouping, and no more digits than tell something."""
    if abs(value) >= 1000:
        return money(round(value) * 100).removesuffix(".00").replace("₹", "")
    return f"{value:.4g}"


def clock(text: str | None, seconds: bool = False) -> str:
    """HH:MM in India."""
    moment = parsed(text)
    return "–" if moment is None else f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"


def span(seconds: float | None) -> str:
    """Such as 40 s, 12 min, 2 h 05 min."""
    if seconds is None:
        return "–"
    left = timedelta(seconds=max(0, round(seconds)))
    hours, rest = divmod(int(left.total_seconds()), 3600)
    minutes, rest = divmod(rest, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if minutes else f"{rest} s"


def plural(count: int, noun: str) -> str:
    """1 trade, 2 trades."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
