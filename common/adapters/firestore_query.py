"""A Query as Firestore's own StructuredQuery, with the order and the cursor said in full."""

from typing import Any, Final

from common.adapters.sqlite_query import select
from common.firestore_value import set_field
from common.ports import Document, Filter, Query

_OPERATORS: Final = {
    "==": "EQUAL", "<": "LESS_THAN", "<=": "LESS_THAN_OR_EQUAL", ">": "GREATER_THAN", ">=": "GREATER_THAN_OR_EQUAL",
    "in": "IN",
}
_NAME: Final = "__name__"


def structured_query(query: Query, documents: str) -> Any:
    """The StructuredQuery message. documents: the database's documents path. Raises DocumentRefused.

    Sources: firebase.google.com/docs/firestore/reference/rpc (StructuredQuery); ties by name in the order's direction.
    """
    from google.cloud.firestore_v1.types import StructuredQuery

    select(query)  # refuses what any store refuses: none may be more lenient than another
    built = StructuredQuery.pb()()
    built.from_.add(collection_id=query.collection)
    if query.filters:
        built.where.composite_filter.op = StructuredQuery.CompositeFilter.Operator.AND
        for test in query.filters:
            _add_filter(built.where.composite_filter.filters.add(), test)
    field = (query.order_by or "").removeprefix("-")
    backwards = (query.order_by or "").startswith("-")
    for path in (field, _NAME) if field else (_NAME,):
        order = built.order_by.add()
        order.field.field_path = path
        order.direction = getattr(StructuredQuery.Direction, "DESCENDING" if backwards else "ASCENDING")
    if query.after is not None:
        _begin_after(built, query.after, field, documents)
    built.limit.value = query.limit
    return built


def _add_filter(target: Any, test: Filter) -> None:
    from google.cloud.firestore_v1.types import StructuredQuery

    field, operator, value = test
    if value is None:
        target.unary_filter.op = StructuredQuery.UnaryFilter.Operator.IS_NULL
        target.unary_filter.field.field_path = field
        return
    target.field_filter.op = getattr(StructuredQuery.FieldFilter.Operator, _OPERATORS[operator])
    target.field_filter.field.field_path = field
    if operator == "in":
        for item in value:
            set_field(target.field_filter.value.array_value.values.add(), field, item)
    else:
        set_field(target.field_filter.value, field, value)


def _begin_after(built: Any, after: Document, field: str, documents: str) -> None:
    if field:
        set_field(built.start_at.values.add(), field, after.fields[field])
    built.start_at.values.add().reference_value = f"{documents}/{after.collection}/{after.id}"
    built.start_at.before = False
