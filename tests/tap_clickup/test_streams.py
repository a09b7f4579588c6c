"""What the other streams hold, and what happens when something is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from singer_sdk.exceptions import ConfigValidationError
from tap_clickup.streams import STREAMS
from tap_clickup.tap import TapClickUp

if TYPE_CHECKING:
    from singer_sandbox.client import ClickUpControl

    from tests.conftest import SharedClock
    from tests.tap_clickup.conftest import RunTap

ALL = [str(stream.__dict__["name"]) for stream in STREAMS]


def test_every_stream_is_read_and_keyed(clickup: ClickUpControl, run_tap: RunTap) -> None:
    """No two records of a stream have the same key; nothing secret comes along."""
    clickup.settings(plan="enterprise", requests_per_minute=10_000)

    result = run_tap(ALL)

    assert {name: outcome.result for name, outcome in result.outcomes.items()} == dict.fromkeys(
        ALL, "complete"
    )
    for name, stream in zip(ALL, STREAMS, strict=True):
        keys = [tuple(row[part] for part in stream.primary_keys) for row in result.records(name)]
        assert keys, name
        assert len(keys) == len(set(keys)), name
    assert "sandbox-webhook-secret" not in json.dumps(result.messages, default=str)


def test_lists_come_from_folders_and_from_spaces_archived_ones_too(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """Lists outside of folders were what others never read."""
    result = run_tap(["lists", "folders", "spaces"])

    for name in ("lists", "folders", "spaces"):
        assert result.rows(name).keys() == {row["id"] for row in clickup.rows(name)}, name
    folderless = [row for row in result.records("lists") if row["folder_id"] is None]
    assert len(folderless) == 4


def test_tasks_are_all_there_closed_and_archived_ones_too(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """Over several pages."""
    for number in range(250):
        clickup.add("tasks", workspace_id=clickup.workspaces["first"], name=f"Task {number}")

    result = run_tap("tasks")

    assert result.rows("tasks").keys() == {row["id"] for row in clickup.rows("tasks")}


def test_a_task_changed_between_two_pages_hides_no_other(
    clickup: ClickUpControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """It jumps to the end and draws all others forward."""
    first = clickup.workspaces["first"]
    added = []
    for number in range(250):
        clock.advance(1)
        added.append(clickup.add("tasks", workspace_id=first, name=f"Task {number}"))
    clock.advance(60)
    clickup.trigger(
        "/team/*/task", edit=[("tasks", row["id"], {"name": "changed"}) for row in added[:20]]
    )

    result = run_tap("tasks")

    assert result.rows("tasks").keys() == {row["id"] for row in clickup.rows("tasks")}


def test_only_changed_tasks_are_asked_for_again(
    clickup: ClickUpControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Their comments and checklists likewise."""
    streams = ["tasks", "task_comments", "checklists", "time_in_status"]
    first = run_tap(streams)
    clock.advance(3600)
    changed = clickup.rows("tasks")[1]
    clickup.edit("tasks", changed["id"], name="Renamed")

    second = run_tap(streams, first.state)

    assert second.rows("tasks")[changed["id"]]["name"] == "Renamed"
    assert len(second.records("tasks")) < 5
    for stream in streams[1:]:
        tasks = {row["task_id"] for row in second.records(stream)}
        assert changed["id"] in tasks, stream


def test_a_deleted_space_becomes_a_tombstone(clickup: ClickUpControl, run_tap: RunTap) -> None:
    """Lists read in full are compared at no extra request."""
    spare = clickup.add("spaces", name="Spare", workspace_id=clickup.workspaces["first"])
    first = run_tap("spaces")
    clickup.delete("spaces", spare["id"])

    second = run_tap("spaces", first.state)

    (gone,) = [row for row in second.records("spaces") if row.get("_sdc_deleted_at")]
    assert gone["id"] == spare["id"]


def test_one_space_out_of_reach_makes_what_hangs_below_partial(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """ClickUp says 401 for an id it does not know; the token is good all the same."""
    space = clickup.rows("spaces")[0]
    text = '{"err": "Oauth token not found", "ECODE": "OAUTH_018"}'
    clickup.fault(
        "status", path=f"/space/{space['id']}/*", status=401, body="text", text=text, times=None
    )

    result = run_tap(["spaces", "folders", "lists", "tags"])

    assert result.outcomes["spaces"].result == "complete"
    for stream in ("folders", "lists", "tags"):
        assert result.outcomes[stream].result == "partial", stream
        assert space["id"] in result.outcomes[stream].detail
        assert result.records(stream)


def test_a_refused_token_stops_the_run_and_names_the_setting(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """No second request, and the token nowhere."""
    result = run_tap(api_token="pk_planted")

    assert result.exit_code == 1
    assert "Check api_token" in result.log
    assert "planted" not in result.log
    assert len(clickup.requests()) == 1


def test_a_plan_without_audit_logs_makes_them_unavailable(
    clickup: ClickUpControl, run_tap: RunTap
) -> None:
    """The others are complete."""
    result = run_tap(["audit_logs", "spaces"], on_stream_error="allow_unavailable")

    assert clickup.settings()["plan"] == "free"
    assert result.outcomes["audit_logs"].result == "unavailable"
    assert result.exit_code == 0


def test_all_faults_of_the_settings_come_in_one_message() -> None:
    """Before any request."""
    settings = {
        "api_tokn": "x",
        "start_date": "soon",
        "window": "a month",
        "timezone": "Oslo",
        "max_deletion_share": 2,
    }

    with pytest.raises(ConfigValidationError) as raised:
        TapClickUp(config=settings)

    message = str(raised.value)
    for words in (
        "Did you mean api_token?",
        "start_date: not a date",
        "window: must be a number with a unit",
        "timezone: not a time zone",
        "max_deletion_share: must be at most 1",
        "api_token: missing",
    ):
        assert words in message
