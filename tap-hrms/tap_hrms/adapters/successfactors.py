"""SAP SuccessFactors, by OData v2.

Jobs, personal data and departments are kept in slices, each with the day from which it holds. A
filter on the time of change is evaluated over all slices of a key, but what comes back is the
slice of today; so rows may be older than the filter, none may be dropped for that, and the cursor
is the start of the run. A slice that was entered long ago and holds from today on is found by its
first day.

Source: SAP SuccessFactors API, its metadata and knowledge base articles 2920680, 2554717, 2853045
(slices), 3308165, 2489065 (paging), 3159263 (limits).
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, urlsplit, urlunsplit

from singer_sdk import typing as th
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.errors import StreamError, StreamFailedError, StreamUnavailableError
from singer_tapkit.http import Action, Answer, Call, Rule, Verdict
from singer_tapkit.http.client import decode
from singer_tapkit.http.redaction import machine_code
from singer_tapkit.http.tokens import BasicCredential, BearerCredential, FixedToken, RenewedToken
from singer_tapkit.overlap import Memo
from singer_tapkit.windows import Days
from typing_extensions import override

from tap_hrms import values
from tap_hrms.adapters.base import Adapter, Page, Support, chunks, mapped, objects
from tap_hrms.adapters.saml import SamlBearer
from tap_hrms.client import SystemClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    import requests
    from singer_tapkit.http import Credential
    from singer_tapkit.types import Json, Record

    from tap_hrms.adapters.base import Asked, Surroundings

logger = logging.getLogger(__name__)

_HOSTS: Final = (
    *(".successfactors.com", ".successfactors.eu", ".successfactors.cn"),
    *(".sapsf.com", ".sapsf.eu", ".sapsf.cn"),
)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_KEYS_AT_ONCE: Final = 100
_FILTER_LENGTH: Final = 5000
"""Of what an URL's filter may have, encoded: SAP refuses addresses of more than 8 KB."""
_EVER: Final = {"fromDate": "1900-01-01", "toDate": "9999-12-31"}
_SNAPSHOT: Final = {"paging": "snapshot"}
_CURSOR: Final = {"paging": "cursor", "$orderby": "externalCode"}
_NAMES: Final = re.compile(r"\b(?:\w+/)+\w+")

_EMPLOYMENT: Final = (
    "personNav,personNav/personalInfoNav,personNav/emailNav,personNav/phoneNav,"
    "jobInfoNav,jobInfoNav/departmentNav,jobInfoNav/locationNav,userNav"
)
_STATUS: Final = {
    "active": "ACTIVE",
    "unpaid leave": "LEAVE",
    "paid leave": "LEAVE",
    "on leave": "LEAVE",
    "furlough": "LEAVE",
    "suspended": "LEAVE",
    "terminated": "INACTIVE",
    "retired": "INACTIVE",
    "discarded": "INACTIVE",
    "dormant": "INACTIVE",
    "deceased": "INACTIVE",
    "reported no show": "INACTIVE",
    "no show": "INACTIVE",
}
_USER_STATUS: Final = {"t": "ACTIVE", "f": "INACTIVE", "active": "ACTIVE", "inactive": "INACTIVE"}
_TYPES: Final = {
    "full-time": "FULL_TIME",
    "full time": "FULL_TIME",
    "permanent": "FULL_TIME",
    "employee": "FULL_TIME",
    "part-time": "PART_TIME",
    "part time": "PART_TIME",
    "intern": "INTERN",
    "contractor": "CONTRACTOR",
    "contingent worker": "CONTRACTOR",
    "temporary": "TEMPORARY",
    "freelance": "FREELANCE",
}
_LEAVE_STATUS: Final = {
    "pending": "REQUESTED",
    "approved": "APPROVED",
    "pending_cancellation": "APPROVED",
    "cancellation_rejected": "APPROVED",
    "rejected": "DECLINED",
    "cancelled": "CANCELLED",
    "canceled": "CANCELLED",
}
_INTERVIEW_STATUS: Final = {
    "scheduled": "SCHEDULED",
    "awaiting feedback": "AWAITING_FEEDBACK",
    "feedback pending": "AWAITING_FEEDBACK",
    "complete": "COMPLETE",
    "completed": "COMPLETE",
    "cancelled": "CANCELLED",
    "canceled": "CANCELLED",
    "not scheduled": "NEEDS_SCHEDULING",
}
_OUTCOME: Final = {
    "hired": "HIRED",
    "rejected": "DECLINED",
    "declined": "DECLINED",
    "not selected": "DECLINED",
    "disqualified": "DECLINED",
    "withdrawn": "DECLINED",
    "withdrawn by candidate": "DECLINED",
    "auto disqualified": "DECLINED",
}
_JOB_STATUS: Final = {
    "approved": "OPEN",
    "open": "OPEN",
    "pre-approved": "DRAFT",
    "pending": "DRAFT",
    "draft": "DRAFT",
    "on hold": "ON_HOLD",
    "closed": "CLOSED",
    "filled": "FILLED",
    "cancelled": "CANCELLED",
    "canceled": "CANCELLED",
}
_PHONES: Final = (("cellPhone", "mobile"), ("homePhone", "home"), ("businessPhone", "work"))
_UNITS: Final = {"DAYS": "DAYS", "HOURS": "HOURS"}

_REMEDY: Final = (
    "Check company_id, the user and client_id, and that the certificate of the private key is the "
    "one uploaded to Manage OAuth2 Client Applications"
)
RULES: Final = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "SuccessFactors refused the login", _REMEDY)),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the API user may not read this entity",
            "Give the user the OData API export permission for it, or deselect the stream",
        ),
    ),
    Rule(
        {404},
        Verdict(
            Action.FAIL,
            "there is no such entity at this address",
            "Check successfactors.api_server and company_id, and whether the module is enabled",
        ),
    ),
    Rule({429}, Verdict(Action.RETRY, "the rate limit was reached", wait_seconds=300.0)),
)


class UnknownPropertiesError(StreamFailedError):
    """A query named properties that this customer's instance does not have.

    Attributes:
        names: Their names.
    """

    def __init__(self, message: str, names: frozenset[str]) -> None:
        super().__init__(message)
        self.names = names


class NoSuchEntityError(StreamUnavailableError):
    """An entity is not enabled in this customer's instance."""


class PagingRefusedError(StreamFailedError):
    """An entity does not know a way of paging."""


class ODataClient(SystemClient):
    """Asks OData queries, with one session kept alive by its cookies."""

    @override
    def code_of(self, body: Mapping[str, Any]) -> str | None:
        error = body.get("error")
        return machine_code(error.get("code")) if isinstance(error, dict) else None

    @override
    def heed(self, response: requests.Response) -> None:
        token = response.headers.get("X-CSRF-Token")
        if token:
            self._session.headers["X-CSRF-Token"] = token

    @override
    def verdict(self, call: Call, answer: Answer) -> Verdict:
        verdict = super().verdict(call, answer)
        if answer.head.status_code == 404 and self._code(answer):  # noqa: PLR2004
            msg = f"{call}: this instance has no such entity, or the module is not enabled"
            raise NoSuchEntityError(msg)
        if answer.head.status_code != 400 or verdict.action is not Action.FAIL:  # noqa: PLR2004
            return verdict
        body = decode(answer.body)
        error = body.get("error") if isinstance(body, dict) else None
        message = str(error.get("message") if isinstance(error, dict) else "")
        names = frozenset(name.rsplit("/", 1)[-1] for name in _NAMES.findall(message))
        msg = f"{call}: HTTP 400, {verdict.meaning}"
        if "nvalid property" in message and names:
            raise UnknownPropertiesError(msg, names)
        if "paging=" in call.url:
            raise PagingRefusedError(msg)
        return verdict


class SuccessFactors(Adapter):
    """One company of SAP SuccessFactors."""

    name = "successfactors"
    settings_schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "api_server",
            th.StringType,
            required=True,
            description="Host of the API, as api4.successfactors.com; with a scheme, an address.",
        ),
        th.Property("company_id", th.StringType, required=True, description="Id of the company."),
        th.Property(
            "client_id", th.StringType, description="API key of the registered OAuth client."
        ),
        th.Property("user_id", th.StringType, description="User on whose behalf it reads."),
        th.Property(
            "private_key_pem",
            th.StringType,
            secret=True,
            description="Private key, in PEM, of the certificate that was uploaded for the client.",
        ),
        th.Property(
            "saml_assertion",
            th.StringType,
            secret=True,
            description="A signed assertion in base 64, in place of the private key.",
        ),
        th.Property(
            "access_token", th.StringType, secret=True, description="A token, in place of both."
        ),
        th.Property(
            "username",
            th.StringType,
            description="For HTTP Basic, which SAP has switched off on 2026-11-20.",
        ),
        th.Property("password", th.StringType, secret=True, description="Of that user."),
        th.Property(
            "employee_central",
            th.BooleanType,
            default=True,
            description="Whether employees come from Employee Central; else from User.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=1000),
            default=500,
            description="Rows per answer.",
        ),
        th.Property(
            "merge_panel",
            th.BooleanType,
            default=False,
            description="Whether interviews of one application at one time are one record.",
        ),
    ).to_dict()

    def __init__(self, settings: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(settings, around)
        self._memo = Memo()
        self._client = ODataClient(
            f"{self._site}/odata/v2",
            around,
            credential=self._credential(),
            rules=RULES,
            timeout_seconds=(30.0, 600.0),
        )

    @classmethod
    @override
    def faults(cls, settings: Mapping[str, Any]) -> list[str]:
        found = []
        host = urlsplit(_site(str(settings["api_server"]))).hostname or ""
        if not host.endswith(_HOSTS) and host not in _LOOPBACK:
            found.append(f"api_server: no host of SAP's. They end in {', '.join(_HOSTS)}")
        if settings.get("access_token") or (settings.get("username") and settings.get("password")):
            return found
        if settings.get("username") or settings.get("password"):
            return [*found, "username: goes with password; both are needed"]
        if not (settings.get("private_key_pem") or settings.get("saml_assertion")):
            found.append(
                "private_key_pem: missing. Set it with client_id and user_id, or saml_assertion"
            )
        elif not settings.get("client_id"):
            found.append("client_id: missing. It is the API key of the registered OAuth client")
        elif settings.get("private_key_pem") and not settings.get("user_id"):
            found.append("user_id: missing. It is the user on whose behalf the tap reads")
        return found

    @classmethod
    @override
    def instance_of(cls, settings: Mapping[str, Any]) -> str:
        return str(settings["company_id"])

    @property
    @override
    def streams(self) -> Mapping[str, Support]:
        return {
            "employees": Support.INCREMENTAL,
            "candidates": Support.INCREMENTAL,
            "applications": Support.INCREMENTAL,
            "interviews": Support.SWEPT,
            "leave_requests": Support.SWEPT,
            "departments": Support.INCREMENTAL,
            "jobs": Support.INCREMENTAL,
            "leave_types": Support.INCREMENTAL,
            "leave_balances": Support.FULL,
            "users": Support.INCREMENTAL,
        }

    @override
    def read(self, asked: Asked) -> Iterator[Page]:
        central = self.settings.get("employee_central", True)
        since = self.since(asked)
        if asked.stream == "leave_balances":
            yield from self._leave_balances()
            return
        if asked.stream == "interviews":
            yield from self._interviews(asked)
            return
        if asked.stream == "employees":
            yield from self._employees(asked, since) if central else self._users_as_employees(since)
        else:
            simple: Mapping[str, Callable[[datetime | None], Iterator[Page]]] = {
                "candidates": self._candidates,
                "applications": self._applications,
                "leave_requests": self._leave_requests,
                "departments": self._departments,
                "jobs": self._jobs,
                "leave_types": self._leave_types,
                "users": self._users,
            }
            yield from simple[asked.stream](since)
        yield Page(cursor={"since": self.around.started})

    @override
    def keys(self, stream: str, days: Days) -> Iterator[tuple[str, date | None]]:
        if stream != "leave_requests":
            return
        query = {"$select": "externalCode,endDate", **_CURSOR}
        if days.start:
            query["$filter"] = f"endDate ge datetime'{days.start}T00:00:00'"
        for rows in self._query("EmployeeTime", query):
            for row in rows:
                ends = values.day(row.get("endDate"))
                yield str(row.get("externalCode")), parse_instant(ends).date() if ends else None

    @property
    def _site(self) -> str:
        return _site(str(self.settings["api_server"]))

    def _credential(self) -> Credential:
        settings = self.settings
        if settings.get("access_token"):
            return BearerCredential(FixedToken(str(settings["access_token"])))
        if settings.get("private_key_pem") or settings.get("saml_assertion"):
            bearer = SamlBearer(self._site, settings, self.around, remedy=_REMEDY)
            return BearerCredential(RenewedToken(bearer.fetch, clock=self.around.clock))
        logger.warning(
            "SuccessFactors: SAP has switched off HTTP Basic for its APIs; set private_key_pem"
        )
        user = str(settings["username"])
        full = user if "@" in user else f"{user}@{settings['company_id']}"
        return BasicCredential(full, str(settings["password"]))

    def _query(self, entity: str, query: Mapping[str, str]) -> Iterator[list[Record]]:
        """Read an entity page by page, following the links that the server gives.

        Properties that this instance does not have are left out, and said so; an entity that does
        not know a way of paging is read without.
        """
        query = {"$format": "JSON", "customPageSize": str(self._page_size), **query}
        try:
            yield from self._pages(entity, query)
        except UnknownPropertiesError as error:
            query = _without(query, error.names)
            logger.warning(
                "SuccessFactors: %s has no %s here; read without",
                entity,
                ", ".join(sorted(error.names)),
            )
            yield from self._pages(entity, query)
        except PagingRefusedError:
            query.pop("paging")
            logger.warning("SuccessFactors: %s does not know this way of paging", entity)
            yield from self._pages(entity, query)

    def _pages(self, entity: str, query: Mapping[str, str]) -> Iterator[list[Record]]:
        pairs = [f"{name}={quote(value, safe='$,/')}" for name, value in query.items()]
        link: str | None = f"{self._client.base_url}/{entity}?{'&'.join(pairs)}"
        followed: set[str] = set()
        while link:
            if link in followed:
                msg = f"{entity}: the link to the next page leads back to one that was read"
                raise StreamFailedError(msg)
            followed.add(link)
            answer = self._client.get(link)
            error = answer.get("error")
            if error is not None:
                code = machine_code(error.get("code")) if isinstance(error, dict) else None
                msg = f"{entity}: SuccessFactors answers with the error {code or 'unnamed'}"
                raise StreamFailedError(msg)
            data = answer.get("d")
            if not isinstance(data, dict):
                msg = f"{entity}: the answer is none of OData v2. Check successfactors.api_server"
                raise StreamFailedError(msg)
            yield objects(data.get("results"))
            following = data.get("__next")
            link = self._own(str(following)) if following else None

    def _own(self, link: str) -> str:
        """Point a link to the configured host; its path and query stay as they are."""
        scheme, netloc, *_ = urlsplit(self._client.base_url)
        theirs = urlsplit(link)
        path = theirs.path
        prefix = urlsplit(self._site).path
        if prefix and not path.startswith(prefix):
            path = prefix + path
        return urlunsplit((scheme, netloc, path, theirs.query, ""))

    @property
    def _page_size(self) -> int:
        return int(self.settings.get("page_size") or 500)

    def _rows(self, entity: str, query: Mapping[str, str]) -> Iterator[Record]:
        for rows in self._query(entity, query):
            yield from rows

    def _picked(self, option: Json) -> str | None:
        """Return the label of an option of a picklist; the option itself if it is none."""
        if option in (None, ""):
            return None
        return self._memo.get("picklists", self._picklists).get(str(option), str(option))

    def _picklists(self) -> dict[str, str]:
        labels: dict[str, str] = {}
        try:
            for row in self._rows("PicklistOption", {"$expand": "picklistLabels", **_SNAPSHOT}):
                known = {
                    str(label.get("locale")): label.get("label")
                    for label in _many(row, "picklistLabels")
                }
                label = known.get("en_US") or next(iter(known.values()), None)
                if label:
                    labels[str(row.get("id"))] = str(label)
        except StreamError as error:
            logger.warning("SuccessFactors: no picklists, so options keep their ids: %s", error)
        return labels

    def _changed(self, since: datetime | None) -> dict[str, str]:
        """Return the filter for what was changed."""
        return {} if since is None else {"$filter": f"lastModifiedDateTime ge {_offset(since)}"}

    def _employees(self, asked: Asked, since: datetime | None) -> Iterator[Page]:
        everything = {"$expand": _EMPLOYMENT, **_SNAPSHOT}
        if since is None:
            for rows in self._query("EmpEmployment", everything):
                yield self._employee_page(asked, rows)
            return
        users, people = self._changed_ids(since)
        seen: set[str] = set()
        filters = [*_any_of("userId", users), *_any_of("personIdExternal", people)]

        def ask(chain: str) -> list[Record]:
            return [*self._rows("EmpEmployment", {**everything, "$filter": chain})]

        for rows in self.around.overlap.ordered(ask, filters):
            fresh = [row for row in rows if str(row.get("userId")) not in seen]
            seen |= {str(row.get("userId")) for row in fresh}
            yield self._employee_page(asked, fresh)

    def _changed_ids(self, since: datetime) -> tuple[list[str], list[str]]:
        """Return users and people of whom anything was changed, or came into force."""
        changed = self._changed(since)
        queries = [
            ("EmpEmployment", "userId", changed),
            ("EmpJob", "userId", {**changed, **_EVER}),
            ("EmpJob", "userId", self._in_force(since)),
            ("PerPerson", "personIdExternal", changed),
            ("PerPersonal", "personIdExternal", changed),
            ("PerPersonal", "personIdExternal", self._in_force(since)),
            ("PerEmail", "personIdExternal", changed),
            ("PerPhone", "personIdExternal", changed),
        ]

        def ask(query: tuple[str, str, dict[str, str]]) -> tuple[str, set[str]]:
            entity, key, how = query
            rows = self._rows(entity, {"$select": key, **how, **_SNAPSHOT, **_WIDE})
            try:
                return key, {str(row[key]) for row in rows if row.get(key)}
            except NoSuchEntityError:
                if entity in ("EmpEmployment", "EmpJob"):
                    raise
                return key, set()
            except StreamError:
                if "toDate" in how and how is not queries[1][2]:
                    logger.warning(
                        "SuccessFactors: %s cannot be asked for what came into force", entity
                    )
                    return key, set()
                raise

        found: dict[str, set[str]] = {"userId": set(), "personIdExternal": set()}
        for key, ids in self.around.overlap.ordered(ask, queries):
            found[key] |= ids
        return sorted(found["userId"]), sorted(found["personIdExternal"])

    def _in_force(self, since: datetime) -> dict[str, str]:
        """Return the query for slices whose first day has come since the last run."""
        first, today = since.date().isoformat(), self.around.today.isoformat()
        return {
            "fromDate": first,
            "toDate": today,
            "$filter": f"startDate ge datetime'{first}T00:00:00' "
            f"and startDate le datetime'{today}T00:00:00'",
        }

    def _employee_page(self, asked: Asked, rows: Sequence[Record]) -> Page:
        """Make records; those who have not begun yet get the job that they begin with."""
        today = self.around.today.isoformat()
        later: dict[str, list[str]] = {}
        for row in rows:
            starts = _day(row.get("startDate"))
            if starts and starts > today and not _many(row, "jobInfoNav"):
                later.setdefault(starts, []).append(str(row.get("userId")))
        jobs: dict[str, Record] = {}
        for starts, users in later.items():
            for chain in _any_of("userId", users):
                query = {
                    "$expand": "departmentNav,locationNav",
                    "$filter": chain,
                    "asOfDate": starts,
                    **_SNAPSHOT,
                }
                jobs |= {str(job.get("userId")): job for job in self._rows("EmpJob", query)}
        return Page([self._employee(asked, row, jobs.get(str(row.get("userId")))) for row in rows])

    def _employee(self, asked: Asked, row: Record, first_job: Record | None) -> Record:
        job = first_job or _last(_many(row, "jobInfoNav"))
        person = _one(row, "personNav")
        personal = _last(_many(person, "personalInfoNav"))
        user, department, place = (
            _one(row, "userNav"),
            _one(job, "departmentNav"),
            _one(job, "locationNav"),
        )
        mails = _many(person, "emailNav")
        emails = {
            self._kind_of(mail.get("emailType")): mail.get("emailAddress")
            for mail in sorted(
                _many(person, "emailNav"), key=lambda mail: bool(mail.get("isPrimary"))
            )
        }
        phones = {
            self._kind_of(phone.get("phoneType")): _phone(phone)
            for phone in _many(person, "phoneNav")
        }
        primary = [mail for mail in mails if mail.get("isPrimary")]
        work = emails.get("business") or user.get("email")
        if not work and primary and len(emails) == 1 and "personal" not in emails:
            work = primary[0].get("emailAddress")
        starts = _day(row.get("startDate"))
        raw_status = self._picked(job.get("emplStatus")) or user.get("status")
        status = mapped(raw_status, {**_STATUS, **_USER_STATUS})
        if starts and starts > self.around.today.isoformat():
            status = "PENDING"
        kind = self._picked(job.get("employeeClass")) or self._picked(job.get("employmentType"))
        manager = job.get("managerId")
        return {
            "remote_id": row.get("userId"),
            "employee_number": row.get("personIdExternal"),
            "person_remote_id": row.get("personIdExternal"),
            "user_id": row.get("userId"),
            "first_name": personal.get("firstName") or user.get("firstName"),
            "middle_name": personal.get("middleName"),
            "last_name": personal.get("lastName") or user.get("lastName"),
            "preferred_name": personal.get("preferredName"),
            "display_full_name": personal.get("formalName") or user.get("defaultFullName"),
            "work_email": work,
            "personal_email": emails.get("personal"),
            "work_phone": phones.get("business"),
            "mobile_phone_number": phones.get("cell") or phones.get("mobile"),
            "home_phone": phones.get("home"),
            "job_title": job.get("jobTitle"),
            "job_remote_id": job.get("jobCode"),
            "department_id": job.get("department"),
            "department_name": department.get("name") or department.get("name_defaultValue"),
            "division_name": job.get("division"),
            "cost_center": job.get("costCenter"),
            "legal_entity": job.get("company"),
            "work_location_id": job.get("location"),
            "work_location_name": place.get("name"),
            "manager_remote_id": None if manager == "NO_MANAGER" else manager,
            "employment_status": status,
            "employment_status_raw": raw_status,
            "employment_type": mapped(kind, _TYPES),
            "employment_type_raw": kind,
            "start_date": row.get("startDate"),
            "original_start_date": row.get("originalStartDate"),
            "termination_date": row.get("endDate"),
            "fte": job.get("fte"),
            "weekly_hours": job.get("standardHours"),
            "date_of_birth": person.get("dateOfBirth"),
            "gender": personal.get("gender"),
            "marital_status": self._picked(personal.get("maritalStatus")),
            "nationality": personal.get("nationality"),
            "remote_created_at": row.get("createdDateTime"),
            "remote_updated_at": _latest(row, job, person, personal, user),
            "raw": row if "raw" in asked.fields else None,
        }

    def _kind_of(self, option: Json) -> str:
        """Return what kind of address or number it is, in one lower-case word."""
        word = str(self._picked(option) or "").lower().split(" ")[0]
        return {"b": "business", "p": "personal", "c": "cell", "h": "home", "work": "business"}.get(
            word, word
        )

    def _user_rows(self, since: datetime | None) -> Iterator[list[Record]]:
        """Read users: all of them, since only active ones come if no status is named."""
        statuses = " or ".join(f"status eq '{status}'" for status in "tfTFed")
        changed = self._changed(since).get("$filter")
        chain = f"({statuses}) and {changed}" if changed else statuses
        query = {"$filter": chain, "$expand": "manager", **_SNAPSHOT}
        yield from self._query("User", query)

    def _users(self, since: datetime | None) -> Iterator[Page]:
        for rows in self._user_rows(since):
            yield Page(
                [
                    {
                        "remote_id": row.get("userId"),
                        "username": row.get("username"),
                        "email": row.get("email"),
                        "first_name": row.get("firstName"),
                        "last_name": row.get("lastName"),
                        "is_active": str(row.get("status")).lower() in ("t", "active"),
                        "employee_id": row.get("userId"),
                        "remote_updated_at": row.get("lastModifiedDateTime"),
                    }
                    for row in rows
                ]
            )

    def _users_as_employees(self, since: datetime | None) -> Iterator[Page]:
        for rows in self._user_rows(since):
            yield Page([self._user_as_employee(row) for row in rows])

    def _user_as_employee(self, row: Record) -> Record:
        status, starts = row.get("status"), _day(row.get("hireDate"))
        meaning = mapped(status, _USER_STATUS)
        if starts and starts > self.around.today.isoformat():
            meaning = "PENDING"
        department = re.fullmatch(r"(.*?) \(([^()]*)\)", str(row.get("department") or ""))
        return {
            "remote_id": row.get("userId"),
            "employee_number": row.get("empId"),
            "user_id": row.get("userId"),
            "first_name": row.get("firstName"),
            "middle_name": row.get("mi"),
            "last_name": row.get("lastName"),
            "preferred_name": row.get("nickname"),
            "display_full_name": row.get("defaultFullName"),
            "work_email": row.get("email"),
            "work_phone": row.get("businessPhone"),
            "mobile_phone_number": row.get("cellPhone"),
            "home_phone": row.get("homePhone"),
            "job_title": row.get("title"),
            "job_remote_id": row.get("jobCode"),
            "department_id": department[2] if department else None,
            "department_name": department[1] if department else row.get("department"),
            "division_name": row.get("division"),
            "work_location_name": row.get("location"),
            "manager_remote_id": _one(row, "manager").get("userId"),
            "employment_status": meaning,
            "employment_status_raw": status,
            "start_date": row.get("hireDate"),
            "date_of_birth": row.get("dateOfBirth"),
            "gender": row.get("gender"),
            "nationality": row.get("nationality"),
            "ethnicity": row.get("ethnicity"),
            "remote_updated_at": row.get("lastModifiedDateTime"),
        }

    def _departments(self, since: datetime | None) -> Iterator[Page]:
        for rows in self._query("FODepartment", {**self._changed(since), **_SNAPSHOT}):
            yield Page([_department(row) for row in rows])
        if since is not None:
            query = {**self._in_force(since), **_SNAPSHOT}
            try:
                yield Page([_department(row) for row in self._rows("FODepartment", query)])
            except StreamError:
                logger.warning(
                    "SuccessFactors: FODepartment cannot be asked for what came into force"
                )

    def _candidates(self, since: datetime | None) -> Iterator[Page]:
        for rows in self._query("Candidate", {**self._changed(since), **_SNAPSHOT}):
            yield Page([_candidate(row) for row in rows])

    def _applications(self, since: datetime | None) -> Iterator[Page]:
        query = {"$expand": "jobAppStatus", **self._changed(since), **_SNAPSHOT}
        for rows in self._query("JobApplication", query):
            yield Page([self._application(row) for row in rows])

    def _application(self, row: Record) -> Record:
        stage = _one(row, "jobAppStatus")
        label = stage.get("appStatusName") or stage.get("candidateLabel") or row.get("status")
        hired = row.get("hiredOn")
        outcome = "HIRED" if hired else _OUTCOME.get(str(label or "").strip().lower(), "PENDING")
        return {
            "remote_id": row.get("applicationId"),
            "candidate_id": row.get("candidateId"),
            "job_id": row.get("jobReqId"),
            "current_stage": label,
            "current_stage_remote_id": row.get("appStatusSetItemId"),
            "outcome": outcome,
            "outcome_raw": label,
            "applied_at": row.get("applicationDate"),
            "hired_at": hired,
            "source": row.get("sourceLabel") or row.get("source"),
            "referred_by": row.get("referredBy"),
            "rating": row.get("averageRating") or row.get("rating"),
            "remote_created_at": row.get("applicationDate"),
            "remote_updated_at": row.get("lastModifiedDateTime"),
        }

    def _interviews(self, asked: Asked) -> Iterator[Page]:
        """Read interviews, which have no time of change, through their applications."""
        due = self.sweep_due(asked)
        since = None if due else self.since(asked)
        query = {"$expand": "interviewer,interviewOverallAssessment,jobApplication", **_SNAPSHOT}
        cursor: Json = {"since": self.around.started, "swept": self.swept(asked, now=due)}
        if since is None:
            found = [*self._rows("JobApplicationInterview", query)]
            yield Page(self._interview_records(found), listed=[Days()], cursor=cursor)
            return
        changed = self._rows(
            "JobApplication",
            {"$select": "applicationId", **self._changed(since), **_SNAPSHOT, **_WIDE},
        )
        ids = sorted({str(row["applicationId"]) for row in changed if row.get("applicationId")})

        def ask(chain: str) -> list[Record]:
            return [*self._rows("JobApplicationInterview", {**query, "$filter": chain})]

        filters = _any_of("applicationId", ids, literal="{}L")
        for rows in self.around.overlap.ordered(ask, filters):
            yield Page(self._interview_records(rows))
        yield Page(cursor=cursor)

    def _interview_records(self, rows: Sequence[Record]) -> list[Record]:
        records = [_interview(row) for row in rows]
        if not self.settings.get("merge_panel"):
            return records
        panels: dict[tuple[str, ...], Record] = {}
        for record in records:
            names = ("application_id", "start_at", "end_at")
            panel = panels.setdefault(tuple(str(record[name]) for name in names), record)
            if panel is not record:
                for name in ("interviewer_ids", "interviewers"):
                    panel[name] = [*_listed(panel[name]), *_listed(record[name])]
        return list(panels.values())

    def _leave_requests(self, since: datetime | None) -> Iterator[Page]:
        query = {"$expand": "timeTypeNav,timeCalendar", **self._changed(since), **_CURSOR}
        for rows in self._query("EmployeeTime", query):
            yield Page(
                [
                    _leave(row)
                    for row in rows
                    if _one(row, "timeTypeNav").get("category") in (None, "ABSENCE")
                ]
            )

    def _leave_types(self, since: datetime | None) -> Iterator[Page]:
        for rows in self._query("TimeType", {**self._changed(since), **_CURSOR}):
            yield Page(
                [
                    {
                        "remote_id": row.get("externalCode"),
                        "name": _named(row) or row.get("externalCode"),
                        "unit": _UNITS.get(str(row.get("unit"))),
                        "is_active": row.get("mdfSystemRecordStatus") in (None, "N", "A"),
                        "category": row.get("absenceClass") or row.get("category"),
                        "remote_updated_at": row.get("lastModifiedDateTime"),
                    }
                    for row in rows
                    if row.get("category") in (None, "ABSENCE")
                ]
            )

    def _leave_balances(self) -> Iterator[Page]:
        day = self.around.today.isoformat()
        for rows in self._query("EmpTimeAccountBalance", {}):
            yield Page(
                [
                    {
                        "remote_id": f"{row.get('userId')}|{row.get('timeAccountType')}|{day}",
                        "employee_id": row.get("userId"),
                        "leave_type_id": row.get("timeAccountType"),
                        "balance": row.get("balance"),
                        "unit": _UNITS.get(str(row.get("timeUnit"))),
                        "as_of": day,
                    }
                    for row in rows
                    if not row.get("accountClosed")
                ]
            )

    def _jobs(self, since: datetime | None) -> Iterator[Page]:
        query = {
            "$expand": "jobReqLocale,status/picklistLabels,hiringManager,recruiter",
            **self._changed(since),
            **_SNAPSHOT,
        }
        for rows in self._query("JobRequisition", query):
            yield Page([_job(row) for row in rows])


_WIDE: Final = {"customPageSize": "1000"}
"""For queries of keys alone."""


def _site(server: str) -> str:
    server = server.strip().rstrip("/")
    return server if server.startswith(("http://", "https://")) else f"https://{server}"


def _any_of(name: str, keys: Sequence[str], *, literal: str = "'{}'") -> list[str]:
    """Write filters for any of some keys, each short enough for an address.

    The operator ``in`` is documented, and refused by some instances; chains of ``or`` work.
    """
    chains: list[str] = []
    for part in chunks(keys, _KEYS_AT_ONCE):
        chain = ""
        for key in part:
            term = f"{name} eq {literal.format(key.replace(chr(39), chr(39) * 2))}"
            longer = f"{chain} or {term}" if chain else term
            if len(quote(longer)) > _FILTER_LENGTH:
                chains.append(chain)
                longer = term
            chain = longer
        chains.append(chain)
    return chains


def _without(query: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    """Take properties out of what is selected and expanded."""
    changed = dict(query)
    for option in ("$select", "$expand"):
        if option in changed:
            kept = [
                path
                for path in changed[option].split(",")
                if not names.intersection(path.split("/"))
            ]
            changed[option] = ",".join(kept)
            if not kept:
                del changed[option]
    return changed


def _offset(moment: datetime) -> str:
    return f"datetimeoffset'{canonical(moment.replace(microsecond=0))}'"


def _many(row: Record, name: str) -> list[Record]:
    """Return what a navigation to many leads to, if it was expanded."""
    part = row.get(name)
    if isinstance(part, dict):
        return objects(part["results"]) if "results" in part else _expanded(part)
    return objects(part)


def _one(row: Record, name: str) -> Record:
    """Return what a navigation to one leads to; empty if it was not expanded."""
    return _last(_many(row, name))


def _expanded(part: Record) -> list[Record]:
    return [] if "__deferred" in part else objects(part)


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _last(rows: Sequence[Record]) -> Record:
    return rows[-1] if rows else {}


def _code(value: Json) -> Json:
    """Return the code of something that may be shown as a code or as an object."""
    return value.get("externalCode") if isinstance(value, dict) else value


def _day(value: Json) -> str | None:
    try:
        return values.day(value)
    except ValueError:
        return None


def _instant(value: Json) -> str | None:
    try:
        return values.instant(value)
    except ValueError:
        return None


def _latest(*rows: Record) -> str | None:
    """Return the last change of any of the parts."""
    moments = [_instant(row.get("lastModifiedDateTime")) for row in rows]
    return max((moment for moment in moments if moment), default=None)


def _phone(row: Record) -> str | None:
    parts = [row.get(name) for name in ("countryCode", "areaCode", "phoneNumber", "extension")]
    return " ".join(str(part) for part in parts if part) or None


def _named(row: Record) -> Json:
    return row.get("externalName_defaultValue") or row.get("externalName_localized")


def _department(row: Record) -> Record:
    return {
        "remote_id": row.get("externalCode"),
        "name": row.get("name") or row.get("name_defaultValue"),
        "code": row.get("externalCode"),
        "parent_id": _code(row.get("parent")),
        "manager_id": row.get("headOfUnit"),
        "is_active": {"A": True, "I": False}.get(str(row.get("status"))),
        "kind": "DEPARTMENT",
        "remote_updated_at": row.get("lastModifiedDateTime"),
    }


def _candidate(row: Record) -> Record:
    email, others = row.get("primaryEmail"), row.get("contactEmail")
    mails: list[Json] = [
        {"value": value, "type": kind}
        for value, kind in ((email, "primary"), (others, "contact"))
        if value
    ]
    phones: list[Json] = [
        {"value": row[name], "type": kind}
        for name, kind in (
            ("cellPhone", "mobile"),
            ("homePhone", "home"),
            ("businessPhone", "work"),
        )
        if row.get(name)
    ]
    place = {"city": row.get("city"), "state": row.get("state"), "country": row.get("country")}
    external = row.get("externalCandidate")
    return {
        "remote_id": row.get("candidateId"),
        "candidate_number": row.get("candidateId"),
        "first_name": row.get("firstName"),
        "last_name": row.get("lastName"),
        "email": email,
        "email_addresses": mails or None,
        "phone_numbers": phones or None,
        "company": row.get("currentCompany"),
        "title": row.get("currentTitle"),
        "location": place if any(place.values()) else None,
        "is_internal": None if external is None else not values.flag(external),
        "employee_id": row.get("usersSysId"),
        "is_anonymized": str(row.get("anonymized")).lower() in ("yes", "true", "y"),
        "remote_created_at": row.get("creationDateTime"),
        "remote_updated_at": row.get("lastModifiedDateTime"),
    }


def _interview(row: Record) -> Record:
    application, asker = _one(row, "jobApplication"), _one(row, "interviewer")
    timed = str(row.get("isTimeSet", 1)) != "0"
    start, end = (values.instant(row.get(name)) for name in ("startDate", "endDate"))
    if not timed:
        start, end = (f"{at[:10]}T00:00:00Z" if at else None for at in (start, end))
    who = asker.get("userId")
    return {
        "remote_id": row.get("applicationInterviewId"),
        "application_id": row.get("applicationId"),
        "candidate_id": application.get("candidateId"),
        "job_id": application.get("jobReqId"),
        "interview_type": row.get("templateType"),
        "status": mapped(row.get("status"), _INTERVIEW_STATUS),
        "status_raw": row.get("status"),
        "start_at": start,
        "end_at": end,
        "is_time_set": timed,
        "interviewer_ids": [who] if who else [],
        "interviewers": [
            {"remote_id": who, "name": asker.get("defaultFullName"), "email": asker.get("email")}
        ]
        if who
        else [],
        "overall_rating": _one(row, "interviewOverallAssessment").get("overallRating"),
        "notes": row.get("notes"),
        "remote_updated_at": application.get("lastModifiedDateTime"),
    }


def _leave(row: Record) -> Record:
    kind = _one(row, "timeTypeNav")
    hours = kind.get("unit") == "HOURS"
    quantity = "quantityInHours" if hours else "quantityInDays"
    raw = row.get("approvalStatus")
    return {
        "remote_id": row.get("externalCode"),
        "employee_remote_id": row.get("userId"),
        "leave_type_id": row.get("timeType"),
        "leave_type_name": _named(kind) or row.get("timeType"),
        "status": mapped(raw, _LEAVE_STATUS),
        "status_raw": raw,
        "start_date": row.get("startDate"),
        "end_date": row.get("endDate"),
        "start_time": row.get("startTime"),
        "end_time": row.get("endTime"),
        "amount": row.get(quantity),
        "unit": "HOURS" if hours else "DAYS",
        "daily_amounts": [
            {"date": day.get("date"), "amount": day.get(quantity)}
            for day in _many(row, "timeCalendar")
        ]
        or None,
        "is_open_ended": row.get("undeterminedEndDate"),
        "employee_note": row.get("comment"),
        "requested_at": row.get("createdDateTime"),
        "status_changed_at": row.get("lastModifiedDateTime"),
        "remote_created_at": row.get("createdDateTime"),
        "remote_updated_at": row.get("lastModifiedDateTime"),
    }


def _job(row: Record) -> Record:
    locales = _many(row, "jobReqLocale")
    default = row.get("defaultLanguage")
    chosen = next((one for one in locales if one.get("locale") == default), None)
    title = chosen or next(iter(locales), {})
    labels: Iterable[Record] = _many(_one(row, "status"), "picklistLabels")
    status = next((label.get("label") for label in labels), None) or row.get("internalStatus")
    return {
        "remote_id": row.get("jobReqId"),
        "title": title.get("externalTitle") or title.get("jobTitle"),
        "code": row.get("jobCode"),
        "status": mapped(status, _JOB_STATUS),
        "status_raw": status,
        "kind": "REQUISITION",
        "department_id": row.get("department_obj_code"),
        "location": row.get("location_obj_code"),
        "hiring_manager_ids": [who.get("usersSysId") for who in _many(row, "hiringManager")],
        "recruiter_ids": [who.get("usersSysId") for who in _many(row, "recruiter")],
        "openings": row.get("numberOpenings"),
        "openings_filled": row.get("openingsFilled"),
        "opened_at": row.get("createdDateTime"),
        "closed_at": row.get("closedDateTime"),
        "is_deleted": str(row.get("deleted")).lower() in ("yes", "true", "y"),
        "remote_created_at": row.get("createdDateTime"),
        "remote_updated_at": row.get("lastModifiedDateTime"),
    }
