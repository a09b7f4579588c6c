"""Hours worked, and what hangs on them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit import Batch, Listing, Place
from singer_tapkit.audit import Entry, Ledger
from singer_tapkit.audit.run import AuditedStream
from singer_tapkit.bookmarks import Reading, canonical, parse_instant
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentRefusedError, StreamUnavailableError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.schema import Pii, embedded, flag, instant, integer, record, text
from singer_tapkit.shaping import whole
from singer_tapkit.windows import ONE_DAY, Days, split
from typing_extensions import override

from tap_clickup.assignees import REFUSED, Assignees
from tap_clickup.schemas import key, moment, opaque, person, status, tags
from tap_clickup.streams.base import ClickUpStream, WorkspaceStream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from singer_tapkit.types import Record

    from tap_clickup.assignees import Answer

_DAWN: Final = date(2010, 1, 1)
"""Before ClickUp; nothing can be older unless it was dated back on purpose."""
_AHEAD: Final = timedelta(days=366)
"""How far the last window reaches into the future, for time that is entered ahead."""
_CLOSED_WORKSPACE: Final = Rule(
    {400, 401, 403, 404},
    Verdict(Action.UNAVAILABLE, "this workspace is not open to the token"),
)
_NOT_THERE: Final = Rule({400, 401, 404}, Verdict(Action.REFUSE_PARENT, "no such entry"))
_HOUR_MILLISECONDS: Final = 3_600_000
_ASK_AN_ADMIN: Final = (
    "Use the token of an owner or administrator, or name in assignees whose time to read"
)
_DETAILS: Final = {
    "include_location_names": "true",
    "include_task_tags": "true",
    "include_approval_details": "true",
}


class TimeEntries(AuditedStream, ClickUpStream):
    """Hours worked, one record per entry, of everybody whose time the token may read.

    Key: id. Replication: updated_at; each run reads the days of lookback again, since ClickUp
    cannot be asked for what was changed. The bookmark is the end of the last window.
    Requests: one per window, workspace and 50 people: with windows of 30 days about 25 in full for
    two years and 3 in a refresh, with window 0 just 2 and 1; per person with OAuth tokens.
    Units: start, end and duration are milliseconds. While a timer runs, end and duration are null,
    and the bookmark stays behind its start.
    Deletes: ClickUp keeps no trace of a deleted entry.

    Source: ClickUp API v2, "Get time entries within a date range".
    """

    name = "time_entries"
    replication_key = "updated_at"
    deletions_from = DeletionMode.WINDOW
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("wid", "Id of the workspace, as ClickUp names it here."),
        embedded(
            "task",
            "Task, if there is one.",
            text("id", "Id."),
            text("name", "Name."),
            text("custom_id", "Id given by the workspace."),
            status(),
            text("custom_type", "Kind of task."),
        ),
        text("task_id", "Id of the task."),
        person("user", "Who worked."),
        text("user_id", "Id of who worked."),
        flag("billable", "Whether it can be billed."),
        integer("start", "Start in milliseconds since 1970."),
        integer("end", "End in milliseconds since 1970; null while a timer runs."),
        integer("duration", "Milliseconds; null while a timer runs."),
        instant("started_at", "Start."),
        instant("ended_at", "End; null while a timer runs."),
        flag("is_running", "Whether a timer runs."),
        text("description", "Free text.", pii=Pii.SENSITIVE),
        tags("tags", "Labels of the entry."),
        text("source", "Where it was entered, such as clickup or api."),
        integer("at", "Last change in milliseconds since 1970; ClickUp does not document it."),
        instant("updated_at", "Last change."),
        flag("is_locked", "Whether it can no longer be changed."),
        text("approval_id", "Id of the approval."),
        opaque("approval", "Approval."),
        embedded(
            "task_location",
            "Where the task is; nulls without a task.",
            text("list_id", "Id of the list."),
            text("folder_id", "Id of the folder."),
            text("space_id", "Id of the space."),
            text("list_name", "Name of the list."),
            text("folder_name", "Name of the folder; hidden if there is none."),
            text("space_name", "Name of the space."),
        ),
        text("list_id", "Id of the task's list."),
        text("folder_id", "Id of the task's folder."),
        text("space_id", "Id of the task's space."),
        tags("task_tags", "Tags of the task."),
        text("task_url", "Address of the task."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        raise NotImplementedError

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        self.note(self.source.workspaces.missing)
        people = {name: Assignees(self._wanted(name)) for name in self.source.workspace_ids()}
        closed: dict[str, str] = {}
        seen: dict[str, int] = {}
        held_at: list[str] = []
        for days, answers in self._overlapped(reading, people):
            for workspace_id, answer in answers:
                if isinstance(answer, StreamUnavailableError):
                    closed.setdefault(workspace_id, str(answer))
                    continue
                for users, rows in answer:
                    held_at += self._running(rows)
                    yield Batch(
                        [row for row in rows if self._wants(row, seen, days, reading)],
                        newest=self._reached(days.start, held_at),
                        listings=self._listings(days, workspace_id, users, rows),
                    )
            yield Batch(
                [],
                newest=self._reached(days.end, held_at),
                position=days.end.isoformat() if days.end else None,
            )
        self._tell(people, closed)

    @override
    def place(self, record: Record) -> Place:
        scope = f"{record['workspace_id']}/{record['user_id']}"
        return Place(self._day(record["started_at"]), scope)

    @override
    def look_again(self, keys: Collection[str]) -> Iterator[Record]:
        for entry_id in keys:
            for workspace_id in self.source.workspace_ids():
                path = f"/v2/team/{workspace_id}/time_entries/{entry_id}"
                try:
                    data = self.client.get(path, _DETAILS, rules=[_NOT_THERE]).get("data")
                except ParentRefusedError:
                    continue
                row = data[0] if isinstance(data, list) and data else data
                if isinstance(row, dict) and str(row.get("id")) == entry_id:
                    yield self._record(row, workspace_id)
                    break

    @override
    def entry(self, row: Mapping[str, Any], *, reported: bool = False) -> Entry:
        day = self._day(str(row["started_at"]))
        if day is None:
            msg = "an entry without a start"
            raise ValueError(msg)
        hours = float(row["duration"] or 0) / _HOUR_MILLISECONDS
        return Entry(str(row["id"]), day, hours, running=row["duration"] is None)

    @override
    def vendor_ledger(self, days: Days) -> Ledger:
        """Ask for each person alone, and for all days at once."""
        everything = Days(days.start or _DAWN, days.end or self._tap.today + _AHEAD)
        entries = []
        for workspace_id in self.source.workspace_ids():
            for user_id in self._wanted(workspace_id):
                try:
                    rows = self._fetch(workspace_id, [user_id], everything)
                except ParentRefusedError:
                    continue
                entries += [entry for entry in map(self.entry, rows) if entry.day in everything]
        return Ledger.of("ClickUp", entries)

    def recent(self) -> Iterator[Record]:
        """Read the entries of the days of lookback."""
        for batch in self.batches(Reading(self._tap.run_started - self.lookback)):
            yield from batch.records

    def _wanted(self, workspace_id: str) -> list[str]:
        """Name whose time to read: who is set, or else all members and whoever was read before."""
        chosen = self.config.get("assignees")
        if chosen:
            return [str(user_id) for user_id in chosen]
        members = [str(user["id"]) for user in self.source.members(workspace_id)]
        known = self.deletions.known_scopes if self.deletions else set()
        former = sorted(
            user_id
            for place, user_id in (scope.split("/", 1) for scope in known)
            if place == workspace_id and user_id not in members
        )
        return members + former

    def _windows(self, reading: Reading) -> Iterator[Days]:
        """Cut what is asked for into windows of equal length, oldest first.

        Whatever lies before the first member joined, usually nothing, comes as one window. The last
        window reaches into the future.
        """
        start = self._start(reading)
        end = reading.until.astimezone(self._tap.zone).date() if reading.until else None
        last = end or self._tap.today + ONE_DAY
        first = max(start, min(self._joined(), last)) if start < last else start
        if start < first:
            yield Days(start, first)
        span = Days(first, max(first, last))
        longest = self._tap.window_days
        pieces = [span]
        if longest is not None and span.length > longest:
            count = ceil(span.length / longest)
            pieces = [*split(span, at_most=ceil(span.length / count))]
        yield from pieces[:-1]
        tail = pieces[-1]
        if end is None:
            tail = Days(tail.start, last + _AHEAD)
        if not tail.empty:
            yield tail

    @override
    def least_requests(self, reading: Reading) -> int:
        start, longest = self._start(reading), self._tap.window_days
        if start == _DAWN or longest is None:
            return 1
        return ceil(max((self._tap.today - start).days, 0) / longest) + 1

    def _start(self, reading: Reading) -> date:
        if reading.position:
            return date.fromisoformat(reading.position)
        start = reading.since.astimezone(self._tap.zone).date() if reading.since else _DAWN
        if self.deletions and reading.incremental:
            start = min(start, self.deletions.span.start or self._tap.start_day or _DAWN)
        return start

    def _joined(self) -> date:
        """Return the day on which the first member joined, as far as ClickUp says."""
        stamps = [
            parse_instant(stamp).astimezone(self._tap.zone).date()
            for workspace_id in self.source.workspace_ids()
            for user in self.source.members(workspace_id)
            if (stamp := moment(user.get("date_joined")))
        ]
        return min(stamps, default=self._tap.today - timedelta(days=365))

    def _overlapped(
        self, reading: Reading, people: Mapping[str, Assignees]
    ) -> Iterator[tuple[Days, list[tuple[str, Answer]]]]:
        """Ask window by window, the first alone: it tells who is out of reach."""

        def ask(days: Days) -> tuple[Days, list[tuple[str, Answer]]]:
            return days, [(name, self._ask(name, people[name], days)) for name in people]

        windows = self._windows(reading)
        yield from map(ask, islice(windows, 1))
        yield from self._tap.overlap.ordered(ask, windows)

    def _ask(self, workspace_id: str, assignees: Assignees, days: Days) -> Answer:
        if assignees.closed:
            return assignees.closed
        try:
            return [*assignees.read(lambda users: self._fetch(workspace_id, users, days))]
        except StreamUnavailableError as error:
            assignees.closed = error
            return error

    def _fetch(self, workspace_id: str, users: Sequence[str], days: Days) -> list[Record]:
        """Ask for the time of some users in a window.

        Both bounds lie one millisecond outside, because ClickUp does not say whether they are
        inclusive; an entry that comes with two windows has the same key in both.
        """
        if days.start is None or days.end is None:
            msg = "a window is closed on both sides"
            raise ValueError(msg)
        params = {
            "start_date": str(_milliseconds(self._instant(days.start)) - 1),
            "end_date": str(_milliseconds(self._instant(days.end))),
            "assignee": ",".join(users),
            **_DETAILS,
        }
        path = f"/v2/team/{workspace_id}/time_entries"
        rows = self.client.rows(path, "data", params, rules=[REFUSED, _CLOSED_WORKSPACE])
        return [self._record(row, workspace_id) for row in rows if row.get("id")]

    def _record(self, row: Record, workspace_id: str) -> Record:
        """Shape an entry, and add what is derived from it."""
        location = row.get("task_location")
        task, user = row.get("task"), row.get("user")
        location = location if isinstance(location, dict) else {}
        duration = whole(row.get("duration"))
        running = duration is None or duration < 0
        (shaped,) = self.shaped(
            [
                {
                    **row,
                    "task": task if isinstance(task, dict) else None,  # "0" without one
                    "workspace_id": workspace_id,
                    "task_id": task.get("id") if isinstance(task, dict) else None,
                    "user_id": user.get("id") if isinstance(user, dict) else None,
                    "start": row.get("start"),
                    "end": None if running else row.get("end"),
                    "duration": None if running else duration,
                    "started_at": row.get("start"),
                    "ended_at": None if running else row.get("end"),
                    "is_running": running,
                    "updated_at": row.get("at") or row.get("start"),
                    "list_id": location.get("list_id"),
                    "folder_id": location.get("folder_id"),
                    "space_id": location.get("space_id"),
                }
            ]
        )
        return shaped

    def _wants(self, row: Record, seen: dict[str, int], days: Days, reading: Reading) -> bool:
        """Tell whether an entry is to be written.

        Not if it was in this run and is no newer now, nor if it lies outside an explicit range.
        """
        entry_id, changed = str(row["id"]), whole(row.get("at")) or 0
        day = self.place(row).day
        outside = reading.until is not None and (day is None or day not in days)
        if outside or seen.get(entry_id, -1) >= changed:
            return False
        seen[entry_id] = changed
        return True

    @staticmethod
    def _running(rows: Sequence[Record]) -> list[str]:
        """Return when the timers were started that still run."""
        return [str(row["started_at"]) for row in rows if row["is_running"] and row["started_at"]]

    def _reached(self, day: date | None, held_at: Sequence[str]) -> str:
        """Return how far the stream has come: to a day, or to the oldest timer that still runs."""
        instant = canonical(self._instant(day or self._tap.today))
        return min([instant, *held_at])

    def _listings(
        self, days: Days, workspace_id: str, users: Sequence[str], rows: Sequence[Record]
    ) -> list[Listing]:
        if self.deletions is None:
            return []
        keys: dict[str, dict[str, date | None]] = {
            f"{workspace_id}/{user_id}": {} for user_id in users
        }
        for row in rows:
            place = self.place(row)
            keys.setdefault(place.scope, {})[str(row["id"])] = place.day
        return [Listing(days, own, scope) for scope, own in keys.items()]

    def _tell(self, people: Mapping[str, Assignees], closed: Mapping[str, str]) -> None:
        """Name the workspaces and people that were left out."""
        if closed and len(closed) == len(people):
            raise StreamUnavailableError(next(iter(closed.values())))
        self.note([f"workspace {name}: {reason}" for name, reason in closed.items()])
        for workspace_id, assignees in people.items():
            if assignees.refused and not assignees.readable:
                msg = f"workspace {workspace_id}: nobody's time may be read. {_ASK_AN_ADMIN}"
                raise StreamUnavailableError(msg)
            if assignees.refused:
                names = ", ".join(assignees.refused)
                what = f"workspace {workspace_id}: the time of these users may not be read: {names}"
                self.note([f"{what}. {_ASK_AN_ADMIN}"])

    def _instant(self, day: date) -> datetime:
        """Return the beginning of a day in the configured zone."""
        return datetime.combine(day, time(), self._tap.zone).astimezone(UTC)

    def _day(self, stamp: object) -> date | None:
        if stamp is None:
            return None
        return parse_instant(str(stamp)).astimezone(self._tap.zone).date()


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


class TimeEntryTags(WorkspaceStream):
    """Labels that time entries have.

    Key: workspace_id and name. Requests: one per workspace.

    Source: ClickUp API v2, "Get all tags from time entries".
    """

    name = "time_entry_tags"
    primary_keys = ("workspace_id", "name")
    path: ClassVar[str] = "/v2/team/{id}/time_entries/tags"
    records_key: ClassVar[str] = "data"
    schema = record(
        key("workspace_id", "Id of the workspace."),
        key("name", "Name of the label."),
        text("creator", "Id of the user who made it."),
        text("tag_fg", "Colour of the text."),
        text("tag_bg", "Colour behind it."),
    )


class TimeEntryHistory(ClickUpStream):
    """What was changed about the time entries of the last days, as ClickUp tells it.

    Key: time_entry_id. Not selected by default. Requests: one per time entry of the last days of
    lookback. ClickUp does not document the answer, so it is kept as it is.

    Source: ClickUp API v2, "Get time entry history".
    """

    name = "time_entry_history"
    primary_keys = ("time_entry_id",)
    selected_by_default = False
    deletions_from = DeletionMode.OFF
    holds_everything = False
    schema = record(
        key("time_entry_id", "Id of the time entry."),
        text("workspace_id", "Id of the workspace."),
        opaque("history", "What ClickUp tells.", pii=Pii.SENSITIVE),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        entries = self._tap.streams["time_entries"]
        if not isinstance(entries, TimeEntries):
            return
        entries.missing = []
        for row in entries.recent():
            path = f"/v2/team/{row['workspace_id']}/time_entries/{row['id']}/history"
            try:
                history = self.client.get(path, wrap="data")
            except ParentRefusedError:
                continue
            yield [
                {
                    "time_entry_id": row["id"],
                    "workspace_id": row["workspace_id"],
                    "history": history.get("data", history),
                }
            ]
        self.note(entries.missing)
