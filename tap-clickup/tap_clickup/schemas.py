"""Schemas of ClickUp's objects, and records shaped by them.

ClickUp sends numbers as texts and texts as numbers, from one endpoint to the next, and instants as
milliseconds in either. A record is shaped by its schema: what the schema does not name is dropped,
what it names is brought into its type, and what cannot be is null.

Source: ClickUp API v2 and v3, the object of each collection.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from singer_sdk import typing as th
from singer_tapkit.bookmarks import canonical
from singer_tapkit.schema import Pii, embedded, field, flag, integer, several, text
from singer_tapkit.shaping import whole


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


def moment(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read an instant from milliseconds since 1970, a number or a text."""
    milliseconds = whole(value)
    if milliseconds is None:
        return None
    try:
        return canonical(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return None


LEAVES: Final = {"date-time": moment}
"""How ClickUp writes what others write otherwise."""
