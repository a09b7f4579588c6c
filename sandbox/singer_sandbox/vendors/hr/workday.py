"""Workday: reports as a service, and the REST API.

Sources: Workday's REST descriptions; recorded answers of reports. Values of reports are texts,
empty columns are left out, references come as texts, objects or lists.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import md5
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qsl

from typing_extensions import override

from singer_sandbox.vendors.hr.vendor import ApiError, CompanySettings, CompanyVendor, refuse
from singer_sandbox.vendors.hr.world import changed_since
from singer_sandbox.wire import html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sandbox.wire import Answer, Call, Row

_TENANT: Final = "northbay"
_LOGIN: Final = ("ISU_worktaps", "sandbox-workday-password")
_REPORT: Final = re.compile(r"/ccx/service/customreport2/([^/]+)/([^/]+)/(\w+)")
_REST: Final = re.compile(
    r"/ccx/api/(staffing/v6|recruiting/v4|absenceManagement/v1|v1)/([^/]+)(/.*)"
)
_PACIFIC: Final = timezone(timedelta(hours=-7))
_STATES: Final = {
    "approved": "Successfully Completed",
    "requested": "In Progress",
    "declined": "Denied",
    "cancelled": "Canceled",
}
_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkdaySettings(CompanySettings):
    """How the tenant is set up.

    Attributes:
        without: Columns that no report has, separated by commas.
        token_seconds: How long access tokens live.
        total: Whether REST tells how many rows there are; else it says 0.
    """

    without: str = ""
    token_seconds: int = 3600
    total: bool = True


class Workday(CompanyVendor[WorkdaySettings]):
    """One tenant of Workday, with an integration system user and an API client."""

    name: ClassVar[str] = "workday"
    defaults = WorkdaySettings()
    _good_until: float = 0.0

    @override
    def new_id(self, collection: str, number: int) -> str:
        """Return a WID, or an id as people see it."""
        prefix = {
            "departments": "SUP-",
            "leave_requests": "ABS-",
            "jobs": "JR-",
            "applications": "JA-",
            "interviews": "INT-",
        }.get(collection)
        if prefix:
            return f"{prefix}{400 + number}"
        return md5(f"{collection}{number}".encode(), usedforsecurity=False).hexdigest()

    @override
    def resource(self, path: str) -> str:
        """Strip what all addresses share."""
        report, rest = _REPORT.fullmatch(path), _REST.fullmatch(path)
        return f"/{report[3]}" if report else rest[3] if rest else path

    @override
    def describe(self, mount: str) -> Row:
        """Tell the addresses and the credentials."""
        reports = f"{mount}/ccx/service/customreport2/{_TENANT}/owner"
        names = ("employees", "candidates", "applications", "interviews", "leave_requests")
        return {
            "api_url": mount,
            "config": {
                "system": "workday",
                "workday": {
                    "tenant": _TENANT,
                    "base_url": mount,
                    "username": _LOGIN[0],
                    "password": _LOGIN[1],
                    "reports": {
                        **{
                            name: {
                                "url": f"{reports}/{name}",
                                "updated_from_prompt": "From_Moment",
                                "updated_to_prompt": "To_Moment",
                            }
                            for name in names
                        },
                        **{
                            name: {"url": f"{reports}/{name}"}
                            for name in ("departments", "jobs", "leave_balances")
                        },
                    },
                },
            },
            "hint": f"settings of tap-hrms: workday.base_url={mount} workday.tenant={_TENANT}",
        }

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == f"/ccx/oauth2/{_TENANT}/token":
            return self._token(call)
        self._authorize(call)
        report, rest = _REPORT.fullmatch(call.path), _REST.fullmatch(call.path)
        if report:
            return self._report(call, report[1], report[3])
        if rest and rest[2] == _TENANT:
            return self._rest(call, rest[3])
        raise refuse(404, {"error": "not found"})

    def _token(self, call: Call) -> Answer:
        form = dict(parse_qsl(call.body.decode()))
        if form.get("refresh_token") != "sandbox-refresh" or not call.headers.get("authorization"):
            raise refuse(400, {"error": "invalid_grant"})
        self._good_until = self.world.now.timestamp() + self._settings.token_seconds
        return json_answer({"access_token": "sandbox-workday-token", "token_type": "Bearer"})

    def _authorize(self, call: Call) -> None:
        given = call.headers.get("authorization", "")
        basic = base64.b64encode(":".join(_LOGIN).encode()).decode()
        fresh = self.world.now.timestamp() < self._good_until
        if given != f"Basic {basic}" and not (given == "Bearer sandbox-workday-token" and fresh):
            raise ApiError(html_answer(401, "invalid username or password"))

    def _report(self, call: Call, tenant: str, name: str) -> Answer:
        reports: dict[str, tuple[str, Callable[[Row], Row]]] = {
            "employees": ("employees", self._employee),
            "candidates": ("candidates", self._candidate),
            "applications": ("applications", self._application),
            "interviews": ("interviews", self._interview),
            "leave_requests": ("leave_requests", self._leave),
            "jobs": ("jobs", self._job),
            "departments": ("departments", self._department),
            "leave_balances": ("employees", self._balance),
        }
        if tenant != _TENANT or name not in reports:
            raise ApiError(html_answer(404, "Not found"))
        if call.query.get("format") != "json":
            raise ApiError(html_answer(200, "<wd:Report_Data/>"))
        collection, show = reports[name]
        since = call.query.get("From_Moment")
        rows = changed_since(
            self.world.rows(collection), datetime.fromisoformat(since) if since else None
        )
        without = self._settings.without.split(",")
        entries = [
            {
                column: value
                for column, value in show(row).items()
                if value not in (None, "", []) and column not in without
            }
            for row in rows
        ]
        if not entries:
            return json_answer({})
        return json_answer({"Report_Entry": entries if len(entries) > 1 else entries[0]})

    def _employee(self, row: Row) -> Row:
        manager = row["manager_id"]
        return {
            "Worker_WID": row["id"],
            "Employee_ID": row["number"],
            "Worker_Type": "Contingent Worker" if row["kind"] == "Contractor" else "Employee",
            "First_Name": row["first"],
            "Middle_Name": row["middle"],
            "Last_Name": row["last"],
            "Work_Email": row["email"],
            "Home_Email": row["private_email"],
            "Business_Title": row["title"],
            "Department": self.world.name("departments", row["department_id"]),
            "Department_ID": row["department_id"],
            "Location": row["location"],
            "Manager_WID": manager if manager != row["id"] else None,
            "Hire_Date": f"{row['hired']}-07:00",
            "Original_Hire_Date": row["first_hired"],
            "Termination_Date": row["terminated"],
            "Worker_Status": {"inactive": "Terminated"}.get(row["state"], "Active"),
            "On_Leave": "1" if row["state"] == "leave" else "0",
            "Time_Type": {"Part-Time": "Part time"}.get(row["kind"], "Full time"),
            "FTE": "1",
            "Date_Of_Birth": row["born"],
            "Gender": row["gender"],
            "Country": {"descriptor": "Norway", "ID": "NO"},
            "Base_Pay": str(row["salary"]),
            "T_Shirt_Size": "M",
            "Job_Families_group": [{"Job_Family_ID": "JF-7"}, {"Job_Family_ID": "JF-9"}],
            "Last_Functionally_Updated": _moment(row["updated_at"]),
            **row.get("extra", {}),
        }

    def _candidate(self, row: Row) -> Row:
        return {
            "Candidate_WID": row["id"],
            "Candidate_ID": f"C-{row['id'][:6]}",
            "First_Name": row["first"],
            "Last_Name": row["last"],
            "Email": row["email"],
            "Phone": row["phone"],
            "City": row["city"],
            "Country": row["country"],
            "Source": row["source"],
            "Candidate_Tags": "remote; senior",
            "Created_Moment": _moment(row["created_at"]),
            "Last_Updated": _moment(row["updated_at"]),
        }

    def _application(self, row: Row) -> Row:
        ended = row["stage"] == "Not a Fit"
        return {
            "Job_Application_ID": row["id"],
            "Candidate_WID": row["candidate_id"],
            "Job_Requisition_ID": row["job_id"],
            "Stage": row["stage"],
            "Disposition": "Not a fit" if ended else None,
            "Applied_Date": row["applied_at"].date().isoformat(),
            "Hired_Date": row["updated_at"].date().isoformat() if row["stage"] == "Hired" else None,
            "Desired_Salary": str(row["desired_salary"]),
            "Last_Updated": _moment(row["updated_at"]),
        }

    def _interview(self, row: Row) -> Row:
        asker = self.world.get("employees", row["interviewer_id"])
        return {
            "Interview_ID": row["id"],
            "Job_Application_ID": row["application_id"],
            "Interview_Type": "Video",
            "Status": row["state"].title(),
            "Start": _moment(row["start"]),
            "End": _moment(row["end"]),
            "Interviewers_group": {"Worker_WID": asker["id"], "Name": asker["last"]},
            "Last_Updated": _moment(row["updated_at"]),
        }

    def _leave(self, row: Row) -> Row:
        kind = self.world.tables["leave_types"][row["type_id"]]
        return {
            "Request_ID": row["id"],
            "Worker_WID": row["employee_id"],
            "Type": [{"descriptor": kind["name"]}],
            "Type_ID": kind["id"],
            "Status": row.get("raw_state") or _STATES[row["state"]],
            "Start_Date": row["start"],
            "End_Date": row["end"],
            "Quantity": str(row["amount"]),
            "Unit": kind["unit"].title(),
            "Comment": row["note"],
            "Requested_Moment": _moment(row["created_at"]),
            "Last_Updated": _moment(row["updated_at"]),
        }

    def _job(self, row: Row) -> Row:
        return {
            "Job_Requisition_ID": row["id"],
            "Title": row["name"],
            "Status": row["state"].title(),
            "Department_ID": row["department_id"],
            "Location": row["location"],
            "Openings": str(row["openings"]),
            "Opened_Date": row["opened"],
            "Last_Updated": _moment(row["updated_at"]),
        }

    def _department(self, row: Row) -> Row:
        return {
            "Organization_ID": row["id"],
            "Name": row["name"],
            "Manager_WID": row["head_id"],
            "Inactive": "0" if row["active"] else "1",
            "Last_Updated": _moment(row["updated_at"]),
        }

    def _balance(self, row: Row) -> Row:
        return {
            "Worker_WID": row["id"],
            "Plan_ID": "VAC",
            "Plan": "Vacation",
            "Balance": "12.5",
            "Unit": "Days",
            "As_Of": self.world.today.isoformat(),
        }

    def _rest(self, call: Call, path: str) -> Answer:
        collections: dict[str, Callable[[], list[Row]]] = {
            "/workers": lambda: [self._worker(row) for row in self.world.rows("employees")],
            "/supervisoryOrganizations": lambda: [
                {"id": row["id"], "descriptor": row["name"], "name": row["name"], "code": row["id"]}
                for row in self.world.rows("departments")
            ],
            "/jobPostings": lambda: [
                {"id": row["id"], "title": row["name"], "url": None,
                 "primaryLocation": {"id": "l", "descriptor": row["location"]}}
                for row in self.world.rows("jobs")
            ],
        }  # fmt: skip
        entries = re.fullmatch(r"/workers/(\w+)/timeOffEntries", path)
        leaves = re.fullmatch(r"/workers/(\w+)/leavesOfAbsence", path)
        if entries:
            rows = self._days_off(entries[1])
        elif leaves:
            rows = []
        elif path in collections:
            rows = collections[path]()
        else:
            raise refuse(404, {"error": "not found"})
        offset, limit = int(call.query.get("offset", "0")), int(call.query.get("limit", "20"))
        if limit > _MOST:
            raise refuse(400, {"error": "limit"})
        total = len(rows) if self._settings.total else 0
        return json_answer({"data": rows[offset : offset + limit], "total": total})

    def _worker(self, row: Row) -> Row:
        return {
            "id": row["id"],
            "descriptor": f"{row['first']} {row['last']}",
            "workerId": row["number"],
            "workerType": {"id": "t", "descriptor": "Employee"},
            "person": {"id": f"p{row['id']}", "email": row["email"], "phone": row["phone"]},
            "primaryJob": {
                "id": f"j{row['id']}",
                "descriptor": row["title"],
                "businessTitle": row["title"],
                "supervisoryOrganization": {
                    "id": row["department_id"],
                    "descriptor": self.world.name("departments", row["department_id"]),
                },
                "location": {"id": "l", "descriptor": row["location"]},
            },
        }

    def _days_off(self, worker_id: str) -> list[Row]:
        rows: list[Row] = []
        for row in self.world.rows("leave_requests"):
            if row["employee_id"] != worker_id:
                continue
            kind = self.world.tables["leave_types"][row["type_id"]]
            day = datetime.fromisoformat(row["start"])
            while day.date().isoformat() <= row["end"]:
                rows.append(
                    {
                        "id": f"{row['id']}-{len(rows)}",
                        "date": f"{day.date().isoformat()}T07:00:00.000Z",
                        "units": "1",
                        "unitOfTime": {"id": "u", "descriptor": "Days"},
                        "timeOff": {"id": kind["id"], "descriptor": kind["name"]},
                        "timeOffRequest": {"id": row["id"], "status": _STATES[row["state"]]},
                    }
                )
                day += timedelta(days=1)
        return rows


def _moment(moment: datetime) -> Any:  # noqa: ANN401 - a value of a row
    return moment.astimezone(_PACIFIC).isoformat(timespec="milliseconds")
