"""Writing to a Harvest account: time entries, clients, projects and tasks, each once.

Harvest has no idempotency key. An entry's external reference stands in for one; clients, projects
and tasks go by the ledger, and before that by their names. Whatever is made is looked for before,
and again before a request whose answer did not come is repeated.

Source: Harvest API v2, "Time entries"; "External reference"; "Clients"; "Projects"; "Tasks".
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.writing import WritingClient
from singer_tapkit.relay import RefusedError

from target_harvest.times import hours_between, minute_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.relay import Known
    from singer_tapkit.types import Record

_PERIOD: Final = timedelta(seconds=15)
_REMEDY: Final = "Check access_token and account_id"
_RULES: Final[Sequence[Rule]] = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Harvest refused the credentials", _REMEDY)),
    Rule(
        {403},
        Verdict(
            Action.REFUSE_PARENT, "the token's owner may not write this", "Use an administrator's"
        ),
    ),
    Rule({404}, Verdict(Action.REFUSE_PARENT, "Harvest has no such project, task or entry")),
    Rule(
        {400, 409, 422},
        Verdict(
            Action.REFUSE_PARENT,
            "Harvest refused it",
            "Check that project, task and user belong together and are not archived or locked",
        ),
    ),
)
_GONE_IS_AS_GOOD: Final = Rule({404}, Verdict(Action.ACCEPT))
_ENTRY_FIELDS: Final = ("project_id", "task_id", "user_id", "spent_date", "notes")
_THINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "clients": {"name": None, "is_active": None, "address": None, "currency": None},
    "projects": {
        **dict.fromkeys(("name", "code", "is_active", "notes", "starts_on", "ends_on", "budget")),
        "client_id": None,
        "is_billable": True,
        "bill_by": "none",
        "budget_by": "none",
    },
    "tasks": dict.fromkeys(("name", "is_active", "billable_by_default", "default_hourly_rate")),
}
"""What can be written, and what Harvest needs when it is made."""


class Credential:
    """An access token, and the account it is for."""

    def __init__(self, token: str, account_id: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Harvest-Account-Id": account_id}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token and the account."""
        request.headers.update(self._headers)
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class Account:
    """A Harvest account as a place to write to.

    Args:
        api_url: Base address of the API.
        credential: Goes with each request.
        group: What our references are told by; entries of others are never touched.
        clock: Source of time.
        user_agent: Required by Harvest.
        requests_per_period: Most requests in 15 seconds.
    """

    def __init__(
        self,
        api_url: str,
        *,
        credential: Credential,
        group: str,
        clock: Clock,
        user_agent: str,
        requests_per_period: int,
    ) -> None:
        self._group = group
        self._client = WritingClient(
            api_url,
            credential=credential,
            clock=clock,
            user_agent=user_agent,
            rules=_RULES,
            limit=requests_per_period,
            period=_PERIOD,
        )

    def put(self, kind: str, key: str, fields: Mapping[str, Any], known: Known) -> str:
        """See :class:`singer_tapkit.relay.Destination`."""
        if kind == "time_entries":
            return self._client.until_done(lambda: self._put_entry(key, fields))
        return self._client.until_done(lambda: self._put_thing(kind, fields, known))

    def delete(self, kind: str, key: str, known: Known) -> None:
        """Delete an entry; archive anything else, since Harvest would delete its entries, too."""
        if kind == "time_entries":
            self._client.until_done(lambda: self._delete_entries(self._entries(key)))
        elif known.target_id:
            path = f"/{kind}/{known.target_id}"
            rules = [_GONE_IS_AS_GOOD]
            self._client.until_done(
                lambda: self._client.write("PATCH", path, {"is_active": False}, rules=rules)
            )

    def is_up(self) -> bool:
        """Tell whether the account can be read."""
        return bool(self._client.get("/company"))

    def close(self) -> None:
        """Do nothing: there is no session."""

    # --- time entries -------------------------------------------------------------------------

    @cached_property
    def _has_times(self) -> bool:
        """Whether entries have a start and an end, instead of hours."""
        return bool(self._client.get("/company").get("wants_timestamp_timers"))

    def _put_entry(self, key: str, fields: Mapping[str, Any]) -> str:
        body = self._body(fields)
        found = self._entries(key)
        self._delete_entries(found[1:])  # made twice by somebody else's retry
        if found and _user_of(found[0]) != body.get("user_id", _user_of(found[0])):
            self._delete_entries(found[:1])  # Harvest cannot give an entry to somebody else
            found = []
        if found:
            return self._changed(found[0], body)
        if body.get("hours") == 0:
            msg = "Harvest would start a timer for an entry of 0 hours. Leave it out in the mapping"
            raise RefusedError(msg)
        link = fields.get("permalink") or f"https://worktaps.example/{self._group}/{key}"
        mark = {"id": key, "group_id": self._group, "account_id": self._group}
        body["external_reference"] = {**mark, "permalink": link}
        made = self._client.write("POST", "/time_entries", body)
        self._refuse_running(made)
        return str(made["id"])

    def _changed(self, row: Record, body: Mapping[str, Any]) -> str:
        if not _is_same(row, body):
            changes = {name: value for name, value in body.items() if name != "user_id"}
            changed = self._client.write("PATCH", f"/time_entries/{row['id']}", changes)
            if not _is_same(changed, body):
                msg = "Harvest left the entry as it was, as it does with locked ones. Unlock it"
                raise RefusedError(msg)
        return str(row["id"])

    def _body(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what Harvest is told of an entry; the wrong kind of time would start a timer."""
        body = _given(fields, _ENTRY_FIELDS)
        times = {name: fields.get(name) for name in ("started_time", "ended_time")}
        if self._has_times:
            if any(minute_of(value) is None for value in times.values()):
                msg = "the account tracks start and end: map started_time and ended_time, as 8:00am"
                raise RefusedError(msg)
            return {**body, **times}
        hours = fields.get("hours")
        if hours is None:
            hours = hours_between(times["started_time"], times["ended_time"])
        if hours is None:
            msg = "the entry has no hours, nor a start and an end. Map hours"
            raise RefusedError(msg)
        return {**body, "hours": hours}

    def _refuse_running(self, made: Record) -> None:
        if made.get("is_running"):
            self._delete_entries([made])
            msg = "Harvest started a timer instead of making an entry of the hours, so it is undone"
            raise RefusedError(msg)

    def _entries(self, key: str) -> list[Record]:
        """Return our entries with a reference, oldest first."""
        params = {"external_reference_id": key, "per_page": "100"}
        rows = self._client.get("/time_entries", params).get("time_entries")
        ours = [
            row
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and self._is_ours(row, key)
        ]
        return sorted(ours, key=lambda row: int(str(row["id"])))

    def _is_ours(self, row: Record, key: str) -> bool:
        mark = row.get("external_reference")
        return (
            isinstance(mark, dict)
            and str(mark.get("id")) == key
            and mark.get("group_id") == self._group
        )

    def _delete_entries(self, rows: Sequence[Record]) -> None:
        for row in rows:
            path = f"/time_entries/{row['id']}"
            self._client.write("DELETE", path, None, rules=[_GONE_IS_AS_GOOD])

    # --- clients, projects, tasks -------------------------------------------------------------

    def _put_thing(self, kind: str, fields: Mapping[str, Any], known: Known) -> str:
        body = _given(fields, _THINGS[kind])
        found = self._thing(kind, body, known)
        if found is None:
            needed = {name: value for name, value in _THINGS[kind].items() if value is not None}
            return str(self._client.write("POST", f"/{kind}", {**needed, **body})["id"])
        if any(_value(found, name) != value for name, value in body.items()):
            self._client.write("PATCH", f"/{kind}/{found['id']}", body)
        return str(found["id"])

    def _thing(self, kind: str, body: Mapping[str, Any], known: Known) -> Record | None:
        """Return what was written before, or else what has the same name in the same place."""
        if known.target_id:
            return self._client.get(f"/{kind}/{known.target_id}")
        place = [name for name in ("name", "client_id") if name in body]
        for row in self._rows(kind):
            same = all(_value(row, name) == body[name] for name in place)
            if same and not known.is_taken(str(row.get("id"))):
                return row
        return None

    def _rows(self, kind: str) -> Iterator[Record]:
        page: Any = 1
        while isinstance(page, int):
            answer = self._client.get(f"/{kind}", {"page": str(page), "per_page": "2000"})
            rows = answer.get(kind)
            if not isinstance(rows, list):
                msg = f"GET /{kind}: the answer holds no list named {kind}. Check api_url"
                raise StreamFailedError(msg)
            yield from (row for row in rows if isinstance(row, dict))
            page = answer.get("next_page")


def _given(fields: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the fields that there are; ids as numbers, also those that tables hold as texts."""
    given = {name: fields[name] for name in names if fields.get(name) is not None}
    return {
        name: int(value) if name.endswith("_id") and str(value).isdecimal() else value
        for name, value in given.items()
    }


def _user_of(row: Record) -> Any:  # noqa: ANN401 - decoded JSON
    user = row.get("user")
    return user.get("id") if isinstance(user, dict) else None


def _value(row: Record, name: str) -> Any:  # noqa: ANN401 - decoded JSON
    """Return a field of something; ``client_id`` is where Harvest shows the client."""
    part = row.get(name.removesuffix("_id"))
    if name.endswith("_id") and isinstance(part, dict):
        return part.get("id")
    return row.get(name)


def _is_same(row: Record, body: Mapping[str, Any]) -> bool:
    """Tell whether an entry has what is to be written."""
    for name, wanted in body.items():
        held = _value(row, name)
        if name in ("started_time", "ended_time"):
            same = minute_of(held) == minute_of(wanted)
        elif name == "hours":
            same = held is not None and abs(float(held) - float(wanted)) < 0.01  # noqa: PLR2004
        elif name in ("user_id", "external_reference"):
            same = True
        else:
            same = held == wanted
        if not same:
            return False
    return True
