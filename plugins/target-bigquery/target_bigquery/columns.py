"""What a property becomes in BigQuery, and its values on the way there."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Final

from singer_tapkit.targets.messages import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class ColumnType(StrEnum):
    """Types of columns that this target makes."""

    STRING = "STRING"
    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    NUMERIC = "NUMERIC"
    BOOL = "BOOL"
    DATE = "DATE"
    TIME = "TIME"
    TIMESTAMP = "TIMESTAMP"
    JSON = "JSON"


PARTITIONABLE: Final = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})
CLUSTERABLE: Final = PARTITIONABLE | {
    ColumnType.STRING,
    ColumnType.INT64,
    ColumnType.NUMERIC,
    ColumnType.BOOL,
}
"""Types that BigQuery sorts a table by. Source: its documentation on clustered tables."""

_LEGACY: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_BY_KIND: Final = {
    "integer": ColumnType.INT64,
    "number": ColumnType.FLOAT64,
    "decimal": ColumnType.NUMERIC,
    "boolean": ColumnType.BOOL,
    "date": ColumnType.DATE,
    "time": ColumnType.TIME,
    "date-time": ColumnType.TIMESTAMP,
    "string": ColumnType.STRING,
}
_FORMATS: Final = {
    "date": "date",
    "time": "time",
    "date-time": "date-time",
    "singer.decimal": "decimal",
    "x-singer.decimal": "decimal",
}
_TEXTS: Final = frozenset(
    {ColumnType.DATE, ColumnType.TIME, ColumnType.TIMESTAMP, ColumnType.STRING}
)
_WIDER: Final = {
    (ColumnType.FLOAT64, ColumnType.INT64),
    (ColumnType.NUMERIC, ColumnType.INT64),
}
_INT64: Final = range(-(2**63), 2**63)
_SCALE: Final = 9
_LARGEST_NUMERIC: Final = Decimal(10) ** 29
"""NUMERIC has 29 digits before the point and nine behind it."""


def type_of(schema: object) -> ColumnType:
    """Choose the column type for a property.

    Args:
        schema: JSON schema of the property, most often a mapping; null is always allowed.

    Returns:
        The type that holds every value of the property as it is.
    """
    types = {_BY_KIND.get(kind, ColumnType.JSON) for kind in _kinds(schema) if kind != "null"}
    if len(types) == 1:
        return types.pop()
    for number in (ColumnType.NUMERIC, ColumnType.FLOAT64):
        if types == {ColumnType.INT64, number}:
            return number
    return ColumnType.STRING if types and types <= _TEXTS else ColumnType.JSON


def _kinds(schema: object) -> Iterator[str]:
    """Yield the types that a property may have; those of text by their format."""
    if not isinstance(schema, dict):
        yield "anything"
        return
    if "type" in schema:
        types = schema["type"]
        for kind in [types] if isinstance(types, str) else types:
            if kind == "string":
                yield _FORMATS.get(schema.get("format", ""), kind)
            else:
                yield "decimal" if kind == "number" and _is_decimal(schema) else kind
        return
    branches = schema.get("anyOf") or schema.get("oneOf") or ()
    for branch in branches:
        yield from _kinds(branch)
    if not branches:
        yield "anything"


def _is_decimal(schema: dict[str, object]) -> bool:
    """Tell whether all numbers are multiples of one with few enough digits behind the point."""
    try:
        exponent = Decimal(str(schema["multipleOf"])).normalize().as_tuple().exponent
    except (KeyError, InvalidOperation):
        return False
    return isinstance(exponent, int) and exponent >= -_SCALE


def stored_type(field_type: str, mode: str | None) -> str:
    """Return the standard name for the type of a column, as the API tells it.

    Columns that hold several values get a name that no type of this target has.
    """
    name = _LEGACY.get(field_type, field_type)
    return f"ARRAY<{name}>" if mode == "REPEATED" else name


def holds(stored: str, declared: ColumnType) -> bool:
    """Tell whether a column can take all values of a property, if need be as text or JSON."""
    anything = {ColumnType.STRING, ColumnType.JSON}
    return stored == declared or stored in anything or (stored, declared) in _WIDER


def converter(stored: str) -> Callable[[object], object]:
    """Return what prepares values for a column of this type.

    The function takes a value other than null, returns one that JSON has, and raises
    ``ValueError`` if it cannot be stored; the error says what it is instead.
    """
    return _CONVERTERS[stored]


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


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        msg = "no number, as its column wants"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all
    number = float(value)
    if not isfinite(number) or (isinstance(value, int) and int(number) != value):
        msg = "too large for FLOAT64. Let the tap declare it as a string"
        raise ValueError(msg)
    return number


def _numeric(value: object) -> str:
    try:
        number = Decimal(value if isinstance(value, int | str) else str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        msg = "no decimal number, as its column wants"
        raise ValueError(msg)
    if number.copy_abs() < _LARGEST_NUMERIC:
        text = f"{number:f}"
        if len(text.partition(".")[2].rstrip("0")) <= _SCALE:
            return text
    msg = (
        f"a number with more than 29 digits before the point or {_SCALE} behind it, which "
        "NUMERIC cannot hold. Let the tap declare it as a plain number or string"
    )
    raise ValueError(msg)


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


def _time(value: object) -> str:
    try:
        moment = time.fromisoformat(str(value))
    except ValueError:
        msg = "no time, as its format says. Let the tap send null, or declare it as plain string"
        raise ValueError(msg) from None
    if moment.tzinfo is not None:
        msg = "a time with an offset, which TIME cannot hold. Let the tap declare it as a string"
        raise ValueError(msg)
    return moment.isoformat()


def _timestamp(value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        msg = (
            "no date-time, as its format says. Let the tap send null, or declare it as plain string"
        )
        raise ValueError(msg) from None
    return f"{moment.isoformat()}Z"


def _text(value: object) -> str:
    return value if isinstance(value, str) else encode(value).decode()


def _json(value: object) -> str:
    return encode(value).decode()


_CONVERTERS: Final[dict[str, Callable[[object], object]]] = {
    ColumnType.STRING: _text,
    ColumnType.INT64: _integer,
    ColumnType.FLOAT64: _float,
    ColumnType.NUMERIC: _numeric,
    ColumnType.BOOL: _boolean,
    ColumnType.DATE: _date,
    ColumnType.TIME: _time,
    ColumnType.TIMESTAMP: _timestamp,
    ColumnType.JSON: _json,
}
