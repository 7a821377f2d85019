"""The text of every notice to the person, from documents as they are stored; nothing secret is ever in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from zlib import crc32

from common.market.money import money
from common.planning.plan import ClassPlan, Plan, Reason
from common.planning.shown_plan import approval_cutoff
from common.redaction import redacted_text

MAX_TEXT: Final = 3_000
"""Characters: what a Telegram message holds, with room to spare."""
MAX_LINES: Final = 40
SENSITIVE: Final = "token|secret|password|passwd|authorization|checksum"
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9])\d[\d.,:]*(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Notice:
    """cause: what makes two of a kind and date the same; '' where there is one a day. urgent: look at it now."""

    kind: str
    day: date
    title: str
    text: str
    cause: str = ""
    urgent: bool = False

    @property
    def id(self) -> str:
        """Of its document."""
        told = f"{self.day.isoformat()}-{self.kind}"
        return f"{told}-{crc32(self.cause.encode()):08x}" if self.cause else told


def login_link(day: date, url: str) -> Notice:
    """Raises ValueError for a link that carries a secret: whoever reads the message could use it."""
    parts = urlsplit(url)
    told = " ".join(unquote(name) for name, _ in parse_qsl(f"{parts.query}&{parts.fragment}")) + unquote(unquote(url))
    if parts.username or parts.password or re.search(rf"(?i)({SENSITIVE})\w*=", told):
        raise ValueError("the login link carries a token, a secret or a password: send the plain link of the login")
    return Notice("login", day, f"{day}: log in to the broker", f"Nothing is traded before you have logged in:\n{url}")


def plan_notice(plan: Plan) -> Notice:
    """What is traded, why, and what it can lose at most."""
    lines = [line for one in plan.classes for line in _class_lines(one)] if plan.status != "REJECTED" else []
    if not plan.enabled:
        lines.insert(0, "Nothing is traded today.")
    lines += _because(plan.reasons)
    if plan.enabled:
        lines.append(f"Maximum loss of the day: {money(plan.max_loss_paise)}")
    if plan.status == "DRAFT":
        until = f"{approval_cutoff(plan):%H:%M}"
        lines.append(f"Nothing is traded before you approve it, until {until}: `tron approve {plan.date}`")
    if plan.planner.fallback_reason:
        lines.append(f"Planned by rules: {plan.planner.fallback_reason}")
    return Notice("plan", plan.date, f"{plan.date}: the plan is {plan.status}, {plan.mode}", text_of(lines))


def positions_notice(day: date, name: str, time: str, workloads: Mapping[str, Mapping[str, Any] | None]) -> Notice:
    """Positions and stops. name: of the day's step. time: HH:MM. workloads: fields by class, None for never launched.

    A position without a stop, in no basket and not on its way out, makes it urgent.
    """
    lines, count, net, naked = list[str](), 0, 0, 0
    for asset_class, fields in workloads.items():
        if fields is None:
            lines.append(f"{asset_class}: never launched")
            continue
        summary = fields["summary"]
        positions = summary.get("positions", ())
        count, net = count + len(positions), net + summary.get("net_paise", 0)
        naked += sum(not (one["stop_paise"] or one["basket"] or one["leaving"]) for one in positions)
        halted = f", halted: {summary['halted']}" if summary.get("halted") else ""
        lines.append(
            f"{asset_class}: {fields['state']} at {fields['heartbeat'][11:16]}, "
            f"net {money(summary.get('net_paise', 0))}, {_count(summary.get('trades', 0), 'trade')}{halted}"
        )
        lines += [f"  {_position(one)}" for one in positions]
    title = f"{time}: {_count(count, 'position')}, net {money(net)}"
    title += f", {naked} WITHOUT A STOP" if naked else ""
    return Notice(name, day, title, text_of(lines), urgent=bool(naked))


def alarm_notice(day: date, record: Mapping[str, Any]) -> Notice:
    """Of a log record as it is stored; two that differ in their numbers alone have the same cause."""
    message, severity = redacted_text(str(record.get("message", ""))), str(record.get("severity", "ERROR"))
    where = str(record.get("asset_class", "") or record.get("category", ""))
    halt = record.get("category") == "halt"
    title = f"{day}: {'trading halted or resumed' if halt else severity}{f', {where}' if where and not halt else ''}"
    more = {**(record.get("fields") or {}), **record}
    lines = [message] + [f"{name}: {more[name]}" for name in ("symbol", "tag") if more.get(name)]
    cause = f"{severity}:{where}:{_NUMBER.sub('#', message)}"
    return Notice("halt" if halt else "alarm", day, title, text_of(lines), cause, urgent=severity != "WARNING")


def end_of_day(result: Mapping[str, Any]) -> Notice:
    """P&L net of charges, trades, flat or not. result: as `close_day` returns it."""
    day, totals = date.fromisoformat(result["date"]), result["totals"]
    carried = result["reconciliation"].get("carried", ())
    failed = [one for one in result["workloads"] if one["state"] != "DONE"]
    lines = [
        f"net {money(totals['net_paise'])} = gross {money(totals['gross_paise'])} "
        f"- charges {money(totals['charges_paise'])}",
        f"{_count(totals['trades'], 'trade')}: {totals['wins']} won, {totals['losses']} lost",
    ]
    lines += [
        f"{one['asset_class']}: {one['state']}, net {money(one['net_paise'])}, {_count(one['trades'], 'trade')}"
        for one in result["workloads"]
    ]
    lines += [f"STILL OPEN: {one['quantity']:+d} {one['symbol']}" for one in carried]
    lines += [f"not done: {one['asset_class']} ended {one['state']}" for one in failed]
    lines += [f"difference: {text}" for text in result["differences"]]
    flat = "flat" if not carried and not failed else "NOT FLAT"
    title = f"{day}: net {money(totals['net_paise'])}, {flat}"
    return Notice("close", day, title, text_of(lines), urgent=bool(carried or failed or result["differences"]))


def text_of(lines: Sequence[str]) -> str:
    """The lines without secrets, and no more of them than a message takes."""
    kept = [*lines[:MAX_LINES], f"... {len(lines) - MAX_LINES} more lines"] if len(lines) > MAX_LINES else list(lines)
    text = redacted_text("\n".join(kept))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} ..."


def _class_lines(one: ClassPlan) -> list[str]:
    if not one.enabled or one.limits is None:
        return [f"{one.asset_class.value}: not traded", *_because(one.reasons)]
    named = ", ".join(one.universe[:5]) + (f" and {len(one.universe) - 5} more" if len(one.universe) > 5 else "")
    return [
        f"{one.asset_class.value}: {one.strategy} on {named}, size {one.size:g}, capital "
        f"{money(one.limits.capital_paise)}, maximum loss {money(one.limits.loss_paise)}",
        *_because(one.reasons),
    ]


def _because(reasons: Sequence[Reason]) -> list[str]:
    return [f"  because {reason.text}" for reason in reasons]


def _position(one: Mapping[str, Any]) -> str:
    if one["stop_paise"]:
        stop = f"stop {money(one['stop_paise'])} at the exchange"
    elif one["basket"]:
        stop = f"in the basket {one['basket']}"
    else:
        stop = "leaving" if one["leaving"] else "NO STOP"
    return f"{one['quantity']:+d} {one['symbol']} at {money(one['average_paise'])}, {stop}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
