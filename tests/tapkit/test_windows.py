"""Spans of whole days: they touch, they do not overlap, they leave nothing out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_tapkit.windows import Days, cut, split

DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))


@given(start=DAYS, length=st.integers(0, 900), at_most=st.integers(1, 400))
def test_split_covers_every_day_once(start: date, length: int, at_most: int) -> None:
    """Pieces touch, are no longer than allowed, and together are the span."""
    span = Days(start, start + timedelta(days=length))

    pieces = list(split(span, at_most=at_most))

    days = [day for piece in pieces for day in _days(piece)]
    assert days == [start + timedelta(days=i) for i in range(length)]
    assert all(len(_days(piece)) <= at_most for piece in pieces)


@given(
    start=st.none() | DAYS,
    low=DAYS,
    known=st.integers(0, 400),
    after=st.none() | st.integers(1, 50),
    pieces=st.integers(1, 60),
)
def test_cut_keeps_the_outer_sides_and_leaves_no_gap(
    start: date | None, low: date, known: int, after: int | None, pieces: int
) -> None:
    """However wrong the guess where records lie, the pieces are exactly the span."""
    start = None if start is None else min(start, low)
    high = low + timedelta(days=known)
    span = Days(start, None if after is None else high + timedelta(days=after))
    if span.end is not None and span.start == span.last:
        return

    parts = cut(span, low=low, high=high, pieces=pieces)

    assert len(parts) >= 2
    assert (parts[0].start, parts[-1].end) == (span.start, span.end)
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]
    assert not any(part.empty for part in parts)


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    """A mix-up of the sides is an error, not an empty span."""
    with pytest.raises(ValueError, match="before it starts"):
        Days(date(2025, 2, 1), date(2025, 1, 1))


def test_a_single_day_cannot_be_cut() -> None:
    """Cutting ends at one day; the caller has to know."""
    day = date(2025, 1, 1)

    with pytest.raises(ValueError, match="single day"):
        cut(Days(day, day + timedelta(days=1)), low=day, high=day, pieces=2)


def test_only_closed_spans_are_split() -> None:
    """An open side has no length to divide."""
    with pytest.raises(ValueError, match="closed on both sides"):
        list(split(Days(None, date(2025, 1, 1)), at_most=3))


def test_the_last_day_is_the_day_before_the_end() -> None:
    """APIs with inclusive bounds are asked for the last day, not for the end."""
    assert Days(date(2025, 1, 1), date(2025, 2, 1)).last == date(2025, 1, 31)


def _days(span: Days) -> list[date]:
    assert span.start is not None
    assert span.end is not None
    return [span.start + timedelta(days=i) for i in range((span.end - span.start).days)]
