"""BambooHR's API.

Sources: BambooHR's OpenAPI description; where recorded answers differ from it, the recordings:
numbers as texts, ``[]`` for empty objects, XML unless JSON is asked for.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from singer_sandbox.vendors.hr.vendor import ApiError, CompanySettings, CompanyVendor, refuse
from singer_sandbox.vendors.hr.world import changed_since
from singer_sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sandbox.wire import Call, Row

_KEY: Final = "sandbox-bamboo-key"
_COMPANY: Final = "northbay"
_GATEWAY: Final = re.compile(r"/api/gateway\.php/([^/]+)/(v[\d_]+)(/.*)")
_CURRENT: Final = re.compile(r"/api/(v[\d_]+)(/.*)")
_PAGE: Final = 100
_GROUPS: Final = {"New": "NEW", "Hired": "HIRED", "Not a Fit": "INACTIVE"}
_STATES: Final = {"cancelled": "canceled", "declined": "denied"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BambooHRSettings(CompanySettings):
    """How the account is set up, and how undocumented points are read.

    Attributes:
        latest_when_unchanged: Whether the list of changes has ``latest`` if nothing was changed.
        visible_fields: Fields that the key's owner may read, separated by commas; all if empty.
        hiring: Whether API access to hiring is turned on.
        own_fields: Fields that the company has added, separated by commas; employees have their
            values in ``extra``.
    """

    latest_when_unchanged: bool = True
    visible_fields: str = ""
    hiring: bool = True
    own_fields: str = ""


class BambooHR(CompanyVendor[BambooHRSettings]):
    """One company of BambooHR, with an API key and an OAuth2 app."""

    name: ClassVar[str] = "bamboohr"
    defaults = BambooHRSettings()

    @override
    def new_id(self, collection: str, number: int) -> str:
        """Return a number; each collection has its own hundred-thousands."""
        return str(100 + number + 100_000 * list(self._starts).index(collection))

    _starts: Final = (
        *("employees", "slices", "departments", "users", "leave_types", "leave_requests"),
        *("jobs", "candidates", "applications", "interviews"),
    )

    @override
    def resource(self, path: str) -> str:
        """Strip base and version."""
        found = _GATEWAY.fullmatch(path) or _CURRENT.fullmatch(path)
        return found[found.lastindex or 0] if found else path

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address and the key."""
        return {
            "api_url": mount,
            "config": {
                "system": "bamboohr",
                "bamboohr": {"subdomain": _COMPANY, "api_key": _KEY, "api_url": mount},
            },
            "hint": f"settings of tap-hrms: bamboohr.api_url={mount} bamboohr.api_key={_KEY} "
            f"bamboohr.subdomain={_COMPANY}",
        }

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == "/token.php":
            return self._token(call)
        gateway, current = _GATEWAY.fullmatch(call.path), _CURRENT.fullmatch(call.path)
        if gateway is None and current is None:
            raise refuse(404)
        if gateway and gateway[1] != _COMPANY:
            raise refuse(404)
        self._authorize(call)
        if "application/json" not in call.headers.get("accept", ""):
            return Answer(200, b"<?xml version='1.0'?><response/>", "text/xml")
        return self._route(call.method, self.resource(call.path), call)

    def _token(self, call: Call) -> Answer:
        form = dict(part.split("=", 1) for part in call.body.decode().split("&") if "=" in part)
        if form.get("refresh_token") != "sandbox-refresh":
            raise refuse(400, {"error": "invalid_grant"})
        return json_answer({"access_token": "sandbox-bamboo-token", "expires_in": 3600})

    def _authorize(self, call: Call) -> None:
        given = call.headers.get("authorization", "")
        if given == "Bearer sandbox-bamboo-token":
            return
        user = ""
        if given.startswith("Basic "):
            user = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")[0]
        if user != _KEY:
            raise refuse(401)

    def _route(self, method: str, path: str, call: Call) -> Answer:
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("GET", r"/employees/changed", self._changed),
            ("POST", r"/reports/custom", self._report),
            ("GET", r"/employees/(\d+)/time_off/calculator", self._balances),
            ("GET", r"/employees/(\d+)", self._employee),
            ("GET", r"/meta/lists", self._lists),
            ("GET", r"/meta/users", self._users),
            ("GET", r"/meta/time_off/types", self._leave_types),
            ("GET", r"/time_off/requests", self._leave),
            ("GET", r"/applicant_tracking/applications", self._applications),
            ("GET", r"/applicant_tracking/applications/(\d+)", self._application),
            ("GET", r"/applicant_tracking/jobs", self._jobs),
        ]
        for wanted, pattern, handle in routes:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                if "applicant_tracking" in path and not self._settings.hiring:
                    raise refuse(403)
                return json_answer(handle(call, *found.groups()))
        raise refuse(404)

    def _changed(self, call: Call) -> Row:
        since = _moment(call.query["since"])
        rows = changed_since(self.world.rows("employees"), since)
        listed: dict[str, Row] = {
            row["id"]: {
                "id": row["id"],
                "action": "Inserted" if row["created_at"] >= since else "Updated",
                "lastChanged": row["updated_at"].isoformat(timespec="seconds"),
            }
            for row in rows
        }
        for row_id, at in self.world.gone["employees"].items():
            if at >= since:
                changed = at.isoformat(timespec="seconds")
                listed[row_id] = {"id": row_id, "action": "Deleted", "lastChanged": changed}
        answer: Row = {"employees": listed or []}
        if listed or self._settings.latest_when_unchanged:
            latest = max(
                (row["lastChanged"] for row in listed.values()), default=call.query["since"]
            )
            answer["latest"] = latest
        return answer

    def _report(self, call: Call) -> Row:
        if call.headers.get("content-type") != "application/json":
            raise ApiError(
                Answer(400, b"", "text/html", {"X-BambooHR-Error-Message": "Malformed XML"})
            )
        if call.headers.get("accept") != "application/json":
            raise refuse(404)
        body = json.loads(call.body)
        fields = [name for name in body["fields"] if name in self._visible()]
        filters = body.get("filters", {})
        rows = self.world.rows("employees")
        if "employeeIds" in filters:
            wanted = {str(one) for one in filters["employeeIds"]}
            rows = [row for row in rows if row["id"] in wanted]
        if call.query.get("onlyCurrent") != "false":
            rows = [row for row in rows if row["hired"] <= self.world.today.isoformat()]
        return {
            "title": body.get("title"),
            "fields": [{"id": name, "type": "text", "name": name} for name in fields],
            "employees": [
                {"id": row["id"], **{name: self._shown(row)[name] for name in fields}}
                for row in rows
            ],
        }

    def _visible(self) -> set[str]:
        known = set(self._shown(_NOBODY))
        chosen = self._settings.visible_fields
        return known & set(chosen.split(",")) if chosen else known

    def _shown(self, row: Row) -> Row:
        manager = row.get("manager_id")
        return {
            "id": row["id"],
            "employeeNumber": row["number"],
            "firstName": row["first"],
            "middleName": row["middle"] or "",
            "lastName": row["last"],
            "preferredName": None,
            "displayName": f"{row['first']} {row['last']}",
            "workEmail": row["email"],
            "homeEmail": row["private_email"],
            "workPhone": row["phone"],
            "mobilePhone": None,
            "homePhone": "",
            "jobTitle": row["title"],
            "department": self.world.name("departments", row["department_id"]) or "",
            "division": "",
            "location": row["location"],
            "supervisorEId": manager if manager != row["id"] else None,
            "supervisorId": "E00001",
            "status": "Inactive" if row["state"] == "inactive" else "Active",
            "employmentHistoryStatus": row["kind"],
            "hireDate": row["hired"],
            "originalHireDate": row["first_hired"] or "0000-00-00",
            "terminationDate": row["terminated"] or "0000-00-00",
            "lastChanged": row["updated_at"] and row["updated_at"].isoformat(timespec="seconds"),
            "dateOfBirth": row["born"],
            "gender": row["gender"],
            "maritalStatus": "Married",
            "nationality": "Norwegian",
            "ethnicity": "",
            "address1": "Kaistrasse 1",
            "address2": "",
            "city": "Hamburg",
            "state": "",
            "zipcode": "20457",
            "country": "Germany",
            "payRate": f"{row['salary']}.00 EUR",
            "payPer": "Month",
            "ssn": "xxx-xx-" + row["ssn"][-4:],
            "photoUrl": None,
            **dict.fromkeys(filter(None, self._settings.own_fields.split(","))),
            **row.get("extra", {}),
        }

    def _employee(self, call: Call, employee_id: str) -> Row:
        row = self.world.tables["employees"].get(employee_id)
        if row is None:
            raise refuse(404)
        shown, wanted = self._shown(row), call.query.get("fields", "").split(",")
        return {
            "id": employee_id,
            **{name: shown[name] for name in wanted if name in self._visible()},
        }

    def _lists(self, _call: Call) -> list[Row]:
        options = [
            {
                "id": int(row["id"]),
                "archived": "no" if row["active"] else "yes",
                "name": row["name"],
            }
            for row in self.world.rows("departments")
        ]
        return [
            {"fieldId": "4", "manageable": "yes", "name": "Department", "alias": "department",
             "options": options},
            {"fieldId": "1", "manageable": "yes", "name": "Division", "alias": "division",
             "options": []},
        ]  # fmt: skip

    def _users(self, _call: Call) -> Row:
        return {
            row["id"]: {
                "id": int(row["id"]),
                "employeeId": int(row["employee_id"] or 0),
                "firstName": "Some",
                "lastName": "User",
                "email": row["email"],
                "status": "enabled",
            }
            for row in self.world.rows("users")
        }

    def _leave_types(self, _call: Call) -> Row:
        types = [
            {"id": row["id"], "name": row["name"], "units": row["unit"], "color": None,
             "icon": "palm-trees", "source": "internal"}
            for row in self.world.rows("leave_types")
        ]  # fmt: skip
        return {"timeOffTypes": types, "defaultHours": []}

    def _leave(self, call: Call) -> list[Row]:
        start, end = call.query.get("start"), call.query.get("end")
        if not start or not end:
            raise refuse(400)
        return [
            self._leave_row(row)
            for row in self.world.rows("leave_requests")
            if row["end"] >= start and row["start"] <= end
        ]

    def _leave_row(self, row: Row) -> Row:
        kind = self.world.tables["leave_types"][row["type_id"]]
        users = list(self.world.tables["users"])
        return {
            "id": row["id"],
            "employeeId": row["employee_id"],
            "name": "Somebody",
            "start": row["start"],
            "end": row["end"],
            "created": row["asked_on"],
            "status": {
                "lastChanged": row["updated_at"].date().isoformat(),
                "lastChangedByUserId": users[0] if users else None,
                "status": row.get("raw_state") or _STATES.get(row["state"], row["state"]),
            },
            "type": {"id": kind["id"], "name": kind["name"], "icon": "palm-trees"},
            "amount": {"unit": kind["unit"], "amount": str(row["amount"])},
            "actions": {},
            "dates": {row["start"]: str(row["amount"])} if row["amount"] == 1 else [],
            "notes": {"employee": row["note"]} if row["note"] else [],
        }

    def _balances(self, _call: Call, _employee_id: str) -> list[Row]:
        return [
            {"timeOffType": row["id"], "name": row["name"], "units": row["unit"],
             "balance": "24.50", "end": self.world.today.isoformat(), "policyType": "accruing",
             "usedYearToDate": "12.25"}
            for row in self.world.rows("leave_types")
        ]  # fmt: skip

    def _applications(self, call: Call) -> Row:
        query = call.query
        wanted = query.get("applicationStatus", "ALL_ACTIVE")
        rows = [
            row
            for row in sorted(self.world.rows("applications"), key=lambda row: row["applied_at"])
            if wanted == "ALL" or _GROUPS.get(row["stage"], "ACTIVE") == wanted
        ]
        page = int(query.get("page", "1"))
        shown = rows[(page - 1) * _PAGE : page * _PAGE]
        more = len(rows) > page * _PAGE
        following = f"{call.mount}{call.path}?page={page + 1}&applicationStatus={wanted}"
        return {
            "paginationComplete": not more,
            "nextPageUrl": following if more else None,
            "applications": [self._application_row(row) for row in shown],
        }

    def _application_row(self, row: Row) -> Row:
        who, job = self.world.get("candidates", row["candidate_id"]), row["job_id"]
        return {
            "id": int(row["id"]),
            "appliedDate": row["applied_at"].isoformat(timespec="seconds"),
            "status": {"id": len(row["stage"]), "label": row["stage"]},
            "rating": None,
            "applicant": {
                "id": int(who["id"]),
                "firstName": who["first"],
                "lastName": who["last"],
                "avatar": None,
                "email": who["email"],
                "source": who["source"],
            },
            "job": {"id": int(job), "title": {"id": None, "label": self.world.name("jobs", job)}},
        }

    def _application(self, _call: Call, application_id: str) -> Row:
        row = self.world.tables["applications"].get(application_id)
        if row is None:
            raise refuse(404)
        shown, who = self._application_row(row), self.world.get("candidates", row["candidate_id"])
        shown["status"] |= {
            "dateChanged": row["updated_at"].isoformat(timespec="seconds"),
            "changedByUser": None,
        }
        shown["applicant"] |= {
            "phoneNumber": who["phone"],
            "linkedinUrl": None,
            "address": {"city": who["city"], "country": who["country"]},
        }
        shown["job"]["hiringLead"] = {"employeeId": next(iter(self.world.tables["employees"]))}
        return {
            **shown,
            "referredBy": None,
            "desiredSalary": str(row["desired_salary"]),
            "questionsAndAnswers": [
                {"question": {"label": "Notice?"}, "answer": {"label": "One month"}}
            ],
        }

    def _jobs(self, _call: Call) -> list[Row]:
        return [
            {
                "id": int(row["id"]),
                "title": {"id": None, "label": row["name"]},
                "postedDate": f"{row['opened']}T00:00:00+00:00",
                "location": {"label": row["location"]},
                "department": {
                    "id": int(row["department_id"]),
                    "label": self.world.name("departments", row["department_id"]),
                },
                "status": {"id": 1, "label": row["state"].replace("_", " ").title()},
                "hiringLead": None,
                "postingUrl": None,
            }
            for row in self.world.rows("jobs")
        ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_NOBODY: Final[dict[str, Any]] = dict.fromkeys(
    (
        *("id", "number", "first", "middle", "last", "email", "private_email", "phone", "title"),
        *("department_id", "location", "manager_id", "state", "kind", "hired", "first_hired"),
        *("terminated", "born", "gender", "salary", "updated_at"),
    )
) | {"ssn": "0000"}
