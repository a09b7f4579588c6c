"""Dates and instants as Harvest writes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

_DAY_SECONDS: Final = 86_400
_MINUTES: Final = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)]
_SECONDS: Final = [f"{second:02}Z" for second in range(60)]
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


@lru_cache(maxsize=20_000)
def day_text(ordinal: int) -> str:
    """Write a proleptic day number as ``2025-03-05``."""
    return date.fromordinal(ordinal).isoformat()


def stamp(seconds: int) -> str:
    """Write seconds since 1970 as ``2025-03-05T14:23:40Z``."""
    day, rest = divmod(seconds, _DAY_SECONDS)
    return day_text(day + EPOCH_ORDINAL) + _MINUTES[rest // 60] + _SECONDS[rest % 60]


def seconds_of(text: str) -> int:
    """Read an instant, with or without a zone; without one it is UTC. Fractions are cut off.

    Raises:
        ValueError: If it is none.
    """
    if not _INSTANT.fullmatch(text):
        msg = f"{text} is no instant"
        raise ValueError(msg)
    instant = datetime.fromisoformat(text)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())


def ordinal_of(text: str) -> int:
    """Read ``2025-03-05`` or ``20250305`` as a proleptic day number.

    Raises:
        ValueError: If it is no date.
    """
    if not _DATE.fullmatch(text):
        msg = f"{text} is no date"
        raise ValueError(msg)
    return date.fromisoformat(text).toordinal()


def clock_time(minute: int, clock: str) -> str:
    """Write a minute of the day as ``2:59pm`` (12h) or ``14:59`` (24h)."""
    hour, minutes = divmod(minute % 1440, 60)
    if clock == "24h":
        return f"{hour:02}:{minutes:02}"
    return f"{hour % 12 or 12}:{minutes:02}{'am' if hour < 12 else 'pm'}"  # noqa: PLR2004 - noon


def minute_of(text: str) -> int:
    """Read a time of day in either form.

    Raises:
        ValueError: If it is none.
    """
    match = re.fullmatch(r"(\d{1,2}):(\d\d)\s*(am|pm)?", text.strip().lower())
    if not match:
        msg = f"{text} is no time of day"
        raise ValueError(msg)
    hour, minutes = int(match[1]), int(match[2])
    if match[3]:
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return hour * 60 + minutes
