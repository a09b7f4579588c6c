"""The second run asks for what has changed, and finds all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap


def test_every_entry_arrives_once_and_as_harvest_shows_it(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """A full run is complete, whatever the page size."""
    expected = {row["id"]: row for row in harvest.rows("time_entries")}

    result = run_tap("time_entries", page_size=7)

    assert result.rows("time_entries") == expected
    assert len(result.records("time_entries")) == len(expected)
    assert result.exit_code == 0


def test_a_second_run_without_change_emits_the_lookback_only_and_leaves_state_alone(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Nothing new means nothing new."""
    first = run_tap()

    second = run_tap(state=first.state)

    for stream in ("time_entries", "projects", "clients", "invoices", "users"):
        newest = max(row["updated_at"] for row in harvest.rows(stream))
        assert first.bookmark(stream) == newest
        assert all(row["updated_at"] >= newest[:11] for row in second.records(stream)), stream
        assert len(second.records(stream)) < len(first.records(stream)), stream
    assert second.state == first.state
    assert second.exit_code == 0


def test_edited_back_dated_and_added_entries_arrive(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """What counts is when an entry was changed, not the day it is for."""
    first = run_tap("time_entries")
    clock.advance(3600 * 24)
    oldest = min(harvest.rows("time_entries"), key=lambda row: (row["spent_date"], row["id"]))
    harvest.edit("time_entries", oldest["id"], notes="edited")
    back_dated = harvest.add("time_entries", spent_date="2019-05-06")
    added = harvest.add("time_entries", spent_date="2026-03-03")

    second = run_tap("time_entries", first.state)

    assert second.rows("time_entries").keys() >= {oldest["id"], back_dated["id"], added["id"]}
    assert second.rows("time_entries")[oldest["id"]]["notes"] == "edited"
    assert len(second.records("time_entries")) < len(first.records("time_entries"))


def test_an_edit_behind_the_bookmark_but_within_the_lookback_is_read(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Entries saved in a batch can carry an older stamp than the newest one seen."""
    first = run_tap("time_entries")
    entry = next(row for row in harvest.rows("time_entries") if not row["is_running"])
    bookmark = first.bookmark("time_entries")
    assert bookmark is not None
    harvest.edit("time_entries", entry["id"], hours=3.25, updated_at=_minus_a_day(bookmark))

    second = run_tap("time_entries", first.state, lookback="2d")

    assert second.rows("time_entries")[entry["id"]]["hours"] == 3.25
    assert second.bookmark("time_entries") == first.bookmark("time_entries")


def test_an_exclusive_filter_loses_nothing_either(harvest: HarvestControl, run_tap: RunTap) -> None:
    """Harvest does not say whether updated_since includes its bound."""
    harvest.settings(updated_since_inclusive=False)
    first = run_tap("time_entries")
    bookmark = first.bookmark("time_entries")
    late = harvest.add("time_entries", spent_date="2026-03-01", updated_at=bookmark)

    second = run_tap("time_entries", first.state, lookback="0s")

    assert late["id"] in second.rows("time_entries")


def test_a_bookmark_never_passes_the_start_of_the_run(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """An entry changed while the run reads is asked for again by the next one."""
    started = clock.now()
    future = harvest.add("time_entries", spent_date="2026-03-02", updated_at="2026-03-02T12:00:00Z")

    first = run_tap("time_entries")
    second = run_tap("time_entries", first.state)

    assert first.bookmark("time_entries") == started.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert future["id"] in second.rows("time_entries")


def test_the_request_for_changes_says_when(harvest: HarvestControl, run_tap: RunTap) -> None:
    """The stamp ends in Z: a plus sign would be read as a space."""
    first = run_tap("time_entries")
    harvest.clear_requests()

    run_tap("time_entries", first.state)

    (request,) = harvest.requests()
    assert request.query["updated_since"].endswith("Z")
    assert request.query["per_page"] == "2000"
    assert "from" not in request.query


def test_a_start_date_bounds_the_first_run_by_the_day_worked(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """It is inclusive, and entries touched later for earlier days stay out."""
    days = sorted(row["spent_date"] for row in harvest.rows("time_entries"))
    start = days[len(days) // 2]

    result = run_tap("time_entries", start_date=start, page_size=20)

    expected = {row["id"] for row in harvest.rows("time_entries") if row["spent_date"] >= start}
    assert result.rows("time_entries").keys() == expected


def test_a_range_reads_its_days_and_leaves_bookmarks_alone(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """start_date is inclusive, end_date exclusive; the stored state comes out as it went in."""
    days = sorted({row["spent_date"] for row in harvest.rows("time_entries")})
    start, end = days[len(days) // 4], days[len(days) // 2]
    before = run_tap("time_entries").state

    result = run_tap("time_entries", before, start_date=start, end_date=end, page_size=5)

    expected = {
        row["id"] for row in harvest.rows("time_entries") if start <= row["spent_date"] < end
    }
    assert result.rows("time_entries").keys() == expected
    assert result.state == before


def test_a_range_of_other_streams_goes_by_their_last_change(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Projects have no day of their own."""
    stamps = sorted(row["updated_at"] for row in harvest.rows("projects"))
    start, end = stamps[1], stamps[-1]

    result = run_tap("projects", start_date=start, end_date=end)

    expected = {row["id"] for row in harvest.rows("projects") if start <= row["updated_at"] < end}
    assert result.rows("projects").keys() == expected


def test_a_running_timer_comes_again_when_it_stops(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Hours of a running timer are provisional."""
    entry = harvest.add("time_entries", spent_date="2026-03-02", hours=0.5, is_running=True)
    first = run_tap("time_entries")
    clock.advance(7200)
    harvest.edit("time_entries", entry["id"], hours=2.5, is_running=False)

    second = run_tap("time_entries", first.state)

    assert first.rows("time_entries")[entry["id"]]["is_running"] is True
    assert second.rows("time_entries")[entry["id"]]["hours"] == 2.5


def _minus_a_day(stamp: str) -> str:
    from datetime import timedelta  # noqa: PLC0415

    from singer_tapkit.bookmarks import canonical, parse_instant  # noqa: PLC0415

    return canonical(parse_instant(stamp) - timedelta(days=1))
