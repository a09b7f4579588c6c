"""Timebook: an invented time ledger of the old kind, with sessions instead of tokens.

All calls are a POST to one address, answers have status 200 whatever happens, and a user has one
session at a time: a second login ends the first.

Source: Deltek Ajera's API manuals for the shape of calls; other vendors for how sessions end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import orjson
from typing_extensions import override

from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.base import TableVendor
from singer_sandbox.vendors.personal.tables import Tables
from singer_sandbox.wire import Answer, html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from singer_sandbox.wire import Call, Row

USER: Final = "relay"
PASSWORD: Final = "sandbox-timebook-password"  # noqa: S105 - a simulated one
_OK: Final = 200
_ERROR: Final = 400
_EXPIRED: Final = 401
_WRONG: Final = 403
_WAYS: Final = ("code", "html", "401", "redirect")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimebookSettings:
    """How the service is set up.

    Attributes:
        seed: Of nothing; there to be like the others.
        session_seconds: How long a session lasts at most.
        idle_seconds: How long it lasts without a call.
        expired_as: How a session that has ended shows: ``code`` in the body, an ``html`` page with
            status 200, status ``401``, or a ``redirect`` to the login page.
    """

    seed: int = 1
    session_seconds: int = 1800
    idle_seconds: int = 600
    expired_as: str = "code"

    def __post_init__(self) -> None:
        if self.expired_as not in _WAYS:
            msg = f"Setting expired_as is one of {', '.join(_WAYS)}"
            raise RefusedError(msg)


class Timebook(TableVendor[TimebookSettings]):
    """One company's time ledger."""

    name: ClassVar[str] = "timebook"
    defaults = TimebookSettings()

    @override
    def start(self, settings: TimebookSettings) -> None:
        """Begin without a session."""
        super().start(settings)
        self._token: str | None = None
        self._logins = 0
        self._began = self._used = 0.0

    @property
    def tables(self) -> Tables:
        """The data."""
        return cast("Tables", self.data)

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address and the user."""
        config = {"base_url": mount, "username": USER, "password": PASSWORD}
        return {"api_url": mount, "config": config, "hint": f"POST {mount}/api as {USER}"}

    @override
    def make_world(self) -> Tables:
        """Make up clients, jobs, tasks and people; no time yet."""
        names = ("time_entries", "clients", "jobs", "tasks", "employees", "sessions")
        tables = Tables(names, lambda name, n: _new(name, n, self._clock.now()))
        for name in ("Acme", "Borealis"):
            tables.add("clients", {"name": name})
        for number, name in enumerate(("Website", "Retainer")):
            client = tables.rows("clients")[number]
            tables.add("jobs", {"name": name, "client_id": client["id"]})
        for name in ("Design", "Development", "Meetings"):
            tables.add("tasks", {"name": name})
        tables.add("employees", {"name": "Ana Example"})
        return tables

    @override
    def handle(self, call: Call) -> Answer:
        """Carry out a method."""
        try:
            body = orjson.loads(call.body)
        except orjson.JSONDecodeError:
            return _failed(_ERROR, "The request is no JSON")
        method, arguments = str(body.get("Method")), body.get("MethodArguments") or {}
        if method == "CreateAPISession":
            return self._log_in(body)
        if not self._is_alive(str(body.get("SessionToken"))):
            return self._expired()
        self._used = self._clock.timestamp()
        try:
            return self._methods()[method](arguments)
        except (RefusedError, KeyError, TypeError, ValueError) as error:
            return _failed(_ERROR, f"Unknown method or arguments: {type(error).__name__}")

    def _methods(self) -> Mapping[str, Callable[[Row], Answer]]:
        return {
            "EndAPISession": self._log_out,
            "CreateTimeEntry": self._create,
            "UpdateTimeEntry": self._update,
            "DeleteTimeEntry": self._delete,
            "ListTimeEntries": self._list_entries,
            "ListJobs": lambda given: self._list("jobs", given),
            "ListClients": lambda given: self._list("clients", given),
        }

    def _log_in(self, body: Row) -> Answer:
        if body.get("Username") != USER or body.get("Password") != PASSWORD:
            return _failed(_WRONG, "The user name or the password is wrong")
        self._logins += 1
        self.tables.add("sessions", {})
        self._token = f"sandbox-session-{self._logins}"
        self._began = self._used = self._clock.timestamp()
        return _done({"SessionToken": self._token})

    def _log_out(self, _given: Row) -> Answer:
        self._token = None
        return _done({})

    def _is_alive(self, token: str) -> bool:
        now, settings = self._clock.timestamp(), self._settings
        young = now - self._began <= settings.session_seconds
        busy = now - self._used <= settings.idle_seconds
        return token == self._token and young and busy

    def _expired(self) -> Answer:
        match self._settings.expired_as:
            case "html":
                return html_answer(_OK, "Please log in")
            case "401":
                return html_answer(_EXPIRED, "Please log in")
            case "redirect":
                return Answer(302, headers={"Location": "/login"})
        return _failed(_EXPIRED, "The session has ended")

    def _create(self, given: Row) -> Answer:
        row = self.tables.add("time_entries", self._checked(given))
        return _done({"EntryKey": row["id"]})

    def _update(self, given: Row) -> Answer:
        row = self.tables.edit("time_entries", str(given["EntryKey"]), self._checked(given))
        return _done({"EntryKey": row["id"]})

    def _delete(self, given: Row) -> Answer:
        self.tables.delete("time_entries", str(given["EntryKey"]))
        return _done({})

    def _checked(self, given: Row) -> Row:
        self.tables.get("jobs", str(given["JobKey"]))
        self.tables.get("tasks", str(given["TaskKey"]))
        return {
            "job_id": given["JobKey"],
            "task_id": given["TaskKey"],
            "date": given["Date"],
            "hours": float(given["Hours"]),
            "notes": given.get("Notes") or "",
            "reference": given.get("Reference"),
        }

    def _list_entries(self, given: Row) -> Answer:
        wanted = given.get("FilterByReference")
        rows = self.tables.rows("time_entries")
        shown = [
            {"EntryKey": row["id"], "Reference": row["reference"], "Hours": row["hours"]}
            for row in rows
            if wanted in (None, row["reference"])
        ]
        return _done({"Entries": shown})

    def _list(self, name: str, given: Row) -> Answer:
        after = str(given.get("FilterByEarliestModifiedDate") or "")
        rows = [row for row in self.tables.rows(name) if row["modified"] >= after]
        return _done({"Rows": rows})


def _done(content: Row) -> Answer:
    return json_answer({"ResponseCode": _OK, "Message": "OK", "Errors": [], "Content": content})


def _failed(code: int, text: str) -> Answer:
    errors = [{"ErrorID": code, "ErrorMessage": text}]
    return json_answer({"ResponseCode": code, "Message": text, "Errors": errors, "Content": {}})


def _new(name: str, number: int, now: datetime) -> dict[str, Any]:
    return {"id": 100 + number, "name": f"{name} {number}", "modified": now.isoformat()}
