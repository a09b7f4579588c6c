"""An HR system of a company's own: a REST API with a login, sessions that end, and numbered pages.

Source: invented; it behaves as such systems do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from typing_extensions import override

from singer_sandbox.vendors.hr.vendor import ApiError, CompanySettings, CompanyVendor, refuse
from singer_sandbox.vendors.hr.world import changed_since
from singer_sandbox.wire import html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sandbox.wire import Answer, Call, Row

_USER: Final = ("worktaps", "sandbox-custom-password")
_STATES: Final = {"active": "A", "leave": "L", "inactive": "X"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomHRSettings(CompanySettings):
    """How the system is set up.

    Attributes:
        session_requests: How many requests a session lasts.
        expired: How it says that a session has ended: ``401``, ``html``, a page with a login
            form, or ``body``, an error code in an answer with status 200.
        ignores_page: Whether it always gives the first page.
    """

    session_requests: int = 1_000_000
    expired: str = "401"
    ignores_page: bool = False


class CustomHR(CompanyVendor[CustomHRSettings]):
    """One company with a system of its own."""

    name: ClassVar[str] = "customhr"
    defaults = CustomHRSettings()
    _session: str = ""
    _left: int = 0
    logins: int = 0

    @override
    def new_id(self, collection: str, number: int) -> str:
        """Return a number with the collection's letter."""
        return f"{collection[0].upper()}{1000 + number}"

    @override
    def resource(self, path: str) -> str:
        """Strip the version."""
        return path.removeprefix("/api/v1")

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address, and a configuration that reads it."""
        return {
            "api_url": f"{mount}/api/v1",
            "config": {"system": "custom", "custom": _configuration(f"{mount}/api/v1")},
            "hint": f"see docs/custom-hr.md; custom.base_url={mount}/api/v1 "
            f"custom.auth.username={_USER[0]}",
        }

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        path = self.resource(call.path)
        if path == "/login":
            return self._login(call)
        self._authorize(call)
        collections: dict[str, tuple[str, Callable[[Row], Row]]] = {
            "/employees": ("employees", self._employee),
            "/candidates": ("candidates", self._candidate),
            "/interviews": ("interviews", self._interview),
        }
        if path in collections:
            return self._page(call, *collections[path])
        parts = path.strip("/").split("/")
        if len(parts) == 3 and parts[0] == "employees" and parts[2] == "leaves":  # noqa: PLR2004
            return self._leaves(parts[1])
        raise refuse(404)

    def _login(self, call: Call) -> Answer:
        self.logins += 1
        given = json.loads(call.body)
        if (given.get("user"), given.get("pass")) != _USER:
            raise refuse(401, {"error": {"code": "BAD_LOGIN"}})
        self._session = f"session-{self.logins}"
        self._left = self._settings.session_requests
        return json_answer({"data": {"token": self._session}})

    def _authorize(self, call: Call) -> None:
        if self._left > 0 and call.token == self._session:
            self._left -= 1
            return
        if self._settings.expired == "html":
            raise ApiError(html_answer(200, "Please log in"))
        code = {"error": {"code": "SESSION_EXPIRED"}}
        raise refuse(200 if self._settings.expired == "body" else 401, code)

    def _page(self, call: Call, collection: str, show: Callable[[Row], Row]) -> Answer:
        query = call.query
        since = query.get("updated_since")
        rows = self.world.rows(collection)
        rows = changed_since(rows, datetime.fromisoformat(since) if since else None)
        size = int(query.get("page_size", "100"))
        number = 1 if self._settings.ignores_page else int(query.get("page", "1"))
        return json_answer(
            {
                "data": [show(row) for row in rows[(number - 1) * size : number * size]],
                "meta": {"page": number, "pages": max(1, -(-len(rows) // size))},
            }
        )

    def _employee(self, row: Row) -> Row:
        year, month, day = row["hired"].split("-")
        return {
            "employee_no": row["id"],
            "name": {"first": row["first"], "last": row["last"]},
            "email": row["email"],
            "state": _STATES[row["state"]],
            "hired": f"{day}/{month}/{year}",
            "left": row["terminated"],
            "department": {"id": row["department_id"],
                           "name": self.world.name("departments", row["department_id"])},
            "title": row["title"],
            "salary": row["salary"],
            "shirt_size": "M",
            "updated_at": row["updated_at"].isoformat(),
            "deleted": row.get("deleted", False),
            **row.get("extra", {}),
        }  # fmt: skip

    def _candidate(self, row: Row) -> Row:
        return {
            "id": row["id"],
            "first_name": row["first"],
            "last_name": row["last"],
            "mail": row["email"],
            "updated_at": row["updated_at"].isoformat(),
        }

    def _interview(self, row: Row) -> Row:
        return {
            "id": row["id"],
            "application": row["application_id"],
            "from": int(row["start"].timestamp()),
            "to": int(row["end"].timestamp()),
            "status": row["state"],
            "updated_at": row["updated_at"].isoformat(),
        }

    def _leaves(self, employee_id: str) -> Answer:
        if employee_id not in self.world.tables["employees"]:
            raise refuse(404)
        rows = [
            row for row in self.world.rows("leave_requests") if row["employee_id"] == employee_id
        ]
        return json_answer(
            [
                {
                    "id": row["id"],
                    "employee": employee_id,
                    "kind": self.world.name("leave_types", row["type_id"]),
                    "from": row["start"],
                    "to": row["end"],
                    "days": row["amount"],
                    "status": row.get("raw_state") or row["state"],
                    "note": row["note"],
                }
                for row in rows
            ]
        )


def _configuration(base_url: str) -> Row:
    """Return the worked example of the documentation."""
    changed = {"param": "updated_since", "value_path": "$.updated_at", "overlap_s": 300}
    pages = {"style": "page", "size": 100, "stop": {"total_pages_path": "$.meta.pages"}}
    shared: Row = {"records": "$.data[*]", "pagination": pages, "incremental": changed}
    return {
        "instance": "acme-hr",
        "base_url": base_url,
        "max_requests_per_second": 1000,
        "auth": {
            "kind": "session_login",
            "username": _USER[0],
            "password": _USER[1],
            "login": {
                "path": "/login",
                "json": {"user": "{username}", "pass": "{password}"},
                "token_path": "$.data.token",
                "send_as": {"header": "Authorization", "format": "Bearer {token}"},
            },
            "relogin_on": [401, {"path": "$.error.code", "equals": "SESSION_EXPIRED"}],
        },
        "streams": {
            "employees": {
                **shared,
                "path": "/employees",
                "params": {"include_inactive": "true"},
                "primary_key": "$.employee_no",
                "deleted": {"path": "$.deleted"},
                "custom_fields": "rest",
                "fields": {
                    "first_name": "$.name.first",
                    "last_name": "$.name.last",
                    "display_full_name": {"jmespath": "join(' ', [name.first, name.last])"},
                    "work_email": {"path": "$.email", "cast": "lower"},
                    "job_title": "$.title",
                    "department_id": "$.department.id",
                    "department_name": "$.department.name",
                    "employment_status": {
                        "path": "$.state",
                        "map": {"A": "ACTIVE", "L": "LEAVE", "X": "INACTIVE"},
                        "default": "UNKNOWN",
                    },
                    "start_date": {"path": "$.hired", "cast": "date:%d/%m/%Y"},
                    "termination_date": "$.left",
                },
            },
            "candidates": {
                **shared,
                "path": "/candidates",
                "primary_key": "$.id",
                "fields": {
                    "first_name": "$.first_name",
                    "last_name": "$.last_name",
                    "email": "$.mail",
                },
            },
            "interviews": {
                **shared,
                "path": "/interviews",
                "primary_key": "$.id",
                "fields": {
                    "application_id": "$.application",
                    "status": "$.status",
                    "start_at": {"path": "$.from", "cast": "epoch_s"},
                    "end_at": {"path": "$.to", "cast": "epoch_s"},
                },
            },
            "leave_requests": {
                "path": "/employees/{emp}/leaves",
                "parent": {"stream": "employees", "path_vars": {"emp": "$.remote_id"}},
                "records": "$[*]",
                "primary_key": "$.id",
                "pagination": {"style": "none"},
                "fields": {
                    "employee_remote_id": "$.employee",
                    "leave_type_name": "$.kind",
                    "start_date": "$.from",
                    "end_date": "$.to",
                    "amount": "$.days",
                    "unit": {"const": "DAYS"},
                    "status": {
                        "path": "$.status",
                        "map": {
                            "requested": "REQUESTED",
                            "approved": "APPROVED",
                            "declined": "DECLINED",
                            "cancelled": "CANCELLED",
                        },
                        "default": "UNKNOWN",
                    },
                    "employee_note": "$.note",
                },
            },
        },
    }
