"""BambooHR.

Values arrive as texts, empty dates as ``0000-00-00``, departments as their names, and whatever
the key's owner may not read is left out without a word.

Source: BambooHR API, its OpenAPI description and recorded answers.
"""

from __future__ import annotations

import logging
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.errors import ParentEmptyError, StreamFailedError, StreamUnavailableError
from singer_tapkit.http import Action, Client, Limiter, Rule, Verdict
from singer_tapkit.http.tokens import (
    BasicCredential,
    BearerCredential,
    FixedToken,
    RenewedToken,
    TokenEndpoint,
)
from singer_tapkit.overlap import Memo
from singer_tapkit.windows import ONE_DAY, Days, split
from typing_extensions import override

from tap_hrms import values
from tap_hrms.adapters.base import Adapter, Page, Support, chunks, mapped, objects
from tap_hrms.client import SystemClient

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from singer_tapkit.http import Credential
    from singer_tapkit.types import Json, Record

    from tap_hrms.adapters.base import Asked, Surroundings

logger = logging.getLogger(__name__)

_IDS_AT_ONCE: Final = 200
_CHEAPER_IN_FULL: Final = 2000
"""When more employees than this were changed, one report of all takes fewer requests."""
_EVER: Final = date(1900, 1, 1)
_YEARS_APART: Final = 5
_YEAR_DAYS: Final = 365
_FAR_AHEAD: Final = timedelta(days=3650)
_FINAL: Final = frozenset({"HIRED", "INACTIVE"})
_GROUPS: Final = ("NEW", "ACTIVE", "INACTIVE", "HIRED")
"""Of applications, in the order in which they go from one to the other."""

_EMPLOYEE: Final[Mapping[str, str]] = {
    "employee_number": "employeeNumber",
    "first_name": "firstName",
    "middle_name": "middleName",
    "last_name": "lastName",
    "preferred_name": "preferredName",
    "display_full_name": "displayName",
    "work_email": "workEmail",
    "personal_email": "homeEmail",
    "work_phone": "workPhone",
    "mobile_phone_number": "mobilePhone",
    "home_phone": "homePhone",
    "job_title": "jobTitle",
    "department_name": "department",
    "division_name": "division",
    "work_location_name": "location",
    "manager_remote_id": "supervisorEId",
    "employment_status_raw": "status",
    "employment_type_raw": "employmentHistoryStatus",
    "start_date": "hireDate",
    "original_start_date": "originalHireDate",
    "termination_date": "terminationDate",
    "date_of_birth": "dateOfBirth",
    "gender": "gender",
    "marital_status": "maritalStatus",
    "nationality": "nationality",
    "ethnicity": "ethnicity",
    "ssn": "ssn",
    "pay_rate": "payRate",
    "pay_period": "payPer",
    "avatar_url": "photoUrl",
    "remote_updated_at": "lastChanged",
}
"""Canonical name to field, where the value goes over as it is."""
_ADDRESS: Final[Mapping[str, str]] = {
    "street_1": "address1",
    "street_2": "address2",
    "city": "city",
    "state": "state",
    "zip_code": "zipcode",
    "country": "country",
}
_REQUIRED: Final = ("id", "status")
_STATUS: Final = {"active": "ACTIVE", "inactive": "INACTIVE"}
_TYPES: Final = {
    "full-time": "FULL_TIME",
    "full time": "FULL_TIME",
    "part-time": "PART_TIME",
    "part time": "PART_TIME",
    "contractor": "CONTRACTOR",
    "intern": "INTERN",
    "internship": "INTERN",
    "freelance": "FREELANCE",
    "temporary": "TEMPORARY",
    "temp": "TEMPORARY",
    "terminated": "OTHER",
}
_LEAVE_STATUS: Final = {
    "requested": "REQUESTED",
    "approved": "APPROVED",
    "denied": "DECLINED",
    "declined": "DECLINED",
    "canceled": "CANCELLED",
    "cancelled": "CANCELLED",
    "superceded": "CANCELLED",
    "superseded": "CANCELLED",
}
_DECIDED: Final = ("approved", "denied", "declined")
_UNITS: Final = {"hours": "HOURS", "days": "DAYS"}
_JOB_STATUS: Final = {
    "draft": "DRAFT",
    "open": "OPEN",
    "filled": "FILLED",
    "on hold": "ON_HOLD",
    "canceled": "CANCELLED",
    "cancelled": "CANCELLED",
    "closed": "CLOSED",
    "deleted": "ARCHIVED",
}

_REMEDY: Final = "Check bamboohr.api_key: it goes with one subdomain and one user"
RULES: Final = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "BambooHR refused the credentials", _REMEDY)),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the credentials' owner may not read this",
            "Let the owner's access level include it, or deselect the stream",
        ),
    ),
    Rule(
        {404},
        Verdict(
            Action.FAIL,
            "there is nothing at this address",
            "Check bamboohr.subdomain and bamboohr.api_url",
        ),
    ),
)
_GONE: Final = Rule({404, 410}, Verdict(Action.EMPTY_PARENT, "it is gone"))
_NOT_FOR_APPS: Final = Rule(
    {401, 403},
    Verdict(
        Action.UNAVAILABLE,
        "BambooHR does not open hiring to these credentials",
        "Use an API key of a user with access to hiring, and turn on API access there",
    ),
)


class BambooHR(Adapter):
    """One company of BambooHR, by API key or OAuth2 app."""

    name = "bamboohr"
    settings_schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "subdomain",
            th.StringType,
            required=True,
            description="The part of the address before .bamboohr.com.",
        ),
        th.Property("api_key", th.StringType, secret=True, description="API key of one user."),
        th.Property(
            "access_token", th.StringType, secret=True, description="OAuth2 token, instead."
        ),
        th.Property("client_id", th.StringType, description="OAuth2 app, with refresh_token."),
        th.Property("client_secret", th.StringType, secret=True, description="Its secret."),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            description="Granted with the scope offline_access.",
        ),
        th.Property(
            "api_url",
            th.StringType,
            description="Base address; https://SUBDOMAIN.bamboohr.com if absent. The older "
            "https://api.bamboohr.com/api/gateway.php/SUBDOMAIN works, too.",
        ),
        th.Property(
            "employee_source",
            th.StringType,
            default="report",
            allowed_values=["report", "per_employee"],
            description="How employees are read: report takes one request for all, and one for "
            "200 changed ones; per_employee one for each.",
        ),
        th.Property(
            "custom_fields",
            th.ArrayType(th.StringType),
            description="Fields of your own to read into custom_fields, by alias or id.",
        ),
        th.Property(
            "application_details",
            th.BooleanType,
            default=True,
            description="Whether to ask for each open application: phone, answers, dates of "
            "stages; one request each.",
        ),
    ).to_dict()

    def __init__(self, settings: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(settings, around)
        self._memo = Memo()
        self._basic = bool(settings.get("api_key"))
        self._client = SystemClient(
            self._base_url, around, credential=self._credential(), rules=RULES
        )

    @classmethod
    @override
    def faults(cls, settings: Mapping[str, Any]) -> list[str]:
        app = [settings.get(name) for name in ("client_id", "client_secret", "refresh_token")]
        if settings.get("api_key") or settings.get("access_token") or all(app):
            return []
        if any(app):
            return ["refresh_token: goes with client_id and client_secret; all three are needed"]
        return ["api_key: missing. Set it, or client_id, client_secret and refresh_token"]

    @classmethod
    @override
    def instance_of(cls, settings: Mapping[str, Any]) -> str:
        """Return the subdomain, also out of a whole address."""
        name = re.sub(r"^https?://", "", str(settings["subdomain"]).strip().lower())
        return re.split(r"[./]", name, maxsplit=1)[0]

    @property
    @override
    def streams(self) -> Mapping[str, Support]:
        return {
            "employees": Support.INCREMENTAL,
            "candidates": Support.FULL,
            "applications": Support.FULL,
            "leave_requests": Support.SWEPT,
            "departments": Support.FULL,
            "jobs": Support.FULL,
            "leave_types": Support.FULL,
            "leave_balances": Support.FULL,
            "users": Support.FULL,
        }

    @override
    def lists(self, stream: str) -> bool:
        """Tell; types that are no longer in use are not listed, but leave still refers to them."""
        return stream not in ("employees", "candidates", "leave_types", "leave_balances")

    @override
    def read(self, asked: Asked) -> Iterator[Page]:
        yield from {
            "employees": self._employees,
            "candidates": self._candidates,
            "applications": self._applications,
            "leave_requests": self._leave_requests,
            "departments": self._departments,
            "jobs": self._jobs,
            "leave_types": self._leave_types,
            "leave_balances": self._leave_balances,
            "users": self._users,
        }[asked.stream](asked)

    @override
    def find(self, stream: str, remote_ids: Collection[str]) -> Iterator[Record]:
        if stream == "leave_requests":
            for row in self._leave(Days(_EVER, self.around.today + _FAR_AHEAD)):
                if str(row.get("id")) in remote_ids:
                    yield self._leave_request(row)
        if stream == "applications":
            for remote_id in remote_ids:
                if detail := self._detail(remote_id):
                    yield _application(detail, None)

    @property
    def _base_url(self) -> str:
        given = str(self.settings.get("api_url") or f"https://{self.instance}.bamboohr.com")
        base = re.sub(r"/v1$", "", given.rstrip("/"))
        return base if "/gateway.php/" in base else re.sub(r"/api$", "", base) + "/api"

    def _credential(self) -> Credential:
        if self._basic:
            return BasicCredential(str(self.settings["api_key"]), "x")
        if self.settings.get("access_token"):
            return BearerCredential(FixedToken(str(self.settings["access_token"])))
        client = Client(clock=self.around.clock, headers={"User-Agent": self.around.user_agent})
        site = re.sub(r"/api(/gateway\.php/.*)?$", "", self._base_url)
        remedy = "Check bamboohr.client_id, client_secret and refresh_token"
        endpoint = TokenEndpoint(
            f"{site}/token.php?request=token",
            client=client,
            limiter=Limiter(1, ONE_DAY / 86_400, clock=self.around.clock, sleep=client.sleep),
            refused=[
                Rule(
                    {400, 401, 403},
                    Verdict(Action.REAUTHENTICATE, "BambooHR refused the refresh token", remedy),
                )
            ],
            issuer="BambooHR",
        )
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: self.settings[name] for name in names}}
        return BearerCredential(RenewedToken(lambda: endpoint.grant(form), clock=self.around.clock))

    def _employees(self, asked: Asked) -> Iterator[Page]:
        since = self.since(asked)
        if since is None:
            rows = self._employee_rows(asked, None)
            yield from self._employee_pages(asked, rows, {})
            yield Page(cursor={"since": self.around.started})
            return
        answer = self._client.get("/v1/employees/changed", {"since": canonical(since)})
        listed = answer.get("employees")
        changes = {
            str(key): change
            for key, change in (listed if isinstance(listed, dict) else {}).items()
            if isinstance(change, dict)
        }
        deleted = {
            key: change for key, change in changes.items() if _word(change, "action") == "deleted"
        }
        if changes:
            rows = self._employee_rows(asked, sorted(changes, key=lambda key: (len(key), key)))
            yield from self._employee_pages(asked, rows, deleted)
        latest = answer.get("latest") if changes else None
        before = asked.cursor.get("since") if isinstance(asked.cursor, dict) else None
        yield Page(cursor={"since": _later(latest, before) or canonical(since)})

    def _employee_pages(
        self, asked: Asked, answers: Iterator[Sequence[Record]], deleted: Mapping[str, Record]
    ) -> Iterator[Page]:
        """Yield employees, each once, then those that are gone and that no report shows."""
        seen: set[str] = set()
        for rows in answers:
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            unique = {str(row.get("id")): row for row in reversed(fresh)}
            seen |= unique.keys()
            yield Page([self._employee(asked, row) for row in reversed(unique.values())])
        gone = [key for key in deleted if key not in seen]
        yield Page(
            [
                {
                    "remote_id": key,
                    "is_deleted": True,
                    "remote_deleted_at": deleted[key].get("lastChanged") or self.around.started,
                    "remote_updated_at": deleted[key].get("lastChanged"),
                }
                for key in gone
            ]
        )

    def _employee_rows(self, asked: Asked, ids: Sequence[str] | None) -> Iterator[Sequence[Record]]:
        """Read employees: all, or some."""
        fields = self._fields(asked)
        if self.settings.get("employee_source") == "per_employee":
            yield from self._one_by_one(fields, ids)
            return
        if ids is None or len(ids) > _CHEAPER_IN_FULL:
            wanted = None if ids is None else set(ids)
            rows = self._report(fields, {})
            yield [row for row in rows if wanted is None or str(row.get("id")) in wanted]
            return
        parts = list(chunks(ids, _IDS_AT_ONCE))
        yield from self.around.overlap.ordered(
            lambda part: self._report(fields, {"employeeIds": list(part)}), parts
        )

    def _one_by_one(
        self, fields: Sequence[str], ids: Sequence[str] | None
    ) -> Iterator[Sequence[Record]]:
        if ids is None:
            rows = self._report(["id", "status"], {})
            ids = [str(row["id"]) for row in rows if row.get("id")]

        def ask(employee_id: str) -> Sequence[Record]:
            params = {"fields": ",".join(fields), "onlyCurrent": "false"}
            try:
                return [self._client.get(f"/v1/employees/{employee_id}", params, rules=[_GONE])]
            except ParentEmptyError:
                return []

        yield from self.around.overlap.ordered(ask, ids)

    def _report(self, fields: Sequence[str], filters: Mapping[str, Json]) -> list[Record]:
        """Ask for a report made for the occasion, and check that it has what was asked for.

        Raises:
            StreamFailedError: If it lacks a column that records cannot do without.
        """
        body: dict[str, Json] = {
            "title": "tap-hrms",
            "fields": list(fields),
            "filters": dict(filters),
            "filterDuplicates": "yes",
        }
        params = {"format": "JSON", "onlyCurrent": "false"}
        answer = self._client.post("/v1/reports/custom", body, params)
        rows = objects(answer.get("employees"))
        columns = {str(column.get("id")) for column in objects(answer.get("fields"))}
        columns |= {name for row in rows[:1] for name in row}
        lacking = [name for name in fields if name not in columns] if rows else []
        required = [name for name in _REQUIRED if name in lacking]
        if required:
            msg = (
                f"the report lacks the columns {', '.join(required)}. Let the access level of the "
                "credentials' owner include them"
            )
            raise StreamFailedError(msg)
        if lacking:
            self._memo.get(("lacking", *lacking), lambda: _warn_of(lacking))
        return rows

    def _fields(self, asked: Asked) -> list[str]:
        wanted = [field for name, field in _EMPLOYEE.items() if name in asked.fields]
        if "home_address" in asked.fields:
            wanted += _ADDRESS.values()
        wanted += [str(name) for name in self.settings.get("custom_fields") or ()]
        return list(dict.fromkeys((*_REQUIRED, "hireDate", "lastChanged", *wanted)))

    def _employee(self, asked: Asked, row: Record) -> Record:
        found: Record = {name: row.get(field) for name, field in _EMPLOYEE.items()}
        amount, _, currency = str(row.get("payRate") or "").partition(" ")
        status, starts = mapped(row.get("status"), _STATUS), _day(row.get("hireDate"))
        if status == "INACTIVE" and starts and starts > self.around.today.isoformat():
            status = "PENDING"
        address = {name: row.get(field) for name, field in _ADDRESS.items()}
        own = {str(name): row.get(str(name)) for name in self.settings.get("custom_fields") or ()}
        return {
            **found,
            "remote_id": str(row.get("id")),
            "department_id": self._department_id(asked, row.get("department")),
            "employment_status": status,
            "employment_type": mapped(row.get("employmentHistoryStatus"), _TYPES),
            "home_address": address if any(address.values()) else None,
            "pay_rate": amount or None,
            "pay_currency": currency or None,
            "custom_fields": own or None,
            "raw": row if "raw" in asked.fields else None,
        }

    def _department_id(self, asked: Asked, name: Json) -> str | None:
        """Find a department by its name, which is all that employees have of it."""
        if "department_id" not in asked.fields or not name:
            return None
        return self._memo.get("department ids", self._department_ids).get(str(name))

    def _department_ids(self) -> dict[str, str]:
        try:
            options = self._options("department")
        except (StreamUnavailableError, StreamFailedError):
            logger.warning("BambooHR does not show its departments; department_id stays empty")
            return {}
        return {str(option.get("name")): str(option.get("id")) for option in options}

    def _options(self, alias: str) -> list[Record]:
        lists = self._memo.get(
            "lists", lambda: objects(self._client.get("/v1/meta/lists", wrap="lists").get("lists"))
        )
        return [
            option
            for entry in lists
            if entry.get("alias") == alias
            for option in objects(entry.get("options"))
        ]

    def _departments(self, _asked: Asked) -> Iterator[Page]:
        records: list[Record] = []
        for alias, kind, prefix in (
            ("department", "DEPARTMENT", ""),
            ("division", "DIVISION", "division|"),
        ):
            records += [
                {
                    "remote_id": f"{prefix}{option.get('id')}",
                    "name": option.get("name"),
                    "is_active": _word(option, "archived") not in ("yes", "true"),
                    "kind": kind,
                    "remote_created_at": option.get("createdDate"),
                }
                for option in self._options(alias)
            ]
        yield Page(records, listed=[Days()])

    def _users(self, _asked: Asked) -> Iterator[Page]:
        yield Page(
            [
                {
                    "remote_id": row.get("id"),
                    "email": row.get("email"),
                    "first_name": row.get("firstName"),
                    "last_name": row.get("lastName"),
                    "is_active": _word(row, "status") == "enabled",
                    "employee_id": _nonzero(row.get("employeeId")),
                    "last_login_at": row.get("lastLogin"),
                }
                for row in self._user_rows
            ],
            listed=[Days()],
        )

    @property
    def _user_rows(self) -> list[Record]:
        def ask() -> list[Record]:
            answer = self._client.get(
                "/v1/meta/users", {"status": "enabled,disabled"}, wrap="users"
            )
            rows = answer.get("users") if isinstance(answer.get("users"), list) else None
            return objects(list(answer.values()) if rows is None else rows)

        return self._memo.get("users", ask)

    def _employee_of_user(self, user_id: Json) -> Json:
        """Return the employee that a user is, or ``None``."""
        if not user_id:
            return None

        def known() -> dict[str, Json]:
            try:
                rows = self._user_rows
            except (StreamUnavailableError, StreamFailedError):
                logger.warning("BambooHR does not show its users; approver_id stays empty")
                return {}
            return {str(row.get("id")): _nonzero(row.get("employeeId")) for row in rows}

        return self._memo.get("employees of users", known).get(str(user_id))

    def _leave_requests(self, asked: Asked) -> Iterator[Page]:
        due, today = self.sweep_due(asked), self.around.today
        back, ahead = self.around.leave_window
        spans = self._all_time() if due else [Days(today - back, today + ahead + ONE_DAY)]
        seen: set[str] = set()
        for days, rows in zip(spans, self.around.overlap.ordered(self._leave, spans), strict=True):
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            seen |= {str(row.get("id")) for row in fresh}
            yield Page([self._leave_request(row) for row in fresh], listed=[days])
        yield Page(cursor={"swept": self.swept(asked, now=due)})

    def _all_time(self) -> list[Days]:
        """Cut all time, or what follows the start date, into spans: recent years one by one."""
        today = self.around.today
        start = self.around.start_date.date() if self.around.start_date else _EVER
        recent = max(start, today - _YEARS_APART * timedelta(days=_YEAR_DAYS))
        spans = [] if start == recent else [Days(start, recent)]
        if recent < today:
            spans += split(Days(recent, today), at_most=_YEAR_DAYS)
        return [*spans, Days(max(today, start), max(today, start) + _FAR_AHEAD)]

    def _leave(self, days: Days) -> list[Record]:
        params = {"start": str(days.start), "end": str(days.last), "action": "view"}
        answer = self._client.get("/v1/time_off/requests", params, wrap="requests")
        return objects(answer.get("requests"))

    def _leave_request(self, row: Record) -> Record:
        status, kind, amount = (_part(row, name) for name in ("status", "type", "amount"))
        notes, dates = _part(row, "notes"), _part(row, "dates")
        raw = status.get("status")
        decided = str(raw).lower() in _DECIDED
        changer = self._employee_of_user(status.get("lastChangedByUserId")) if decided else None
        return {
            "remote_id": row.get("id"),
            "employee_remote_id": row.get("employeeId"),
            "approver_id": changer,
            "leave_type_id": kind.get("id"),
            "leave_type_name": kind.get("name"),
            "status": mapped(raw, _LEAVE_STATUS),
            "status_raw": raw,
            "start_date": row.get("start"),
            "end_date": row.get("end"),
            "amount": amount.get("amount"),
            "unit": _UNITS.get(_word(amount, "unit")),
            "daily_amounts": [
                {"date": day, "amount": quantity} for day, quantity in sorted(dates.items())
            ]
            or None,
            "employee_note": notes.get("employee"),
            "manager_note": notes.get("manager"),
            "requested_at": row.get("created"),
            "status_changed_at": status.get("lastChanged"),
            "status_changed_precision": "day",
            "remote_created_at": row.get("created"),
            "remote_updated_at": status.get("lastChanged"),
        }

    def _leave_types(self, _asked: Asked) -> Iterator[Page]:
        answer = self._client.get("/v1/meta/time_off/types")
        yield Page(
            [
                {
                    "remote_id": row.get("id"),
                    "name": row.get("name"),
                    "unit": _UNITS.get(_word(row, "units")),
                    "is_active": True,
                    "source": row.get("source"),
                }
                for row in objects(answer.get("timeOffTypes"))
            ]
        )

    def _leave_balances(self, _asked: Asked) -> Iterator[Page]:
        day = self.around.today.isoformat()
        people = [
            str(row["id"])
            for row in self._report(["id", "status"], {})
            if _word(row, "status") == "active"
        ]

        def ask(employee_id: str) -> list[Record]:
            path = f"/v1/employees/{employee_id}/time_off/calculator"
            params = {"end": day, "precision": "2"}
            try:
                answer = self._client.get(path, params, wrap="balances", rules=[_GONE])
            except ParentEmptyError:
                return []
            return [
                {
                    "remote_id": f"{employee_id}|{row.get('timeOffType')}|{day}",
                    "employee_id": employee_id,
                    "leave_type_id": row.get("timeOffType"),
                    "balance": row.get("balance"),
                    "used": row.get("usedYearToDate"),
                    "unit": _UNITS.get(_word(row, "units")),
                    "as_of": day,
                    "policy_type": row.get("policyType"),
                }
                for row in objects(answer.get("balances"))
            ]

        for records in self.around.overlap.ordered(ask, people):
            yield Page(records)

    def _jobs(self, _asked: Asked) -> Iterator[Page]:
        answer = self._client.get(
            "/v1/applicant_tracking/jobs",
            {"statusGroups": "ALL"},
            wrap="jobs",
            rules=self._hiring_rules,
        )
        yield Page(
            [
                {
                    "remote_id": row.get("id"),
                    "title": _part(row, "title").get("label"),
                    "status": mapped(_part(row, "status").get("label"), _JOB_STATUS),
                    "status_raw": _part(row, "status").get("label"),
                    "kind": "REQUISITION",
                    "department_id": _part(row, "department").get("id"),
                    "location": _part(row, "location").get("label"),
                    "hiring_manager_ids": [
                        lead for lead in [_part(row, "hiringLead").get("employeeId")] if lead
                    ],
                    "opened_at": row.get("postedDate"),
                    "posting_url": row.get("postingUrl"),
                }
                for row in objects(answer.get("jobs"))
            ],
            listed=[Days()],
        )

    @property
    def _hiring_rules(self) -> Sequence[Rule]:
        """What refusals mean for hiring, which OAuth2 apps may not be let into."""
        return () if self._basic else (_NOT_FOR_APPS,)

    def _applications(self, asked: Asked) -> Iterator[Page]:
        rows, detailed = self._application_rows(asked)
        records = [
            _application(detailed.get(key, row), str(row["group"])) for key, row in rows.items()
        ]
        yield Page(records, listed=[Days()], cursor=_open(rows))

    def _candidates(self, asked: Asked) -> Iterator[Page]:
        rows, detailed = self._application_rows(asked)
        by_person: dict[str, list[Record]] = {}
        for key, row in rows.items():
            found = detailed.get(key, row)
            by_person.setdefault(str(_part(found, "applicant").get("id")), []).append(found)
        yield Page(
            [_candidate(applications) for applications in by_person.values()], cursor=_open(rows)
        )

    def _application_rows(self, asked: Asked) -> tuple[dict[str, Record], dict[str, Record]]:
        """Return all applications by id, and the details of those that may have moved."""
        rows = self._memo.get("applications", self._list_applications)
        if not self.settings.get("application_details", True):
            return rows, {}
        cursor = asked.cursor if isinstance(asked.cursor, dict) else None
        listed = cursor.get("open") if cursor else None
        open_before = set(listed) if isinstance(listed, list) else rows.keys()
        wanted = [
            key for key, row in rows.items() if row["group"] not in _FINAL or key in open_before
        ]
        details = self.around.overlap.ordered(self._detail, wanted)
        found = dict(zip(wanted, details, strict=True))
        return rows, {key: detail for key, detail in found.items() if detail}

    def _list_applications(self) -> dict[str, Record]:
        rows: dict[str, Record] = {}
        for group in _GROUPS:
            for row in self._applications_of(group):
                rows[str(row.get("id"))] = {**row, "group": group}
        return rows

    def _applications_of(self, group: str) -> Iterator[Record]:
        page = 1
        while True:
            params = {
                "page": str(page),
                "applicationStatus": group,
                "jobStatusGroups": "ALL",
                "sortBy": "created_date",
                "sortOrder": "ASC",
            }
            answer = self._client.get(
                "/v1/applicant_tracking/applications", params, rules=self._hiring_rules
            )
            rows = objects(answer.get("applications"))
            yield from rows
            if not rows or not answer.get("nextPageUrl"):
                return
            page += 1

    def _detail(self, application_id: str) -> Record | None:
        def ask() -> Record | None:
            path = f"/v1/applicant_tracking/applications/{application_id}"
            try:
                return self._client.get(path, rules=(*self._hiring_rules, _GONE))
            except ParentEmptyError:
                return None

        return self._memo.get(("application", application_id), ask)


def _application(row: Record, group: str | None) -> Record:
    status, applicant, job = (_part(row, name) for name in ("status", "applicant", "job"))
    changed = status.get("dateChanged")
    final = group in _FINAL
    return {
        "remote_id": row.get("id"),
        "candidate_id": applicant.get("id"),
        "job_id": job.get("id"),
        "current_stage": status.get("label"),
        "current_stage_remote_id": status.get("id"),
        "outcome": {"HIRED": "HIRED", "INACTIVE": "DECLINED", None: None}.get(group, "PENDING"),
        "outcome_raw": group,
        "applied_at": row.get("appliedDate"),
        "hired_at": changed if group == "HIRED" else None,
        "rejected_at": changed if final and group != "HIRED" else None,
        "source": applicant.get("source"),
        "referred_by": _label(row.get("referredBy")),
        "rating": row.get("rating"),
        "desired_salary": row.get("desiredSalary"),
        "owner_id": _part(job, "hiringLead").get("employeeId"),
        "screening_answers": [
            {
                "question": _label(answer.get("question")),
                "answer": _label(answer.get("answer")),
            }
            for answer in objects(row.get("questionsAndAnswers"))
        ]
        or None,
        "stage_changed_at": changed,
        "remote_created_at": row.get("appliedDate"),
        "remote_updated_at": _later(row.get("appliedDate"), changed),
    }


def _candidate(applications: Sequence[Record]) -> Record:
    """Make a candidate of somebody's applications; the newest one has the address to use."""
    applied = sorted(
        (str(row["appliedDate"]) for row in applications if row.get("appliedDate")),
        key=parse_instant,
    )
    newest = max(applications, key=lambda row: _order(row.get("appliedDate")))
    who = _part(newest, "applicant")
    address = _part(who, "address")
    changed: Json = None
    for row in applications:
        changed = _later(changed, row.get("appliedDate"))
        changed = _later(changed, _part(row, "status").get("dateChanged"))
    email, phone = who.get("email"), who.get("phoneNumber")
    place = {"city": address.get("city"), "state": address.get("state")}
    return {
        "remote_id": who.get("id"),
        "first_name": who.get("firstName"),
        "last_name": who.get("lastName"),
        "email": email,
        "email_addresses": [{"value": email, "type": None}] if email else None,
        "phone_numbers": [{"value": phone, "type": None}] if phone else None,
        "source": who.get("source"),
        "location": {**place, "country": address.get("country")} if address else None,
        "social_links": [
            who[name] for name in ("linkedinUrl", "twitterUsername", "websiteUrl") if who.get(name)
        ]
        or None,
        "is_anonymized": False,
        "applied_at_first": applied[0] if applied else None,
        "remote_created_at": applied[0] if applied else None,
        "remote_updated_at": changed,
    }


def _open(rows: Mapping[str, Record]) -> Json:
    """Return the cursor: the applications that are not at their end yet."""
    unfinished: list[Json] = [key for key, row in rows.items() if row["group"] not in _FINAL]
    return {"open": unfinished}


def _warn_of(lacking: Sequence[str]) -> bool:
    logger.warning(
        "BambooHR left out columns that were asked for, because they are unknown or not open to "
        "the credentials' owner: %s",
        ", ".join(lacking),
    )
    return True


def _part(row: Record, name: str) -> dict[str, Any]:
    """Return an object within a row; BambooHR writes empty ones as empty lists."""
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def _word(row: Mapping[str, Json], name: str) -> str:
    return str(row.get(name) or "").strip().lower()


def _label(value: Json) -> Json:
    return value.get("label") if isinstance(value, dict) else value


def _nonzero(value: Json) -> Json:
    return None if str(value or 0) == "0" else value


def _day(value: Json) -> str | None:
    try:
        return values.day(value)
    except ValueError:
        return None


def _order(moment: Json) -> float:
    return parse_instant(str(moment)).timestamp() if moment else 0.0


def _later(first: Json, second: Json) -> Json:
    """Return the later one of two instants, either of which may be missing."""
    if not first or not second:
        return first or second
    return first if _order(first) >= _order(second) else second
