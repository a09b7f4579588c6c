"""One cell of an exported time report: from what stands in it to the value it means.

The same entry looks different in every export: Excel holds dates, clock times and numbers as typed
cells, CSV holds text in the account's own formats, and a file that somebody saved again holds
both. Each function here reads one kind of column from all of these spellings and answers with one.
None of them sees an empty cell: :func:`tidy` turns emptiness into ``None`` beforehand.

A cell that cannot be read raises ``ValueError``, one with an absurdly large number perhaps
``OverflowError``; both are in :data:`UNREADABLE`. Callers report the place and drop the cause, so
that no cell's content gets into a message.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | datetime | date | time | timedelta | None
"""What a spreadsheet or a CSV file can hold in one place."""

Value: TypeAlias = str | float | bool | None
"""What a record of the stream holds in one property."""

UNREADABLE = (ValueError, OverflowError)
"""What the functions of this module raise on a cell that cannot be read."""

_MINUTES_A_DAY = 24 * 60

_ESCAPED_CONTROL = re.compile(r"_x00(0[9AD])_", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?: 0{1,2}:00(?::00)?)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)
_DURATION = re.compile(r"([+-]?)(\d+):([0-5]\d)(?::([0-5]\d))?")
_GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}(?:([., '])\d{3})(?:\1\d{3})*(?!\1)[.,]\d+")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+|\d*[.,]\d+)")
_THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")

_FLAGS = {"yes": True, "y": True, "true": True, "1": True}
_FLAGS |= {"no": False, "n": False, "false": False, "0": False}


def tidy(cell: Cell) -> Cell:
    r"""Remove what the file format, not the author, put around a text.

    White space at both ends and byte order marks go, line ends become ``\n``, Excel's escaped
    control characters (``_x000D_``) become what they stand for, and letters take their composed
    form (Unicode NFC). Cells of other types pass unchanged.

    Returns:
        The tidied cell; ``None`` if nothing is left.
    """
    if not isinstance(cell, str):
        return cell
    if "_x00" in cell:
        cell = _ESCAPED_CONTROL.sub(lambda match: chr(int(match[1], 16)), cell)
    if "\r" in cell:
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    if not cell.isascii():
        cell = unicodedata.normalize("NFC", cell.replace("\ufeff", ""))
    return cell.strip() or None


def text(cell: Cell) -> str:
    """Read a text column, whatever type Excel guessed for the cell."""
    match cell:
        case str():
            return cell
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time.min:
            return cell.date().isoformat()
        case _:
            return str(cell)


def flag(cell: Cell) -> bool:
    """Read a yes/no column.

    Raises:
        ValueError: If the cell is neither.
    """
    try:
        return _FLAGS[text(cell).casefold()]
    except KeyError:
        raise ValueError from None


def number(cell: Cell) -> float:
    """Read a decimal number with decimal point or comma, with or without thousands separators.

    Source: Harvest API v2, company: ``decimal_symbol`` and ``thousands_separator`` are settings
    of the account.

    Raises:
        ValueError: If the cell is no finite number, or is one like ``1,500`` that half the world
            reads as a thousand times the other half's.
    """
    match cell:
        case bool():
            raise ValueError
        case int() | float():
            value = float(cell)
        case str():
            value = _number_from_text(cell)
        case _:
            raise ValueError
    if not math.isfinite(value):
        raise ValueError
    return value


def hours(cell: Cell) -> float:
    """Read a duration in decimal hours; also ``1:30`` and Excel's durations.

    Durations in hours and minutes are rounded to two decimals, as Harvest's own decimals are.

    Raises:
        ValueError: If the cell is no duration.
    """
    match cell:
        case timedelta():
            return round(cell / timedelta(hours=1), 2)
        case time():
            return round(_seconds(cell) / 3600, 2)
        case str() if written := _DURATION.fullmatch(cell.replace("\u2212", "-")):
            sign, whole, minutes, seconds = written.groups()
            length = int(whole) + int(minutes) / 60 + int(seconds or 0) / 3600
            return round(-length if sign == "-" else length, 2) + 0.0
        case _:
            return number(cell)


def clock(cell: Cell) -> str:
    """Read a time of day and write it as ``HH:MM``, 00:00 to 23:59.

    Seconds are cut off: Harvest's Excel exports compute the end from the start and the hours, so
    that 1.33 hours end at :48 seconds, while both Excel and the CSV export show the minute.
    Fractions of a day are rounded to whole seconds first, for 8:00 is not quite a third of a day.

    Raises:
        ValueError: If the cell is no time of day.
    """
    match cell:
        case datetime():
            seconds = _seconds(cell.time())
        case time():
            seconds = _seconds(cell)
        case timedelta():
            seconds = cell.total_seconds()
        case str():
            return _clock_from_text(cell)
        case int() | float() if not isinstance(cell, bool):
            seconds = cell * 86_400
        case _:
            raise ValueError
    minutes = round(seconds) // 60
    if not 0 <= minutes <= _MINUTES_A_DAY:
        raise ValueError
    return _minute_of_day(minutes)


def day(cell: Cell, *, day_first: bool) -> str:
    """Read a calendar date and write it as ``YYYY-MM-DD``.

    Args:
        cell: A date cell, or text: year first with any separator, ``31.01.2019``, or numbers with
            slashes or dashes and the year last.
        day_first: The order of a date like ``03/04/2019``. Dotted dates are always day first.

    Raises:
        ValueError: If the cell is no date.
    """
    match cell:
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case str():
            return _day_from_text(cell, day_first=day_first)
        case _:
            raise ValueError


def day_and_month(cell: Cell) -> tuple[int, int] | None:
    """Take the first two numbers of a date whose order the text alone does not tell.

    Returns:
        The two numbers as written for text like ``03/04/2019`` or ``03-04-2019``; ``None`` for
        every other cell.
    """
    written = _YEAR_LAST.fullmatch(cell) if isinstance(cell, str) else None
    if written is None or written[2] == ".":
        return None
    return int(written[1]), int(written[3])


def _number_from_text(written: str) -> float:
    digits = written.replace("\u2212", "-").replace("\u2019", "'")
    digits = digits.replace("\u00a0", " ").replace("\u202f", " ")
    if grouped := _GROUPED_NUMBER.fullmatch(digits):
        digits = digits.replace(grouped[1], "")
    elif _THOUSANDS_OR_DECIMALS.fullmatch(digits) or not _PLAIN_NUMBER.fullmatch(digits):
        raise ValueError
    return float(digits.replace(",", ".")) + 0.0  # no negative zero


def _day_from_text(written: str, *, day_first: bool) -> str:
    if parts := _YEAR_FIRST.fullmatch(written):
        return date(int(parts[1]), int(parts[3]), int(parts[4])).isoformat()
    if parts := _YEAR_LAST.fullmatch(written):
        first, second = int(parts[1]), int(parts[3])
        month, day = (second, first) if day_first or parts[2] == "." else (first, second)
        return date(int(parts[4]), month, day).isoformat()
    raise ValueError


def _clock_from_text(written: str) -> str:
    parts = _CLOCK.fullmatch(written)
    if parts is None:
        raise ValueError
    hour, minute, second = int(parts[1]), int(parts[2]), int(parts[3] or 0)
    if half := parts[4]:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a clock face
            raise ValueError
        hour = hour % 12 + (12 if half in "pP" else 0)
    minutes = hour * 60 + minute
    if max(minute, second) > 59 or minutes > _MINUTES_A_DAY:  # noqa: PLR2004 - a clock face
        raise ValueError
    return _minute_of_day(minutes)


def _minute_of_day(minutes: int) -> str:
    """Write minutes since midnight; the end of the day is the midnight it touches."""
    hour, minute = divmod(minutes % _MINUTES_A_DAY, 60)
    return f"{hour:02}:{minute:02}"


def _seconds(moment: time) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
