"""JSON values as Firestore's protobuf has them, both ways: the messages of its service and of its events alike."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from common.market.indian_time import INDIA
from common.ports import EXPIRES

_NULL = 0
_SCALARS = frozenset({"boolean_value", "integer_value", "double_value", "string_value"})


def set_fields(target: Any, fields: Mapping[str, Any]) -> None:
    """Fill the `fields` of a Document message, EXPIRES with a timestamp. Raises TypeError for what is no JSON value."""
    for name, value in fields.items():
        set_field(target.fields[name], name, value)


def set_field(target: Any, name: str, value: Any) -> None:
    """Fill the Value message of a document's field, or of what it is compared with."""
    moment = _moment(value) if name == EXPIRES else None
    if moment is None:
        set_value(target, value)
    else:
        target.timestamp_value.FromDatetime(moment.astimezone(UTC))


def set_value(target: Any, value: Any) -> None:
    """Fill a Value message. Raises TypeError for what is no JSON value."""
    if value is None:
        target.null_value = _NULL
    elif isinstance(value, bool):
        target.boolean_value = value
    elif isinstance(value, int):
        target.integer_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.map_value.SetInParent()
        for name, item in value.items():
            set_value(target.map_value.fields[name], item)
    elif isinstance(value, list | tuple):
        target.array_value.SetInParent()
        for item in value:
            set_value(target.array_value.values.add(), item)
    else:
        raise TypeError(f"{value!r} is a {type(value).__name__}, not a JSON value; the store should have refused it")


def fields_of(document: Any) -> dict[str, Any]:
    """The `fields` of a Document message, sorted: its maps have no order. Raises ValueError for what Tron never writes.

    As the embedded store has them, so that whatever is written from them is the same text everywhere.
    """
    return {name: _field(document.fields[name], name) for name in sorted(document.fields)}


def _moment(value: Any) -> datetime | None:
    """Of a text that is given back to the letter after it was a timestamp; None for any other value."""
    try:
        moment = datetime.fromisoformat(value)
        return moment if moment.astimezone(INDIA).isoformat() == value else None
    except (TypeError, ValueError, OverflowError):
        return None


def _field(value: Any, name: str) -> Any:
    if name == EXPIRES and value.WhichOneof("value_type") == "timestamp_value":
        moment: datetime = value.timestamp_value.ToDatetime(tzinfo=INDIA)
        return moment.isoformat()
    return _value(value, name)


def _value(value: Any, where: str) -> Any:
    kind = value.WhichOneof("value_type")
    if kind == "null_value":
        return None
    if kind in _SCALARS:
        return getattr(value, kind)
    if kind == "array_value":
        return [_value(item, f"{where}[{index}]") for index, item in enumerate(value.array_value.values)]
    if kind == "map_value":
        fields = value.map_value.fields
        return {name: _value(fields[name], f"{where}.{name}") for name in sorted(fields)}
    raise ValueError(f"the field {where} is a {kind or 'value without a type'}; Tron writes JSON values only")
