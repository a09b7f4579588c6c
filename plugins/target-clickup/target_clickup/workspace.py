"""Writing to a ClickUp workspace: folders, lists, tasks and time entries, each once.

ClickUp has no idempotency key, and its names are not unique. What was made goes by the ledger;
before anything is made, and again before a request whose answer did not come is repeated, it is
looked for: folders, lists and tasks by their name in their place, time entries by a mark in their
description.

Source: ClickUp API v2, "Create Folder", "Create List", "Create Task", "Create a time entry", and
their updates.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit.bookmarks import parse_instant
from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.writing import WritingClient
from singer_tapkit.relay import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.relay import Known
    from singer_tapkit.types import Record

_PERIOD: Final = timedelta(minutes=1)
_REMEDY: Final = "Check api_token or access_token"
_NO_TOKEN: Final = Rule(
    {400, 401, 403}, Verdict(Action.REAUTHENTICATE, "ClickUp refused the token", _REMEDY)
)
_RULES: Final[Sequence[Rule]] = (
    Rule(
        {401},
        Verdict(Action.REAUTHENTICATE, "ClickUp refused the token", _REMEDY),
        codes=("OAUTH_017", "OAUTH_019", "OAUTH_021", "OAUTH_025", "OAUTH_077"),
    ),
    Rule({401, 404}, Verdict(Action.REFUSE_PARENT, "ClickUp has no such thing")),
    Rule(
        {403},
        Verdict(Action.REFUSE_PARENT, "the token's owner may not write this", "Use an owner's"),
    ),
    Rule(
        {400, 409, 422},
        Verdict(Action.REFUSE_PARENT, "ClickUp refused it", "Check names, ids and people"),
    ),
)
_GONE_IS_AS_GOOD: Final = Rule({401, 404}, Verdict(Action.ACCEPT))
_CLOSED: Final = " (closed)"
_DAY: Final = timedelta(days=1)
_WORK_BEGINS: Final = time(9)
_PLACES: Final = {"folders": "folder", "lists": "list", "tasks": "task"}
_FIELDS: Final = {
    "folders": ("name",),
    "lists": ("name", "content"),
    "tasks": ("name", "description", "status", "priority", "time_estimate"),
}
_TASK_PAGE: Final = 100
_FAR_AHEAD: Final = 4_102_444_800_000
"""The year 2100, in milliseconds."""


class Token:
    """A personal token, sent as it is, or the access token of an OAuth app."""

    def __init__(self, value: str) -> None:
        self._header = value if value.startswith("pk_") else f"Bearer {value}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = self._header
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class _Client(WritingClient):
    code_field: ClassVar[str] = "ECODE"


class Workspace:
    """A ClickUp workspace as a place to write to.

    Args:
        api_url: Base address of the API, without version.
        token: Goes with each request.
        workspace_id: Of the workspace.
        space_id: Where folders are made, and lists that have none.
        group: What our time entries are told by.
        zone: Where days begin, for entries without a start.
        clock: Source of time.
        user_agent: Sent with each request.
        requests_per_minute: Most requests in a minute.
    """

    def __init__(  # noqa: PLR0913 - one argument per aspect
        self,
        api_url: str,
        *,
        token: Token,
        workspace_id: str,
        space_id: str | None,
        group: str,
        zone: ZoneInfo,
        clock: Clock,
        user_agent: str,
        requests_per_minute: int,
    ) -> None:
        self._workspace_id = workspace_id
        self._space_id = space_id
        self._group = group
        self._zone = zone
        self._client = _Client(
            api_url,
            credential=token,
            clock=clock,
            user_agent=user_agent,
            rules=_RULES,
            limit=requests_per_minute,
            period=_PERIOD,
        )

    def put(self, kind: str, key: str, fields: Mapping[str, Any], known: Known) -> str:
        """See :class:`singer_tapkit.relay.Destination`."""
        _ = self._opened
        if kind == "time_entries":
            return self._client.until_done(lambda: self._put_entry(key, fields, known))
        return self._client.until_done(lambda: self._put_place(kind, fields, known))

    def delete(self, kind: str, key: str, known: Known) -> None:
        """Delete a time entry; archive anything else, with all the time that was tracked in it."""
        _ = self._opened
        target_id = known.target_id
        if kind == "time_entries":
            self._client.until_done(
                lambda: self._delete_entry(target_id or self._doubtful(key, known))
            )
        elif target_id:
            self._client.until_done(lambda: self._archive(kind, target_id))

    def is_up(self) -> bool:
        """Tell whether the workspace can be read."""
        return bool(self._client.get("/v2/team"))

    def close(self) -> None:
        """Do nothing: there is no session."""

    @cached_property
    def _opened(self) -> Record:
        """The workspace. ClickUp says of ids that it does not know what it says of tokens.

        So the token is tried where there can be no doubt.
        """
        found = self._client.get("/v2/team", rules=[_NO_TOKEN]).get("teams")
        for row in found if isinstance(found, list) else []:
            if isinstance(row, dict) and str(row.get("id")) == self._workspace_id:
                return row
        msg = f"the token does not open workspace {self._workspace_id}. Check workspace_id"
        raise RunAbortedError(msg)

    # --- folders, lists, tasks ----------------------------------------------------------------

    def _put_place(self, kind: str, fields: Mapping[str, Any], known: Known) -> str:
        body = {name: fields[name] for name in _FIELDS[kind] if fields.get(name) is not None}
        archived = bool(fields.get("archived"))
        found = self._place(kind, body, fields, known)
        if found is None:
            found = self._client.write("POST", self._below(kind, fields), body)
        self._refuse_move(kind, found, fields)
        wanted = {**body, "archived": archived}
        if any(_held(found, name) != value for name, value in wanted.items()):
            self._set(kind, str(found["id"]), wanted)
        return str(found["id"])

    def _set(self, kind: str, place_id: str, wanted: Mapping[str, Any]) -> None:
        """Change something; where ClickUp does not archive it, its name says that it is closed."""
        path = f"/v2/{_PLACES[kind]}/{place_id}"
        answer = self._client.write("PUT", path, wanted)
        if wanted["archived"] and not answer.get("archived"):
            name = str(wanted.get("name") or answer.get("name")).removesuffix(_CLOSED)
            self._client.write("PUT", path, {"name": name + _CLOSED})

    def _archive(self, kind: str, place_id: str) -> None:
        path = f"/v2/{_PLACES[kind]}/{place_id}"
        found = self._client.get(path, rules=[_GONE_IS_AS_GOOD])
        if found.get("id") and not found.get("archived"):
            self._set(kind, place_id, {"name": found["name"], "archived": True})

    def _place(
        self, kind: str, body: Mapping[str, Any], fields: Mapping[str, Any], known: Known
    ) -> Record | None:
        """Return what was written before, or else what has the name already in the same place."""
        if known.target_id:
            path = f"/v2/{_PLACES[kind]}/{known.target_id}"
            found = self._client.get(path, rules=[_GONE_IS_AS_GOOD])
            if found.get("id"):
                return found
        names = (body.get("name"), f"{body.get('name')}{_CLOSED}")
        for row in self._siblings(kind, fields):
            if row.get("name") in names and not known.is_taken(str(row.get("id"))):
                return row
        return None

    def _siblings(self, kind: str, fields: Mapping[str, Any]) -> Iterator[Record]:
        path = self._below(kind, fields)
        for archived in ("false", "true"):
            page, last = 0, False
            while not last:
                params = {"archived": archived}
                if kind == "tasks":
                    params |= {"page": str(page), "include_closed": "true", "subtasks": "true"}
                answer = self._client.get(path, params)
                rows = answer.get(kind)
                rows = rows if isinstance(rows, list) else []
                yield from (row for row in rows if isinstance(row, dict))
                page += 1
                last = bool(answer.get("last_page")) or kind != "tasks" or len(rows) < _TASK_PAGE

    def _below(self, kind: str, fields: Mapping[str, Any]) -> str:
        """Return the address at which something is made, and its siblings listed."""
        if kind == "tasks":
            if not fields.get("list_id"):
                msg = "the task has no list. Map list_key or list_id"
                raise RefusedError(msg)
            return f"/v2/list/{fields['list_id']}/task"
        if kind == "lists" and fields.get("folder_id"):
            return f"/v2/folder/{fields['folder_id']}/list"
        space_id = fields.get("space_id") or self._space_id
        if not space_id:
            msg = f"it is not said in which space {kind} are made. Set space_id"
            raise RefusedError(msg)
        return f"/v2/space/{space_id}/{_PLACES[kind]}"

    def _refuse_move(self, kind: str, found: Record, fields: Mapping[str, Any]) -> None:
        above = {"lists": "folder", "tasks": "list"}.get(kind)
        wanted = fields.get(f"{above}_id")
        held = found.get(above) if above else None
        if wanted and isinstance(held, dict) and str(held.get("id")) != str(wanted):
            what = f"it belongs to another {above} now, and ClickUp moves nothing by its API"
            msg = f"{what}. Move it by hand, then replay"
            raise RefusedError(msg)

    # --- time entries -------------------------------------------------------------------------

    def _put_entry(self, key: str, fields: Mapping[str, Any], known: Known) -> str:
        body = self._body(key, fields)
        found = self._entry(key, body, known)
        person = body.pop("assignee", None)
        if found is not None and person not in (None, _user_of(found)):
            self._delete_entry(str(found["id"]))  # ClickUp cannot give an entry to somebody else
            found = None
        path = f"/v2/team/{self._workspace_id}/time_entries"
        if found is None:
            told = {} if person is None else {"assignee": person}
            made = self._client.write("POST", path, {**body, **told})
            return str(_data(made)["id"])
        if not _is_same(found, body):
            times = {"end": body["start"] + body["duration"]}
            changes = {name: value for name, value in body.items() if name != "duration"} | times
            self._client.write("PUT", f"{path}/{found['id']}", changes)
        return str(found["id"])

    def _body(self, key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what ClickUp is told of an entry; whether it is billable always."""
        start = self._start(fields)
        duration = _milliseconds(fields, start)
        if duration is None:
            msg = "the entry has no length. Map hours, or started_at and ended_at"
            raise RefusedError(msg)
        notes = str(fields.get("notes") or fields.get("description") or "").strip()
        body: dict[str, Any] = {
            "start": start,
            "duration": duration,
            "description": f"{notes} {self._mark(key)}".strip(),
            "billable": bool(fields.get("billable")),
        }
        if fields.get("task_id"):
            body["tid"] = str(fields["task_id"])
        if fields.get("user_id"):
            body["assignee"] = int(fields["user_id"])
        return body

    def _start(self, fields: Mapping[str, Any]) -> int:
        if fields.get("started_at"):
            return int(parse_instant(str(fields["started_at"])).timestamp() * 1000)
        try:
            day = date.fromisoformat(str(fields.get("spent_date"))[:10])
        except ValueError:
            msg = "the entry has no day. Map started_at or spent_date"
            raise RefusedError(msg) from None
        return int(datetime.combine(day, _WORK_BEGINS, self._zone).timestamp() * 1000)

    def _mark(self, key: str) -> str:
        return f"[{self._group}:{key}]"

    def _entry(self, key: str, body: Mapping[str, Any], known: Known) -> Record | None:
        """Return our entry of a key."""
        path = f"/v2/team/{self._workspace_id}/time_entries"
        if known.target_id:
            answer = self._client.get(f"{path}/{known.target_id}", rules=[_GONE_IS_AS_GOOD])
            if answer.get("data"):
                return _data(answer)
        day = int(_DAY.total_seconds() * 1000)
        params = {
            "start_date": str(body["start"] - day),
            "end_date": str(body["start"] + day),
            **({"assignee": str(body["assignee"])} if "assignee" in body else {}),
        }
        return self._marked(path, params, key)

    def _doubtful(self, key: str, known: Known) -> str | None:
        """Return the id of an entry that a run may have made before it was killed.

        Nobody knows when it begins any more, so all entries of everybody are looked through.
        """
        if not known.uncertain:
            return None
        members = self._opened.get("members")
        users = (
            [row.get("user") for row in members if isinstance(row, dict)]
            if isinstance(members, list)
            else []
        )
        people = [str(user["id"]) for user in users if isinstance(user, dict) and "id" in user]
        path = f"/v2/team/{self._workspace_id}/time_entries"
        params = {"start_date": "0", "end_date": str(_FAR_AHEAD), "assignee": ",".join(people)}
        found = self._marked(path, params, key)
        return str(found["id"]) if found else None

    def _marked(self, path: str, params: Mapping[str, str], key: str) -> Record | None:
        rows = self._client.get(path, params).get("data")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and self._mark(key) in str(row.get("description")):
                return row
        return None

    def _delete_entry(self, entry_id: str | None) -> None:
        if entry_id:
            path = f"/v2/team/{self._workspace_id}/time_entries/{entry_id}"
            self._client.write("DELETE", path, None, rules=[_GONE_IS_AS_GOOD])


def _data(answer: Record) -> Record:
    """Return the entry in an answer, which holds it as it is, or in a list, or flat."""
    data = answer.get("data", answer)
    if isinstance(data, list):
        data = data[0] if data else {}
    return dict(data) if isinstance(data, dict) else {}


def _user_of(row: Record) -> Any:  # noqa: ANN401 - decoded JSON
    user = row.get("user")
    return user.get("id") if isinstance(user, dict) else None


def _held(row: Record, name: str) -> Any:  # noqa: ANN401 - decoded JSON
    return bool(row.get(name)) if name == "archived" else row.get(name)


def _is_same(row: Record, body: Mapping[str, Any]) -> bool:
    """Tell whether an entry has what is to be written; its numbers come as texts."""
    task = row.get("task")
    task_id = task.get("id") if isinstance(task, dict) else None
    return all(
        str(task_id if name == "tid" else row.get(name)) == str(value)
        for name, value in body.items()
    )


def _milliseconds(fields: Mapping[str, Any], start: int) -> int | None:
    if fields.get("hours") is not None:
        return round(float(fields["hours"]) * 3_600_000)
    if fields.get("ended_at"):
        end = parse_instant(str(fields["ended_at"])).astimezone(UTC)
        return int(end.timestamp() * 1000) - start
    return None
