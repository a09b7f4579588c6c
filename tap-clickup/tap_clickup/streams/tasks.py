"""Tasks, and what has to be asked for task by task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit import Batch, Listing
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentRefusedError, StreamFailedError, StreamUnavailableError
from singer_tapkit.schema import (
    Pii,
    embedded,
    flag,
    instant,
    integer,
    number,
    record,
    several,
    text,
)
from singer_tapkit.shaping import whole
from singer_tapkit.windows import Days
from typing_extensions import override

from tap_clickup.schemas import key, moment, opaque, people, person, place, status, tags
from tap_clickup.streams.base import ClickUpStream

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

_PAGE: Final = 100
_COMMENT_PAGE: Final = 25
_LOOKBACK: Final = timedelta(minutes=5)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_IN_BULK: Final = 100


class Tasks(ClickUpStream):
    """Tasks and subtasks, closed and archived ones too, oldest change first.

    Key: id. Replication: date_updated. Requests: one per 100 changed tasks, archived ones apart.

    Source: ClickUp API v2, "Get filtered team tasks".
    """

    name = "tasks"
    left_out = ("checklists", "project")
    replication_key = "date_updated"
    deletions_from = DeletionMode.SWEEP
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("custom_id", "Id given by the workspace."),
        integer("custom_item_id", "Kind of task; 0 or null is a plain one."),
        text("name", "Name.", pii=Pii.SENSITIVE),
        text("text_content", "Description as plain text.", pii=Pii.SENSITIVE),
        text("description", "Description.", pii=Pii.SENSITIVE),
        status(),
        text("orderindex", "Place among the tasks, a decimal number of many digits."),
        instant("date_created", "When it was made."),
        instant("date_updated", "Last change."),
        instant("date_closed", "When it was closed."),
        instant("date_done", "When it was done."),
        flag("archived", "Whether it is archived."),
        person("creator", "Who made it."),
        people("assignees", "Who is to do it."),
        opaque("group_assignees", "Which groups are to do it."),
        people("watchers", "Who watches it."),
        tags("tags", "Tags."),
        text("parent", "Id of the task it is a part of."),
        text("top_level_parent", "Id of the topmost task it is a part of."),
        embedded(
            "priority",
            "Priority.",
            text("id", "Id."),
            text("priority", "urgent, high, normal or low."),
            text("color", "Colour."),
            text("orderindex", "Place among the priorities."),
        ),
        instant("due_date", "When it is due."),
        instant("start_date", "When it starts."),
        number("points", "Points."),
        number("time_estimate", "Estimated milliseconds; can have fractions."),
        number("time_spent", "Milliseconds tracked."),
        several(
            "custom_fields",
            "Custom fields.",
            text("id", "Id of the field."),
            text("name", "Name."),
            text("type", "Type."),
            opaque("value", "Value.", pii=Pii.SENSITIVE),
        ),
        opaque("dependencies", "Tasks that wait for each other."),
        opaque("linked_tasks", "Linked tasks."),
        several("locations", "Further lists it is in.", text("id", "Id."), text("name", "Name.")),
        text("team_id", "Id of the workspace, as ClickUp names it here."),
        text("url", "Address."),
        text("permission_level", "What the token's owner may do."),
        place("list", "List."),
        place("folder", "Folder."),
        place("space", "Space."),
    )

    @property
    @override
    def lookback(self) -> timedelta:
        """Five minutes: tasks can be asked for by their last change."""
        return _LOOKBACK

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        return self.changed(_EPOCH, self.note)

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        until = reading.until
        for rows in self.changed(reading.since or _EPOCH, self.note):
            kept = [
                row
                for row in rows
                if until is None or (whole(row.get("date_updated")) or 0) < _milliseconds(until)
            ]
            yield Batch([*self.shaped(kept)])

    @override
    def listings(self, days: Days, reading: Reading) -> Iterator[Listing]:
        if not reading.whole:
            keys = {
                str(row["id"]): None for rows in self.changed(_EPOCH, self.note) for row in rows
            }
            yield Listing(Days(), keys)

    @override
    def look_again(self, keys: Collection[str]) -> Iterator[Record]:
        for task_id in keys:
            try:
                row = self.client.get(f"/v2/task/{task_id}")
            except ParentRefusedError:
                continue
            if str(row.get("id")) == task_id:
                yield from self.shaped([{**row, "workspace_id": row.get("team_id")}])

    def changed(
        self, since: datetime, note: Callable[[Sequence[str]], None]
    ) -> Iterator[list[Record]]:
        """Read the tasks changed since an instant, workspace by workspace, as ClickUp has them.

        Args:
            since: Inclusive.
            note: Told what could not be read.
        """
        closed: dict[str, str] = {}
        note(self.source.workspaces.missing)
        workspaces = self.source.workspaces.rows
        for workspace in workspaces:
            workspace_id = str(workspace["id"])
            try:
                for archived in ("false", "true"):
                    yield from self._pages(workspace_id, since, archived)
            except (ParentRefusedError, StreamUnavailableError) as error:
                closed[workspace_id] = str(error)
        if closed and len(closed) == len(workspaces):
            raise StreamUnavailableError(next(iter(closed.values())))
        note([f"workspace {name}: {reason}" for name, reason in closed.items()])

    def _pages(self, workspace_id: str, since: datetime, archived: str) -> Iterator[list[Record]]:
        """Read pages so that a task changed meanwhile cannot push another one out of sight.

        A task that is changed jumps to the end and draws all behind it one place forward. So the
        next page is not asked for by number but by the last change seen: what is behind it has not
        moved. Only a page full of tasks changed in the very same millisecond is paged by number.
        """
        after, page = _milliseconds(since) - 1, 0
        numbered = False
        while True:
            params = {
                "page": str(page),
                "order_by": "updated",
                "reverse": "true",
                "include_closed": "true",
                "subtasks": "true",
                "archived": archived,
                "date_updated_gt": str(after),
            }
            answer = self.client.get(f"/v2/team/{workspace_id}/task", params)
            tasks = answer.get("tasks")
            if not isinstance(tasks, list):
                msg = f"GET /v2/team/{workspace_id}/task: no list named tasks. Check api_url"
                raise StreamFailedError(msg)
            rows = [row for row in tasks if isinstance(row, dict) and row.get("id")]
            yield [{**row, "workspace_id": workspace_id} for row in rows]
            last_page = answer.get("last_page")
            if not rows or last_page is True or (last_page is None and len(rows) < _PAGE):
                return
            stamps = [whole(row.get("date_updated")) or 0 for row in rows]
            numbered = numbered or any(late > then for late, then in pairwise(stamps))
            if numbered or stamps[-1] - 1 <= after:
                page += 1
            else:
                after, page = stamps[-1] - 1, 0


class _TaskChildStream(ClickUpStream):
    """Something that is asked for task by task, of tasks changed since the bookmark."""

    selected_by_default = False
    replication_key = "task_updated_at"
    deletions_from = DeletionMode.OFF
    holds_everything = False

    @property
    @override
    def lookback(self) -> timedelta:
        """That of the tasks."""
        return _LOOKBACK

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        return iter(())

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        tasks = self._tap.streams["tasks"]
        if not isinstance(tasks, Tasks):
            return
        for page in tasks.changed(reading.since or _EPOCH, self.note):
            known = {str(row["id"]): row for row in page}
            for records in self.each([*known.values()], self.read, "task"):
                yield Batch([*self.shaped(records)])
            newest = max(map(_updated, known.values()), default=None)
            yield Batch([], newest=newest)

    def read(self, task: Record) -> Iterator[Record]:
        """Read what one task has."""
        raise NotImplementedError

    def with_task(self, row: Record, task: Record) -> Record:
        """Say which task a record belongs to."""
        return {
            **row,
            "task_id": task["id"],
            "workspace_id": task["workspace_id"],
            "task_updated_at": task.get("date_updated"),
        }


_TASK: Final = (
    key("task_id", "Id of the task."),
    text("workspace_id", "Id of the workspace."),
    instant("task_updated_at", "Last change of the task."),
)


class TaskComments(_TaskChildStream):
    """Comments of tasks.

    Key: id. Not selected by default. Replication: those of tasks changed since the bookmark.
    Requests: those of tasks, and one per changed task and 25 comments.

    Source: ClickUp API v2, "Get task comments".
    """

    name = "task_comments"
    left_out = ("comment",)
    schema = record(
        key(),
        *_TASK,
        text("comment_text", "Text.", pii=Pii.SENSITIVE),
        person("user", "Who wrote it."),
        person("assignee", "Whom it is assigned to."),
        person("assigned_by", "Who assigned it."),
        flag("resolved", "Whether it is resolved."),
        opaque("reactions", "Reactions."),
        instant("date", "When it was written."),
        integer("reply_count", "How many replies it has."),
    )

    @override
    def read(self, task: Record) -> Iterator[Record]:
        path = f"/v2/task/{task['id']}/comment"
        params: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            rows = self.client.rows(path, "comments", params)
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            yield from (self.with_task(row, task) for row in fresh)
            if not fresh or len(rows) < _COMMENT_PAGE:
                return
            seen.update(str(row["id"]) for row in fresh)
            params = {"start": str(rows[-1].get("date")), "start_id": str(rows[-1].get("id"))}


class Checklists(_TaskChildStream):
    """Checklists of tasks with their items.

    Key: id. Not selected by default. Replication: those of tasks changed since the bookmark.
    Requests: those of tasks, and one per changed task.

    Source: ClickUp API v2, "Get task".
    """

    name = "checklists"
    schema = record(
        key(),
        *_TASK,
        text("name", "Name.", pii=Pii.SENSITIVE),
        instant("date_created", "When it was made."),
        integer("orderindex", "Place among the checklists."),
        text("creator", "Id of the user who made it."),
        integer("resolved", "How many items are done."),
        integer("unresolved", "How many items are not."),
        several(
            "items",
            "Items.",
            text("id", "Id."),
            text("name", "Text.", pii=Pii.SENSITIVE),
            integer("orderindex", "Place among the items."),
            person("assignee", "Whom it is assigned to."),
            flag("resolved", "Whether it is done."),
            text("parent", "Id of the item it lies under."),
            instant("date_created", "When it was made."),
        ),
    )

    @override
    def read(self, task: Record) -> Iterator[Record]:
        lists = self.client.get(f"/v2/task/{task['id']}").get("checklists")
        for row in lists if isinstance(lists, list) else ():
            if isinstance(row, dict):
                yield self.with_task(row, task)


class TimeInStatus(_TaskChildStream):
    """How long tasks have been in each status; needs the ClickApp of that name.

    Key: task_id. Not selected by default. Replication: those of tasks changed since the bookmark.
    Requests: those of tasks, and one per 100 changed tasks.

    Source: ClickUp API v2, "Get bulk tasks' time in status".
    """

    name = "time_in_status"
    primary_keys = ("task_id",)
    schema = record(
        *_TASK,
        embedded(
            "current_status",
            "Status now.",
            text("status", "Name."),
            text("color", "Colour."),
            embedded(
                "total_time",
                "How long.",
                integer("by_minute", "Minutes."),
                instant("since", "Since when."),
            ),
        ),
        several(
            "status_history",
            "All statuses it was in.",
            text("status", "Name."),
            text("color", "Colour."),
            text("type", "open, custom, done or closed."),
            integer("orderindex", "Place among the statuses."),
            embedded(
                "total_time",
                "How long.",
                integer("by_minute", "Minutes."),
                instant("since", "Since when."),
            ),
        ),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        tasks = self._tap.streams["tasks"]
        if not isinstance(tasks, Tasks):
            return
        for page in tasks.changed(reading.since or _EPOCH, self.note):
            known = {str(row["id"]): row for row in page}
            answer = self._bulk([*known]) if known else {}
            records = [
                self.with_task(row, known[task_id])
                for task_id, row in answer.items()
                if isinstance(row, dict) and task_id in known
            ]
            newest = max(map(_updated, known.values()), default=None)
            yield Batch([*self.shaped(records)], newest=newest)

    def _bulk(self, task_ids: Sequence[str]) -> Record:
        if len(task_ids) == 1:
            return {task_ids[0]: self.client.get(f"/v2/task/{task_ids[0]}/time_in_status")}
        path = "/v2/task/bulk_time_in_status/task_ids"
        answer: dict[str, Any] = {}
        for start in range(0, len(task_ids), _MOST_IN_BULK):
            some = task_ids[start : start + _MOST_IN_BULK]
            answer |= self.client.get(path, {"task_ids": some})
        return answer


def _updated(task: Record) -> str:
    return moment(task.get("date_updated")) or ""


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
