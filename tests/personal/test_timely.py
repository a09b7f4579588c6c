"""Timely: hours by days, archived projects, deletions, tokens without an end, webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_timely.events import hints

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.personal.conftest import RunTap


def test_all_hours_come_however_small_the_pages(timely: AppControl, run_tap: RunTap) -> None:
    """Planned ones, drafts, and those of archived projects, which no list shows."""
    timely.reset(hours=700, max_per_page=40)
    draft = timely.add("hours", draft=True)["id"]
    planned = timely.add("hours", day="2026-06-01", estimated=True)["id"]

    result = run_tap("timely")

    assert result.exit_code == 0
    rows = result.rows("hours")
    assert set(rows) == {row["id"] for row in timely.rows("hours")}
    assert len(rows) == len(result.records("hours")) == 702
    assert {draft, planned} <= set(rows)
    archived = [row["id"] for row in timely.rows("projects") if not row["active"]]
    assert any(row["project_id"] in archived for row in rows.values())
    one = timely.rows("hours")[0]
    assert rows[one["id"]]["hours"] == round(one["minutes"] / 60, 2)
    assert rows[one["id"]]["updated_at"] == "2026-03-02T09:00:00Z"


def test_lists_hold_what_is_archived_or_inside_others(timely: AppControl, run_tap: RunTap) -> None:
    """Timely's defaults would hide it."""
    result = run_tap("timely", ["projects", "clients", "labels", "users"])

    for name in ("projects", "clients", "labels", "users"):
        assert set(result.rows(name)) == {row["id"] for row in timely.rows(name)}, name
    design = next(row for row in result.records("labels") if row["name"] == "Design")
    craft = next(row for row in result.records("labels") if row["name"] == "Craft")
    assert design["parent_id"] == craft["id"]
    assert craft["updated_at"] == "2026-03-02T09:00:00Z"


def test_edits_come_and_what_is_gone_gets_a_tombstone(timely: AppControl, run_tap: RunTap) -> None:
    """A project that is archived takes none of its hours with it."""
    first = run_tap("timely", "hours")
    recent = sorted(timely.rows("hours"), key=lambda row: str(row["day"]))[-20:]
    gone, edited = recent[0]["id"], recent[1]["id"]
    timely.delete("hours", gone)
    timely.edit("hours", edited, note="Changed")
    timely.edit("projects", recent[2]["project_id"], active=False)

    second = run_tap("timely", "hours", first.state)

    assert second.exit_code == 0
    rows = second.rows("hours")
    assert rows[gone]["_sdc_deleted_at"]
    assert rows[edited]["note"] == "Changed"
    assert second.outcomes["hours"].tombstones == 1


def test_a_token_whose_end_is_not_told_is_renewed_when_it_is_refused(
    timely: AppControl, run_tap: RunTap
) -> None:
    """And the refresh token that comes back is kept."""
    timely.reset(token_seconds=1, hours=30)
    first = run_tap("timely", "hours")
    assert first.exit_code == 0

    second = run_tap("timely", "hours", first.state)

    assert second.exit_code == 0
    assert "sandbox-refresh" not in second.log


def test_an_account_that_is_not_the_tokens_ends_the_run(run_tap: RunTap) -> None:
    """With the one to set."""
    result = run_tap("timely", "hours", account_id="1")

    assert result.exit_code == 1
    assert "Set account_id to one that the token opens: 4242" in result.log


def test_events_come_with_the_entity_or_its_address() -> None:
    """Both are a hint only."""
    thin = {"event_type": "hours:created", "payload": {"entity_path": "/hours/123"}}
    full = {"event_type": "hours:deleted", "payload": {"id": 124, "note": "x"}}
    marked = {"event": "hours:updated", "payload": {"id": 125, "deleted": True}}

    assert hints(thin)[0].key == {"id": 123}
    assert (hints(full)[0].key, hints(full)[0].gone) == ({"id": 124}, True)
    assert hints(marked)[0].gone
    assert hints({"event_type": "projects:updated", "payload": {"id": 1}}) == ()
    assert hints({"event_type": "hours:updated", "payload": {"id": None}}) == ()
    assert hints({"payload": [1]}) == ()
