"""Writing: time entries, folders, lists and tasks.

Source: ClickUp API v2, "Create a time entry"; "Create Folder"; "Create List"; "Create Task" and
their updates and deletions; recorded answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendors.clickup import show
from singer_sandbox.vendors.clickup.errors import ApiError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.vendors.clickup.world import World
    from singer_sandbox.wire import Row

_NUMBERS: Final = ("start", "duration", "at")


def create_entry(world: World, workspace_id: str, body: Mapping[str, Any]) -> Row:
    """Add a time entry; numbers of the answer are numbers, unlike in lists."""
    if not isinstance(body.get("start"), int):
        raise ApiError(400, "TIMEENTRY_012", "Start is required")
    members = {row["user_id"]: row for row in world.below("members", "workspace_id", workspace_id)}
    user_id = str(body.get("assignee") or next(iter(members)))
    if user_id not in members:
        raise ApiError(400, "TIMEENTRY_007", "Assignee is not valid")
    fields = {
        "workspace_id": workspace_id,
        "user_id": user_id,
        "source": "api",
        **_entry_fields(world, body),
    }
    fields.setdefault("duration", 0)
    fields.setdefault("billable", False)
    return _written(world, world.add("time_entries", fields))


def update_entry(world: World, row: Row, body: Mapping[str, Any]) -> Row:
    """Change a time entry."""
    fields = _entry_fields(world, body)
    if ("start" in body) != ("end" in body or "stop" in body or "duration" in body):
        raise ApiError(400, "TIMEENTRY_061", "Start and end belong together")
    if not fields:
        raise ApiError(400, "TIMEENTRY_060", "Nothing to update")
    return _written(world, world.edit("time_entries", row["id"], fields))


def delete_entries(world: World, workspace_id: str, ids: str) -> list[Row]:
    """Delete time entries whose ids come with commas between."""
    found = []
    for entry_id in ids.split(","):
        row = world.tables["time_entries"].get(entry_id)
        if row is None or row["workspace_id"] != workspace_id:
            raise unknown()
        found.append(show.entry(world, row, {}))
        world.delete("time_entries", entry_id)
    return found


def create_folder(world: World, space: Row, body: Mapping[str, Any]) -> Row:
    """Add a folder."""
    fields = {"space_id": space["id"], "name": _name(body), "archived": False, "hidden": False}
    return show.folder(world, world.add("folders", fields))


def create_list(world: World, place: Row, body: Mapping[str, Any]) -> Row:
    """Add a list to a folder, or to a space directly."""
    folder = place if "space_id" in place else None
    fields = {
        "space_id": folder["space_id"] if folder else place["id"],
        "folder_id": folder["id"] if folder else None,
        "name": _name(body),
        "archived": False,
    }
    return show.listing(world, world.add("lists", fields))


def create_task(world: World, place: Row, body: Mapping[str, Any]) -> Row:
    """Add a task."""
    workspace_id = world.tables["spaces"][place["space_id"]]["workspace_id"]
    fields = {
        "workspace_id": workspace_id,
        "list_id": place["id"],
        "name": _name(body),
        "description": body.get("description", ""),
        "archived": body.get("archived", False),
        "parent": body.get("parent"),
    }
    return show.task(world, world.add("tasks", fields), detailed=True)


def update(world: World, collection: str, row: Row, body: Mapping[str, Any]) -> Row:
    """Change a folder, a list or a task; folders and lists are archived only if that is set."""
    names = ["name", "description"]
    if collection == "tasks" or world.settings.archive_by_api:
        names.append("archived")
    fields = {name: body[name] for name in names if name in body}
    row = world.edit(collection, row["id"], fields)
    if collection == "tasks":
        return show.task(world, row, detailed=True)
    return show.folder(world, row) if collection == "folders" else show.listing(world, row)


def _entry_fields(world: World, body: Mapping[str, Any]) -> Row:
    fields: Row = {name: body[name] for name in ("description", "billable") if name in body}
    if "start" in body:
        fields["start"] = body["start"]
        end = body.get("end", body.get("stop"))
        fields["duration"] = body.get("duration", 0) if end is None else end - body["start"]
    elif "duration" in body:
        fields["duration"] = body["duration"]
    if body.get("tid"):
        if body["tid"] not in world.tables["tasks"]:
            raise ApiError(404, "ITEM_013", "Task not found")
        fields["task_id"] = body["tid"]
    return fields


def _written(world: World, row: Row) -> Row:
    shown = show.entry(world, row, {})
    numbers = {name: int(shown[name]) for name in _NUMBERS}
    return {**shown, **numbers, "task_location": {}}


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise ApiError(400, "CATEGORY_009", "Name is invalid")
    return name
