"""What a property becomes in DuckDB, and its values on the way there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from singer_tapkit.targets.errors import RecordError
from singer_tapkit.targets.messages import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class ColumnType(StrEnum):
    """Types of columns that this target makes."""

    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    """An instant, in UTC."""
    VARCHAR = "VARCHAR"
    JSON = "JSON"


_BY_KIND: Final = {
    "integer": ColumnType.BIGINT,
    "number": ColumnType.DOUBLE,
    "boolean": ColumnType.BOOLEAN,
    "date": ColumnType.DATE,
    "date-time": ColumnType.TIMESTAMP,
    "string": ColumnType.VARCHAR,
}
_IN_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_INT64: Final = range(-(2**63), 2**63)


def type_of(schema: object) -> ColumnType:
    """Choose the column type for a property.

    Args:
        schema: JSON schema of the property, most often a mapping; null is always allowed.

    Returns:
        The type that holds every value of the property as it is.
    """
    types = {_BY_KIND.get(kind, ColumnType.JSON) for kind in _kinds(schema) if kind != "null"}
    if not types:
        return ColumnType.JSON
    first, *others = sorted(types)
    for other in others:
        first = _both(first, other)
    return first


def _kinds(schema: object) -> Iterator[str]:
    """Yield the types that a property may have; those of text by their format."""
    if not isinstance(schema, dict):
        yield "anything"
        return
    if "type" in schema:
        types = schema["type"]
        for kind in [types] if isinstance(types, str) else types:
            dated = kind == "string" and schema.get("format") in {"date", "date-time"}
            yield schema["format"] if dated else kind
        return
    branches = schema.get("anyOf") or schema.get("oneOf") or ()
    for branch in branches:
        yield from _kinds(branch)
    if not branches:
        yield "anything"


def _both(one: ColumnType, other: ColumnType) -> ColumnType:
    """Return the type for a property that has values of two types."""
    text = {ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.VARCHAR}
    if {one, other} == {ColumnType.BIGINT, ColumnType.DOUBLE}:
        return ColumnType.DOUBLE
    return ColumnType.VARCHAR if {one, other} <= text else ColumnType.JSON


def widened(stored: str, declared: ColumnType) -> str:
    """Return the type for a column of one type whose property now has another one.

    Args:
        stored: The type in the database. One that this target does not make stays.
        declared: The type that the property would get in a new table.
    """
    if stored == declared or stored not in set(ColumnType):
        return stored
    if ColumnType.JSON in {stored, declared}:
        return ColumnType.JSON
    if {stored, declared} == {ColumnType.BIGINT, ColumnType.DOUBLE}:
        return ColumnType.DOUBLE
    return ColumnType.VARCHAR


def conversion(column: str, stored: str, target: str) -> str:
    """Return SQL that turns the values of a column into another type as JSON would write them."""
    if stored == ColumnType.TIMESTAMP:
        column = f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"to_json({column})" if target == ColumnType.JSON else f"CAST({column} AS {target})"


class Converter(NamedTuple):
    """Prepares values for a column.

    Attributes:
        plain: Types of values that need no preparation, null among them.
        prepare: Prepares one of another type; raises ``ValueError`` if it cannot be stored.
    """

    plain: frozenset[type]
    prepare: Callable[[object], object]


def converter(stored: str) -> Converter:
    """Return what prepares values for a column of this type.

    In columns of types that this target does not make, DuckDB decides what can be stored.
    """
    plain = _PLAIN.get(stored)
    types = (NoneType,) if plain is None else (NoneType, plain)
    return Converter(frozenset(types), _CONVERTERS.get(stored, _as_it_is))


def convert(record: dict[str, Any], converters: Mapping[str, Converter]) -> None:
    """Prepare the values of a record in place.

    Raises:
        RecordError: If one cannot be stored; names the field.
    """
    for name, value in record.items():
        found = converters.get(name)
        if found is None or type(value) in found.plain:
            continue
        try:
            record[name] = found.prepare(value)
        except (ValueError, OverflowError) as error:
            msg = f"has something in {name!r} that is {error}"
            raise RecordError(msg) from None


def _integer(value: object) -> int:
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    if type(value) is not int:
        msg = "no integer, as its column wants"
        raise ValueError(msg)
    if value not in _INT64:
        msg = (
            "an integer beyond 64 bits, which its column cannot hold. Let the tap declare it as a "
            "string or number, or turn it into one with stream_maps"
        )
        raise ValueError(msg)
    return value


def _double(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        msg = "no number, as its column wants"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all
    number = float(value)
    if not isfinite(number):
        msg = "too large for a number in DuckDB. Let the tap declare it as a string"
        raise ValueError(msg)
    return number


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        msg = "neither true nor false, as its column wants"
        raise ValueError(msg)  # noqa: TRY004
    return value


def _date(value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        msg = "no date, as its format says. Let the tap send null, or declare it as plain string"
        raise ValueError(msg) from None


def _timestamp(value: object) -> str:
    text = str(value)
    try:
        moment = datetime.fromisoformat(text)
        if _IN_UTC.fullmatch(text):
            return text[:-1]
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat()
    except (ValueError, OverflowError):
        msg = (
            "no date-time, as its format says. Let the tap send null, or declare it as plain string"
        )
        raise ValueError(msg) from None


def _text(value: object) -> str:
    return value if isinstance(value, str) else encode(value).decode()


def _as_it_is(value: object) -> object:
    return value


def _json(value: object) -> str:
    return encode(value).decode()


_PLAIN: Final[dict[str, type]] = {
    ColumnType.BOOLEAN: bool,
    ColumnType.VARCHAR: str,
}
"""What values of a column are stored as they are, whatever they are."""
_CONVERTERS: Final[dict[str, Callable[[object], object]]] = {
    ColumnType.BIGINT: _integer,
    ColumnType.DOUBLE: _double,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.TIMESTAMP: _timestamp,
    ColumnType.VARCHAR: _text,
    ColumnType.JSON: _json,
}
