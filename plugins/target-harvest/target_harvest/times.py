"""Clock times as Harvest writes them: ``8:00am`` or ``08:00``, by the account."""

from __future__ import annotations

import re
from typing import Final

_CLOCK: Final = re.compile(r"\s*(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap])?\.?m?\.?\s*", re.IGNORECASE)
_DAY_MINUTES: Final = 1440


def minute_of(text: object) -> int | None:
    """Return the minute of the day that a clock time names; ``None`` if it is none."""
    match = _CLOCK.fullmatch(str(text)) if text is not None else None
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    if match[3]:
        hour = hour % 12 + (12 if match[3] in "pP" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None  # noqa: PLR2004 - of a clock


def hours_between(start: object, end: object) -> float | None:
    """Return the hours between two clock times; an end before its start is on the next day."""
    first, last = minute_of(start), minute_of(end)
    if first is None or last is None:
        return None
    return round((last - first) % _DAY_MINUTES / 60, 2)
