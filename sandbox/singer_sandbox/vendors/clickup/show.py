"""Rows as ClickUp shows them, with its oddities: numbers as texts, and texts as numbers.

Source: recorded answers of ClickUp API v2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.vendors.clickup.world import World
    from singer_sandbox.wire import Row


def stamp(milliseconds: int | None) -> str | None:
    """Write an instant: milliseconds, as a text."""
    return None if milliseconds is None else str(milliseconds)


def user(member: Row | None) -> Row:
    """Show a user as other rows do."""
    if member is None:
        return {"id": 0, "username": None, "email": None, "profilePicture": None}
    name = member["username"]
    return {
        "id": int(member["user_id"]),
        "username": name,
        "email": member["email"],
        "color": None,
        "initials": "".join(word[0] for word in name.split()) if name else None,
        "profilePicture": None,
    }


def workspace(world: World, row: Row) -> Row:
    """Show a workspace with its members."""
    members = [
        {
            "user": {
                **user(member),
                "role": member["role"],
                "role_subtype": 0,
                "role_key": {1: "owner", 2: "admin", 3: "member", 4: "guest"}[member["role"]],
                "custom_role": None,
                "last_active": stamp(world.now_at_start),
                "date_joined": stamp(member["date_joined"]),
                "date_invited": stamp(member["date_joined"]),
            },
            "invited_by": {"id": 61_230_400},
        }
        for member in world.below("members", "workspace_id", row["id"])
        if not member["removed"]
    ]
    return {
        "id": row["id"],
        "name": row["name"],
        "color": "#ff00aa",
        "avatar": None,
        "members": members,
    }


def space(row: Row) -> Row:
    """Show a space."""
    return {
        "id": row["id"],
        "name": row["name"],
        "color": None,
        "private": False,
        "avatar": None,
        "admin_can_manage": True,
        "archived": row.get("archived", False),
        "multiple_assignees": True,
        "statuses": [
            {"id": "p1", "status": "to do", "type": "open", "orderindex": 0, "color": "#87909e"}
        ],
        "features": {"time_tracking": {"enabled": True, "default_to_billable": 1}},
    }


def listing(world: World, row: Row) -> Row:
    """Show a list; one outside of all folders has a hidden one."""
    folder = world.tables["folders"].get(str(row["folder_id"]))
    return {
        "id": row["id"],
        "name": row["name"],
        "orderindex": 0,
        "content": None,
        "status": None,
        "priority": None,
        "assignee": None,
        "task_count": len(list(world.below("tasks", "list_id", row["id"]))),
        "due_date": None,
        "start_date": None,
        "folder": {"id": folder["id"], "name": folder["name"], "hidden": False, "access": True}
        if folder
        else {"id": f"9{row['id']}", "name": "hidden", "hidden": True, "access": True},
        "space": {"id": row["space_id"], "name": "Space", "access": True},
        "archived": row["archived"],
        "override_statuses": None,
        "permission_level": "create",
    }


def folder(world: World, row: Row) -> Row:
    """Show a folder with its lists."""
    lists = [listing(world, part) for part in world.below("lists", "folder_id", row["id"])]
    return {
        "id": row["id"],
        "name": row["name"],
        "orderindex": 0,
        "override_statuses": False,
        "hidden": False,
        "space": {"id": row["space_id"], "name": "Space"},
        "task_count": str(sum(part["task_count"] for part in lists)),
        "archived": row["archived"],
        "statuses": [],
        "lists": lists,
        "permission_level": "create",
    }


def task(world: World, row: Row, *, detailed: bool = False) -> Row:
    """Show a task; only a detailed one has its checklists."""
    place = world.tables["lists"][row["list_id"]]
    shown = listing(world, place)
    checklists = [
        {**part, "task_id": row["id"], "date_created": stamp(row["date_created"]), "items": []}
        for part in world.below("checklists", "task_id", row["id"])
    ]
    return {
        "id": row["id"],
        "custom_id": None,
        "custom_item_id": 0,
        "name": row["name"],
        "text_content": "",
        "description": "",
        "status": {"id": "p1", "status": "to do", "color": "#87909e", "type": "open"},
        "orderindex": "39910442.00000000000000000000000000000000",
        "date_created": stamp(row["date_created"]),
        "date_updated": stamp(row["date_updated"]),
        "date_closed": stamp(row["date_updated"]) if row.get("closed") else None,
        "date_done": None,
        "archived": row.get("archived", False),
        "creator": {"id": 61_230_400, "username": "Ida Brekke", "email": None},
        "assignees": [],
        "checklists": checklists if detailed else [],
        "tags": [],
        "parent": row.get("parent"),
        "priority": None,
        "time_estimate": row.get("time_estimate"),
        "custom_fields": [],
        "team_id": row.get("workspace_id") or "",
        "url": f"https://app.clickup.com/t/{row['id']}",
        "list": {"id": place["id"], "name": place["name"], "access": True},
        "folder": shown["folder"],
        "project": shown["folder"],
        "space": {"id": place["space_id"]},
    }


def entry(world: World, row: Row, flags: Mapping[str, str]) -> Row:
    """Show a time entry; a running one has no end, and a duration below nought."""
    member = next(world.below("members", "user_id", row["user_id"]), None)
    shown: dict[str, Any] = {
        "id": row["id"],
        "wid": row["workspace_id"],
        "user": user(member) if member else {"id": int(row["user_id"])},
        "billable": row["billable"],
        "start": stamp(row["start"]),
        "duration": str(row["start"] - world.now)
        if row["duration"] is None
        else str(row["duration"]),
        "description": row["description"],
        "tags": [],
        "source": row["source"],
        "at": stamp(row["at"]),
        "is_locked": False,
        "approval_id": None,
        "task_location": {},
    }
    if row["duration"] is not None:
        shown["end"] = stamp(row["start"] + row["duration"])
    if row["source"] == "clickup_mobile" and row.get("junk"):
        shown["description"] = None
        shown["tags"] = None
    task_row = world.tables["tasks"].get(str(row["task_id"]))
    if row.get("junk"):
        shown["task"] = "0"
    elif task_row:
        place = world.tables["lists"][task_row["list_id"]]
        parent = listing(world, place)["folder"]
        shown["task"] = {
            "id": task_row["id"],
            "name": task_row["name"],
            "status": {"status": "to do", "color": "#87909e", "type": "open", "orderindex": 0},
            "custom_type": None,
        }
        shown["task_url"] = f"https://app.clickup.com/t/{task_row['id']}"
        shown["task_location"] = {
            "list_id": place["id"],
            "folder_id": parent["id"],
            "space_id": place["space_id"],
        }
        if flags.get("include_location_names") == "true":
            shown["task_location"] |= {
                "list_name": place["name"],
                "folder_name": parent["name"],
                "space_name": world.tables["spaces"][place["space_id"]]["name"],
            }
    if flags.get("include_task_tags") == "true":
        shown["task_tags"] = []
    return shown
