"""Strava: two budgets, late uploads, and tokens that are replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.conftest import SharedClock
    from tests.personal.conftest import RunTap


def started(days: float) -> dict[str, str]:
    """Return the times of an activity some days ago."""
    text = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"start_date": text, "start_date_local": text}


def test_late_uploads_edits_and_deletions_are_found(strava: AppControl, run_tap: RunTap) -> None:
    """Within the lookback; Strava tells none of them."""
    first = run_tap("strava", "activities")
    assert len(first.rows("activities")) == 260
    recent = sorted(first.rows("activities"))[-5:]
    strava.edit("activities", recent[0], name="Renamed")
    strava.delete("activities", recent[1])
    late = strava.add("activities", name="Late", **started(20))["id"]

    second = run_tap("strava", "activities", first.state)

    rows = second.rows("activities")
    assert rows[recent[0]]["name"] == "Renamed"
    assert rows[recent[1]]["_sdc_deleted_at"]
    assert rows[late]["name"] == "Late"
    assert second.outcomes["activities"].tombstones == 1
    assert second.outcomes["activities"].requests <= 3


def test_activities_that_begin_at_the_same_second_all_come(
    strava: AppControl, run_tap: RunTap
) -> None:
    """As those whose start is hidden do."""
    for _ in range(5):
        strava.add("activities", **started(1))

    assert len(run_tap("strava", "activities").rows("activities")) == 265


def test_a_spent_quarter_of_an_hour_is_waited_for(
    strava: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Without a refusal, for those count towards the day."""
    strava.settings(quarter_limit=20)

    result = run_tap("strava", "activity_details", max_detail_requests=50)

    assert result.exit_code == 0
    assert len(result.rows("activity_details")) == 50
    assert 429 not in {call.status for call in strava.requests()}
    assert clock.now() - NOW > timedelta(minutes=30)
    assert result.outcomes["activity_details"].waited_seconds > 1500


def test_a_spent_day_ends_the_run_and_the_next_goes_on(
    strava: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Nothing is asked any more, nothing is lost."""
    strava.settings(day_limit=30)
    select = ["activity_details", "athlete"]

    first = run_tap("strava", select)

    assert first.exit_code == 1
    assert "run again after midnight UTC" in first.outcomes["activity_details"].detail
    assert 429 not in {call.status for call in strava.requests()}
    done = len(first.rows("activity_details"))
    assert 0 < done < 50
    clock.advance(86400)
    second = run_tap("strava", "activity_details", first.state)
    together = {*first.rows("activity_details"), *second.rows("activity_details")}
    assert len(together) > done + 20
    assert min(row["start_date"] for row in second.records("activity_details")) >= max(
        row["start_date"] for row in first.records("activity_details")
    )


def test_gear_and_zones_come_by_request(run_tap: RunTap) -> None:
    """They are not selected by themselves."""
    assert set(run_tap("strava").outcomes) == {"activities", "athlete"}
    result = run_tap("strava", ["gear", "zones"])
    assert len(result.rows("gear")) == 2
    assert result.rows("zones", "athlete_id")[9100001]["heart_rate"]["zones"][-1]["max"] == -1


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"inactive": True}, "Its owner needs a Strava subscription")],
)
def test_an_inactive_app_is_told(
    strava: AppControl, run_tap: RunTap, settings: dict[str, Any], says: str
) -> None:
    """The token is not to blame."""
    strava.settings(**settings)

    assert says in run_tap("strava", "activities").outcomes["activities"].detail


def test_a_missing_scope_is_told(strava: AppControl, run_tap: RunTap) -> None:
    """And not taken for a token that has ended."""
    body = '{"message": "x", "errors": [{"resource": "Athlete", "code": "missing"}]}'
    strava.fault("status", "/athlete/zones", status=401, body="text", text=body, times=None)

    outcome = run_tap("strava", "zones").outcomes["zones"]

    assert outcome.result == "unavailable"
    assert "leave all boxes ticked" in outcome.detail
