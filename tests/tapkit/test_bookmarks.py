"""Bookmarks: one spelling, only forward, never past the start of the run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_tapkit.bookmarks import Bookmark, canonical, parse_instant
from singer_tapkit.errors import StreamFailedError

if TYPE_CHECKING:
    from singer_tapkit.types import Json

RUN = datetime(2025, 6, 1, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def bookmark(state: dict[str, Json], run: datetime = RUN) -> Bookmark:
    """Return the bookmark of a stream with this state."""
    return Bookmark(state, replication_key="updated_at", not_after=run)


@given(INSTANTS, INSTANTS)
def test_canonical_text_orders_as_time_does_within_a_precision(a: datetime, b: datetime) -> None:
    """The SDK compares bookmarks as text, so text must order as time."""
    a, b = a.replace(microsecond=0), b.replace(microsecond=0)

    assert (canonical(a) < canonical(b)) == (a < b)
    assert parse_instant(canonical(a)) == a


@pytest.mark.parametrize(
    "text", ["2025-03-01T09:00:00Z", "2025-03-01T11:00:00+02:00", "2025-03-01T09:00:00"]
)
def test_spellings_of_one_instant_are_one(text: str) -> None:
    """Naive means UTC; offsets are converted."""
    assert canonical(parse_instant(text)) == "2025-03-01T09:00:00Z"


def test_a_naive_datetime_is_refused() -> None:
    """A bookmark without a zone would be somebody's guess."""
    with pytest.raises(ValueError, match="aware"):
        canonical(datetime(2025, 3, 1))  # noqa: DTZ001 - the point of the test


def test_fractions_are_kept() -> None:
    """Where the vendor has sub-seconds, so has the bookmark."""
    assert canonical(parse_instant("2025-03-01T09:00:00.5Z")) == "2025-03-01T09:00:00.500000Z"


def test_without_a_bookmark_reading_begins_at_the_start_date() -> None:
    """A first run asks from the start date on."""
    start = datetime(2025, 1, 1, tzinfo=UTC)

    reading = bookmark({}).open(start=start, lookback=HOUR)

    assert (reading.since, reading.incremental) == (start, False)


def test_lookback_never_crosses_the_start_date() -> None:
    """What lies before the start date stays unread."""
    state: dict[str, Json] = {"replication_key_value": "2025-01-01T00:30:00Z"}
    start = datetime(2025, 1, 1, tzinfo=UTC)

    reading = bookmark(state).open(start=start, lookback=HOUR)

    assert (reading.since, reading.incremental) == (start, True)


def test_even_without_lookback_the_last_second_is_asked_for_again() -> None:
    """Whether the vendor's filter includes its bound does not matter."""
    state: dict[str, Json] = {"replication_key_value": "2025-01-01T00:30:00Z"}

    reading = bookmark(state).open(start=None, lookback=timedelta())

    assert reading.since == datetime(2025, 1, 1, 0, 29, 59, tzinfo=UTC)


@given(st.lists(INSTANTS), st.none() | INSTANTS, INSTANTS)
def test_a_bookmark_only_moves_forward_and_never_past_the_run(
    seen: list[datetime], stored: datetime | None, run: datetime
) -> None:
    """Whatever is read, the bookmark does not go back, and not past the start of the run."""
    state: dict[str, Json] = {}
    if stored:
        state["replication_key_value"] = canonical(stored)
    mark = bookmark(state, run)
    mark.open(start=None, lookback=HOUR)

    for moment in seen:
        mark.saw(canonical(moment))
    mark.close()

    after = mark.value
    if stored:
        assert after is not None
        assert after >= stored
    if after is not None and after != stored:
        assert after <= run
        assert after <= max(seen)


def test_an_unfinished_reading_moves_no_bookmark_but_remembers_its_place() -> None:
    """A kill between windows costs nothing that was written."""
    state: dict[str, Json] = {}
    mark = bookmark(state)
    mark.open(start=None, lookback=HOUR)
    mark.saw("2025-05-31T00:00:00Z")
    mark.keep_place("2024-06-01")

    later = bookmark(state, RUN + timedelta(days=1))
    reading = later.open(start=None, lookback=HOUR)

    assert "replication_key_value" not in state
    assert (reading.position, reading.since, reading.incremental) == ("2024-06-01", None, False)


def test_a_resumed_reading_ends_at_the_start_of_the_run_that_began_it() -> None:
    """What was edited during the interruption is asked for by the next run."""
    state: dict[str, Json] = {}
    first = bookmark(state)
    first.open(start=None, lookback=HOUR)
    first.keep_place("2024-06-01")
    second = bookmark(state, RUN + timedelta(days=1))
    second.open(start=None, lookback=HOUR)

    second.saw(canonical(RUN + timedelta(hours=5)))
    second.close()

    assert second.value == RUN
    assert state["resume"] is None


def test_unreadable_state_is_an_error_that_says_what_to_do() -> None:
    """A damaged state file does not silently become a full reading."""
    mark = bookmark({"replication_key_value": "yesterday"})

    with pytest.raises(StreamFailedError, match="remove this stream's bookmark"):
        mark.open(start=None, lookback=HOUR)


def test_a_record_without_a_readable_time_of_change_is_an_error() -> None:
    """Its text is not quoted."""
    with pytest.raises(StreamFailedError, match="updated_at is not a timestamp") as caught:
        bookmark({}).saw("Ines Okafor")

    assert "Ines" not in str(caught.value)


def test_other_zones_are_converted() -> None:
    """The zone of the machine plays no part."""
    berlin = timezone(timedelta(hours=2))

    assert canonical(datetime(2025, 3, 1, 11, tzinfo=berlin)) == "2025-03-01T09:00:00Z"
