"""Garmin: small pages, days that are not final, and a key for tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.conftest import SharedClock
    from tests.personal.conftest import RunTap


def test_activities_come_in_pages_that_garmin_can_serve(
    garmin: AppControl, run_tap: RunTap
) -> None:
    """It fails above 45; others' names stay out."""
    result = run_tap("garmin", "activities")

    assert result.exit_code == 0
    assert set(result.rows("activities", "activityId")) == {
        row["id"] for row in garmin.rows("activities")
    }
    assert 500 not in {call.status for call in garmin.requests()}
    assert "Somebody Else" not in str(result.messages)


def test_a_late_activity_and_a_deleted_one_are_found(garmin: AppControl, run_tap: RunTap) -> None:
    """Within two weeks."""
    first = run_tap("garmin", "activities")
    gone = max(row["id"] for row in garmin.rows("activities") if row["day"] < "2026-02-27")
    garmin.delete("activities", gone)
    late = garmin.add("activities", day="2026-02-20", hour=12)["id"]

    second = run_tap("garmin", "activities", first.state)

    rows = second.rows("activities", "activityId")
    assert rows[gone]["_sdc_deleted_at"]
    assert late in rows
    assert len(rows) < 30


def test_a_day_is_read_again_until_it_is_final(
    garmin: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """The watch syncs late; no bookmark goes past yesterday."""
    garmin.delete("days", "2026-03-01")
    garmin.edit("days", "2026-02-28", slept=100)
    first = run_tap("garmin", ["sleep", "heart_rate", "daily_summaries"])
    assert "2026-03-01" not in first.rows("sleep", "calendarDate")
    for stream in ("sleep", "heart_rate", "daily_summaries"):
        assert first.bookmark(stream) == "2026-03-01T00:00:00Z"
    garmin.add("days", id="2026-03-01", slept=28000, resting=50, steps=9000)
    garmin.edit("days", "2026-02-28", slept=27000)
    clock.advance(2 * 86400)

    second = run_tap("garmin", ["sleep", "heart_rate", "daily_summaries"], first.state)

    sleep = second.rows("sleep", "calendarDate")
    assert sleep["2026-03-01"]["sleepTimeSeconds"] == 28000
    assert sleep["2026-02-28"]["sleepTimeSeconds"] == 27000
    summary = second.rows("daily_summaries", "calendarDate")["2026-03-01"]
    assert summary["movement"]["steps"]["value"] == 9000
    assert second.bookmark("sleep") == "2026-03-03T00:00:00Z"
    asked = [call.query["date"] for call in garmin.requests() if "dailySleep" in call.path]
    assert asked.count("2026-01-31") == 1, "what is final is not asked for again"


def test_days_without_data_come_only_if_they_are_wanted(
    garmin: AppControl, run_tap: RunTap
) -> None:
    """Garmin sends objects full of nulls for them."""
    garmin.delete("days", "2026-02-20")

    without = run_tap("garmin", "heart_rate").rows("heart_rate", "calendarDate")
    full = run_tap("garmin", "heart_rate", include_empty_days=True)

    assert "2026-02-20" not in without
    assert full.rows("heart_rate", "calendarDate")["2026-02-20"]["restingHeartRate"] is None


def test_values_are_read_by_the_names_of_their_columns(run_tap: RunTap) -> None:
    """Milliseconds become instants."""
    row = run_tap("garmin", "heart_rate").rows("heart_rate", "calendarDate")["2026-02-20"]

    assert row["heartRateValues"][0] == {"at": "2026-02-20T00:00:00Z", "heart_rate": None}
    assert row["heartRateValues"][1]["heart_rate"] == row["restingHeartRate"] + 1


def test_a_range_that_fails_is_halved(garmin: AppControl, run_tap: RunTap) -> None:
    """Once; Garmin says so by status 500."""
    garmin.fault("status", "*dailysummaries", status=500)

    result = run_tap("garmin", "daily_summaries")

    assert result.exit_code == 0
    assert len(result.rows("daily_summaries", "calendarDate")) == 31
    assert len([call for call in garmin.requests() if "dailysummaries" in call.path]) == 3


def test_a_token_that_ends_is_exchanged_again_and_a_revoked_key_is_told(
    garmin: AppControl, run_tap: RunTap
) -> None:
    """In mid-run."""
    garmin.settings(token_seconds=4)
    assert run_tap("garmin", "sleep").exit_code == 0
    exchanges = [call for call in garmin.requests() if call.path.endswith("/token")]
    assert len(exchanges) > 1

    result = run_tap("garmin", "sleep", api_key="other")

    assert "Make a new key: Garmin Connect on the web" in result.outcomes["sleep"].detail
    assert "sandbox-garmin-key" not in result.log


def test_data_that_the_key_does_not_open_is_unavailable(
    garmin: AppControl, run_tap: RunTap
) -> None:
    """The others go on."""
    garmin.settings(forbidden="dailySleep")

    result = run_tap("garmin", ["sleep", "heart_rate"])

    assert result.outcomes["sleep"].result == "unavailable"
    assert result.outcomes["heart_rate"].result == "complete"


def test_a_key_that_ends_soon_is_told(run_tap: RunTap) -> None:
    """Garmin does not tell itself."""
    log = run_tap("garmin", "sleep", api_key_expires_on="2026-03-10").log

    assert "The API key ends on 2026-03-10" in log
