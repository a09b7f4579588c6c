"""What Timely's webhooks tell of hours.

Source: Timely API 1.1, "Webhooks"; receivers have met bodies that hold the entity's address only,
and SDKs ones that hold the entity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.events import Events, Hint

from tap_timely.tap import TapTimely

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATH: Final = re.compile(r"/(?:hours|events)/(\d+)\b")


def hints(body: Mapping[str, Any]) -> Sequence[Hint]:
    """Return the hour that an event tells of."""
    payload = body.get("payload", body.get("entity", body))
    entity = payload if isinstance(payload, dict) else {}
    kind = str(body.get("event_type") or body.get("event") or entity.get("event_type") or "")
    path = _PATH.search(str(entity.get("entity_path") or body.get("entity_path") or ""))
    if path is None and not kind.startswith(("hours", "events")):
        return ()
    found = path[1] if path else str(entity.get("id") or "")
    if not found.isdecimal():
        return ()
    deleted = kind.endswith("deleted") or entity.get("deleted") is True
    return [Hint({"id": int(found)}, deleted)]


HOURS: Final = Events(TapTimely, "hours", hints)
