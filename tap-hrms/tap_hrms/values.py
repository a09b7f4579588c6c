"""What HR systems write, read into plain values.

Four systems write dates in five ways, numbers as texts, and nothing at all as ``""``,
``0000-00-00`` or a row of asterisks. Each reader here returns ``None`` for what stands for nothing,
and raises ``ValueError`` for what should have been something.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit import shaping
from singer_tapkit.bookmarks import canonical, parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

_ODATA: Final = re.compile(r"/Date\((-?\d+)([+-]\d+)?\)/")
_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:$|[T ]|Z|[+-]\d\d:?\d\d)")
_TIME: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?")
_DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?")
_MASKED: Final = re.compile(r"(?=.*[*•])[*•xX\-\s\d]+|[xX]{2,}[-xX\d]*-\d*[-xX\d]+")
_NOTHING: Final = frozenset({"", "0000-00-00", "0000-00-00 00:00:00"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = 9999
"""The year that stands for no end."""

YES_NO: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "y", "1", "t", "on"), True),
    **dict.fromkeys(("false", "no", "n", "0", "f", "off"), False),
}


def text(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a text; blanks and masks are none."""
    read = shaping.text(value)
    if read is None:
        if value:
            msg = "no plain value"
            raise ValueError(msg)
        return None
    read = read.strip()
    return None if read in _NOTHING or _MASKED.fullmatch(read) else read


def flag(value: Any) -> bool | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a yes or no, however it is written; ``"0"`` is no."""
    if isinstance(value, bool):
        return value
    word = text(value)
    if word is None:
        return None
    if word.lower() not in YES_NO:
        msg = "no yes or no"
        raise ValueError(msg)
    return YES_NO[word.lower()]


def number(value: Any) -> float | int | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a decimal number; whole ones stay whole."""
    if isinstance(value, bool):
        msg = "no number"
        raise ValueError(msg)  # noqa: TRY004 - of a value that cannot be read, like others
    if isinstance(value, int):
        return value
    word = text(value)
    if word is None:
        return None
    if re.fullmatch(r"[+-]?\d+", word):
        return int(word)
    read = shaping.decimal(word)
    if read is None:
        msg = "no number"
        raise ValueError(msg)
    return read


def whole(value: Any) -> int | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a whole number."""
    read = number(value)
    return None if read is None else int(read)


def day(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a calendar date; of a date-time, its date as it is written, without a shift of zone."""
    word = text(value)
    if word is None:
        return None
    if found := _ODATA.fullmatch(word):
        read = (_EPOCH + timedelta(milliseconds=int(found[1]))).date()
    else:
        found = _DAY.match(word)
        if found is None:
            msg = "no date"
            raise ValueError(msg)
        read = date.fromisoformat(found[1])
    return None if read.year == _NEVER else read.isoformat()


def instant(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a point in time, as UTC; without an offset it is UTC, a date is its midnight."""
    word = text(value)
    if word is None:
        return None
    if found := _ODATA.fullmatch(word):
        read = _EPOCH + timedelta(milliseconds=int(found[1]))
    else:
        read = parse_instant(word)
    return None if read.year == _NEVER else canonical(read)


def time(value: Any) -> str | None:  # noqa: ANN401 - whatever a vendor sends
    """Read a time of day, as ``HH:MM:SS``."""
    word = text(value)
    if word is None:
        return None
    found = _DURATION.fullmatch(word) or _TIME.match(word)
    if found is None:
        msg = "no time of day"
        raise ValueError(msg)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return f"{hours:02}:{minutes:02}:{seconds:02}"


LEAVES: Final = {
    "boolean": flag,
    "date": day,
    "date-time": instant,
    "integer": whole,
    "number": number,
    "string": text,
    "time": time,
}
"""How the values of canonical records are read, by format or type."""
