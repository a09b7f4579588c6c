"""Schemas of ClickUp's objects, and records shaped by them.

ClickUp sends numbers as texts and texts as numbers, from one endpoint to the next, and instants as
milliseconds in either. A record is shaped by its schema: what the schema does not name is dropped,
what it names is brought into its type, and what cannot be is null.

Source: ClickUp API v2 and v3, the object of each collection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from singer_tapkit.bookmarks import canonical
from singer_tapkit.schema import Pii, embedded, field, flag, integer, several, text

if TYPE_CHECKING:
    from singer_tapkit.types import Json, Record

Shape = Callable[[Any], "Json"]


def key(name: str = "id", description: str = "Id that ClickUp gave it.") -> th.Property[Any]:
    """Describe a key: a text that is always there."""
    return field(name, th.StringType, description, required=True)


def opaque(name: str, description: str, *, pii: Pii = Pii.NONE) -> th.Property[Any]:
    """Describe whatever ClickUp sends there, kept as the text of its JSON."""
    kind = th.CustomType({"type": ["string", "null"], "contentMediaType": "application/json"})
    return field(name, kind, f"{description} JSON.", pii=pii)


def person(name: str, description: str) -> th.Property[Any]:
    """Describe a user as other records show one."""
    return embedded(name, description, *person_fields())


def people(name: str, description: str) -> th.Property[Any]:
    """Describe a list of users."""
    return several(name, description, *person_fields())


def person_fields() -> tuple[th.Property[Any], ...]:
    """Describe what records show of a user."""
    return (
        text("id", "Id of the user."),
        text("username", "Name.", pii=Pii.DIRECT),
        text("email", "E-mail address.", pii=Pii.DIRECT),
        text("initials", "Initials.", pii=Pii.DIRECT),
        text("color", "Colour."),
        text("profilePicture", "Address of the picture.", pii=Pii.DIRECT),
    )


def status(name: str = "status", description: str = "Status.") -> th.Property[Any]:
    """Describe the status of a task."""
    return embedded(name, description, *status_fields())


def status_fields() -> tuple[th.Property[Any], ...]:
    """Describe what a status has."""
    return (
        text("id", "Id of the status."),
        text("status", "Its name."),
        text("type", "open, custom, done or closed."),
        text("color", "Colour."),
        integer("orderindex", "Place among the statuses."),
    )


def tags(name: str, description: str) -> th.Property[Any]:
    """Describe a list of tags."""
    return several(
        name,
        description,
        text("name", "Name of the tag."),
        text("tag_fg", "Colour of the text."),
        text("tag_bg", "Colour behind it."),
        text("creator", "Id of the user who made it."),
    )


def place(name: str, description: str) -> th.Property[Any]:
    """Describe the list, folder or space that something is in."""
    return embedded(
        name,
        description,
        text("id", "Id."),
        text("name", "Name."),
        flag("hidden", "True for the folder that stands for none."),
        flag("access", "Whether the token's owner may open it."),
    )


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """Return a function that brings a value into the shape of its schema."""
    kinds = schema.get("type", [])
    if "object" in kinds:
        return _object(schema["properties"])
    if "array" in kinds:
        item = shape_of(schema["items"])
        return lambda value: [item(part) for part in value] if isinstance(value, list) else None
    if schema.get("format") == "date-time":
        return moment
    if "contentMediaType" in schema:
        return _json_text
    simple: dict[str, Shape] = {"boolean": _boolean, "integer": whole, "number": _decimal}
    return next((shape for kind, shape in simple.items() if kind in kinds), _text)


def whole(value: Any) -> int | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a whole number from a number or a text; ``None`` if it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except ValueError:
        number = _decimal(value)
        return None if number is None else int(number)


def moment(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read an instant from milliseconds since 1970, a number or a text."""
    milliseconds = whole(value)
    if milliseconds is None:
        return None
    try:
        return canonical(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return None


def _object(properties: Mapping[str, Any]) -> Shape:
    shapes = [(name, shape_of(schema)) for name, schema in properties.items()]

    def shape(value: Any) -> Record | None:  # noqa: ANN401 - whatever a vendor sends
        if not isinstance(value, dict):
            return None
        return {name: shape(value.get(name)) for name, shape in shapes}

    return shape


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        return None
    return json.dumps(value)


def _json_text(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _boolean(value: Any) -> bool | None:  # noqa: ANN401 - whatever a vendor sends
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())


def _decimal(value: Any) -> float | None:  # noqa: ANN401 - whatever a vendor sends
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124 - NaN
