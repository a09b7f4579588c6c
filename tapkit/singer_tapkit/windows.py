"""Half-open spans of whole days.

The same span drives what is asked for and, later, what is compared; so its days are whole days
of one calendar, and its end is the first day that no longer belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days from ``start`` (inclusive) to ``end`` (exclusive); ``None`` leaves a side open.

    Raises:
        ValueError: If both sides are given and the end comes before the start.
    """

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end < self.start:
            msg = f"the span ends ({self.end}) before it starts ({self.start})"
            raise ValueError(msg)

    @property
    def last(self) -> date | None:
        """The last day that belongs to the span, for APIs whose bounds are inclusive."""
        return None if self.end is None else self.end - ONE_DAY

    @property
    def empty(self) -> bool:
        """Whether no day belongs to the span."""
        return self.start is not None and self.start == self.end

    @property
    def length(self) -> int:
        """How many days a span has that is closed on both sides."""
        if self.start is None or self.end is None:
            msg = f"{self} has no length"
            raise ValueError(msg)
        return (self.end - self.start).days

    def each(self) -> Iterator[date]:
        """Yield the days of a span that is closed on both sides.

        Raises:
            ValueError: If a side is open.
        """
        length = self.length
        return (self.start + n * ONE_DAY for n in range(length) if self.start)

    def __contains__(self, day: date) -> bool:
        """Tell whether a day belongs to the span."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    @override
    def __str__(self) -> str:
        """Name the span for a log line."""
        return f"[{self.start or '...'}, {self.end or '...'})"


def split(days: Days, *, at_most: int) -> Iterator[Days]:
    """Cut a closed span into consecutive spans an API will accept.

    Args:
        days: Closed on both sides.
        at_most: The most days that a piece may have; positive.

    Yields:
        Spans in ascending order that touch but do not overlap; none if ``days`` is empty.

    Raises:
        ValueError: If a side is open or ``at_most`` is not positive.
    """
    if days.start is None or days.end is None or at_most < 1:
        msg = "only a span closed on both sides can be split, into pieces of at least a day"
        raise ValueError(msg)
    start = days.start
    while start < days.end:
        end = min(start + timedelta(days=at_most), days.end)
        yield Days(start, end)
        start = end


def cut(days: Days, *, low: date, high: date, pieces: int) -> list[Days]:
    """Cut a span, open or closed, into several that together cover exactly the same days.

    The cuts are spread evenly between ``low`` and ``high``, the days where records are known to
    lie; the outermost pieces keep the sides of ``days``, so a wrong guess costs evenness only.

    Args:
        days: What to cut; more than one day long.
        low: First day with records, as far as known.
        high: Last day with records, as far as known; not before ``low``.
        pieces: How many pieces to aim for.

    Returns:
        At least two non-empty spans in ascending order that touch but do not overlap.

    Raises:
        ValueError: If ``days`` is a single day or ``low`` and ``high`` are not in it.
    """
    if low not in days or high not in days or high < low:
        msg = f"records from {low} to {high} do not lie in {days}"
        raise ValueError(msg)
    known = (high - low).days + 1
    step = max(1, -(-known // max(2, pieces)))
    starts = [low + timedelta(days=offset) for offset in range(step, known, step)]
    if not starts:
        starts = [day for day in (low, low + ONE_DAY) if day in days and day != days.start]
    if not starts:
        msg = f"{days} is a single day"
        raise ValueError(msg)
    edges = [days.start, *starts, days.end]
    return [Days(first, then) for first, then in pairwise(edges)]
