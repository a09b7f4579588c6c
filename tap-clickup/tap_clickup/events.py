"""What ClickUp's webhooks tell of time entries.

Source: ClickUp API v2, "Task webhook payloads"; recorded deliveries. Edits and deletions are not
documented, so what an event means is decided by its description, else by what it held before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.events import Events, Hint

from tap_clickup.schemas import moment
from tap_clickup.tap import TapClickUp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EVENT: Final = "taskTimeTrackedUpdated"
_DELETED: Final = "Time Tracking Deleted"
_DESCRIPTIONS: Final = ("Time Tracking Created", "Time Tracking Edited", _DELETED)


def hints(body: Mapping[str, Any]) -> Sequence[Hint]:
    """Return the entries that an event tells of: one, or two where it names it in two ways."""
    if body.get("event") != _EVENT:
        return ()
    items = body.get("history_items")
    item = _object(items[0]) if isinstance(items, list) and items else {}
    data, before, after = (_object(part) for part in (body.get("data"), *_sides(item)))
    ids = dict.fromkeys(
        str(part) for part in (data.get("interval_id"), after.get("id"), before.get("id")) if part
    )
    description = data.get("description")
    unknown = description not in _DESCRIPTIONS
    deleted = description == _DELETED or (unknown and bool(before) and not after)
    at = moment(item.get("date"))
    return [Hint({"id": entry_id}, deleted, at) for entry_id in ids]


TIME_ENTRIES: Final = Events(TapClickUp, "time_entries", hints)


def _sides(item: Mapping[str, Any]) -> tuple[object, object]:
    return item.get("before"), item.get("after")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
