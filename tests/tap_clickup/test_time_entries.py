"""Everybody's time, in whole local days, and no live entry deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import ClickUpControl

    from tests.conftest import Run, SharedClock
    from tests.tap_clickup.conftest import RunTap

OSLO = ZoneInfo("Europe/Oslo")
DAY = timedelta(days=1)


def milliseconds(moment: datetime) -> int:
    """Return an instant as ClickUp has it."""
    return int(moment.timestamp() * 1000)


def tombstones(result: Run) -> set[Any]:
    """Return the ids of entries that a run found to be gone."""
    rows = result.records("time_entries")
    return {row["id"] for row in rows if row.get("_sdc_deleted_at")}


def live(clickup: ClickUpControl) -> set[str]:
    """Return the ids of all entries that ClickUp has."""
    return {row["id"] for row in clickup.rows("time_entries")}


def member(clickup: ClickUpControl, number: int = 2) -> dict[str, Any]:
    """Return a member of the first workspace."""
    first = clickup.workspaces["first"]
    return [row for row in clickup.rows("members") if row["workspace_id"] == first][number]


@pytest.mark.parametrize("matching", ["start", "exclusive", "overlap"])
@pytest.mark.parametrize("window", ["30d", "7d", "0"])
def test_everybodys_entries_arrive_whatever_a_window_means(
    clickup: ClickUpControl, run_tap: RunTap, matching: str, window: str
) -> None:
    """ClickUp does not say which entries a window holds, so every reading has to come out right."""
    clickup.settings(matching=matching, requests_per_minute=10_000)

    result = run_tap("time_entries", window=window, timezone="Europe/Oslo")

    assert result.rows("time_entries").keys() == live(clickup)
    assert len(result.records("time_entries")) == 200
    assert result.exit_code == 0


def test_an_entry_has_its_numbers_as_numbers_and_its_instants_beside_them(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """ClickUp sends texts; the task may be missing, null or junk."""
    entry = clickup.add("time_entries", start=1772442000000, duration=5_400_000)

    row = run_tap("time_entries").rows("time_entries")[entry["id"]]

    assert (row["start"], row["end"], row["duration"]) == (
        1772442000000,
        1772447400000,
        5_400_000,
    )
    assert row["started_at"] == "2026-03-02T09:00:00Z"
    assert row["ended_at"] == "2026-03-02T10:30:00Z"
    assert row["is_running"] is False
    assert row["workspace_id"] == clickup.workspaces["first"]


def test_a_running_timer_is_marked_and_comes_again_when_it_stops(
    clickup: ClickUpControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Even if it ran for longer than the lookback."""
    timer = clickup.add("time_entries", start=milliseconds(NOW - 3 * DAY), running=True)
    first = run_tap("time_entries", lookback="1d", deletions="off")
    clock.advance(40 * 86_400)
    clickup.edit("time_entries", timer["id"], duration=7_200_000)

    second = run_tap("time_entries", first.state, lookback="1d", deletions="off")

    running = first.rows("time_entries")[timer["id"]]
    assert running["is_running"] is True
    assert running["end"] is running["duration"] is running["ended_at"] is None
    assert second.rows("time_entries")[timer["id"]]["duration"] == 7_200_000


def test_a_refresh_brings_edits_additions_back_dated_and_deleted_entries(
    clickup: ClickUpControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Sixty days back, each time."""
    kept = [
        clickup.add("time_entries", start=milliseconds(NOW - back * DAY)) for back in range(1, 50)
    ]
    first = run_tap("time_entries")
    clock.advance(3600)
    clickup.edit("time_entries", kept[3]["id"], description="edited")
    dated_back = clickup.add("time_entries", start=milliseconds(NOW - 55 * DAY))
    ahead = clickup.add("time_entries", start=milliseconds(NOW + 90 * DAY))
    clickup.delete("time_entries", kept[20]["id"])

    second = run_tap("time_entries", first.state)

    rows = second.rows("time_entries")
    assert rows[kept[3]["id"]]["description"] == "edited"
    assert rows.keys() >= {dated_back["id"], ahead["id"]}
    assert tombstones(second) == {kept[20]["id"]}
    assert len(second.records("time_entries")) < len(first.records("time_entries"))
    assert second.exit_code == 0


@pytest.mark.parametrize(
    "now",
    [
        datetime(2025, 12, 24, 7, 40, tzinfo=UTC),
        datetime(2025, 12, 25, 16, 5, tzinfo=UTC),
        datetime(2026, 5, 27, 3, 10, tzinfo=UTC),
        datetime(2026, 5, 28, 22, 30, tzinfo=UTC),
    ],
    ids=str,
)
def test_entries_before_the_time_of_day_of_the_run_are_not_deleted(
    clickup: ClickUpControl, run_tap: RunTap, clock: SharedClock, now: datetime
) -> None:
    """The boundary day is a whole day of one zone, for the request and for the comparison.

    Sixty days before these runs lie the changes of the clocks in Oslo, one each way.
    """
    clock.advance((now - NOW).total_seconds())
    local = now.astimezone(OSLO)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    added = [
        clickup.add("time_entries", start=milliseconds(midnight - back * DAY + quarter))
        for back in range(57, 64)
        for quarter in (timedelta(minutes=minutes) for minutes in range(0, 1440, 97))
    ]
    state = run_tap("time_entries", timezone="Europe/Oslo").state

    for _ in range(4):
        clock.advance(6 * 3600)
        result = run_tap("time_entries", state, timezone="Europe/Oslo")
        state = result.state

        assert tombstones(result) == set()
        assert result.exit_code == 0
    assert live(clickup) >= {row["id"] for row in added}


def test_a_window_that_fails_deletes_nothing_and_fails_the_run(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """The other streams land."""
    gone = clickup.add("time_entries", start=milliseconds(NOW - 3 * DAY))
    first = run_tap(["time_entries", "spaces"])
    clickup.delete("time_entries", gone["id"])
    clickup.fault("status", path="/team/*/time_entries", status=500, skip=2, times=None)

    second = run_tap(["time_entries", "spaces"], first.state)

    assert tombstones(second) == set()
    assert second.outcomes["time_entries"].result == "failed"
    assert second.outcomes["spaces"].result == "complete"
    assert second.exit_code == 1


def test_silent_loss_is_held_back_and_named(clickup: ClickUpControl, run_tap: RunTap) -> None:
    """A third of a window that is missing without an error is not believed."""
    added = [
        clickup.add("time_entries", start=milliseconds(NOW - back * DAY)) for back in range(1, 20)
    ]
    first = run_tap("time_entries")
    lost = {row["id"] for row in added[:6]}
    for entry_id in lost:
        clickup.edit("time_entries", entry_id, hidden=True, at=0)

    held = run_tap("time_entries", first.state)
    let_through = run_tap("time_entries", held.state, max_deletion_share=1)

    assert tombstones(held) == set()
    assert all(entry_id in held.log for entry_id in lost)
    assert held.exit_code == 1
    assert tombstones(let_through) == lost
    assert let_through.exit_code == 0


def test_an_entry_moved_out_of_the_window_is_alive(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """It is looked up by its id before it is given up."""
    moved = clickup.add("time_entries", start=milliseconds(NOW - 3 * DAY))
    first = run_tap("time_entries")
    clickup.edit("time_entries", moved["id"], start=milliseconds(NOW - 300 * DAY))

    second = run_tap("time_entries", first.state)

    assert second.rows("time_entries")[moved["id"]]["started_at"].startswith("2025-05-06")
    assert tombstones(second) == set()


def test_a_member_out_of_reach_is_named_and_the_rest_is_complete(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """One id refuses a whole list, so the others are asked for without it."""
    refused = member(clickup)
    clickup.edit("members", refused["id"], readable=False)

    result = run_tap("time_entries")

    others = {
        row["id"]
        for row in clickup.rows("time_entries")
        if (row["workspace_id"], row["user_id"]) != (refused["workspace_id"], refused["user_id"])
    }
    assert result.rows("time_entries").keys() == others
    outcome = result.outcomes["time_entries"]
    assert outcome.result == "partial"
    assert refused["user_id"] in outcome.detail
    assert refused["username"] not in result.log
    assert result.exit_code == 1


def test_entries_of_somebody_who_cannot_be_read_any_more_are_kept(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """A permission that changed is no deletion, and neither is a member who left."""
    refused, removed = member(clickup, 2), member(clickup, 3)
    for somebody in (refused, removed):
        for back in range(1, 6):
            clickup.add(
                "time_entries", start=milliseconds(NOW - back * DAY), user_id=somebody["user_id"]
            )
    first = run_tap("time_entries")
    clickup.edit("members", refused["id"], readable=False)
    clickup.edit("members", removed["id"], removed=True)

    second = run_tap("time_entries", first.state)

    assert tombstones(second) == set()
    detail = second.outcomes["time_entries"].detail
    assert refused["user_id"] in detail
    assert removed["user_id"] in detail


def test_a_removed_member_who_can_still_be_read_is_read(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """Whoever was read before is asked for again, though no list names them any more."""
    removed = member(clickup, 3)
    clickup.settings(removed_members_readable=True)
    entry = clickup.add("time_entries", start=milliseconds(NOW - DAY), user_id=removed["user_id"])
    first = run_tap("time_entries")
    clickup.edit("members", removed["id"], removed=True)

    second = run_tap("time_entries", first.state)

    assert entry["id"] in second.rows("time_entries")
    assert second.exit_code == 0


def test_a_workspace_the_token_lacks_is_named(clickup: ClickUpControl, run_tap: RunTap) -> None:
    """The others are read."""
    wanted = [clickup.workspaces["first"], clickup.workspaces["closed"]]

    result = run_tap(["time_entries", "spaces"], workspace_ids=wanted)

    for stream in ("time_entries", "spaces"):
        assert result.outcomes[stream].result == "partial"
        assert clickup.workspaces["closed"] in result.outcomes[stream].detail
        assert {row["workspace_id"] for row in result.records(stream)} == {wanted[0]}
    assert result.exit_code == 1


def test_an_oauth_token_asks_for_one_person_at_a_time(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """ClickUp refuses it lists; it is tried once per workspace."""
    result = run_tap("time_entries", api_token=None, **clickup.oauth_config())

    assert result.rows("time_entries").keys() == live(clickup)
    lists = [
        request
        for request in clickup.requests()
        if request.resource.endswith("/time_entries") and "," in request.query["assignee"]
    ]
    assert len(lists) == 2


@pytest.mark.parametrize(("window", "full", "refresh"), [("30d", 25, 3), ("0", 2, 1)])
def test_requests_are_the_least_that_windows_allow(
    clickup: ClickUpControl, run_tap: RunTap, window: str, full: int, refresh: int
) -> None:
    """For each of two workspaces, and one to find them; the README says the same."""
    state = run_tap("time_entries", window=window).state
    first = len(clickup.requests())
    clickup.clear_requests()

    run_tap("time_entries", state, window=window)

    assert first == 1 + 2 * full
    assert len(clickup.requests()) == 1 + 2 * refresh


def test_a_run_killed_between_windows_goes_on_there(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """With the keys of the windows that it had closed."""
    clickup.fault("status", path="/team/*/time_entries", status=500, skip=20, times=None)
    broken = run_tap("time_entries", deletions="sweep", concurrency=1)
    clickup.clear_faults()
    clickup.clear_requests()

    mended = run_tap("time_entries", broken.state, deletions="sweep")

    rows = broken.rows("time_entries") | mended.rows("time_entries")
    assert rows.keys() == live(clickup)
    assert broken.outcomes["time_entries"].result == "failed"
    assert mended.exit_code == 0
    assert len(mended.records("time_entries")) < 200


def test_the_budget_that_clickup_tells_is_kept(
    clickup: ClickUpControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """No request is refused, and an imposed wait is waited."""
    clickup.settings(requests_per_minute=10)
    started = clock.now()

    result = run_tap("time_entries")

    assert [request.status for request in clickup.requests() if request.status == 429] == []
    assert result.exit_code == 0
    assert clock.now() - started > timedelta(minutes=3)
