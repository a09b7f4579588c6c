"""Todoist's collections.

Source: Todoist API v1, September 2026: "Tasks", "Projects", "Sections", "Labels", "Comments".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentRefusedError, StreamFailedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.schema import Pii, embedded, field, flag, instant, integer, record, text, texts
from singer_tapkit.shaped import ShapedStream
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.http.api import ApiClient
    from singer_tapkit.types import Record

    from tap_todoist.tap import TapTodoist

_PAGE: Final = "200"
_WINDOW: Final = timedelta(days=80)
"""Todoist lets at most three months of completed tasks be asked for at once."""
_BAD_CURSOR: Final = Rule({400}, Verdict(Action.REFUSE_PARENT, "the cursor is no good"))

_KEY = field("id", th.StringType, "Id that Todoist gave it.", required=True)
_TASK: Final = (
    _KEY,
    text("user_id", "Id of the user whose task it is."),
    text("project_id", "Id of its project."),
    text("section_id", "Id of its section."),
    text("parent_id", "Id of the task that it is part of."),
    text("content", "What is to be done, in Markdown.", pii=Pii.SENSITIVE),
    text("description", "More about it.", pii=Pii.SENSITIVE),
    texts("labels", "Names of its labels."),
    integer("priority", "From 1, normal, to 4, urgent; the app shows 4 as P1."),
    embedded(
        "due",
        "When it is due.",
        text("date", "A day, a local time without zone, or an instant with Z, as Todoist has it."),
        text("string", "What the user wrote."),
        text("lang", "Language of that."),
        flag("is_recurring", "Whether it comes again once it is done."),
        text("timezone", "Zone, if the time is fixed to one."),
    ),
    instant("due_at", "When it is due, if that is fixed to a zone."),
    embedded("deadline", "Last day.", text("date", "The day."), text("lang", "Language.")),
    embedded("duration", "How long it takes.", integer("amount", "Number."), text("unit", "Unit.")),
    flag("checked", "Whether it is done."),
    flag("is_deleted", "Whether it is deleted."),
    instant("added_at", "When it was added."),
    text("added_by_uid", "Id of the user who added it."),
    text("assigned_by_uid", "Id of the user who assigned it."),
    text("responsible_uid", "Id of the user to whom it is assigned."),
    text("completed_by_uid", "Id of the user who completed it."),
    instant("updated_at", "When it was last changed."),
    instant("completed_at", "When it was completed."),
    integer("child_order", "Place among its siblings."),
    integer("day_order", "Place within the day; -1 for none."),
    integer("note_count", "How many comments it has."),
    text("url", "Address in the app.", pii=Pii.SENSITIVE),
)


class TodoistStream(ShapedStream):
    """A collection without a time of change: read in full, what is gone found by that.

    Attributes:
        path: Of the collection.
        results: Name under which answers hold records.
    """

    left_out = ("is_deleted",)
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    path: ClassVar[str]
    results: ClassVar[str] = "results"
    _tap: TapTodoist

    @property
    @override
    def client(self) -> ApiClient:
        """The tap's one client."""
        return self._tap.client

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for rows in self.pages(self.path):
            yield self.batch(rows)

    def batch(self, rows: Sequence[Record]) -> Batch:
        """Bring rows into the shape of the schema."""
        return Batch([self.shaped(self.completed_row(row)) for row in rows])

    def completed_row(self, row: Record) -> Record:
        """Add what Todoist leaves to its callers."""
        return row

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[list[Record]]:
        """Read a list to its end; from its start again, once, if a cursor is refused."""
        try:
            yield from self._pages(path, params or {})
        except ParentRefusedError:
            self.logger.warning("'%s': a cursor was refused; reading again", self.name)
            try:
                yield from self._pages(path, params or {})
            except ParentRefusedError as error:
                raise StreamFailedError(str(error)) from None

    def _pages(self, path: str, params: Mapping[str, str]) -> Iterator[list[Record]]:
        cursor: str | None = None
        while True:
            asked = {**params, "limit": _PAGE, **({"cursor": cursor} if cursor else {})}
            answer = self.client.get(path, asked, rules=(_BAD_CURSOR,) if cursor else ())
            yield self.client.rows(path, answer, self.results)
            following = answer.get("next_cursor")
            if not following or following == cursor:
                return
            cursor = str(following)


class TaskStream(TodoistStream):
    """Records that are tasks."""

    schema = record(*_TASK)

    @override
    def completed_row(self, row: Record) -> Record:
        """Add the address, and the instant of a due date that is fixed to a zone."""
        due = row.get("due")
        fixed = str(due.get("date") or "") if isinstance(due, dict) else ""
        return {
            **row,
            "due_at": fixed if fixed.endswith("Z") else None,
            "url": f"https://app.todoist.com/app/task/{row.get('id')}",
        }


class Tasks(TaskStream):
    """Tasks that are not done; those that are done or deleted get a tombstone here."""

    name = "tasks"
    path = "/tasks"


class CompletedTasks(TaskStream):
    """One record each time that a task was done: recurring ones have many."""

    name = "completed_tasks"
    path = "/tasks/completed/by_completion_date"
    results = "items"
    primary_keys: ClassVar[Sequence[str]] = ("id", "completed_at")
    replication_key = "completed_at"
    deletions_from: ClassVar[DeletionMode] = DeletionMode.OFF
    schema = record(
        *(one for one in _TASK if one.name != "completed_at"),
        field("completed_at", th.DateTimeType, "When it was completed. UTC.", required=True),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        until = reading.until or self._tap.run_started + timedelta(seconds=1)
        start = parse_instant(reading.position) if reading.position else reading.since
        at = start or self._joined()
        while at < until:
            end = min(at + _WINDOW, until)
            params = {"since": canonical(at), "until": canonical(end)}
            for rows in self.pages(self.path, params):
                yield self.batch([row for row in rows if row.get("completed_at")])
            yield Batch([], newest=canonical(end), position=canonical(end))
            at = end

    @override
    def least_requests(self, reading: Reading) -> int:
        start = parse_instant(reading.position) if reading.position else reading.since
        until = reading.until or self._tap.run_started
        return max(ceil((until - start) / _WINDOW), 1) if start else 1

    def _joined(self) -> datetime:
        joined = self.client.get("/user").get("joined_at")
        return parse_instant(str(joined)) if joined else datetime(2012, 1, 1, tzinfo=UTC)


class Projects(TodoistStream):
    """Projects, archived ones too; personal ones and those of workspaces."""

    name = "projects"
    path = "/projects"
    schema = record(
        _KEY,
        text("name", "Name.", pii=Pii.SENSITIVE),
        text("description", "More about it.", pii=Pii.SENSITIVE),
        text("color", "Name of its colour."),
        text("parent_id", "Id of the project that it is part of."),
        text("workspace_id", "Id of its workspace; null for personal ones."),
        text("folder_id", "Id of its folder."),
        integer("child_order", "Place among its siblings."),
        flag("inbox_project", "Whether it is the inbox."),
        flag("is_archived", "Whether it is archived."),
        flag("is_deleted", "Whether it is deleted."),
        flag("is_favorite", "Whether it is a favourite."),
        flag("is_frozen", "Whether it is frozen."),
        flag("is_shared", "Whether others see it."),
        flag("can_assign_tasks", "Whether its tasks can be assigned."),
        text("view_style", "list, board or calendar."),
        text("status", "Of a workspace's project."),
        text("creator_uid", "Id of the user who made it."),
        instant("created_at", "When it was made."),
        instant("updated_at", "When it was last changed."),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for path in ("/projects", "/projects/archived"):
            for rows in self.pages(path):
                yield self.batch(rows)


class Sections(TodoistStream):
    """Sections of projects."""

    name = "sections"
    path = "/sections"
    schema = record(
        _KEY,
        text("user_id", "Id of the user."),
        text("project_id", "Id of its project."),
        text("name", "Name.", pii=Pii.SENSITIVE),
        integer("section_order", "Place within the project."),
        flag("is_archived", "Whether it is archived."),
        flag("is_deleted", "Whether it is deleted."),
        flag("is_collapsed", "Whether it is shown collapsed."),
        instant("added_at", "When it was added."),
        instant("updated_at", "When it was last changed."),
        instant("archived_at", "When it was archived."),
    )


class Labels(TodoistStream):
    """Personal labels."""

    name = "labels"
    path = "/labels"
    schema = record(
        _KEY,
        text("name", "Name; tasks refer to it.", pii=Pii.SENSITIVE),
        text("color", "Name of its colour."),
        integer("order", "Place in the list."),
        flag("is_favorite", "Whether it is a favourite."),
    )


class Comments(TodoistStream):
    """Comments of tasks that have some, and of projects. Requests: one for each of those."""

    name = "comments"
    path = "/comments"
    schema = record(
        _KEY,
        text("item_id", "Id of its task."),
        text("project_id", "Id of its project, for comments of projects."),
        text("content", "Text, in Markdown.", pii=Pii.SENSITIVE),
        text("posted_uid", "Id of the user who wrote it."),
        instant("posted_at", "When it was written."),
        flag("is_deleted", "Whether it is deleted."),
        texts("uids_to_notify", "Ids of the users who were told."),
        embedded(
            "file_attachment",
            "An attached file.",
            text("resource_type", "Its kind."),
            text("file_name", "Its name.", pii=Pii.SENSITIVE),
            integer("file_size", "Its size, bytes."),
            text("file_type", "Its media type."),
            text("file_url", "Its address.", pii=Pii.SENSITIVE),
        ),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        tasks = [row for rows in self.pages("/tasks") for row in rows if row.get("note_count")]
        projects = [row for rows in self.pages("/projects") for row in rows]
        parents = [("task_id", row) for row in tasks] + [("project_id", row) for row in projects]
        for name, row in parents:
            for rows in self.pages(self.path, {name: str(row["id"])}):
                yield self.batch(rows)


STREAMS: Final = (Tasks, CompletedTasks, Projects, Sections, Labels, Comments)
