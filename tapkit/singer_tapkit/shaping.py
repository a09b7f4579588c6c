"""Records brought into the shape of their schema.

What the schema does not name is dropped, what it names is brought into its type, and what cannot
be is null. How instants, dates and texts are written differs by vendor, so each brings its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.bookmarks import canonical, parse_instant

if TYPE_CHECKING:
    from singer_tapkit.drift import Drift
    from singer_tapkit.types import Json, Record

Shape = Callable[[Any], "Json"]


def shape_of(
    schema: Mapping[str, Any],
    leaves: Mapping[str, Shape],
    drift: Drift | None = None,
    path: str = "",
) -> Shape:
    """Return a function that brings a value into the shape of its schema.

    Args:
        schema: Of the value.
        leaves: By format or type: what to do with plain values; for those not named, what
            :data:`LEAVES` says.
        drift: Where it is noted what else was sent, if that matters.
        path: Of the value within the record.
    """
    shape = _shape_of(schema, leaves, drift, path)
    if drift is None:
        return shape

    def noting(value: Any) -> Json:  # noqa: ANN401 - whatever a vendor sends
        shaped = shape(value)
        if shaped is None and value is not None and value != "":
            drift.mistyped[path] += 1
        return shaped

    return noting


def _shape_of(
    schema: Mapping[str, Any], leaves: Mapping[str, Shape], drift: Drift | None, path: str
) -> Shape:
    kinds = schema.get("type", [])
    if "object" in kinds and schema.get("properties"):
        return _object(schema["properties"], leaves, drift, path)
    if "array" in kinds:
        item = shape_of(schema["items"], leaves, drift, path)
        return lambda value: [item(part) for part in value] if isinstance(value, list) else None
    known = {**LEAVES, **leaves}
    if "contentMediaType" in schema:
        return json_text
    if schema.get("format") in known:
        return known[schema["format"]]
    return next((known[kind] for kind in kinds if kind in known), text)


def text(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a text; numbers and flags are written as JSON does."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        return None
    return json.dumps(value)


def json_text(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Write anything as the text of its JSON."""
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def boolean(value: Any) -> bool | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a yes or no, written as a flag, a digit or a word."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())


def whole(value: Any) -> int | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a whole number from a number or a text; ``None`` if it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except ValueError:
        number = decimal(value)
        return None if number is None else int(number)


def decimal(value: Any) -> float | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a decimal number from a number or a text; ``None`` if it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124 - NaN


def instants(unit_seconds: float | None = None) -> Shape:
    """Return what reads instants, and writes them canonically in UTC.

    Args:
        unit_seconds: What numbers count since 1970, as 0.001 for milliseconds; without it they are
            no instants. Texts are read in any case; without an offset they are UTC.
    """

    def instant(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                seconds = None if unit_seconds is None else value * unit_seconds
                return None if seconds is None else canonical(datetime.fromtimestamp(seconds, UTC))
            return canonical(parse_instant(str(value))) if value else None
        except (ValueError, OverflowError, OSError):
            return None

    return instant


LEAVES: Final[Mapping[str, Shape]] = {
    "boolean": boolean,
    "integer": whole,
    "number": decimal,
    "object": lambda value: value if isinstance(value, dict) else None,
    "string": text,
}
"""How plain values are read where a vendor has no ways of its own."""


def _object(
    properties: Mapping[str, Any], leaves: Mapping[str, Shape], drift: Drift | None, path: str
) -> Shape:
    inner = f"{path}." if path else ""
    shapes = [
        (name, shape_of(schema, leaves, drift, inner + name)) for name, schema in properties.items()
    ]
    declared = properties.keys()

    def shape(value: Any) -> Record | None:  # noqa: ANN401 - whatever a vendor sends
        if not isinstance(value, dict):
            return None
        if drift is not None:
            drift.meet(inner, declared, value)
        return {name: shape(value.get(name)) for name, shape in shapes}

    return shape
