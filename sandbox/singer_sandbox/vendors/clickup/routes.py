"""Which address does what.

Source: ClickUp API v2 and v3, the address of each resource.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson

from singer_sandbox.vendors.clickup import show, webhooks, writes
from singer_sandbox.vendors.clickup.entries import list_entries, one_entry
from singer_sandbox.vendors.clickup.errors import ApiError, closed_workspace, unknown
from singer_sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from singer_sandbox.vendors.clickup.webhooks import Webhooks
    from singer_sandbox.vendors.clickup.world import World
    from singer_sandbox.wire import Call, Row

_TASK_PAGE: Final = 100
_COMMENT_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose sender is known.

    Attributes:
        webhooks: The data, and who is told of changes.
        call: The request.
        ids: Parts of its path by name.
        personal: Whether it came with a personal token.
    """

    webhooks: Webhooks
    call: Call
    ids: dict[str, str]
    personal: bool

    @property
    def world(self) -> World:
        """The data."""
        return self.webhooks.world

    @property
    def body(self) -> Row:
        """The JSON object that was sent.

        Raises:
            ApiError: If it is none.
        """
        try:
            content = orjson.loads(self.call.body)
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, dict):
            raise ApiError(400, "INPUT_001", "Body is not a JSON object")
        return content

    def row(self, collection: str, name: str) -> Row:
        """Return the row that the path names.

        Raises:
            ApiError: If there is none.
        """
        row = self.world.tables[collection].get(self.ids[name])
        if row is None:
            raise unknown()
        return row

    @property
    def workspace_id(self) -> str:
        """The workspace that the path names.

        Raises:
            ApiError: If there is none, or the token may not enter it.
        """
        row = self.world.tables["workspaces"].get(self.ids["team"])
        if row is None:
            raise ApiError(404, "SHARD_031", "Team not found")
        if row["closed"]:
            raise closed_workspace()
        return str(row["id"])

    def archived(self, rows: Iterable[Row]) -> list[Row]:
        """Keep what is archived, or what is not, as the request says."""
        wanted = self.call.query.get("archived") == "true"
        return [row for row in rows if row.get("archived", False) == wanted]


def answer(asked_for: str, webhooks: Webhooks, call: Call, *, personal: bool) -> Answer:
    """Answer a request.

    Args:
        asked_for: Method and path.
        webhooks: The data, and who is told of changes.
        call: The request.
        personal: Whether it came with a personal token.

    Raises:
        ApiError: If the answer is an error.
    """
    for pattern, give in _ROUTES:
        if match := pattern.fullmatch(asked_for):
            return give(Asked(webhooks, call, match.groupdict(), personal))
    raise ApiError(404, "APP_001", "Route not found")


def _teams(asked: Asked) -> Answer:
    rows = [row for row in asked.world.tables["workspaces"].values() if not row["closed"]]
    return json_answer({"teams": [show.workspace(asked.world, row) for row in rows]})


def _me(asked: Asked) -> Answer:
    member = next(iter(asked.world.tables["members"].values()))
    return json_answer({"user": {**show.user(member), "timezone": "Europe/Oslo"}})


def _spaces(asked: Asked) -> Answer:
    """List spaces; asked for archived ones, ClickUp returns the others as well."""
    rows = asked.world.below("spaces", "workspace_id", asked.workspace_id)
    return json_answer({"spaces": [show.space(row) for row in rows]})


def _folders(asked: Asked) -> Answer:
    space = asked.row("spaces", "space")
    rows = asked.archived(asked.world.below("folders", "space_id", space["id"]))
    return json_answer({"folders": [show.folder(asked.world, row) for row in rows]})


def _folderless(asked: Asked) -> Answer:
    space = asked.row("spaces", "space")
    lists = asked.world.below("lists", "space_id", space["id"])
    rows = asked.archived(row for row in lists if row["folder_id"] is None)
    return json_answer({"lists": [show.listing(asked.world, row) for row in rows]})


def _fields(asked: Asked) -> Answer:
    level = asked.ids["level"]
    if level != "team":
        asked.row({"space": "spaces", "folder": "folders", "list": "lists"}[level], "id")
    space_id = (
        asked.world.tables["lists"][asked.ids["id"]]["space_id"]
        if level == "list"
        else asked.ids["id"]
    )
    rows = asked.world.below("custom_fields", "scope_id", space_id)
    shown = [
        {"id": row["id"], "name": row["name"], "type": "short_text", "type_config": {}}
        for row in rows
    ]
    return json_answer({"fields": shown})


def _views(asked: Asked) -> Answer:
    shown = {"id": f"v{asked.ids['id']}", "name": "List", "type": "list", "filters": {}}
    return json_answer({"views": [shown], "required_views": {}, "default_view": None})


def _tags(asked: Asked) -> Answer:
    space = asked.row("spaces", "space")
    shown = [
        {"name": row["name"], "project_id": int(space["id"]), "tag_fg": "#000", "tag_bg": "#fff"}
        for row in asked.world.below("tags", "space_id", space["id"])
    ]
    return json_answer({"tags": shown})


def _groups(asked: Asked) -> Answer:
    rows = asked.world.below("groups", "workspace_id", asked.call.query.get("team_id"))
    shown = [
        {"id": row["id"], "name": row["name"], "userid": 61_230_400, "members": []} for row in rows
    ]
    return json_answer({"groups": shown})


def _goals(asked: Asked) -> Answer:
    rows = list(asked.world.below("goals", "workspace_id", asked.workspace_id))
    loose = [_goal(row) for row in rows if row["folder_id"] is None]
    filed = [_goal(row) for row in rows if row["folder_id"]]
    return json_answer({"goals": loose, "folders": [{"id": "f1", "goals": filed}]})


def _goal(row: Row) -> Row:
    return {"id": row["id"], "name": row["name"], "folder_id": row["folder_id"], "owners": []}


def _one_goal(asked: Asked) -> Answer:
    row = asked.row("goals", "goal")
    results = [{"id": f"k{row['id']}", "name": "More of it", "percent_completed": None}]
    return json_answer({"goal": {**_goal(row), "key_results": results}})


def _tasks(asked: Asked) -> Answer:
    """Page through tasks, 100 a page, from page 0."""
    query, world = asked.call.query, asked.world
    rows = asked.archived(world.below("tasks", "workspace_id", asked.workspace_id))
    if query.get("include_closed") != "true":
        rows = [row for row in rows if not row.get("closed")]
    if query.get("subtasks") != "true":
        rows = [row for row in rows if not row.get("parent")]
    if after := query.get("date_updated_gt"):
        rows = [row for row in rows if row["date_updated"] > int(after)]
    if before := query.get("date_updated_lt"):
        rows = [row for row in rows if row["date_updated"] < int(before)]
    order = {"updated": "date_updated"}.get(query.get("order_by", ""), "date_created")
    rows.sort(key=lambda row: (row[order], row["id"]), reverse=query.get("reverse") != "true")
    first = int(query.get("page", "0")) * _TASK_PAGE
    page = rows[first : first + _TASK_PAGE]
    shown = [show.task(world, row) for row in page]
    return json_answer({"tasks": shown, "last_page": first + _TASK_PAGE >= len(rows)})


def _list_tasks(asked: Asked) -> Answer:
    """Page through the tasks of one list, 100 a page, from page 0."""
    place = asked.row("lists", "list")
    rows = asked.archived(asked.world.below("tasks", "list_id", place["id"]))
    first = int(asked.call.query.get("page", "0")) * _TASK_PAGE
    shown = [show.task(asked.world, row) for row in rows[first : first + _TASK_PAGE]]
    return json_answer({"tasks": shown, "last_page": first + _TASK_PAGE >= len(rows)})


def _one_task(asked: Asked) -> Answer:
    return json_answer(show.task(asked.world, asked.row("tasks", "task"), detailed=True))


def _comments(asked: Asked) -> Answer:
    """List comments, newest first, from behind the one that is named."""
    task = asked.row("tasks", "task")
    rows = sorted(
        asked.world.below("comments", "task_id", task["id"]),
        key=lambda row: (row["date"], row["id"]),
        reverse=True,
    )
    if start := asked.call.query.get("start"):
        last = (int(start), asked.call.query["start_id"])
        rows = [row for row in rows if (row["date"], row["id"]) < last]
    shown = [
        {
            "id": row["id"],
            "comment": [{"text": row["text"]}],
            "comment_text": row["text"],
            "user": {"id": 61_230_400, "username": "Ida Brekke"},
            "date": show.stamp(row["date"]),
            "reply_count": "0",
        }
        for row in rows[:_COMMENT_PAGE]
    ]
    return json_answer({"comments": shown})


def _task_time(asked: Asked) -> Answer:
    """Show the time of one task, whoever worked; this older route needs no role."""
    task, world = asked.row("tasks", "task"), asked.world
    by_user: dict[str, list[Row]] = {}
    for row in world.below("time_entries", "task_id", task["id"]):
        by_user.setdefault(row["user_id"], []).append(row)
    shown = [
        {
            "user": {"id": int(user_id)},
            "time": sum(row["duration"] or 0 for row in rows),
            "intervals": [
                {
                    "id": row["id"],
                    "start": show.stamp(row["start"]),
                    "end": show.stamp(row["start"] + (row["duration"] or 0)),
                    "time": str(row["duration"] or 0),
                    "source": row["source"],
                    "date_added": show.stamp(row["at"]),
                }
                for row in rows
            ],
        }
        for user_id, rows in by_user.items()
    ]
    return json_answer({"data": shown})


def _status_time(row: Row) -> Row:
    total = {"by_minute": 90, "since": show.stamp(row["date_created"])}
    return {
        "current_status": {"status": "to do", "color": "#87909e", "total_time": total},
        "status_history": [{"status": "to do", "orderindex": 0, "total_time": total}],
    }


def _time_in_status(asked: Asked) -> Answer:
    return json_answer(_status_time(asked.row("tasks", "task")))


def _bulk_time_in_status(asked: Asked) -> Answer:
    names = asked.call.repeated("task_ids")
    tasks = asked.world.tables["tasks"]
    return json_answer({name: _status_time(tasks[name]) for name in names if name in tasks})


def _entries(asked: Asked) -> Answer:
    return list_entries(asked.world, asked.call, asked.workspace_id, personal=asked.personal)


def _entry(asked: Asked) -> Answer:
    return one_entry(asked.world, asked.call, asked.workspace_id, asked.ids["entry"])


def _history(asked: Asked) -> Answer:
    asked.row("time_entries", "entry")
    return json_answer({"data": [{"field": "time_spent", "date": "1772447404000"}]})


def _entry_tags(asked: Asked) -> Answer:
    if not asked.workspace_id:
        raise unknown()
    tag = {"name": "billable work", "creator": 61_230_400, "tag_bg": "#fff", "tag_fg": "#000"}
    return json_answer({"data": [tag]})


def _task_types(asked: Asked) -> Answer:
    shown = {"id": 1001, "name": "Bug", "name_plural": "Bugs", "description": ""}
    return json_answer({"custom_items": [shown] if asked.workspace_id else []})


def _roles(asked: Asked) -> Answer:
    shown = {"id": 7, "team_id": asked.workspace_id, "name": "Planner", "inherited_role": 3}
    return json_answer({"custom_roles": [{**shown, "members": [61_230_402]}]})


def _webhooks(asked: Asked) -> Answer:
    rows = asked.world.below("webhooks", "workspace_id", asked.workspace_id)
    return json_answer({"webhooks": [webhooks.shown(row) for row in rows]})


def _create_webhook(asked: Asked) -> Answer:
    row = webhooks.shown(asked.webhooks.create(asked.workspace_id, asked.body))
    return json_answer({"id": row["id"], "webhook": row})


def _update_webhook(asked: Asked) -> Answer:
    row = asked.webhooks.update(asked.row("webhooks", "webhook"), asked.body)
    return json_answer({"id": row["id"], "webhook": webhooks.shown(row)})


def _delete_webhook(asked: Asked) -> Answer:
    asked.world.delete("webhooks", asked.row("webhooks", "webhook")["id"])
    return json_answer({})


def _create_entry(asked: Asked) -> Answer:
    row = writes.create_entry(asked.world, asked.workspace_id, asked.body)
    return json_answer({"data": row})


def _update_entry(asked: Asked) -> Answer:
    row = asked.row("time_entries", "entry")
    if row["workspace_id"] != asked.workspace_id:
        raise unknown()
    return json_answer({"data": writes.update_entry(asked.world, row, asked.body)})


def _delete_entries(asked: Asked) -> Answer:
    rows = writes.delete_entries(asked.world, asked.workspace_id, asked.ids["entry"])
    return json_answer({"data": rows})


def _create_folder(asked: Asked) -> Answer:
    return json_answer(writes.create_folder(asked.world, asked.row("spaces", "id"), asked.body))


def _create_list(asked: Asked) -> Answer:
    place = asked.row({"space": "spaces", "folder": "folders"}[asked.ids["level"]], "id")
    return json_answer(writes.create_list(asked.world, place, asked.body))


def _create_task(asked: Asked) -> Answer:
    return json_answer(writes.create_task(asked.world, asked.row("lists", "id"), asked.body))


def _one_place(asked: Asked) -> Answer:
    collection, row = _place(asked)
    shown = show.folder if collection == "folders" else show.listing
    return json_answer(shown(asked.world, row))


def _lists_of_folder(asked: Asked) -> Answer:
    folder = asked.row("folders", "folder")
    rows = asked.archived(asked.world.below("lists", "folder_id", folder["id"]))
    return json_answer({"lists": [show.listing(asked.world, row) for row in rows]})


def _update_place(asked: Asked) -> Answer:
    collection, row = _place(asked)
    return json_answer(writes.update(asked.world, collection, row, asked.body))


def _delete_place(asked: Asked) -> Answer:
    collection, row = _place(asked)
    asked.world.delete(collection, row["id"])
    return Answer(HTTPStatus.NO_CONTENT) if collection == "tasks" else json_answer({})


def _place(asked: Asked) -> tuple[str, Row]:
    collection = {"folder": "folders", "list": "lists", "task": "tasks"}.get(asked.ids["kind"])
    if collection is None:
        raise ApiError(404, "APP_001", "Route not found")
    return collection, asked.row(collection, "id")


def _shared(asked: Asked) -> Answer:
    lists = [{"id": f"s{asked.workspace_id}", "name": "Shared list", "archived": False}]
    return json_answer({"shared": {"tasks": [], "lists": lists, "folders": []}})


def _plan(asked: Asked) -> Answer:
    plan = asked.world.settings.plan
    shown = {"plan_id": 4 if plan == "enterprise" else 1, "plan_name": plan.title()}
    return json_answer(shown if asked.workspace_id else {})


def _docs(asked: Asked) -> Answer:
    """List docs, one a page, so that callers have to follow the cursor."""
    rows = list(asked.world.below("docs", "workspace_id", asked.workspace_id))
    first = int(asked.call.query.get("cursor") or 0)
    shown = [
        {"id": row["id"], "name": row["name"], "date_created": asked.world.now_at_start}
        for row in rows[first : first + 1]
    ]
    content: Row = {"docs": shown}
    if first + 1 < len(rows):
        content["next_cursor"] = str(first + 1)
    return json_answer(content)


def _doc_pages(asked: Asked) -> Answer:
    asked.row("docs", "doc")
    inner = {"id": f"p2{asked.ids['doc']}", "name": "Below"}
    return json_answer([{"id": f"p1{asked.ids['doc']}", "name": "Welcome", "pages": [inner]}])


def _audit_logs(asked: Asked) -> Answer:
    if asked.workspace_id and asked.world.settings.plan != "enterprise":
        raise ApiError(403, "TEAM_110", "Team must be on the enterprise plan")
    return json_answer({"auditLogs": [{"eventType": "LIST_CREATED", "eventTime": 1772447404000}]})


def _compile(
    table: dict[str, Callable[[Asked], Answer]],
) -> list[tuple[re.Pattern[str], Callable[[Asked], Answer]]]:
    return [
        (re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), give)
        for path, give in table.items()
    ]


_TEAM: Final = "/v2/team/{team}"
_ROUTES: Final = _compile(
    {
        "GET /v2/user": _me,
        "GET /v2/team": _teams,
        f"GET {_TEAM}/plan": _plan,
        f"GET {_TEAM}/space": _spaces,
        f"GET {_TEAM}/goal": _goals,
        f"GET {_TEAM}/task": _tasks,
        f"GET {_TEAM}/custom_item": _task_types,
        f"GET {_TEAM}/customroles": _roles,
        f"GET {_TEAM}/webhook": _webhooks,
        f"POST {_TEAM}/webhook": _create_webhook,
        "PUT /v2/webhook/{webhook}": _update_webhook,
        "DELETE /v2/webhook/{webhook}": _delete_webhook,
        f"GET {_TEAM}/shared": _shared,
        f"GET {_TEAM}/time_entries": _entries,
        f"GET {_TEAM}/time_entries/tags": _entry_tags,
        f"GET {_TEAM}/time_entries/{{entry}}": _entry,
        f"GET {_TEAM}/time_entries/{{entry}}/history": _history,
        f"POST {_TEAM}/time_entries": _create_entry,
        f"PUT {_TEAM}/time_entries/{{entry}}": _update_entry,
        f"DELETE {_TEAM}/time_entries/{{entry}}": _delete_entries,
        "POST /v2/space/{id}/folder": _create_folder,
        "POST /v2/{level}/{id}/list": _create_list,
        "POST /v2/list/{id}/task": _create_task,
        "PUT /v2/{kind}/{id}": _update_place,
        "DELETE /v2/{kind}/{id}": _delete_place,
        "GET /v2/list/{list}/task": _list_tasks,
        "GET /v2/folder/{folder}/list": _lists_of_folder,
        "GET /v2/group": _groups,
        "GET /v2/goal/{goal}": _one_goal,
        "GET /v2/space/{space}/folder": _folders,
        "GET /v2/space/{space}/list": _folderless,
        "GET /v2/space/{space}/tag": _tags,
        "GET /v2/{level}/{id}/field": _fields,
        "GET /v2/{level}/{id}/view": _views,
        "GET /v2/task/bulk_time_in_status/task_ids": _bulk_time_in_status,
        "GET /v2/task/{task}": _one_task,
        "GET /v2/task/{task}/comment": _comments,
        "GET /v2/task/{task}/time": _task_time,
        "GET /v2/task/{task}/time_in_status": _time_in_status,
        "GET /v2/{kind}/{id}": _one_place,
        "GET /v3/workspaces/{team}/docs": _docs,
        "GET /v3/workspaces/{team}/docs/{doc}/page_listing": _doc_pages,
        "POST /v3/workspaces/{team}/auditlogs": _audit_logs,
    }
)
