"""What the person, the supervisor and the scheduler want of all workloads: halts by name, the highest one counts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from common.day.chain import START, content_hash, entry_hash
from common.log_record import LOGS, constant_part, line
from common.log_record import document as stored_record
from common.market.instrument import AssetClass
from common.ports import Clock, Conflict, Create, Document, DocumentStore, Fields, StoreUnavailable, Update, Write
from common.retention import expiring
from common.trading.halts import HaltLevel

CONTROL: Final = "control"
ACCOUNT: Final = "account"
ALL: Final = "all"
SCOPES: Final = (ALL, *(asset_class.value for asset_class in AssetClass))
LEVELS: Final[Mapping[str, HaltLevel]] = {
    "stop": HaltLevel.STOP_ENTRIES, "cancel": HaltLevel.CANCEL_ENTRIES, "flatten": HaltLevel.FLATTEN,
}
"""As people write them."""
MAX_TRIES: Final = 20
PATIENCE_SECONDS: Final = 10.0
"""For a store that does not answer: whoever halts has to hear soon that it did not work, and what does without it."""
MAX_TEXT: Final = 500
HALT_CATEGORY: Final = "halt"
"""Of the log records of changes: each becomes a notice, but for those of the day's square-off."""
MAX_HISTORY: Final = 50
"""Changes kept in the document, the latest last."""


class Source(StrEnum):
    """Who halts. A person's halt stays until it is resumed, the others' end with their date."""

    PERSON = "person"
    SUPERVISOR = "supervisor"
    SQUARE_OFF = "square_off"


RESUMABLE: Final = (Source.PERSON, Source.SUPERVISOR)
"""Nobody takes the day's square-off back."""


class ControlRefused(ValueError):
    """The halt or resume cannot be taken as asked; the text says what to give."""


@dataclass(frozen=True, slots=True)
class Halt:
    """scope: an asset class or all. day: the only date on which it holds, None for every one."""

    source: Source
    scope: str
    level: HaltLevel
    reason: str
    by: str
    day: date | None = None

    @property
    def name(self) -> str:
        """One halt of each source and scope at a time; a scheduler's is one of its date."""
        return f"{self.source}-{self.scope}"

    def holds(self, asset_class: AssetClass, day: date) -> bool:
        """Whether it says anything to the workload of that class and date."""
        return self.scope in (ALL, asset_class.value) and self.day in (None, day)


@dataclass(frozen=True, slots=True)
class Effective:
    """What a workload is to do. sequence: of the control document, grows with each change."""

    level: HaltLevel
    reason: str
    sequence: int


NOTHING_SAID: Final = Effective(HaltLevel.RUN, "", 0)


def effective(
    document: Document | None, asset_class: AssetClass, day: date, without: Collection[Source] = (),
) -> Effective:
    """The highest halt that holds, with every reason at that level. A document that cannot be read stops entries.

    without: whose halts do not count, for who only shows what stands.
    """
    if document is None:
        return NOTHING_SAID
    sequence = _sequence(document.fields)
    try:
        counted = [halt for halt in _halts(document.fields) if halt.source not in without]
        holding = [halt for halt in counted if halt.holds(asset_class, day)]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        text = f"{CONTROL}/{ACCOUNT} cannot be read ({error}): write it anew with `tron halt`"
        return Effective(HaltLevel.STOP_ENTRIES, text[:MAX_TEXT], sequence)
    level = max((halt.level for halt in holding), default=HaltLevel.RUN)
    reasons = [f"{halt.reason} ({halt.source})" for halt in holding if level and halt.level is level]
    return Effective(level, "; ".join(reasons)[:MAX_TEXT], sequence)


def read_control(store: DocumentStore) -> Document | None:
    """The control document, None where nobody has ever halted. Raises StoreUnavailable."""
    return store.get(CONTROL, ACCOUNT)


def standing(document: Document | None, day: date) -> dict[str, Any]:
    """What holds on `day`, as JSON: sequence, halts, the effective level of each asset class, history."""
    fields: Fields = document.fields if document is not None else {}
    each = {asset_class: effective(document, asset_class, day) for asset_class in AssetClass}
    return {
        "sequence": _sequence(fields),
        "halts": [dict(one) for _, one in _readable(fields) if one["date"] in (None, _text(day))],
        "effective": {
            asset_class.value: {"level": one.level.name, "reason": one.reason} for asset_class, one in each.items()
        },
        "history": _history(fields),
    }


def level_named(name: Any) -> HaltLevel:
    """stop, cancel or flatten. Raises ControlRefused."""
    if not isinstance(name, str) or name not in LEVELS:
        raise ControlRefused(f"{str(name)[:40]!r} is no level: give one of {', '.join(LEVELS)}")
    return LEVELS[name]


def scope_named(name: Any) -> str:
    """An asset class, or all where it is left out. Raises ControlRefused."""
    if name is not None and name not in SCOPES:
        raise ControlRefused(f"{str(name)[:40]!r} is no class: give one of {', '.join(SCOPES)}")
    return name or ALL


def set_halt(store: DocumentStore, halt: Halt, clock: Clock) -> int:
    """Store the halt; returns the sequence number to wait for. One that is higher already stays as high.

    The same halt once more is no change. Raises ControlRefused, StoreUnavailable, Conflict.
    """
    if halt.scope not in SCOPES:
        raise ControlRefused(f"{halt.scope!r} is no scope: give one of {', '.join(SCOPES)}")
    if not halt.reason.strip() or halt.level is HaltLevel.RUN:
        raise ControlRefused("a halt has a level above RUN and a reason: say why in a few words")

    def change(halts: dict[str, Any]) -> str:
        before, level = halts.get(halt.name), halt.level
        if before is not None and before["date"] == _text(halt.day):
            level = max(level, HaltLevel[before["level"]])
        fields = _fields(halt, level, clock)
        if before is not None and {**before, "at": fields["at"]} == fields:
            return ""
        halts[halt.name] = fields
        return f"halt {level.name}"

    category = Source.SQUARE_OFF.value if halt.source is Source.SQUARE_OFF else HALT_CATEGORY
    return _change(store, clock, change, halt.scope, halt.reason, halt.by, category)


def resume(store: DocumentStore, scope: str, reason: str, by: str, clock: Clock) -> int:
    """Take back the person's and the supervisor's halts of `scope` (all: every one); returns the sequence number.

    Raises ControlRefused where nothing of the kind is set or no reason is given, StoreUnavailable, Conflict.
    """
    if scope not in SCOPES:
        raise ControlRefused(f"{scope!r} is no scope: give one of {', '.join(SCOPES)}")
    if not reason.strip():
        raise ControlRefused("trading is resumed for a reason: say it in a few words")

    def change(halts: dict[str, Any]) -> str:
        names = [
            name for name, fields in halts.items()
            if fields["source"] in RESUMABLE and scope in (ALL, fields["scope"])
        ]
        if not names:
            standing = ", ".join(sorted(halts)) or "none"
            raise ControlRefused(f"no halt of a person or the supervisor is set for {scope!r} (standing: {standing})")
        for name in names:
            del halts[name]
        return f"resume {', '.join(names)}"

    return _change(store, clock, change, scope, reason, by)


def record_action(
    store: DocumentStore, clock: Clock, did: str, reason: str, by: str, category: str,
    writes: Callable[[], Sequence[Write]],
) -> int:
    """An action of the person that is no halt, chained like one, in the same commit as `writes`; its number.

    writes: made anew for each try. Raises what it raises, StoreUnavailable, Conflict.
    """
    return _change(store, clock, lambda _: did, ALL, reason, by, category, writes)


def _change(
    store: DocumentStore, clock: Clock, change: Callable[[dict[str, Any]], str], scope: str, reason: str, by: str,
    category: str = HALT_CATEGORY, writes: Callable[[], Sequence[Write]] = tuple,
) -> int:
    """Read, change and write until nobody was faster. change: alters the halts; says what it did, '' for nothing."""
    until = clock.monotonic() + PATIENCE_SECONDS
    for attempt in range(MAX_TRIES):
        document = read_control(store)
        fields: Fields = document.fields if document is not None else {}
        halts = {name: dict(one) for name, one in _readable(fields)}
        did = change(halts)
        if not did:
            return _sequence(fields)
        sequence = _sequence(fields) + 1
        entry = {
            "sequence": sequence, "did": did, "scope": scope, "reason": reason[:MAX_TEXT], "by": by[:MAX_TEXT],
            "at": clock.now().isoformat(),
        }
        history = [*_history(fields), chained(entry, _history(fields), halts)][-MAX_HISTORY:]
        changed = {"sequence": sequence, "halts": halts, "history": history}
        try:
            store.commit([
                Create(CONTROL, ACCOUNT, changed) if document is None
                else Update(CONTROL, ACCOUNT, changed, document.version),
                _record(entry, category), *writes(),
            ])
            return sequence
        except Conflict:
            continue
        except StoreUnavailable:
            if attempt + 1 == MAX_TRIES or clock.monotonic() >= until:
                raise
            clock.sleep(0.2)
    raise Conflict(f"{CONTROL}/{ACCOUNT} changed {MAX_TRIES} times while it was written: try again")


def _record(entry: Mapping[str, Any], category: str) -> Create:
    """Of the change, for the log and the person. The time makes its id new also where control was deleted."""
    day, moment = entry["at"][:10], "".join(one for one in entry["at"] if one.isdigit())
    message = f"{entry['did']} for {entry['scope']}: {entry['reason']} ({entry['by']})"
    labels = constant_part({"date": day, "category": category, "service": CONTROL})
    id = f"{day}-control-{entry['sequence']:06d}-{moment}"
    text = line(id, entry["at"], "WARNING", message, {}, labels)
    return Create(LOGS, *stored_record(text, expiring(LOGS, datetime.fromisoformat(entry["at"]))))


def chained(entry: Mapping[str, Any], before: Sequence[Any], halts: Mapping[str, Any]) -> dict[str, Any]:
    """The action as it is kept: behind the last one, and bound to the halts that it left standing."""
    last = before[-1] if before else None
    prev = str(last.get("hash", START)) if isinstance(last, Mapping) else START
    whole = {**entry, "halts": content_hash(halts), "prev": prev}
    return {**whole, "hash": entry_hash(prev, entry["sequence"], ACCOUNT, content_hash(whole))}


def _sequence(fields: Fields) -> int:
    sequence = fields.get("sequence")
    return sequence if isinstance(sequence, int) else 0


def _history(fields: Fields) -> list[Any]:
    history = fields.get("history")
    return list(history) if isinstance(history, list) else []


def _readable(fields: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What of the halts can be understood: a document that was spoilt is written anew by the next halt."""
    halts = fields.get("halts")
    for name, one in halts.items() if isinstance(halts, Mapping) else ():
        try:
            _halt(one)
        except (KeyError, ValueError, TypeError, AttributeError):
            continue
        yield name, one


def _halts(fields: Mapping[str, Any]) -> list[Halt]:
    return [_halt(one) for one in fields.get("halts", {}).values()]


def _halt(fields: Mapping[str, Any]) -> Halt:
    day = fields["date"]
    scope = str(fields["scope"])
    if scope not in SCOPES:
        raise ValueError(f"scope {scope!r}")
    return Halt(
        Source(fields["source"]), scope, HaltLevel[fields["level"]], str(fields["reason"]), str(fields["by"]),
        None if day is None else date.fromisoformat(day),
    )


def _fields(halt: Halt, level: HaltLevel, clock: Clock) -> dict[str, Any]:
    return {
        "source": halt.source.value, "scope": halt.scope, "level": level.name, "reason": halt.reason[:MAX_TEXT],
        "by": halt.by[:MAX_TEXT], "at": clock.now().isoformat(), "date": _text(halt.day),
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
