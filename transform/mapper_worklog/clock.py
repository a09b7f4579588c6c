"""Instants, clock times, dates and zones, from the texts and numbers that records hold.

What cannot be read is None; nothing here raises for a value.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 4096
_DATE_LENGTH: Final = len("2026-01-31")
_CLOCK: Final = re.compile(
    r"\s*(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
    r"\s*(?:(?P<half>[ap])\.?m\.?)?\s*",
    re.ASCII | re.IGNORECASE,
)


@lru_cache(maxsize=_REMEMBERED)
def zone_named(name: str) -> ZoneInfo | None:
    """Look up an IANA zone; the names are those of the tz database, as Europe/Oslo."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_instant(value: object) -> datetime | None:
    """Read a date-time in ISO 8601; one without an offset is in UTC, a date alone is none."""
    if not isinstance(value, str) or len(value) <= _DATE_LENGTH:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_number(value: object) -> int | float | None:
    """Read a finite number, also from a text such as ``"5400000"``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if not isinstance(value, (float, Decimal, str)):
        return None
    try:
        if isinstance(value, str):
            return int(value)
    except ValueError:
        pass
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_epoch(value: object, unit: timedelta) -> datetime | None:
    """Read a count of units since 1970-01-01 UTC; exact for whole numbers."""
    number = read_number(value)
    if number is None:
        return None
    try:
        return EPOCH + unit * number
    except OverflowError:
        return None


@lru_cache(maxsize=_REMEMBERED)
def read_date(text: str) -> date | None:
    """Read a date in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=_REMEMBERED)
def read_clock(text: str) -> time | None:
    """Read a time of day: ``8:00am``, ``12:00 PM``, ``5pm``, ``14:59``, ``14:59:30``."""
    match = _CLOCK.fullmatch(text)
    if match is None or (match["minute"] is None and match["half"] is None):
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - hours of a twelve-hour clock
            return None
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def on_the_clock(
    day: date, clock: time, zone: ZoneInfo, *, not_before: datetime | None = None
) -> datetime | None:
    """Find the instant at which clocks of a zone show a time on a day.

    A time that the clocks skip in spring counts on from before the gap: 02:30 is 03:30. A time that
    they show twice in autumn is the first of the two.

    Args:
        day: The local day.
        clock: What the clocks show.
        zone: Where they hang.
        not_before: Start of what ends at the time asked for. If the time comes before it, the
            second of two is taken, else the following day's.

    Returns:
        The instant in UTC; none outside of the years that Python knows.
    """
    try:
        moment = datetime.combine(day, clock, zone).astimezone(UTC)
        if not_before is None or moment >= not_before:
            return moment
        second = datetime.combine(day, clock.replace(fold=1), zone).astimezone(UTC)
        if second >= not_before:
            return second
        return datetime.combine(day + timedelta(days=1), clock, zone).astimezone(UTC)
    except OverflowError:
        return None


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return an instant as clocks of a zone show it; none outside of the years Python knows."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return None


def write_instant(moment: datetime, *, micros: bool) -> str | None:
    """Write an instant in UTC with ``Z``, always of the same width so that text sorts as time."""
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return None
    return utc.replace(tzinfo=None).isoformat("T", "microseconds" if micros else "seconds") + "Z"
