"""Deleted entries become tombstones; live ones never do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import Run, SharedClock
    from tests.tap_harvest.conftest import RunTap

TODAY = NOW.date()


def tombstones(result: Run, stream: str = "time_entries") -> set[Any]:
    """Return the ids that a run found to be gone."""
    return {row["id"] for row in result.records(stream) if row.get("_sdc_deleted_at")}


def recent(harvest: HarvestControl, count: int = 40) -> list[dict[str, Any]]:
    """Add entries to the account, one for each of the last days."""
    return [
        harvest.add("time_entries", spent_date=str(TODAY - timedelta(days=back)))
        for back in range(count)
    ]


def test_a_deleted_entry_becomes_a_tombstone(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Its key, when it was noticed, and nothing of what it held."""
    gone = recent(harvest)[20]
    first = run_tap("time_entries", deletions="window")
    clock.advance(3600)
    harvest.delete("time_entries", gone["id"])

    second = run_tap("time_entries", first.state, deletions="window")
    third = run_tap("time_entries", second.state, deletions="window")

    noticed = "2026-03-02T10:00:00Z"
    assert [row for row in second.records("time_entries") if row["id"] == gone["id"]] == [
        {"id": gone["id"], "updated_at": noticed, "_sdc_deleted_at": noticed}
    ]
    assert second.outcomes["time_entries"].tombstones == 1
    assert second.exit_code == 0
    assert tombstones(first) == tombstones(third) == set()


def test_the_schema_says_that_there_can_be_tombstones(
    run_tap: RunTap,
) -> None:
    """A target that was not told would drop the property, and keep the row."""
    schemas = {
        deletions: next(
            message["schema"]["properties"]
            for message in run_tap("time_entries", deletions=deletions).messages
            if message["type"] == "SCHEMA"
        )
        for deletions in ("off", "window")
    }

    assert "_sdc_deleted_at" not in schemas["off"]
    assert schemas["window"]["_sdc_deleted_at"]["format"] == "date-time"


def test_entries_outside_the_window_are_left_alone_until_a_sweep(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """A window judges its own days only."""
    recent(harvest)
    old = harvest.add("time_entries", spent_date=str(TODAY - timedelta(days=200)))
    first = run_tap("time_entries", deletions="sweep")
    harvest.delete("time_entries", old["id"])

    window = run_tap("time_entries", first.state, deletions="window")
    sweep = run_tap("time_entries", first.state, deletions="sweep")

    assert tombstones(window) == set()
    assert tombstones(sweep) == {old["id"]}


def test_an_entry_moved_out_of_the_window_is_alive(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """It is missing from the list of the days, but it has not gone."""
    moved = recent(harvest)[10]
    first = run_tap("time_entries", deletions="window")
    clock.advance(3600)
    harvest.edit("time_entries", moved["id"], spent_date=str(TODAY - timedelta(days=300)))

    second = run_tap("time_entries", first.state, deletions="window")
    third = run_tap("time_entries", second.state, deletions="window")

    assert second.rows("time_entries")[moved["id"]]["spent_date"] == "2025-05-06"
    assert tombstones(second) | tombstones(third) == set()


def test_too_many_at_once_are_held_back_and_named(harvest: HarvestControl, run_tap: RunTap) -> None:
    """A third of all entries does not vanish by itself; whoever knows better can say so."""
    rows = recent(harvest, 60)
    first = run_tap("time_entries", deletions="window")
    for row in rows[:20]:
        harvest.delete("time_entries", row["id"])
    changed = harvest.edit("time_entries", rows[40]["id"], notes="edited")

    held = run_tap("time_entries", first.state, deletions="window")
    let_through = run_tap("time_entries", held.state, deletions="window", max_deletion_share=1)

    ids = {row["id"] for row in rows[:20]}
    assert tombstones(held) == set()
    assert changed["id"] in held.rows("time_entries")
    assert all(str(key) in held.log for key in ids)
    assert "max_deletion_share" in held.outcomes["time_entries"].detail
    assert held.exit_code == 1
    assert tombstones(let_through) == ids
    assert let_through.exit_code == 0


def test_a_window_that_cannot_be_read_deletes_nothing(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Not even what is missing from the windows that could be."""
    gone = recent(harvest)[3]
    first = run_tap(["time_entries", "clients"], deletions="window")
    harvest.delete("time_entries", gone["id"])
    harvest.fault("status", path="/time_entries", status=500, times=None)

    second = run_tap(["time_entries", "clients"], first.state, deletions="window")

    assert tombstones(second) == set()
    assert second.outcomes["time_entries"].result == "failed"
    assert second.outcomes["clients"].result == "complete"
    assert second.exit_code == 1
    assert second.state["bookmarks"]["time_entries"] == first.state["bookmarks"]["time_entries"]


def test_off_asks_and_keeps_nothing(harvest: HarvestControl, run_tap: RunTap) -> None:
    """It is the default."""
    gone = recent(harvest)[3]
    first = run_tap("time_entries")
    harvest.delete("time_entries", gone["id"])

    second = run_tap("time_entries", first.state)

    assert "keys" not in first.state["bookmarks"]["time_entries"]
    assert tombstones(second) == set()
    assert second.outcomes["time_entries"].requests == 1


@pytest.mark.parametrize("stream", ["clients", "projects", "expenses", "roles", "invoices"])
def test_a_sweep_covers_every_list_that_has_ids(
    harvest: HarvestControl, run_tap: RunTap, stream: str
) -> None:
    """Also lists without a day of their own."""
    first = run_tap(stream, deletions="sweep")
    gone = harvest.rows(stream)[-1]
    harvest.delete(stream, gone["id"])

    second = run_tap(stream, first.state, deletions="sweep")

    assert tombstones(second, stream) == {gone["id"]}
    assert second.outcomes[stream].result == "complete", second.outcomes[stream].detail


def test_a_range_deletes_nothing(harvest: HarvestControl, run_tap: RunTap) -> None:
    """A backfill says nothing about what lies outside its range."""
    gone = recent(harvest)[3]
    first = run_tap("time_entries", deletions="window")
    harvest.delete("time_entries", gone["id"])

    ranged = run_tap(
        "time_entries",
        first.state,
        deletions="window",
        start_date="2026-02-01",
        end_date="2026-03-03",
    )

    assert tombstones(ranged) == set()


def test_drift_during_the_listing_of_a_crowded_day_deletes_nothing(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """A row that slips past between two pages is asked for by its id before it is given up."""
    day = str(TODAY - timedelta(days=1))
    rows = [harvest.add("time_entries", spent_date=day) for _ in range(30)]
    first = run_tap("time_entries", deletions="window", page_size=10, deletion_window="3d")
    clock.advance(7200)
    harvest.trigger(
        "/time_entries",
        params={"page": "2"},
        add=[("time_entries", {"spent_date": day})],
        delete=[("time_entries", rows[-1]["id"])],
    )

    second = run_tap(
        "time_entries", first.state, deletions="window", page_size=10, deletion_window="3d"
    )

    assert tombstones(second) <= {rows[-1]["id"]}
