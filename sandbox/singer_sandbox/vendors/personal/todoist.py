"""Todoist: tasks, and what is around them.

Source: Todoist API v1 as of September 2026: resources, paging, `/sync`, completed tasks.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, ClassVar, Final, cast
from urllib.parse import parse_qsl

from typing_extensions import override

from singer_sandbox.vendors.base import TableVendor, refuse
from singer_sandbox.vendors.personal.tables import Tables
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from singer_sandbox.wire import Answer, Call, Row

TOKEN: Final = "sandbox-todoist-token"  # noqa: S105 - a simulated one
_COLLECTIONS: Final = ("projects", "sections", "tasks", "labels", "comments", "completed_tasks")
_DEFAULT_LIMIT: Final = 50
_MOST: Final = 200
_LONGEST_SPAN: Final = timedelta(days=92)
_SYNCED: Final = {
    "items": "tasks",
    "projects": "projects",
    "sections": "sections",
    "labels": "labels",
    "notes": "comments",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoistSettings:
    """How the account is set up.

    Attributes:
        tasks: How many to make up.
        seed: Of what is made up.
        completed_forbidden: Whether the plan shows no completed tasks.
        oldest_sync: Sync tokens before this change are too old.
    """

    tasks: int = 120
    seed: int = 1
    completed_forbidden: bool = False
    oldest_sync: int = 0


class Todoist(TableVendor[TodoistSettings]):
    """One person's account."""

    name: ClassVar[str] = "todoist"
    shaping: ClassVar[frozenset[str]] = frozenset({"tasks", "seed"})
    defaults = TodoistSettings()

    @property
    def tables(self) -> Tables:
        """The data."""
        return cast("Tables", self.data)

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address and the token."""
        return {
            "api_url": f"{mount}/api/v1",
            "config": {"api_token": TOKEN, "api_url": f"{mount}/api/v1"},
            "hint": f"curl -H 'Authorization: Bearer {TOKEN}' {mount}/api/v1/tasks",
        }

    @override
    def resource(self, path: str) -> str:
        """Strip the version."""
        return path.removeprefix("/api/v1")

    @override
    def make_world(self) -> Tables:
        """Make up projects, sections, tasks, comments and completions."""
        now = self._clock.now()
        random = Random(self._settings.seed)  # noqa: S311 - made-up data
        tables = Tables(_COLLECTIONS, lambda name, number: _new(name, number, self._clock.now()))
        projects = [tables.add("projects", {"name": f"Project {n}"}) for n in range(4)]
        tables.edit("projects", projects[0]["id"], {"inbox_project": True, "name": "Inbox"})
        tables.edit("projects", projects[3]["id"], {"is_archived": True})
        sections = [
            tables.add("sections", {"name": f"Section {n}", "project_id": projects[n % 3]["id"]})
            for n in range(5)
        ]
        for name in ("office", "home", "errand"):
            tables.add("labels", {"name": name})
        for number in range(self._settings.tasks):
            task = tables.add(
                "tasks",
                {
                    "content": f"Task {number}",
                    "project_id": projects[number % 3]["id"],
                    "section_id": sections[number % 5]["id"] if number % 2 else None,
                    "priority": random.randint(1, 4),
                    "due": _due(random, now, number),
                    "added_at": _at(now - timedelta(days=random.randint(1, 300))),
                },
            )
            if number % 10 == 0:
                tables.add("comments", {"item_id": task["id"], "content": f"Note {number}"})
                task["note_count"] = 1
            if number % 3 == 0:
                completed = now - timedelta(
                    days=random.randint(0, 200), hours=random.randint(1, 20)
                )
                tables.add(
                    "completed_tasks", {"task_id": task["id"], "completed_at": _at(completed)}
                )
        return tables

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path.startswith(("/rest/", "/sync/v9")):
            raise refuse(410, {"error": "This endpoint is deprecated", "http_code": 410})
        if call.token != TOKEN:
            raise refuse(401, {"error": "Unauthorized", "error_code": 401, "http_code": 401})
        path = self.resource(call.path)
        routes: dict[str, Callable[[Call], Answer]] = {
            "/tasks": lambda call: self._page(call, self.tables.rows("tasks")),
            "/projects": lambda call: self._page(call, self._projects(archived=False)),
            "/projects/archived": lambda call: self._page(call, self._projects(archived=True)),
            "/sections": lambda call: self._page(call, self.tables.rows("sections")),
            "/labels": lambda call: self._page(call, self.tables.rows("labels")),
            "/comments": self._comments,
            "/tasks/completed/by_completion_date": self._completed,
            "/user": lambda _: json_answer(
                {
                    "id": "510001",
                    "full_name": "Ada Example",
                    "email": "ada@example.com",
                    "tz_info": {"timezone": "Europe/Paris"},
                    "joined_at": "2024-02-02T10:00:00.000000Z",
                }
            ),
            "/sync": self._sync,
        }
        if path not in routes:
            raise refuse(404, {"error": "Not found", "http_code": 404})
        return routes[path](call)

    def _projects(self, *, archived: bool) -> list[Row]:
        return [row for row in self.tables.rows("projects") if row["is_archived"] is archived]

    def _comments(self, call: Call) -> Answer:
        names = [name for name in ("task_id", "project_id") if name in call.query]
        if len(names) != 1:
            raise refuse(400, {"error": "Exactly one of task_id, project_id", "http_code": 400})
        field = "item_id" if names[0] == "task_id" else "project_id"
        rows = self.tables.rows("comments")
        return self._page(call, [row for row in rows if row[field] == call.query[names[0]]])

    def _completed(self, call: Call) -> Answer:
        if self._settings.completed_forbidden:
            raise refuse(403, {"error": "Forbidden", "http_code": 403})
        try:
            since, until = (_instant(call.query[name]) for name in ("since", "until"))
        except (KeyError, ValueError):
            raise refuse(400, {"error": "since and until are required", "http_code": 400}) from None
        if until - since > _LONGEST_SPAN:
            raise refuse(400, {"error": "At most 3 months", "http_code": 400})
        rows = [
            {
                **(self.tables.find("tasks", row["task_id"]) or {}),
                "id": row["task_id"],
                "checked": True,
                "completed_at": row["completed_at"],
                "content": row["content"],
            }
            for row in self.tables.rows("completed_tasks")
            if since <= _instant(row["completed_at"]) < until
        ]
        answer = self._page(call, rows)
        page = json.loads(answer.body)
        content = {"items": page["results"]}
        if page["next_cursor"]:
            content["next_cursor"] = page["next_cursor"]
        return json_answer(content)

    def _page(self, call: Call, rows: Iterable[Row]) -> Answer:
        listed = list(rows)
        limit = int(call.query.get("limit", _DEFAULT_LIMIT))
        if not 1 <= limit <= _MOST:
            raise refuse(400, {"error": "limit", "http_code": 400})
        cursor = call.query.get("cursor")
        try:
            first = int(base64.b64decode(cursor)) if cursor else 0
        except ValueError:
            raise refuse(400, {"error": "Invalid cursor", "http_code": 400}) from None
        after = first + limit
        more = base64.b64encode(str(after).encode()).decode() if after < len(listed) else None
        return json_answer({"results": listed[first:after], "next_cursor": more})

    def _sync(self, call: Call) -> Answer:
        form = dict(parse_qsl(call.body.decode()))
        token, kinds = form["sync_token"], json.loads(form["resource_types"])
        since = 0 if token == "*" else int(token.removeprefix("sync-"))  # noqa: S105
        full = token == "*" or since < self._settings.oldest_sync  # noqa: S105
        content: Row = {"sync_token": f"sync-{self.tables.seq}", "full_sync": full}
        for kind in kinds:
            name = _SYNCED[kind]
            rows = self.tables.rows(name) if full else self.tables.changed_after(name, since)
            gone = [
                {**row, "is_deleted": True}
                for seq, collection, row in self.tables.gone
                if collection == name and seq > since and not full
            ]
            content[kind] = [*rows, *gone]
        return json_answer(content)


def _new(collection: str, number: int, now: datetime) -> Row:
    common: Row = {"id": f"6Xq{collection[:2]}{number:06}", "is_deleted": False}
    if collection == "completed_tasks":
        return {
            "id": str(number),
            "task_id": "",
            "completed_at": _at(now),
            "content": f"Done {number}",
        }
    if collection == "labels":
        return {**common, "name": "", "color": "charcoal", "order": number, "is_favorite": False}
    if collection == "comments":
        return {
            **common,
            "content": "",
            "posted_uid": "510001",
            "posted_at": _at(now),
            "item_id": None,
            "project_id": None,
            "file_attachment": None,
        }
    if collection == "sections":
        return {
            **common,
            "user_id": "510001",
            "project_id": "",
            "name": "",
            "section_order": number,
            "is_archived": False,
            "added_at": _at(now),
            "updated_at": _at(now),
        }
    if collection == "projects":
        return {
            **common,
            "name": "",
            "description": "",
            "color": "charcoal",
            "child_order": number,
            "is_archived": False,
            "is_favorite": False,
            "inbox_project": False,
            "is_shared": False,
            "view_style": "list",
            "created_at": _at(now),
            "updated_at": _at(now),
        }
    return {
        **common,
        "user_id": "510001",
        "project_id": "",
        "section_id": None,
        "parent_id": None,
        "content": "",
        "description": "",
        "labels": [],
        "priority": 1,
        "due": None,
        "deadline": None,
        "duration": None,
        "checked": False,
        "added_at": _at(now),
        "updated_at": _at(now),
        "completed_at": None,
        "child_order": number,
        "day_order": -1,
        "note_count": 0,
        "added_by_uid": "510001",
        "responsible_uid": None,
    }


def _due(random: Random, now: datetime, number: int) -> Row | None:
    day = (now + timedelta(days=random.randint(-10, 60))).date().isoformat()
    common = {
        "string": "every week",
        "lang": "en",
        "is_recurring": number % 7 == 0,
        "timezone": None,
    }
    shapes: list[Row | None] = [
        None,
        {**common, "date": day},
        {**common, "date": f"{day}T09:30:00"},
        {**common, "date": f"{day}T08:30:00Z", "timezone": "Europe/Paris"},
    ]
    return shapes[number % 4]


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
