"""Folders, lists, tasks and time entries into ClickUp, each once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from singer_tapkit.relay.ledger import Ledger

from tests.relay.pipeline import Pipeline, feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from singer_sandbox.client import ClickUpControl, HarvestControl

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("time_entries", {"kind": "reset"}),
    ("time_entries", {"kind": "truncate"}),
    ("time_entries", {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}),
    ("folders", {"kind": "reset"}),
    ("lists", {"kind": "drop"}),
    ("tasks", {"kind": "status", "status": 502}),
]


def settings(clickup: ClickUpControl, folder: Path, **more: object) -> dict[str, Any]:
    """Return the settings of the target."""
    clickup.reset(entries=0, rate_limit=False)
    return {
        **clickup.config(),
        "workspace_id": clickup.workspaces["first"],
        "space_id": clickup.rows("spaces")[0]["id"],
        "ledger_url": f"sqlite:///{folder}/ledger.db",
        "requests_per_minute": 100_000,
        **more,
    }


@pytest.fixture
def relay(tmp_path: Path, clickup: ClickUpControl) -> Callable[..., CompletedProcess[str]]:
    """Feed records to the target: name of the stream, then records."""
    return partial(feed, tmp_path, "target_clickup", settings(clickup, tmp_path))


def marked(clickup: ClickUpControl) -> dict[str, dict[str, Any]]:
    """Return our time entries by key; none may be there twice."""
    found: dict[str, dict[str, Any]] = {}
    for row in clickup.rows("time_entries"):
        key = row["description"].rpartition("[worktaps:")[2].rstrip("]")
        assert key not in found
        found[key] = row
    return found


def test_time_entries_are_made_changed_and_deleted(
    clickup: ClickUpControl, relay: Callable[..., CompletedProcess[str]]
) -> None:
    """With start and end, or with a day and hours; whose they are, and on which task."""
    task = clickup.rows("tasks")[0]["id"]
    user = int(clickup.rows("members")[1]["user_id"])
    entry = {"started_at": "2026-02-02T08:00:00Z", "task_id": task, "user_id": user}

    done = relay(
        "time_entries",
        {"id": "a", **entry, "ended_at": "2026-02-02T09:30:00Z", "notes": "One", "billable": True},
        {"id": "b", "spent_date": "2026-02-03", "hours": 0.25},
    )

    assert done.returncode == 0, done.stderr
    rows = marked(clickup)
    assert rows["a"]["duration"] == 5_400_000
    assert (rows["a"]["task_id"], rows["a"]["user_id"]) == (task, str(user))
    assert rows["a"]["description"] == "One [worktaps:a]"
    assert rows["a"]["billable"] is True
    assert rows["b"]["start"] == 1_770_109_200_000  # 9:00
    assert rows["b"]["duration"] == 900_000

    relay("time_entries", {"id": "a", **entry, "hours": 3}, {"id": "b", "_sdc_deleted_at": "x"})
    assert {key: row["duration"] for key, row in marked(clickup).items()} == {"a": 10_800_000}
    other = {**entry, "user_id": int(clickup.rows("members")[2]["user_id"]), "hours": 3}
    relay("time_entries", {"id": "a", **other})
    assert marked(clickup)["a"]["user_id"] == str(other["user_id"])
    relay("time_entries", {"id": "b", "spent_date": "2026-02-03", "hours": 1})
    assert list(marked(clickup)) == ["a"]


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
def test_a_create_that_may_have_happened_is_never_doubled(
    clickup: ClickUpControl,
    relay: Callable[..., CompletedProcess[str]],
    kind: str,
    fault: dict[str, Any],
) -> None:
    """It is looked for before it is repeated."""
    records: dict[str, dict[str, Any]] = {
        "time_entries": {"spent_date": "2026-02-03", "hours": 1},
        "folders": {"name": "New"},
        "lists": {"name": "New"},
        "tasks": {"name": "New", "list_id": clickup.rows("lists")[0]["id"]},
    }
    paths = {"time_entries": "/team/*/time_entries", "folders": "/space/*/folder"}
    path = paths.get(kind, f"/*/*/{kind[:-1]}")
    clickup.fault(**fault, path=path, method="POST", times=2)
    before = len(clickup.rows(kind))

    done = relay(kind, {"id": "a", **records[kind]})

    assert done.returncode == 0, done.stderr
    assert len(clickup.rows(kind)) == before + 1


def test_what_a_killed_run_may_have_made_is_found_to_be_deleted(
    tmp_path: Path, clickup: ClickUpControl, relay: Callable[..., CompletedProcess[str]]
) -> None:
    """Although its id never got into the ledger."""
    member = clickup.rows("members")[2]["user_id"]
    clickup.add("time_entries", user_id=member, description="Half [worktaps:a]", start=1)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", "clickup")
    ledger.note("time_entries", "a", uncertain=True)

    done = relay("time_entries", {"id": "a", "_sdc_deleted_at": "2026-03-02T09:00:00Z"})

    assert done.returncode == 0, done.stderr
    assert marked(clickup) == {}


def test_what_cannot_be_written_is_a_dead_letter(
    clickup: ClickUpControl, relay: Callable[..., CompletedProcess[str]]
) -> None:
    """With what to do."""
    relay("time_entries", {"id": "a", "hours": 1}, {"id": "b", "spent_date": "2026-02-03"})
    relay("tasks", {"id": "t", "name": "Nowhere"})
    relay("time_entries", {"id": "c", "spent_date": "2026-02-03", "hours": 1, "task_id": "none"})

    letters = relay("time_entries", args=["dead-letters"]).stdout

    assert "the entry has no day. Map started_at or spent_date" in letters
    assert "the entry has no length. Map hours" in letters
    assert "the task has no list. Map list_key or list_id" in letters
    assert "ClickUp has no such thing" in letters
    assert marked(clickup) == {}


def test_a_refused_token_and_a_closed_workspace_end_the_run(
    tmp_path: Path, clickup: ClickUpControl
) -> None:
    """ClickUp's answer is the same as for an id that it does not know."""
    record = {"id": "a", "spent_date": "2026-02-03", "hours": 1}
    wrong = settings(clickup, tmp_path, api_token="pk_wrong-token")
    closed = settings(clickup, tmp_path, workspace_id=clickup.workspaces["closed"])

    refused = feed(tmp_path, "target_clickup", wrong, "time_entries", record)
    shut = feed(tmp_path, "target_clickup", closed, "time_entries", record)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "ClickUp refused the token" in refused.stderr
    assert "pk_wrong-token" not in refused.stderr
    assert shut.returncode == 1
    assert "the token does not open workspace" in shut.stderr


def test_wrong_settings_are_all_told(tmp_path: Path, clickup: ClickUpControl) -> None:
    """In one message."""
    config = settings(clickup, tmp_path, access_token="too", timezone="Mars", colour=1)

    done = feed(tmp_path, "target_clickup", config, "time_entries")

    assert done.returncode == 1
    for fault in ("api_token: set either it", "timezone: not a time zone", "colour: unknown"):
        assert fault in done.stderr


@pytest.mark.parametrize("archives", [True, False])
def test_harvests_clients_projects_and_tasks_become_folders_lists_and_tasks(
    tmp_path: Path,
    clickup: ClickUpControl,
    harvest: HarvestControl,
    archives: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Renames and closures included; a second run sends nothing; nothing comes back."""
    config = settings(clickup, tmp_path, origin="harvest")
    clickup.settings(archive_by_api=archives)
    account = harvest.config()
    pipeline = Pipeline(
        tmp_path / "pipeline",
        ("tap_harvest", account),
        ("target_clickup", config),
        rules="harvest-to-clickup.yml",
        select=["clients", "projects", "task_assignments"],
    )
    assert pipeline.run(), pipeline.log

    closed = "" if archives else " (closed)"
    client, project = _check(clickup, harvest, closed)

    harvest.edit("clients", client["id"], name="Renamed & Co")
    harvest.edit("projects", project["id"], is_active=False)
    assert pipeline.run(), pipeline.log
    shown = {row["name"]: row for row in clickup.rows("folders") + clickup.rows("lists")}
    assert "Renamed & Co" in shown
    assert shown[project["name"] + closed]["archived"] is archives
    harvest.edit("projects", project["id"], is_active=True)
    assert pipeline.run(), pipeline.log
    _check(clickup, harvest, closed)
    clickup.clear_requests()
    assert pipeline.run(), pipeline.log
    assert clickup.requests() == []


def _check(
    clickup: ClickUpControl, harvest: HarvestControl, closed: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compare both services; return a client and a project that are open.

    Args:
        clickup: The one.
        harvest: The other.
        closed: What the names of closed folders and lists end with.
    """
    clients = {row["id"]: row for row in harvest.rows("clients")}
    projects = {row["id"]: row for row in harvest.rows("projects")}
    folders = {row["id"]: row["name"] for row in clickup.rows("folders")}
    lists = {
        row["id"]: (folders[row["folder_id"]], row["name"])
        for row in clickup.rows("lists")
        if row["folder_id"]
    }

    def name(row: dict[str, Any]) -> str:
        return str(row["name"]) + ("" if row["is_active"] else closed)

    wanted = [
        (name(clients[projects[row["project"]["id"]]["client"]["id"]]), name(project), task)
        for row in harvest.rows("task_assignments")
        if (project := projects[row["project"]["id"]]) and (task := row["task"]["name"])
    ]
    held = [
        (*lists[row["list_id"]], row["name"])
        for row in clickup.rows("tasks")
        if row["list_id"] in lists
    ]
    assert all(held.count(each) == wanted.count(each) for each in wanted)
    open_ = next(row for row in projects.values() if row["is_active"])
    return clients[open_["client"]["id"]], open_
