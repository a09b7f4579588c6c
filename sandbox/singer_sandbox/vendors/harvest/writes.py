"""Writing time entries, clients, projects and tasks.

Source: Harvest API v2, "Time entries": create, update, delete, stop, restart; "Create a client",
"Create a project", "Create a task", and their updates.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.harvest.access import ADMINISTRATOR
from singer_sandbox.vendors.harvest.entry_rows import hours_number
from singer_sandbox.vendors.harvest.errors import invalid, plain_refusal
from singer_sandbox.vendors.harvest.times import clock_time, minute_of, ordinal_of
from singer_sandbox.vendors.harvest.world import TIME_ENTRIES
from singer_sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sandbox.vendors.harvest.access import Viewer
    from singer_sandbox.vendors.harvest.world import World
    from singer_sandbox.wire import Call, Row

_DAY_MINUTES: Final = 1440
REQUIRED: Final[Mapping[str, Sequence[str]]] = {
    "clients": ("name",),
    "projects": ("client_id", "name", "is_billable", "bill_by", "budget_by"),
    "tasks": ("name",),
}
"""What can be made besides time entries, and what it needs."""


def create_row(world: World, call: Call, collection: str) -> Answer:
    """Add a client, a project or a task."""
    given = _object(call)
    lacking = [name for name in REQUIRED[collection] if given.get(name) in (None, "")]
    if lacking:
        message = ", ".join(f"{name.capitalize()} can't be blank" for name in lacking)
        raise invalid(message)
    return json_answer(_kept(lambda: world.add(collection, given)), HTTPStatus.CREATED)


def update_row(world: World, call: Call, collection: str, row_id: int) -> Answer:
    """Change a client, a project or a task."""
    given = _object(call)
    if world.tables.find(collection, row_id) is None:
        raise plain_refusal(HTTPStatus.NOT_FOUND)
    return json_answer(_kept(lambda: world.edit(collection, row_id, given)))


def _kept(write: Callable[[], Row]) -> Row:
    try:
        return write()
    except RefusedError as error:
        raise invalid(str(error)) from None


def _object(call: Call) -> dict[str, Any]:
    try:
        body = orjson.loads(call.body)
    except ValueError:
        raise plain_refusal(HTTPStatus.BAD_REQUEST) from None
    if not isinstance(body, dict):
        raise plain_refusal(HTTPStatus.BAD_REQUEST)
    return body


class EntryWriter:
    """Carries out one request that writes a time entry.

    Args:
        world: The account.
        viewer: Who writes.
        call: The request.
    """

    def __init__(self, world: World, viewer: Viewer, call: Call) -> None:
        self._world = world
        self._viewer = viewer
        self._call = call

    def create(self) -> Answer:
        """Add an entry; without hours or an end, a timer starts to run."""
        given = _object(self._call)
        user_id = given.get("user_id") or self._viewer.user_id
        if not self._viewer.sees(user_id=user_id):
            raise plain_refusal(HTTPStatus.FORBIDDEN)
        self._check_place(user_id, given)
        fields = {
            "user_id": user_id,
            "project_id": given["project_id"],
            "task_id": given["task_id"],
            "spent_date": given["spent_date"],
            "notes": given.get("notes"),
            "external_reference": given.get("external_reference"),
            **self._duration(given),
        }
        return self._shown(self._world.add(TIME_ENTRIES, fields), HTTPStatus.CREATED)

    def update(self, entry_id: int) -> Answer:
        """Change an entry; what is not given stays, and so does its user."""
        before = self._entry(entry_id)
        if before["is_locked"]:
            message = "Time entry is locked"
            raise invalid(message)
        given = _object(self._call)
        names = ("project_id", "task_id", "spent_date", "notes", "external_reference")
        fields = {name: given[name] for name in names if name in given}
        place = {name: before[name[:-3]]["id"] for name in ("project_id", "task_id")}
        place["spent_date"] = before["spent_date"]
        self._check_place(before["user"]["id"], place | fields)
        if self._world.settings.timestamp_timers:
            times = {name: given[name] for name in ("started_time", "ended_time") if name in given}
            if times:
                kept = {name: before[name] for name in ("started_time", "ended_time")}
                fields |= self._duration(kept | times)
        elif "hours" in given:
            fields["hours"] = given["hours"]
        return self._shown(self._world.edit(TIME_ENTRIES, entry_id, fields))

    def delete(self, entry_id: int) -> Answer:
        """Delete an entry; approved ones are for administrators to delete."""
        entry = self._entry(entry_id)
        tables = self._world.tables
        archived = not (
            tables.row("projects", entry["project"]["id"])["is_active"]
            and tables.row("tasks", entry["task"]["id"])["is_active"]
        )
        if archived or (entry["is_closed"] and self._viewer.role != ADMINISTRATOR):
            message = "Time entry cannot be deleted"
            raise invalid(message)
        self._world.delete(TIME_ENTRIES, entry_id)
        return Answer(HTTPStatus.OK)

    def delete_reference(self, entry_id: int) -> Answer:
        """Take the external reference off an entry."""
        self._entry(entry_id)
        self._world.edit(TIME_ENTRIES, entry_id, {"external_reference": None})
        return Answer(HTTPStatus.OK)

    def stop(self, entry_id: int) -> Answer:
        """Stop a running timer."""
        entry = self._entry(entry_id)
        if not entry["is_running"]:
            message = "can't stop a stopped timer"
            raise invalid(message)
        fields: Row = {"is_running": False}
        if entry["started_time"]:
            fields["ended_time"] = clock_time(self._minute_now(), self._world.settings.clock)
        return self._shown(self._world.edit(TIME_ENTRIES, entry_id, fields))

    def restart(self, entry_id: int) -> Answer:
        """Start a timer again; accounts with start and end times get another entry for it."""
        entry = self._entry(entry_id)
        if entry["is_running"]:
            message = "can't restart a running timer"
            raise invalid(message)
        if not self._world.settings.timestamp_timers:
            return self._shown(self._world.edit(TIME_ENTRIES, entry_id, {"is_running": True}))
        fields = {
            "user_id": entry["user"]["id"],
            "project_id": entry["project"]["id"],
            "task_id": entry["task"]["id"],
            "spent_date": entry["spent_date"],
            "notes": entry["notes"],
            **self._duration({}),
        }
        return self._shown(self._world.add(TIME_ENTRIES, fields))

    def _entry(self, entry_id: int) -> Row:
        position = self._world.entries.find(entry_id)
        if position is None:
            raise plain_refusal(HTTPStatus.NOT_FOUND)
        entry = self._world.entry_rows.shown(position, self._viewer)
        if not self._viewer.sees(user_id=entry["user"]["id"], project_id=entry["project"]["id"]):
            raise plain_refusal(HTTPStatus.FORBIDDEN)
        return entry

    def _check_place(self, user_id: int, given: Row) -> None:
        """Make sure that user and task belong to the project, and that there is a day."""
        tables = self._world.tables
        project_id, task_id = given.get("project_id"), given.get("task_id")
        faults = []
        person = tables.user_assignment(user_id, project_id) if project_id else None
        if not person or not person["is_active"]:
            faults.append("Project can't be blank")
        task = tables.task_assignment(project_id, task_id) if project_id and task_id else None
        if not task or not task["is_active"]:
            faults.append("Task must exist")
        try:
            ordinal_of(str(given.get("spent_date", "")))
        except ValueError:
            faults.append("Spent date can't be blank")
        if faults:
            raise invalid(", ".join(faults))

    def _duration(self, given: Row) -> Row:
        """Return hours and times of an entry, by the account's way of tracking.

        The other way's fields are not looked at, so a body of the wrong kind starts a timer.
        """
        if not self._world.settings.timestamp_timers:
            hours = float(given.get("hours") or 0)
            return {"hours": hours, "is_running": not hours}
        clock = self._world.settings.clock
        try:
            start = minute_of(given["started_time"]) if given.get("started_time") else None
            end = minute_of(given["ended_time"]) if given.get("ended_time") else None
        except ValueError:
            message = "Started time is invalid"
            raise invalid(message) from None
        started = self._minute_now() if start is None else start
        times: Row = {"started_time": clock_time(started, clock), "ended_time": None}
        if end is None:
            return {**times, "hours": 0.0, "is_running": True}
        hundredths = (end - started) % _DAY_MINUTES * 100 // 60
        return {
            **times,
            "ended_time": clock_time(end, clock),
            "hours": hours_number(hundredths),
            "is_running": False,
        }

    def _minute_now(self) -> int:
        now = self._world.clock.now()
        return now.hour * 60 + now.minute

    def _shown(self, row: Row, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        position = self._world.position(row["id"])
        return json_answer(self._world.entry_rows.shown(position, self._viewer), status)
