"""SAP SuccessFactors' OData v2 API.

Sources: SAP's metadata and OpenAPI files; knowledge base articles 2920680 and 2554717 (filters on
slices), 2489065 and 3308165 (paging), 2853045 (dates of expanded parts).
"""

from __future__ import annotations

import base64
import operator
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qsl

from typing_extensions import override

from singer_sandbox.vendors.hr.vendor import CompanySettings, CompanyVendor, refuse
from singer_sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sandbox.wire import Call, Row

_COMPANY: Final = "NorthbayT1"
_CLIENT: Final = "sandbox-sf-client"
_USER: Final = "apiuser"
_BASIC: Final = "sandbox-sf-password"
_TOKEN: Final = "sandbox-sf-token"  # noqa: S105 - of a simulation
_LONGEST_URL: Final = 8192
_MOST_ROWS: Final = 1000
_SNAPSHOTS_KEPT: Final = 32
_END: Final = "/Date(253402214400000)/"
_MDF: Final = frozenset({"EmployeeTime", "TimeType", "EmpTimeAccountBalance"})
_SLICED: Final = frozenset({"EmpJob", "PerPersonal", "FODepartment"})
_STATUS_OPTIONS: Final = {"active": "9021", "leave": "9022", "inactive": "9023"}
_OPTIONS: Final = {
    "9021": "Active",
    "9022": "Paid Leave",
    "9023": "Terminated",
    "301": "Full-Time",
    "302": "Part-Time",
    "303": "Contractor",
    "401": "Business",
    "402": "Personal",
    "501": "Business",
    "502": "Cell",
}
_CLASSES: Final = {"Full-Time": "301", "Part-Time": "302", "Contractor": "303"}
_TERM: Final = re.compile(
    r"\(?\s*(\w+) (eq|ge|gt|le|lt) "
    r"(?:'((?:[^']|'')*)'|datetimeoffset'([^']*)'|datetime'([^']*)'|(\d+)L?|(true|false))\s*\)?"
)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessFactorsSettings(CompanySettings):
    """How the instance is set up, and how undocumented points are read.

    Attributes:
        paging: Whether it knows ``paging=``.
        missing: Properties that this instance does not have, separated by commas.
        token_seconds: How long access tokens live.
    """

    paging: bool = True
    missing: str = ""
    token_seconds: int = 86_400


class SuccessFactors(CompanyVendor[SuccessFactorsSettings]):
    """One company of SuccessFactors, with an OAuth2 client and a user with a password."""

    name: ClassVar[str] = "successfactors"
    defaults = SuccessFactorsSettings()
    _good_until: float = 0.0
    _taken: int = 0

    @cached_property
    def _snapshots(self) -> dict[int, list[Row]]:
        """The rows of queries that are read page by page, by number."""
        return {}

    @override
    def new_id(self, collection: str, number: int) -> str:
        """Return an id of the kind that each entity has."""
        return {"departments": f"D-{400 + number}", "leave_types": f"LT_{number}"}.get(
            collection, str(70_000 + number)
        )

    @override
    def resource(self, path: str) -> str:
        """Strip what all entities share."""
        return path.removeprefix("/odata/v2")

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address and the credentials."""
        return {
            "api_url": mount,
            "config": {
                "system": "successfactors",
                "successfactors": {
                    "api_server": mount,
                    "company_id": _COMPANY,
                    "client_id": _CLIENT,
                    "user_id": _USER,
                    "saml_assertion": base64.b64encode(b"<Assertion/>").decode(),
                },
            },
            "hint": f"settings of tap-hrms: successfactors.api_server={mount} "
            f"successfactors.company_id={_COMPANY}",
        }

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == "/oauth/token":
            return self._token(call)
        self._authorize(call)
        address = f"{call.path}?" + "&".join(f"{name}={value}" for name, value in call.pairs)
        if len(address) > _LONGEST_URL:
            raise refuse(414)
        if call.query.get("$format", "").lower() != "json":
            return Answer(200, b"<feed/>", "application/atom+xml")
        entity = call.path.removeprefix("/odata/v2/")
        make = getattr(self, f"_{entity}", None)
        if not entity[:1].isupper() or make is None:
            raise _error(404, "COE_GENERAL_NOT_FOUND", f"Entity {entity} is not found")
        return self._answer(entity, make, call)

    def _token(self, call: Call) -> Answer:
        form = dict(parse_qsl(call.body.decode()))
        wanted = {"company_id": _COMPANY, "client_id": _CLIENT}
        assertion = base64.b64decode(form.get("assertion", "")).decode(errors="replace")
        if any(form.get(name) != value for name, value in wanted.items()):
            raise refuse(401, {"errorHttpCode": "401", "errorMessage": "Unable to authenticate"})
        if "Assertion" not in assertion:
            raise refuse(401, {"errorHttpCode": "401", "errorMessage": "Invalid assertion"})
        seconds = self._settings.token_seconds
        self._good_until = self.world.now.timestamp() + seconds
        return json_answer({"access_token": _TOKEN, "token_type": "Bearer", "expires_in": seconds})

    def _authorize(self, call: Call) -> None:
        given = call.headers.get("authorization", "")
        basic = base64.b64encode(f"{_USER}@{_COMPANY}:{_BASIC}".encode()).decode()
        fresh = self.world.now.timestamp() < self._good_until
        if given != f"Basic {basic}" and not (given == f"Bearer {_TOKEN}" and fresh):
            raise refuse(401, {"error": {"code": "LGN0002", "message": {"value": "refused"}}})

    def _answer(self, entity: str, make: Callable[[date], list[Row]], call: Call) -> Answer:
        query = call.query
        missing = [name for name in self._settings.missing.split(",") if name]
        asked = {part for name in ("$select", "$expand") for part in query.get(name, "").split(",")}
        for name in missing:
            if any(name in path.split("/") for path in asked):
                text = f"[COE0021]Invalid property names: {entity}/{name}."
                raise _error(400, "COE_PROPERTY_NOT_FOUND", text)
        if "paging" in query and not self._settings.paging:
            raise _error(400, "COE_UNSUPPORTED_OPERATION", "paging is not supported")
        if "asOfDate" in query and "fromDate" in query:
            raise _error(400, "COE_INVALID", "asOfDate and fromDate exclude each other")
        snapshot, start = self._snapshot(entity, make, query)
        rows = self._snapshots[snapshot]
        size = min(int(query.get("customPageSize", _MOST_ROWS)), _MOST_ROWS)
        page = rows[start : start + size]
        answer: Row = {"results": [_expanded(entity, row, query) for row in page]}
        if start + size < len(rows):
            kept = "&".join(f"{name}={value}" for name, value in call.pairs if name != "$skiptoken")
            token = base64.b64encode(f"{snapshot}:{start + size}".encode()).decode()
            host = f"https://api4.successfactors.example{call.path}"
            answer["__next"] = f"{host}?{kept}&$skiptoken={token}".replace(" ", "%20")
        headers = {"X-CSRF-Token": "sandbox-csrf"}
        return json_answer({"d": answer}, headers=headers)

    def _snapshot(
        self, entity: str, make: Callable[[date], list[Row]], query: Mapping[str, str]
    ) -> tuple[int, int]:
        """Take a snapshot of what was asked for, or find the one that a token belongs to."""
        if "$skiptoken" in query:
            number, start = base64.b64decode(query["$skiptoken"]).decode().split(":")
            return int(number), int(start)
        self._taken += 1
        self._snapshots[self._taken] = self._found(entity, make, query)
        for old in list(self._snapshots)[:-_SNAPSHOTS_KEPT]:
            del self._snapshots[old]
        return self._taken, 0

    def _found(
        self, entity: str, make: Callable[[date], list[Row]], query: Mapping[str, str]
    ) -> list[Row]:
        """Evaluate filter and dates.

        A filter on slices looks at all slices of a key; what comes back is the slice of the day.
        """
        terms = _terms(query.get("$filter", ""))
        if entity not in _SLICED:
            return [row for row in make(self.world.today) if _fits(row, terms)]
        key = {"EmpJob": "userId", "PerPersonal": "personIdExternal"}.get(entity, "externalCode")
        slices: defaultdict[str, list[Row]] = defaultdict(list)
        for row in make(self.world.today):
            slices[row[key]].append(row)
        if "fromDate" in query:
            low, high = query["fromDate"], query.get("toDate", "9999-12-31")
            return [
                row
                for rows in slices.values()
                for row in rows
                if any(_fits(one, terms) for one in rows)
                and (not _about_start(terms) or _fits(row, terms))
                and _start(row) <= high
                and (entity != "EmpJob" or _overlaps(rows, row, low))
            ]
        day = query.get("asOfDate") or self.world.today.isoformat()
        found = []
        for rows in slices.values():
            current = [row for row in rows if _start(row) <= day]
            if current and any(_fits(row, terms) for row in rows):
                found.append(max(current, key=_start))
        return found

    def _EmpEmployment(self, _day: date) -> list[Row]:  # noqa: N802 - as the entity
        return [self._employment(row) for row in self.world.rows("employees")]

    def _employment(self, row: Row) -> Row:
        current = self.world.slice_of(row["id"], self.world.today)
        return {
            "userId": row["id"],
            "personIdExternal": f"P{row['id']}",
            "startDate": _date(row["hired"]),
            "endDate": _date(row["terminated"]),
            "originalStartDate": _date(row["first_hired"]),
            "assignmentClass": "ST",
            "createdDateTime": _offset(row["created_at"]),
            "lastModifiedDateTime": _offset(row["updated_at"]),
            "personNav": {**self._person(row), **self._person_parts(row)},
            "jobInfoNav": {"results": [self._job(row, current)] if current else []},
            "userNav": self._user(row),
        }

    def _person_parts(self, row: Row) -> Row:
        return {
            "personalInfoNav": {"results": [self._personal(row)]},
            "emailNav": {"results": self._emails(row)},
            "phoneNav": {"results": self._phones(row)},
        }

    def _person(self, row: Row) -> Row:
        return {
            "personIdExternal": f"P{row['id']}",
            "dateOfBirth": _date(row["born"]),
            "lastModifiedDateTime": _offset(row["created_at"]),
        }

    def _personal(self, row: Row) -> Row:
        return {
            "personIdExternal": f"P{row['id']}",
            "startDate": _date(row["hired"]),
            "endDate": _END,
            "firstName": row["first"],
            "middleName": row["middle"],
            "lastName": row["last"],
            "gender": row["gender"][:1],
            "maritalStatus": None,
            "nationality": "NOR",
            "lastModifiedDateTime": _offset(row["updated_at"]),
        }

    def _emails(self, row: Row) -> list[Row]:
        shared = {
            "personIdExternal": f"P{row['id']}",
            "lastModifiedDateTime": _offset(row["updated_at"]),
        }
        return [
            {**shared, "emailType": "401", "emailAddress": row["email"], "isPrimary": True},
            {**shared, "emailType": "402", "emailAddress": row["private_email"],
             "isPrimary": False},
        ]  # fmt: skip

    def _phones(self, row: Row) -> list[Row]:
        return [
            {
                "personIdExternal": f"P{row['id']}",
                "phoneType": "501",
                "countryCode": None,
                "phoneNumber": row["phone"],
                "isPrimary": True,
                "lastModifiedDateTime": _offset(row["updated_at"]),
            }
        ]

    def _job(self, row: Row, current: Row) -> Row:
        code, manager = current["department_id"], row["manager_id"]
        return {
            "userId": row["id"],
            "startDate": _date(current["start"]),
            "endDate": _END,
            "seqNumber": "1",
            "department": code,
            "location": row["location"][:3].upper(),
            "jobCode": "CARE-2",
            "jobTitle": current["title"],
            "managerId": "NO_MANAGER" if manager in (None, row["id"]) else manager,
            "emplStatus": _STATUS_OPTIONS[row["state"]],
            "employeeClass": _CLASSES.get(row["kind"], row["kind"]),
            "fte": 1,
            "standardHours": "38.5",
            "payGrade": f"GR-{row['salary']}",
            "lastModifiedDateTime": _offset(current["updated_at"]),
            "departmentNav": {"externalCode": code, "name": self.world.name("departments", code)},
            "locationNav": {"externalCode": row["location"][:3].upper(), "name": row["location"]},
        }

    def _user(self, row: Row) -> Row:
        return {
            "userId": row["id"],
            "username": row["email"].lower(),
            "empId": row["number"],
            "firstName": row["first"],
            "lastName": row["last"],
            "defaultFullName": f"{row['first']} {row['last']}",
            "email": row["email"],
            "title": row["title"],
            "department": f"{self.world.name('departments', row['department_id'])} "
            f"({row['department_id']})",
            "hireDate": _date(row["hired"]),
            "status": "f" if row["state"] == "inactive" else "t",
            "gender": row["gender"],
            "lastModifiedDateTime": _offset(row["updated_at"]),
        }

    def _User(self, _day: date) -> list[Row]:  # noqa: N802
        return [self._user(row) for row in self.world.rows("employees")]

    def _PerPerson(self, _day: date) -> list[Row]:  # noqa: N802
        return [self._person(row) for row in self.world.rows("employees")]

    def _PerPersonal(self, _day: date) -> list[Row]:  # noqa: N802
        return [self._personal(row) for row in self.world.rows("employees")]

    def _PerEmail(self, _day: date) -> list[Row]:  # noqa: N802
        return [mail for row in self.world.rows("employees") for mail in self._emails(row)]

    def _PerPhone(self, _day: date) -> list[Row]:  # noqa: N802
        return [phone for row in self.world.rows("employees") for phone in self._phones(row)]

    def _EmpJob(self, _day: date) -> list[Row]:  # noqa: N802
        people = self.world.tables["employees"]
        return [
            self._job(people[row["employee_id"]], row)
            for row in self.world.rows("slices")
            if row["employee_id"] in people
        ]

    def _FODepartment(self, _day: date) -> list[Row]:  # noqa: N802
        return [
            {
                "externalCode": row["id"],
                "startDate": "/Date(-2208988800000)/",
                "endDate": _END,
                "name": row["name"],
                "parent": None,
                "headOfUnit": row["head_id"],
                "status": "A" if row["active"] else "I",
                "lastModifiedDateTime": _offset(row["updated_at"]),
            }
            for row in self.world.rows("departments")
        ]

    def _PicklistOption(self, _day: date) -> list[Row]:  # noqa: N802
        return [
            {
                "id": key,
                "externalCode": key,
                "picklistLabels": {
                    "results": [
                        {"locale": "de_DE", "label": f"{label} (de)"},
                        {"locale": "en_US", "label": label},
                    ]
                },
            }
            for key, label in _OPTIONS.items()
        ]

    def _Candidate(self, _day: date) -> list[Row]:  # noqa: N802
        return [
            {
                "candidateId": row["id"],
                "firstName": row["first"],
                "lastName": row["last"],
                "primaryEmail": row["email"],
                "contactEmail": None,
                "cellPhone": row["phone"],
                "city": row["city"],
                "country": row["country"],
                "externalCandidate": True,
                "anonymized": "No",
                "creationDateTime": _offset(row["created_at"]),
                "lastModifiedDateTime": _offset(row["updated_at"]),
            }
            for row in self.world.rows("candidates")
        ]

    def _application(self, row: Row) -> Row:
        return {
            "applicationId": row["id"],
            "candidateId": row["candidate_id"],
            "jobReqId": row["job_id"],
            "appStatusSetItemId": str(len(row["stage"])),
            "jobAppStatus": {"appStatusName": row["stage"]},
            "applicationDate": _offset(row["applied_at"]),
            "hiredOn": _offset(row["updated_at"]) if row["stage"] == "Hired" else None,
            "custSalaryDesired": str(row["desired_salary"]),
            "gender": "F",
            "lastModifiedDateTime": _offset(row["updated_at"]),
        }

    def _JobApplication(self, _day: date) -> list[Row]:  # noqa: N802
        return [self._application(row) for row in self.world.rows("applications")]

    def _JobApplicationInterview(self, _day: date) -> list[Row]:  # noqa: N802
        people = self.world.tables["employees"]
        return [
            {
                "applicationInterviewId": row["id"],
                "applicationId": row["application_id"],
                "startDate": _offset(row["start"]),
                "endDate": _offset(row["end"]),
                "isTimeSet": 1,
                "status": row["state"].title(),
                "templateType": "INTERVIEW",
                "notes": None,
                "interviewer": self._user(people[row["interviewer_id"]]),
                "interviewOverallAssessment": None,
                "jobApplication": self._application(
                    self.world.get("applications", row["application_id"])
                ),
            }
            for row in self.world.rows("interviews")
        ]

    def _EmployeeTime(self, _day: date) -> list[Row]:  # noqa: N802
        return [
            {
                "externalCode": row["id"],
                "userId": row["employee_id"],
                "timeType": row["type_id"],
                "startDate": _date(row["start"]),
                "endDate": _date(row["end"]),
                "startTime": None,
                "quantityInDays": str(row["amount"]),
                "quantityInHours": str(row["amount"] * 7.7),
                "approvalStatus": row.get("raw_state")
                or {"requested": "PENDING", "declined": "REJECTED"}.get(
                    row["state"], row["state"].upper()
                ),
                "comment": row["note"],
                "createdDateTime": _offset(row["created_at"]),
                "lastModifiedDateTime": _offset(row["updated_at"]),
                "timeTypeNav": self._leave_type(self.world.tables["leave_types"][row["type_id"]]),
                "timeCalendar": {"results": []},
            }
            for row in self.world.rows("leave_requests")
        ]

    def _leave_type(self, row: Row) -> Row:
        return {
            "externalCode": row["id"],
            "externalName_defaultValue": row["name"],
            "unit": row["unit"].upper(),
            "category": "ABSENCE",
            "mdfSystemRecordStatus": "N",
            "lastModifiedDateTime": _offset(row["updated_at"]),
        }

    def _TimeType(self, _day: date) -> list[Row]:  # noqa: N802
        return [self._leave_type(row) for row in self.world.rows("leave_types")]

    def _EmpTimeAccountBalance(self, _day: date) -> list[Row]:  # noqa: N802
        return [
            {"timeAccount": f"TA{row['id']}", "timeAccountType": "VAC", "userId": row["id"],
             "balance": "12.5", "timeUnit": "DAYS", "accountClosed": False}
            for row in self.world.rows("employees")
        ]  # fmt: skip

    def _JobRequisition(self, _day: date) -> list[Row]:  # noqa: N802
        return [
            {
                "jobReqId": row["id"],
                "internalStatus": row["state"].title(),
                "deleted": "Not Deleted",
                "numberOpenings": str(row["openings"]),
                "department_obj_code": row["department_id"],
                "location_obj_code": row["location"],
                "salaryMax": "99001",
                "jobReqLocale": {"results": [{"locale": "en_US", "jobTitle": row["name"]}]},
                "status": {"picklistLabels": {"results": []}},
                "hiringManager": {"results": []},
                "recruiter": {"results": []},
                "createdDateTime": _offset(row["created_at"]),
                "lastModifiedDateTime": _offset(row["updated_at"]),
            }
            for row in self.world.rows("jobs")
        ]


def _error(status: int, code: str, text: str) -> Exception:
    message = {"lang": "en-US", "value": text}
    return refuse(status, {"error": {"code": code, "message": message}})


def _terms(text: str) -> list[list[tuple[str, str, object]]]:
    """Read a filter: terms that are joined by ``and``, each of alternatives joined by ``or``."""
    if not text:
        return []
    terms = []
    for part in text.split(" and "):
        alternatives = []
        for match in _TERM.finditer(part):
            name, compare, quoted, offset, plain, number, flag = match.groups()
            value: object = quoted.replace("''", "'") if quoted is not None else number
            if offset or plain:
                value = datetime.fromisoformat(offset or plain)
                value = value if value.tzinfo else value.replace(tzinfo=UTC)
            if flag:
                value = flag == "true"
            alternatives.append((name, compare, value))
        if not alternatives:
            raise _error(400, "COE_INVALID_FILTER", "the filter cannot be read")
        terms.append(alternatives)
    return terms


def _fits(row: Row, terms: Sequence[Sequence[tuple[str, str, object]]]) -> bool:
    return all(any(_holds(row, *term) for term in alternatives) for alternatives in terms)


def _holds(row: Row, name: str, compare: str, value: object) -> bool:
    own = row.get(name)
    if own is None:
        return False
    if isinstance(value, datetime):
        own = _moment(own)
    return _COMPARE[compare](own, value)


def _about_start(terms: Sequence[Sequence[tuple[str, str, object]]]) -> bool:
    return any(name == "startDate" for alternatives in terms for name, _, _ in alternatives)


def _overlaps(rows: Sequence[Row], row: Row, low: str) -> bool:
    """Tell whether a slice still holds at the begin of a range."""
    later = [_start(one) for one in rows if _start(one) > _start(row)]
    return not later or min(later) > low


def _start(row: Row) -> str:
    return _moment(row["startDate"]).date().isoformat()


def _moment(text: str) -> datetime:
    found = re.match(r"/Date\((-?\d+)", text)
    milliseconds = int(found[1]) if found else 0
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _date(text: str | None) -> str | None:
    """Write a day: wall-clock time as if it were UTC."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return f"/Date({int(moment.timestamp() * 1000)})/"


def _offset(moment: datetime) -> str:
    return f"/Date({int(moment.timestamp() * 1000)}+0000)/"


def _expanded(entity: str, row: Row, query: Mapping[str, str]) -> Row:
    """Show a row: what was selected, with parts that were not expanded as links."""
    paths = [path.split("/") for path in query.get("$expand", "").split(",") if path]
    shown = _shown(row, paths)
    select = query.get("$select")
    if select:
        shown = {name: shown.get(name) for name in select.split(",") if name in shown}
    uri = f"https://api4.successfactors.example/odata/v2/{entity}(...)"
    return {"__metadata": {"uri": uri, "type": f"SFOData.{entity}"}, **shown}


def _shown(row: Row, paths: Sequence[Sequence[str]]) -> Row:
    shown: Row = {}
    for name, value in row.items():
        if not isinstance(value, dict):
            shown[name] = value
            continue
        below = [path[1:] for path in paths if path and path[0] == name]
        if not below:
            shown[name] = {"__deferred": {"uri": f"https://example/{name}"}}
        elif "results" in value:
            shown[name] = {"results": [_shown(part, below) for part in value["results"]]}
        else:
            shown[name] = _shown(value, below)
    return shown
