"""Todoist: pages to their end, completions, and what is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.personal.conftest import RunTap


def test_everything_comes_beyond_the_first_fifty(todoist: AppControl, run_tap: RunTap) -> None:
    """Todoist's default page; here one of 200."""
    todoist.reset(tasks=451)

    result = run_tap("todoist")

    assert result.exit_code == 0
    assert len(result.rows("tasks")) == 451
    assert {row["id"] for row in todoist.rows("tasks")} == set(result.rows("tasks"))
    assert len(result.rows("projects")) == 4, "archived ones too"
    assert len(result.rows("comments")) == 46


def test_what_is_deleted_gets_a_tombstone(todoist: AppControl, run_tap: RunTap) -> None:
    """And what is edited comes again."""
    first = run_tap("todoist", "tasks")
    gone, edited, *_ = sorted(first.rows("tasks"))
    todoist.delete("tasks", gone)
    todoist.edit("tasks", edited, content="Changed")

    second = run_tap("todoist", "tasks", first.state)

    assert second.rows("tasks")[gone]["_sdc_deleted_at"]
    assert second.rows("tasks")[edited]["content"] == "Changed"
    assert second.outcomes["tasks"].tombstones == 1


def test_completions_come_in_windows_and_once_each(todoist: AppControl, run_tap: RunTap) -> None:
    """A recurring task has many; Todoist allows three months at once."""
    task = todoist.rows("tasks")[0]["id"]
    for days in (1, 8, 15):
        at = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        todoist.add("completed_tasks", task_id=task, completed_at=at)

    first = run_tap("todoist", "completed_tasks")

    keys = [(row["id"], row["completed_at"]) for row in first.records("completed_tasks")]
    assert len(keys) == len(set(keys)) == len(todoist.rows("completed_tasks"))
    assert sum(key[0] == task for key in keys) >= 3
    asked = [call for call in todoist.requests() if "completed" in call.path]
    assert len(asked) > 8, "since the account was made"
    todoist.clear_requests()
    todoist.add("completed_tasks", task_id=task, completed_at="2026-03-02T08:00:00.000000Z")
    second = run_tap("todoist", "completed_tasks", first.state)
    assert (task, "2026-03-02T08:00:00Z") in {
        (row["id"], row["completed_at"]) for row in second.records("completed_tasks")
    }
    assert len(todoist.requests()) == 1


def test_a_refused_cursor_restarts_the_stream(todoist: AppControl, run_tap: RunTap) -> None:
    """Nobody knows how long cursors live."""
    todoist.reset(tasks=250)
    todoist.fault("status", "/tasks", params={"limit": "200"}, skip=1, status=400)

    result = run_tap("todoist", "tasks")

    assert result.exit_code == 0
    assert len(result.rows("tasks")) == 250


def test_due_dates_have_three_shapes(run_tap: RunTap) -> None:
    """An instant comes of the one that is fixed to a zone."""
    rows = run_tap("todoist", "tasks").rows("tasks").values()

    fixed = [row for row in rows if row["due"] and row["due"]["timezone"]]
    assert fixed
    assert all(row["due_at"] for row in fixed)
    assert all(row["due_at"] is None for row in rows if row not in fixed)


@pytest.mark.parametrize(
    ("status", "says"),
    [(410, "Upgrade tap-todoist"), (401, "Check api_token")],
)
def test_refusals_say_what_to_do(
    todoist: AppControl, run_tap: RunTap, status: int, says: str
) -> None:
    """Without a repeat."""
    todoist.fault("status", "/tasks", status=status, times=None)

    result = run_tap("todoist", "tasks")

    assert result.exit_code == 1
    assert says in result.outcomes["tasks"].detail
    assert len(todoist.requests()) == 1


def test_a_plan_without_completed_tasks_leaves_the_others(
    todoist: AppControl, run_tap: RunTap
) -> None:
    """They are unavailable, not empty."""
    todoist.settings(completed_forbidden=True)

    result = run_tap("todoist", ["tasks", "completed_tasks"], on_stream_error="allow_unavailable")

    assert result.exit_code == 0
    assert result.outcomes["completed_tasks"].result == "unavailable"


def test_the_token_is_nowhere(todoist: AppControl, run_tap: RunTap) -> None:
    """Neither in the log nor in the state."""
    token = todoist.config()["api_token"]

    result = run_tap("todoist")

    assert token not in result.log
    assert token not in str(result.state)
