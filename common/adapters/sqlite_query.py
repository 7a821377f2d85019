"""A Query as one SQL statement with Firestore's rules: typed comparison, and a missing field matches nothing."""

import json
import re
from math import prod
from typing import Any, Final

from common.adapters.documents import DocumentRefused, check_name
from common.ports import Document, Query

MAX_LIMIT: Final = 1000
MAX_DISJUNCTIONS: Final = 30
MAX_FILTERS: Final = 20

LATEST: Final = ("exit_time", "time")
"""Of trades and of log records: an index of each, of the documents that have it."""

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_COMPARISONS: Final = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ORDER_OF_TYPES: Final = (
    "CASE json_type({0}, {1}) WHEN 'null' THEN 0 WHEN 'false' THEN 1 WHEN 'true' THEN 1 WHEN 'integer' THEN 2 "
    "WHEN 'real' THEN 2 WHEN 'text' THEN 3 WHEN 'array' THEN 4 WHEN 'object' THEN 5 END"
)


def select(query: Query) -> tuple[str, dict[str, Any]]:
    """SQL that returns (collection, id, version, fields) and its named parameters. Raises DocumentRefused.

    Ties are by id in the direction of the order, as Firestore's own indexes have them.
    """
    if not 1 <= query.limit <= MAX_LIMIT:
        raise DocumentRefused(f"a query's limit is {query.limit}; give 1 to {MAX_LIMIT}")
    if len(query.filters) > MAX_FILTERS:
        raise DocumentRefused(f"a query of {len(query.filters)} filters; at most {MAX_FILTERS}")
    alternatives = prod(len(test[2]) for test in query.filters if test[1] == "in" and isinstance(test[2], list | tuple))
    if alternatives > MAX_DISJUNCTIONS:
        raise DocumentRefused(f"a query of {alternatives} alternatives of 'in'; at most {MAX_DISJUNCTIONS} altogether")
    parameters: dict[str, Any] = {"collection": check_name("collection", query.collection), "limit": query.limit}
    conditions = ["collection = :collection"]
    for index, (field, operator, value) in enumerate(query.filters):
        conditions.append(_filter(f"filter{index}", field, operator, value, parameters))
    _check_ranges(query)
    terms, places = _order(query, parameters)
    direction = "DESC" if (query.order_by or "").startswith("-") else "ASC"
    order = [f"{term} {direction}" for term in terms]
    # Fixed text, parameter names and paths of checked field names, which an index is found by; every value is bound.
    parts = [
        f"SELECT collection, id, version, fields FROM documents WHERE {' AND '.join([*conditions, *place])} "  # noqa: S608
        f"ORDER BY {', '.join(order[held:])} LIMIT :limit" for held, place in places
    ]
    if len(parts) == 1:
        return parts[0], parameters
    several = " UNION ALL ".join(f"SELECT * FROM ({part})" for part in parts)  # noqa: S608
    return f"SELECT * FROM ({several}) ORDER BY {', '.join(order)} LIMIT :limit", parameters  # noqa: S608


def _check_ranges(query: Query) -> None:
    # Firestore puts the fields of ranges into the order, before the id, whatever order is asked for.
    ordered = (query.order_by or "").removeprefix("-")
    for field, operator, _ in query.filters:
        if operator not in ("==", "in") and field != ordered:
            raise DocumentRefused(f"a query on {field!r} {operator} ...: give order_by='{field}' or '-{field}' too")


def _path(field: str) -> str:
    if not _FIELD.fullmatch(field):
        raise DocumentRefused(f"a query on the field {field!r}; use a top-level field of letters, digits and '_'")
    return f"""'$."{field}"'"""


def _type_of(source: str, path: str) -> str:
    return _ORDER_OF_TYPES.format(source, path)


def _value_of(source: str, path: str) -> str:
    # Both sides of every comparison go through SQLite's own JSON reader, so that a double equals itself to the bit.
    return f"COALESCE(json_extract({source}, {path}), 0)"


def _filter(name: str, field: str, operator: str, value: Any, parameters: dict[str, Any]) -> str:
    if operator == "in":
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_DISJUNCTIONS:
            raise DocumentRefused(f"'in' on {field!r} needs a list of 1 to {MAX_DISJUNCTIONS} values")
        if None in value:
            raise DocumentRefused(f"'in' on {field!r} has None, which Firestore never matches; filter with '=='")
        tests = [_compare(f"{name}_{i}", field, "=", item, parameters) for i, item in enumerate(value)]
        return f"({' OR '.join(tests)})"
    if operator not in _COMPARISONS:
        raise DocumentRefused(f"operator {operator!r} on {field!r}; use one of {[*_COMPARISONS, 'in']}")
    if value is None and operator != "==":
        raise DocumentRefused(f"{field!r} {operator} None orders nothing; None is compared with '==' only")
    return _compare(f"{name}_value", field, _COMPARISONS[operator], value, parameters)


def _compare(name: str, field: str, operator: str, value: Any, parameters: dict[str, Any]) -> str:
    if not (value is None or isinstance(value, str | int | float)):
        raise DocumentRefused(f"a filter on {field!r} with a {type(value).__name__}; compare with a scalar")
    try:
        parameters[name] = json.dumps(value, ensure_ascii=False, allow_nan=False)
        parameters[name].encode()
    except ValueError as error:
        raise DocumentRefused(f"a filter on {field!r} with {value!r}: {error}") from error
    stored, wanted = ("fields", _path(field)), (f":{name}", "'$'")
    return (
        f"({_type_of(*stored)} = {_type_of(*wanted)} AND {_value_of(*stored)} {operator} {_value_of(*wanted)})"
    )


def _order(query: Query, parameters: dict[str, Any]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The ORDER BY terms, and of each part of what is beyond the cursor: how many terms are held, its conditions.

    In parts, because no index of expressions is sought by (type, value, id) > (...), nor by terms that are held.
    """
    after = query.after
    if after is not None and after.collection != query.collection:
        raise DocumentRefused(f"the cursor is a document of {after.collection!r}, the query is on {query.collection!r}")
    if query.order_by is None:
        if after is None:
            return ["id"], [(0, [])]
        parameters["after_id"] = after.id
        return ["id"], [(0, ["id > :after_id"])]
    field = query.order_by.removeprefix("-")
    beyond = "<" if query.order_by.startswith("-") else ">"
    path = _path(field)
    terms = [_type_of("fields", path), _value_of("fields", path), "id"]
    there = f"json_type(fields, {path}) IS NOT NULL"
    if after is None:
        return terms, [(0, [there])]
    parameters |= _cursor(after, field)
    (kind, value, _), (its_kind, its_value) = terms, (_type_of(":after", path), _value_of(":after", path))
    alike = f"{kind} = {its_kind}"
    return terms, [
        (2, [there, alike, f"{value} = {its_value}", f"id {beyond} :after_id"]),
        (1, [there, alike, f"{value} {beyond} {its_value}"]), (0, [there, f"{kind} {beyond} {its_kind}"]),
    ]


def _cursor(after: Document, field: str) -> dict[str, str]:
    if field not in after.fields:
        raise DocumentRefused(f"the cursor {after.collection}/{after.id} has no field {field!r} to order by")
    return {"after_id": after.id, "after": json.dumps({field: after.fields[field]}, ensure_ascii=False)}


def indexes() -> tuple[str, ...]:
    """Statements for the lists that are read while a day goes on: of a date by id, and the latest of a date first."""
    kind, value = _type_of("fields", "{0}"), _value_of("fields", "{0}")
    day = value.replace("{0}", _path("date"))
    found = [f"CREATE INDEX IF NOT EXISTS by_date ON documents (collection, {day}, id)"]
    for field in LATEST:
        path = _path(field)
        terms = ", ".join((day, kind.replace("{0}", path), value.replace("{0}", path), "id"))
        found.append(
            f"CREATE INDEX IF NOT EXISTS by_date_{field} ON documents (collection, {terms}) "
            f"WHERE json_type(fields, {path}) IS NOT NULL"
        )
    return tuple(found)
