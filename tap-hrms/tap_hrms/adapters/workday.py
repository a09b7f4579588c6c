"""Workday: custom reports as a service, and REST where that can be trusted.

Reports are the main way: the customer builds up to eight of them, with the columns that
:data:`CONTRACT` names, and enables them as web services. Workday leaves empty columns out, writes
every value as a text, and shows a reference as a text, an object or a list.

Source: Workday REST API description (staffing v6, common v1, absence management v1, recruiting
v4); recorded answers of reports.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from singer_sdk import typing as th
from singer_tapkit.errors import ParentEmptyError, ParentRefusedError, StreamFailedError
from singer_tapkit.http import Action, Client, Limiter, Rule, Verdict
from singer_tapkit.http.tokens import (
    BasicCredential,
    BearerCredential,
    FixedToken,
    RenewedToken,
    TokenEndpoint,
)
from singer_tapkit.overlap import Memo
from singer_tapkit.windows import ONE_DAY, Days
from typing_extensions import override

from tap_hrms import values
from tap_hrms.adapters.base import Adapter, Asked, Page, Support, chunks, mapped, objects
from tap_hrms.client import SystemClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_tapkit.http import Credential
    from singer_tapkit.types import Json, Record

    from tap_hrms.adapters.base import Surroundings

logger = logging.getLogger(__name__)

_PAGE: Final = 100
"""The most rows that Workday's REST API gives at once."""
_RECORDS_AT_ONCE: Final = 1000
_EVER: Final = "1900-01-01T00:00:00Z"
_REPORT_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.000Z"

CONTRACT: Final[Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]]] = {
    "employees": (
        ("Worker_WID", "Employee_ID", "Last_Functionally_Updated"),
        {
            "remote_id": "Worker_WID",
            "employee_number": "Employee_ID",
            "first_name": "First_Name",
            "middle_name": "Middle_Name",
            "last_name": "Last_Name",
            "preferred_name": "Preferred_Name",
            "display_full_name": "Full_Name",
            "work_email": "Work_Email",
            "personal_email": "Home_Email",
            "work_phone": "Work_Phone",
            "mobile_phone_number": "Mobile_Phone",
            "job_title": "Business_Title",
            "job_profile": "Job_Profile",
            "job_remote_id": "Job_Profile_ID",
            "department_name": "Department",
            "department_id": "Department_ID",
            "team_name": "Supervisory_Org_ID",
            "cost_center": "Cost_Center",
            "legal_entity": "Company",
            "work_location_name": "Location",
            "work_location_id": "Location_ID",
            "manager_remote_id": "Manager_WID",
            "employment_status_raw": "Worker_Status",
            "start_date": "Hire_Date",
            "original_start_date": "Original_Hire_Date",
            "termination_date": "Termination_Date",
            "fte": "FTE",
            "date_of_birth": "Date_Of_Birth",
            "gender": "Gender",
            "remote_updated_at": "Last_Functionally_Updated",
        },
    ),
    "candidates": (
        ("Candidate_WID", "Candidate_ID", "Last_Updated"),
        {
            "remote_id": "Candidate_WID",
            "candidate_number": "Candidate_ID",
            "first_name": "First_Name",
            "last_name": "Last_Name",
            "email": "Email",
            "company": "Current_Company",
            "title": "Current_Title",
            "source": "Source",
            "employee_id": "Linked_Worker_WID",
            "remote_created_at": "Created_Moment",
            "remote_updated_at": "Last_Updated",
        },
    ),
    "applications": (
        ("Job_Application_ID", "Candidate_WID", "Job_Requisition_ID", "Last_Updated"),
        {
            "remote_id": "Job_Application_ID",
            "candidate_id": "Candidate_WID",
            "job_id": "Job_Requisition_ID",
            "current_stage": "Stage",
            "current_stage_remote_id": "Stage_ID",
            "outcome_raw": "Disposition",
            "reject_reason": "Disposition_Reason",
            "applied_at": "Applied_Date",
            "hired_at": "Hired_Date",
            "source": "Source",
            "referred_by": "Referred_By",
            "remote_created_at": "Applied_Date",
            "remote_updated_at": "Last_Updated",
        },
    ),
    "interviews": (
        ("Interview_ID", "Last_Updated"),
        {
            "remote_id": "Interview_ID",
            "application_id": "Job_Application_ID",
            "candidate_id": "Candidate_WID",
            "job_id": "Job_Requisition_ID",
            "interview_type": "Interview_Type",
            "status_raw": "Status",
            "start_at": "Start",
            "end_at": "End",
            "time_zone": "Time_Zone",
            "location": "Location",
            "organizer_id": "Organizer_WID",
            "overall_rating": "Overall_Rating",
            "feedback_status": "Feedback_Status",
            "remote_updated_at": "Last_Updated",
        },
    ),
    "leave_requests": (
        ("Request_ID", "Worker_WID", "Last_Updated"),
        {
            "remote_id": "Request_ID",
            "employee_remote_id": "Worker_WID",
            "approver_id": "Approver_WID",
            "leave_type_id": "Type_ID",
            "leave_type_name": "Type",
            "status_raw": "Status",
            "start_date": "Start_Date",
            "end_date": "End_Date",
            "amount": "Quantity",
            "employee_note": "Comment",
            "requested_at": "Requested_Moment",
            "status_changed_at": "Last_Updated",
            "remote_created_at": "Requested_Moment",
            "remote_updated_at": "Last_Updated",
        },
    ),
    "jobs": (
        ("Job_Requisition_ID",),
        {
            "remote_id": "Job_Requisition_ID",
            "code": "Job_Requisition_ID",
            "title": "Title",
            "status_raw": "Status",
            "department_id": "Department_ID",
            "location": "Location",
            "openings": "Openings",
            "opened_at": "Opened_Date",
            "closed_at": "Closed_Date",
            "remote_updated_at": "Last_Updated",
        },
    ),
    "departments": (
        ("Organization_ID",),
        {
            "remote_id": "Organization_ID",
            "code": "Organization_ID",
            "name": "Name",
            "parent_id": "Parent_ID",
            "manager_id": "Manager_WID",
            "remote_updated_at": "Last_Updated",
        },
    ),
    "leave_balances": (
        ("Worker_WID", "Plan_ID"),
        {
            "employee_id": "Worker_WID",
            "leave_type_id": "Plan_ID",
            "balance": "Balance",
            "as_of": "As_Of",
        },
    ),
}
"""By stream: the columns that a report must have, and which canonical field is which column."""

_FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "employees": (
        *("Worker_Type", "Time_Type", "On_Leave", "Position_ID", "Manager_Employee_ID"),
        *("Country", "Contingent_Worker_ID"),
    ),
    "candidates": ("Phone", "City", "Country", "Candidate_Tags"),
    "interviews": ("Interviewers",),
    "leave_requests": ("Employee_ID", "Category", "Unit"),
    "jobs": ("WID", "Hiring_Manager_WID", "Recruiter_WID"),
    "departments": ("WID", "Inactive"),
    "leave_balances": ("Plan", "Unit"),
}
"""Columns of the contract that need more than a new name."""

_STATUS: Final = {
    "active": "ACTIVE",
    "on leave": "LEAVE",
    "terminated": "INACTIVE",
    "retired": "INACTIVE",
    "inactive": "INACTIVE",
    "pending": "PENDING",
    "not yet hired": "PENDING",
}
_LEAVE_STATUS: Final = {
    "successfully completed": "APPROVED",
    "approved": "APPROVED",
    "in progress": "REQUESTED",
    "submitted": "REQUESTED",
    "denied": "DECLINED",
    "canceled": "CANCELLED",
    "cancelled": "CANCELLED",
    "rescinded": "CANCELLED",
    "process terminated": "CANCELLED",
}
_INTERVIEW_STATUS: Final = {
    "scheduled": "SCHEDULED",
    "in progress": "SCHEDULED",
    "awaiting feedback": "AWAITING_FEEDBACK",
    "completed": "COMPLETE",
    "complete": "COMPLETE",
    "successfully completed": "COMPLETE",
    "canceled": "CANCELLED",
    "cancelled": "CANCELLED",
    "not scheduled": "NEEDS_SCHEDULING",
}
_JOB_STATUS: Final = {
    "open": "OPEN",
    "closed": "CLOSED",
    "draft": "DRAFT",
    "frozen": "ON_HOLD",
    "on hold": "ON_HOLD",
    "filled": "FILLED",
    "canceled": "CANCELLED",
    "cancelled": "CANCELLED",
}
_OUTCOME: Final = {"hired": "HIRED", "ready for hire": "PENDING", "in progress": "PENDING"}
_UNITS: Final = {"hours": "HOURS", "hour": "HOURS", "days": "DAYS", "day": "DAYS"}
_TIMES: Final = {
    "full time": "FULL_TIME",
    "full_time": "FULL_TIME",
    "part time": "PART_TIME",
    "part_time": "PART_TIME",
}
_REFERENCE_NAMES: Final = ("descriptor", "Descriptor", "ID", "id", "WID")

_REMEDY: Final = "Check workday.username and password, or client_id, client_secret, refresh_token"
RULES: Final = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Workday refused the credentials", _REMEDY)),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the user may not read this",
            "Share the report with the integration system user, or give it the domain",
        ),
    ),
    Rule(
        {404},
        Verdict(
            Action.FAIL,
            "there is nothing at this address",
            "Check tenant and addresses; a report's address changes with its owner",
        ),
    ),
    Rule(
        {400},
        Verdict(Action.FAIL, "Workday refused the request", "Check the names of the prompts"),
    ),
)
_ONE_WORKER: Final = (
    Rule({403}, Verdict(Action.REFUSE_PARENT, "this worker's part is not open to the user")),
    Rule({404}, Verdict(Action.EMPTY_PARENT, "this worker has none")),
)


class Workday(Adapter):
    """One tenant of Workday."""

    name = "workday"
    settings_schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("tenant", th.StringType, required=True, description="Name of the tenant."),
        th.Property(
            "base_url",
            th.StringType,
            description="Address of the host, as https://wd2-impl-services1.workday.com; needed "
            "for REST and OAuth2.",
        ),
        th.Property("username", th.StringType, description="Integration system user."),
        th.Property("password", th.StringType, secret=True, description="Of that user."),
        th.Property("client_id", th.StringType, description="API client for integrations."),
        th.Property("client_secret", th.StringType, secret=True, description="Its secret."),
        th.Property("refresh_token", th.StringType, secret=True, description="Its token."),
        th.Property("access_token", th.StringType, secret=True, description="A token, instead."),
        th.Property(
            "token_url",
            th.StringType,
            description="Token endpoint; BASE_URL/ccx/oauth2/TENANT/token if absent.",
        ),
        th.Property(
            "reports",
            th.ObjectType(
                additional_properties=th.ObjectType(
                    th.Property("url", th.StringType, required=True),
                    th.Property("prompts", th.ObjectType(additional_properties=th.StringType)),
                    th.Property("columns", th.ObjectType(additional_properties=th.StringType)),
                    th.Property("updated_from_prompt", th.StringType),
                    th.Property("updated_to_prompt", th.StringType),
                    th.Property("date_format", th.StringType),
                )
            ),
            description="By stream: url, and prompts, columns, updated_from_prompt, "
            "updated_to_prompt, date_format if needed; see the report contract.",
        ),
        th.Property(
            "rest",
            th.BooleanType,
            description="Whether streams without a report are read by REST: employees, "
            "leave_requests, departments and jobs. Yes if there are no reports.",
        ),
        th.Property(
            "rest_path",
            th.StringType,
            default="/ccx/api",
            description="What comes before the service in REST addresses.",
        ),
        th.Property(
            "value_maps",
            th.ObjectType(additional_properties=th.ObjectType(additional_properties=th.StringType)),
            description="Meanings of values in your language, by field: "
            '{"employment_status": {"Aktiv": "ACTIVE"}}.',
        ),
        th.Property(
            "soft_delete_missing",
            th.BooleanType,
            default=False,
            description="Whether employees that are missing from a complete reading are deleted; "
            "rescinded hires are, but so are those a report no longer includes.",
        ),
        th.Property(
            "answer_seconds",
            th.NumberType(minimum=1),
            default=900,
            description="How long to wait for a report, in seconds.",
        ),
    ).to_dict()

    def __init__(self, settings: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(settings, around)
        self._memo = Memo()
        self._reports: Mapping[str, Mapping[str, Any]] = settings.get("reports") or {}
        self._client = SystemClient(
            str(settings.get("base_url") or ""),
            around,
            credential=self._credential(),
            rules=RULES,
            timeout_seconds=(30.0, float(settings.get("answer_seconds") or 900)),
        )

    @classmethod
    @override
    def faults(cls, settings: Mapping[str, Any]) -> list[str]:
        found = []
        app = [settings.get(name) for name in ("client_id", "client_secret", "refresh_token")]
        basic = [settings.get(name) for name in ("username", "password")]
        if not (all(app) or all(basic) or settings.get("access_token")):
            found.append(
                "username: missing. Set it with password, or client_id, client_secret and "
                "refresh_token"
            )
        reports = settings.get("reports") or {}
        found += [
            f"reports.{name}: no stream of that name. There are {', '.join(CONTRACT)}"
            for name in reports
            if name not in CONTRACT
        ]
        needs_host = (
            settings.get("rest") or not reports or (all(app) and not settings.get("token_url"))
        )
        if needs_host and not settings.get("base_url"):
            found.append("base_url: missing. REST and OAuth2 need it; reports have their own url")
        return found

    @classmethod
    @override
    def instance_of(cls, settings: Mapping[str, Any]) -> str:
        return str(settings["tenant"])

    @property
    @override
    def streams(self) -> Mapping[str, Support]:
        rest = self.settings.get("rest")
        by_rest = {
            "employees": Support.FULL,
            "leave_requests": Support.FULL,
            "departments": Support.FULL,
            "jobs": Support.FULL,
        }
        by_report = {
            name: Support.SWEPT if report.get("updated_from_prompt") else Support.FULL
            for name, report in self._reports.items()
        }
        return {**(by_rest if rest or not self._reports else {}), **by_report}

    @override
    def lists(self, stream: str) -> bool:
        """Tell; employees who are missing may just not be in the report any more."""
        if stream == "employees":
            return bool(self.settings.get("soft_delete_missing"))
        return stream != "leave_balances"

    @override
    def read(self, asked: Asked) -> Iterator[Page]:
        if asked.stream in self._reports:
            yield from self._report(asked)
            return
        by_rest: Mapping[str, Callable[[], Iterator[Page]]] = {
            "employees": self._workers,
            "leave_requests": self._time_off,
            "departments": self._organizations,
            "jobs": self._postings,
        }
        yield from by_rest[asked.stream]()
        if self.lists(asked.stream):
            yield Page(listed=[Days()])

    def _credential(self) -> Credential:
        settings, clock = self.settings, self.around.clock
        if settings.get("access_token"):
            return BearerCredential(FixedToken(str(settings["access_token"])))
        if settings.get("username"):
            return BasicCredential(str(settings["username"]), str(settings["password"]))
        login = BasicCredential(str(settings["client_id"]), str(settings["client_secret"]))
        client = Client(
            clock=clock, credential=login, headers={"User-Agent": self.around.user_agent}
        )
        default = f"{settings.get('base_url')}/ccx/oauth2/{settings['tenant']}/token"
        refused = Verdict(Action.REAUTHENTICATE, "Workday refused the refresh token", _REMEDY)
        endpoint = TokenEndpoint(
            str(settings.get("token_url") or default),
            client=client,
            limiter=Limiter(1, ONE_DAY / 86_400, clock=clock, sleep=client.sleep),
            refused=[Rule({400, 401, 403}, refused)],
            issuer="Workday",
        )
        form = {"grant_type": "refresh_token", "refresh_token": str(settings["refresh_token"])}
        return BearerCredential(RenewedToken(lambda: endpoint.grant(form), clock=clock))

    def _report(self, asked: Asked) -> Iterator[Page]:
        """Read a report: what was changed, if it has a prompt for that, or everything."""
        report = self._reports[asked.stream]
        prompt = report.get("updated_from_prompt")
        due = not prompt or self.sweep_due(asked)
        rows = self._entries(report, self._span(asked, report, everything=due) if prompt else {})
        names = _Columns(asked.stream, report.get("columns") or {})
        names.check(rows)
        keyless = 0
        for part in chunks(rows, _RECORDS_AT_ONCE):
            records = [self._entry(asked, names, row) for row in part]
            kept = [record for record in records if record["remote_id"]]
            keyless += len(records) - len(kept)
            yield Page(kept)
        if keyless:
            yield Page(missing=[f"{keyless} rows of the report have no {names.key}"])
        complete = due and not keyless and self.lists(asked.stream)
        cursor: Json = {"since": self.around.started, "swept": self.swept(asked, now=due)}
        yield Page(listed=[Days()] if complete else (), cursor=cursor if prompt else None)

    @override
    def keys(self, stream: str, days: Days) -> Iterator[tuple[str, date | None]]:
        """List leave from a whole report, since one of what was changed has no cancelled rows."""
        report = self._reports.get(stream)
        if stream != "leave_requests" or not report:
            return
        asked = Asked(stream, None, ())
        names = _Columns(stream, report.get("columns") or {})
        for row in self._entries(report, self._span(asked, report, everything=True)):
            ends = _day(names.text(row, "End_Date") or names.text(row, "Start_Date"))
            request_id = names.text(row, "Request_ID")
            if request_id:
                yield request_id, date.fromisoformat(ends) if ends else None

    def _entries(self, report: Mapping[str, Any], span: Mapping[str, str]) -> list[Record]:
        params = {"format": "json", **(report.get("prompts") or {}), **span}
        answer = self._client.get(
            str(report["url"]), params, wrap="Report_Entry", rows="Report_Entry"
        )
        entries = answer.get("Report_Entry")
        return [entries] if isinstance(entries, dict) else [*(entries or ())]

    def _span(self, asked: Asked, report: Mapping[str, Any], *, everything: bool) -> dict[str, str]:
        since = self.around.start_date if everything else self.since(asked)
        layout = str(report.get("date_format") or _REPORT_FORMAT)
        begin = since.strftime(layout) if since else _EVER
        if since is None and "T" not in layout:
            begin = _EVER[:10]
        span = {str(report["updated_from_prompt"]): begin}
        if report.get("updated_to_prompt"):
            span[str(report["updated_to_prompt"])] = self.around.run_started.strftime(layout)
        return span

    def _entry(self, asked: Asked, names: _Columns, row: Record) -> Record:
        """Make a record of a row of a report."""
        record = names.simple(row)
        further: Mapping[str, Callable[[_Columns, Record, Record], Record]] = {
            "employees": self._employee,
            "candidates": self._candidate,
            "applications": self._application,
            "interviews": self._interview,
            "leave_requests": self._leave_request,
            "jobs": self._job,
            "departments": self._department,
            "leave_balances": self._balance,
        }
        record |= further[asked.stream](names, row, record)
        record["custom_fields"] = names.rest(row) or None
        if "raw" in asked.fields:
            record["raw"] = row
        return record

    def _meaning(self, field: str, raw: Json, usual: Mapping[str, str]) -> str | None:
        own = (self.settings.get("value_maps") or {}).get(field) or {}
        return mapped(raw, {**usual, **{str(key).lower(): value for key, value in own.items()}})

    def _status(self, raw: Json, hired: Json, *, on_leave: Json = None) -> str | None:
        """Tell where a worker stands."""
        status = self._meaning("employment_status", raw, _STATUS)
        starts = _day(hired)
        if starts and starts > self.around.today.isoformat():
            return "PENDING"
        if status in (None, "ACTIVE") and str(on_leave).strip().lower() in ("1", "true", "yes"):
            return "LEAVE"
        return status

    def _employee(self, names: _Columns, row: Record, record: Record) -> Record:
        kind, time = names.text(row, "Worker_Type"), names.text(row, "Time_Type")
        contingent = "contingent" in str(kind or "").lower()
        country = str(names.text(row, "Country") or "")
        usual = mapped(time, _TIMES) if time else None
        raw = " / ".join(part for part in (kind, time) if part) or None
        return {
            "employee_number": record["employee_number"] or names.text(row, "Contingent_Worker_ID"),
            "employment_status": self._status(
                record["employment_status_raw"],
                record["start_date"],
                on_leave=names.text(row, "On_Leave"),
            ),
            "employment_type": "CONTRACTOR"
            if contingent
            else self._meaning("employment_type", raw, {})
            if not usual and raw
            else usual,
            "employment_type_raw": raw,
            "country_code": country.upper() if len(country) == 2 else None,  # noqa: PLR2004 - alpha-2
        }

    def _candidate(self, names: _Columns, row: Record, record: Record) -> Record:
        phone = names.text(row, "Phone")
        place: Record = {"city": names.text(row, "City"), "country": names.text(row, "Country")}
        email = record["email"]
        return {
            "email_addresses": [{"value": email, "type": None}] if email else None,
            "phone_numbers": [{"value": phone, "type": None}] if phone else None,
            "location": place if any(place.values()) else None,
            "tags": names.texts(row, "Candidate_Tags") or None,
            "is_anonymized": False,
        }

    def _application(self, _names: _Columns, _row: Record, record: Record) -> Record:
        raw = record["outcome_raw"]
        outcome = self._meaning("outcome", raw, _OUTCOME) or "PENDING"
        if record["hired_at"]:
            outcome = "HIRED"
        elif outcome == "UNKNOWN":
            outcome = "DECLINED"  # a disposition is why an application ended
        return {
            "outcome": outcome,
            "rejected_at": record["remote_updated_at"] if outcome == "DECLINED" else None,
        }

    def _interview(self, names: _Columns, row: Record, record: Record) -> Record:
        people: list[Json] = [
            {
                "remote_id": _plain(one.get("Worker_WID")),
                "name": _plain(one.get("Name")),
                "email": _plain(one.get("Email")),
            }
            for one in names.group(row, "Interviewers")
        ]
        start = str(record["start_at"] or "")
        return {
            "status": self._meaning("interview_status", record["status_raw"], _INTERVIEW_STATUS),
            "is_time_set": "T" in start if start else None,
            "interviewers": people,
            "interviewer_ids": [
                _plain(one.get("Worker_WID")) for one in names.group(row, "Interviewers")
            ],
        }

    def _leave_request(self, names: _Columns, row: Record, record: Record) -> Record:
        return {
            "status": self._meaning("leave_status", record["status_raw"], _LEAVE_STATUS),
            "unit": _UNITS.get(str(names.text(row, "Unit") or "").lower()),
            "end_date": record["end_date"] or record["start_date"],
        }

    def _job(self, names: _Columns, row: Record, record: Record) -> Record:
        return {
            "status": self._meaning("job_status", record["status_raw"], _JOB_STATUS),
            "kind": "REQUISITION",
            "hiring_manager_ids": names.texts(row, "Hiring_Manager_WID"),
            "recruiter_ids": names.texts(row, "Recruiter_WID"),
        }

    def _department(self, names: _Columns, row: Record, _record: Record) -> Record:
        inactive = str(names.text(row, "Inactive") or "0").lower()
        return {"is_active": inactive not in ("1", "true", "yes"), "kind": "SUPERVISORY_ORG"}

    def _balance(self, names: _Columns, row: Record, record: Record) -> Record:
        day = record["as_of"] or self.around.today.isoformat()
        return {
            "remote_id": f"{record['employee_id']}|{record['leave_type_id']}|{day}",
            "as_of": day,
            "unit": _UNITS.get(str(names.text(row, "Unit") or "").lower()),
        }

    def _service(self, service: str, path: str) -> str:
        tenant = quote(str(self.settings["tenant"]))
        start = f"{self.settings.get('rest_path') or '/ccx/api'}/{service}"
        return f"{start}/{tenant}/{path}"

    def _pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[list[Record]]:
        """Read a collection, by hundreds, until a page is not full: totals cannot be trusted."""

        def ask(offset: int) -> tuple[list[Record], int]:
            place = {"limit": str(_PAGE), "offset": str(offset), **(params or {})}
            answer = self._client.get(path, place)
            total = answer.get("total")
            return objects(answer.get("data")), total if isinstance(total, int) else 0

        rows, total = ask(0)
        yield rows
        offset = _PAGE
        for rows, _ in self.around.overlap.ordered(ask, range(_PAGE, total, _PAGE)):
            offset += _PAGE
            yield rows
        while len(rows) == _PAGE:
            rows, _ = ask(offset)
            offset += _PAGE
            yield rows

    def _workers(self) -> Iterator[Page]:
        for rows in self._worker_pages():
            yield Page([self._worker(row) for row in rows])

    def _worker_pages(self) -> Iterator[list[Record]]:
        path = self._service("staffing/v6", "workers")
        yield from self._pages(path, {"includeTerminatedWorkers": "true"})

    def _worker(self, row: Record) -> Record:
        job, person = _reference(row, "primaryJob"), _reference(row, "person")
        kind = _plain(row.get("workerType"))
        status = _plain(row.get("workerStatus")) or _plain(row.get("status"))
        place = _reference(job, "location")
        return {
            "remote_id": row.get("id"),
            "employee_number": row.get("workerId"),
            "person_remote_id": person.get("id"),
            "display_full_name": row.get("descriptor"),
            "work_email": person.get("email"),
            "work_phone": person.get("phone"),
            "job_title": job.get("businessTitle") or job.get("descriptor"),
            "job_profile": _plain(job.get("jobProfile")),
            "department_id": _reference(job, "supervisoryOrganization").get("id"),
            "department_name": _reference(job, "supervisoryOrganization").get("descriptor"),
            "work_location_id": place.get("id"),
            "work_location_name": place.get("descriptor"),
            "employment_status": self._status(status, None),
            "employment_status_raw": status,
            "employment_type": "CONTRACTOR" if "contingent" in str(kind).lower() else None,
            "employment_type_raw": kind,
        }

    def _organizations(self) -> Iterator[Page]:
        for rows in self._pages(self._service("v1", "supervisoryOrganizations")):
            yield Page(
                [
                    {
                        "remote_id": row.get("id"),
                        "name": row.get("name") or row.get("descriptor"),
                        "code": row.get("code"),
                        "manager_id": _reference(row, "manager").get("id"),
                        "kind": "SUPERVISORY_ORG",
                    }
                    for row in rows
                ]
            )

    def _postings(self) -> Iterator[Page]:
        for rows in self._pages(self._service("recruiting/v4", "jobPostings")):
            yield Page(
                [
                    {
                        "remote_id": _reference(row, "jobRequisition").get("id") or row.get("id"),
                        "title": row.get("title"),
                        "status": "OPEN",
                        "kind": "REQUISITION",
                        "location": _plain(row.get("primaryLocation")),
                        "opened_at": row.get("startDate"),
                        "posting_url": row.get("url"),
                    }
                    for row in rows
                ]
            )

    def _time_off(self) -> Iterator[Page]:
        """Read each worker's days off, and put those of one request together."""
        workers = [str(row["id"]) for rows in self._worker_pages() for row in rows if row.get("id")]

        def ask(worker_id: str) -> list[Record] | None:
            try:
                return [*self._days_off(worker_id), *self._leaves(worker_id)]
            except ParentEmptyError:
                return []
            except ParentRefusedError:
                return None

        refused: list[str] = []
        for worker_id, found in zip(
            workers, self.around.overlap.ordered(ask, workers), strict=True
        ):
            if found is None:
                refused.append(worker_id)
            elif found:
                yield Page(found)
        if refused and len(refused) == len(workers):
            msg = "Workday shows nobody's time off. Give the user the domain Worker Time Off"
            raise StreamFailedError(msg)
        if refused:
            named = ", ".join(refused[:10])
            yield Page(missing=[f"the time off of {len(refused)} workers is not shown ({named})"])

    def _worker_rows(self, path: str) -> list[Record]:
        rows: list[Record] = []
        while True:
            params = {"limit": str(_PAGE), "offset": str(len(rows))}
            found = objects(self._client.get(path, params, rules=_ONE_WORKER).get("data"))
            rows += found
            if len(found) < _PAGE:
                return rows

    def _days_off(self, worker_id: str) -> Iterator[Record]:
        by_request: defaultdict[str, list[Record]] = defaultdict(list)
        path = self._service("v1", f"workers/{worker_id}/timeOffEntries")
        for row in self._worker_rows(path):
            request = _reference(row, "timeOffRequest").get("id")
            by_request[str(request or row.get("id"))].append(row)
        for request_id, rows in by_request.items():
            days = sorted(
                ((_day(row.get("date")), row.get("units")) for row in rows),
                key=lambda day: str(day[0]),
            )
            raw = _reference(rows[0], "timeOffRequest").get("status")
            kind = _reference(rows[0], "timeOff")
            amounts = [values.number(units) or 0 for _, units in days]
            yield {
                "remote_id": request_id,
                "employee_remote_id": worker_id,
                "leave_type_id": kind.get("id"),
                "leave_type_name": kind.get("descriptor"),
                "status": self._meaning("leave_status", raw, _LEAVE_STATUS),
                "status_raw": raw,
                "start_date": days[0][0],
                "end_date": days[-1][0],
                "amount": sum(amounts),
                "unit": _UNITS.get(str(_plain(rows[0].get("unitOfTime")) or "").lower()),
                "daily_amounts": [{"date": day, "amount": units} for day, units in days],
            }

    def _leaves(self, worker_id: str) -> Iterator[Record]:
        path = self._service("absenceManagement/v1", f"workers/{worker_id}/leavesOfAbsence")
        try:
            rows = self._worker_rows(path)
        except (ParentEmptyError, ParentRefusedError):
            rows = []
        for row in rows:
            raw = _plain(row.get("status"))
            ends = row.get("actualLastDayOfLeave") or row.get("estimatedLastDayOfLeave")
            yield {
                "remote_id": f"loa|{row.get('id')}",
                "employee_remote_id": worker_id,
                "leave_type_id": _reference(row, "leaveType").get("id"),
                "leave_type_name": _plain(row.get("leaveType")),
                "status": self._meaning("leave_status", raw, _LEAVE_STATUS),
                "status_raw": raw,
                "start_date": row.get("firstDayOfLeave"),
                "end_date": ends,
                "is_open_ended": not row.get("actualLastDayOfLeave"),
                "employee_note": row.get("latestLeaveComment"),
            }


class _Columns:
    """The columns of one report, by the names of the contract.

    Args:
        stream: Which contract.
        renamed: The customer's own names of columns, by those of the contract.
    """

    def __init__(self, stream: str, renamed: Mapping[str, str]) -> None:
        self._required, self._simple = CONTRACT[stream]
        self._renamed = renamed
        self.key = self.of(self._required[0])
        known = {*self._required, *self._simple.values(), *_FURTHER.get(stream, ())}
        self._known = {form for name in known for form in (self.of(name), f"{self.of(name)}_group")}

    def of(self, name: str) -> str:
        """Return the customer's name of a column."""
        return self._renamed.get(name, name)

    def check(self, rows: Sequence[Record]) -> None:
        """Make sure that the report has the columns it must have; empty ones are left out of rows.

        Raises:
            StreamFailedError: If no row has one of them.
        """
        if not rows:
            return
        lacking = [self.of(name) for name in self._required]
        for row in rows:
            lacking = [name for name in lacking if name not in row]
            if not lacking:
                return
        msg = (
            f"the report has no column {', '.join(lacking)}. Add it, or name yours in columns; if "
            "it is there and empty, give the user the domain of its field"
        )
        raise StreamFailedError(msg)

    def simple(self, row: Record) -> Record:
        """Return the fields that go over as they are."""
        return {field: self.text(row, name) for field, name in self._simple.items()}

    def text(self, row: Record, name: str) -> str | None:
        """Return a column as a text, whatever it is shown as."""
        value = row.get(self.of(name))
        return _plain(row.get(f"{self.of(name)}_group") if value is None else value)

    def texts(self, row: Record, name: str) -> list[Json]:
        """Return a column with several values."""
        value = row.get(self.of(name))
        value = row.get(f"{self.of(name)}_group") if value is None else value
        if isinstance(value, str):
            return [part.strip() for part in value.split(";") if part.strip()]
        parts = value if isinstance(value, list) else [value]
        return [text for text in map(_plain, parts) if text]

    def group(self, row: Record, name: str) -> list[Record]:
        """Return the rows of a related object: a list, or an object for a single one."""
        value = row.get(f"{self.of(name)}_group")
        return objects(row.get(self.of(name)) if value is None else value)

    def rest(self, row: Record) -> Record:
        """Return the columns that the contract does not know."""
        return {name: value for name, value in row.items() if name not in self._known}


def _plain(value: Json) -> str | None:
    """Return a value that may be shown as a text, a reference, or a list of these."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, dict):
        named = next((value[name] for name in _REFERENCE_NAMES if value.get(name)), None)
        return _plain(named if named is not None else next(iter(value.values()), None))
    if isinstance(value, list):
        return "; ".join(text for text in map(_plain, value) if text) or None
    return str(value)


def _reference(row: Record, name: str) -> Record:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _day(value: Json) -> str | None:
    try:
        return values.day(value)
    except ValueError:
        return None
