"""A company: its people, those who want to work there, and who is on leave. In nobody's words."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendor import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.wire import Row

_FIRST: Final = ("Ilse", "Tomas", "Ana", "Jonas", "Mina", "Óscar", "Nadia", "Wei", "Łucja", "Sam")
_LAST: Final = ("Brandt", "Okoye", "Voss", "Reyes", "Núñez", "El-Amin", "Tran", "Kowalska", "Poe")
_DEPARTMENTS: Final = ("Customer Care", "Engineering", "Finance", "People: Europe")
_TITLES: Final = ("Care Lead", "Engineer", "Analyst", "Recruiter")
_LOCATIONS: Final = ("Hamburg", "Oslo", "Manila")
_LEAVE_TYPES: Final = (("Vacation", "days"), ("Sick leave", "days"), ("Parental leave", "hours"))
_STAGES: Final = ("New", "Phone Screened", "Interviewed", "Hired", "Not a Fit")
_STATES: Final = ("requested", "approved", "approved", "approved", "declined", "cancelled")
COLLECTIONS: Final = (
    *("employees", "slices", "departments", "users", "leave_types", "leave_requests"),
    *("jobs", "candidates", "applications", "interviews"),
)


class World:
    """All rows, by collection and id.

    Args:
        clock: Of the sandbox.
        new_id: Makes an id in the vendor's way, from a collection and a number.
        employees: How many people to make up.
        seed: Of what is made up.

    Attributes:
        gone: What was deleted, by collection and id, with the instant.
    """

    def __init__(
        self,
        clock: SandboxClock,
        *,
        new_id: Callable[[str, int], str],
        employees: int,
        seed: int,
    ) -> None:
        self._clock = clock
        self._new_id = new_id
        self._random = random.Random(seed)  # noqa: S311 - made-up data
        self._numbers: dict[str, int] = {}
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in COLLECTIONS}
        self.gone: dict[str, dict[str, datetime]] = {name: {} for name in COLLECTIONS}
        self._slices: defaultdict[str, list[Row]] = defaultdict(list)
        self._make(employees)

    @property
    def now(self) -> datetime:
        """The sandbox's time, UTC."""
        return self._clock.now()

    @property
    def today(self) -> date:
        """The sandbox's day, UTC."""
        return self.now.date()

    def table(self, collection: str) -> dict[str, Row]:
        """Return the rows of a collection by id.

        Raises:
            RefusedError: If there is no such collection.
        """
        if collection not in self.tables:
            msg = f"No collection is named {collection}: there are {', '.join(self.tables)}"
            raise RefusedError(msg)
        return self.tables[collection]

    def rows(self, collection: str) -> list[Row]:
        """Return the rows of a collection."""
        return list(self.table(collection).values())

    def get(self, collection: str, row_id: str) -> Row:
        """Return one row.

        Raises:
            RefusedError: If there is none.
        """
        rows = self.table(collection)
        if row_id not in rows:
            msg = f"{collection} has no row {row_id}"
            raise RefusedError(msg)
        return rows[row_id]

    def name(self, collection: str, row_id: str | None) -> str | None:
        """Return the name of something that others refer to."""
        row = self.tables[collection].get(row_id or "")
        return None if row is None else str(row["name"])

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row that was made now."""
        number = self._numbers.get(collection, 0) + 1
        self._numbers[collection] = number
        row: Row = {
            "id": self._new_id(collection, number),
            "created_at": self.now,
            "updated_at": self.now,
            **self._defaults(collection, number),
            **fields,
        }
        row |= {"id": str(row["id"]), **_instants(collection, row)}
        self.table(collection)[row["id"]] = row
        if collection == "employees":
            self._first_slice(row)
        if collection == "slices":
            self._slices[row["employee_id"]].append(row)
        return row

    def edit(self, collection: str, row_id: str, fields: Mapping[str, Any]) -> Row:
        """Change a row; its time of change becomes now unless given.

        A change of job or department of an employee is one of the slice of today, too.
        """
        row = self.get(collection, row_id)
        row.update({**fields, **_instants(collection, fields)})
        if "updated_at" not in fields:
            row["updated_at"] = self.now
        if collection == "employees":
            current = self.slice_of(row_id, self.today)
            parts = {name: fields[name] for name in ("title", "department_id") if name in fields}
            if current and (parts or "state" in fields):
                current.update({**parts, "updated_at": row["updated_at"]})
        return row

    def delete(self, collection: str, row_id: str) -> None:
        """Delete a row."""
        self.get(collection, row_id)
        row = self.tables[collection].pop(row_id)
        if collection == "slices":
            self._slices[row["employee_id"]].remove(row)
        self.gone[collection][row_id] = self.now

    def slice_of(self, employee_id: str, day: date) -> Row | None:
        """Return what holds of an employee's job on a day."""
        last = day.isoformat()
        slices = [row for row in self._slices.get(employee_id, ()) if row["start"] <= last]
        return max(slices, key=lambda row: row["start"], default=None)

    def _first_slice(self, row: Row) -> None:
        self.add(
            "slices",
            {
                "employee_id": row["id"],
                "start": row["hired"],
                "title": row["title"],
                "department_id": row["department_id"],
                "updated_at": row["updated_at"],
            },
        )

    def _defaults(self, collection: str, number: int) -> Row:  # noqa: PLR0911 - one per kind
        """Return sensible values for what a row was not given."""
        pick = self._random.choice
        day = self.today.isoformat()
        match collection:
            case "employees":
                first, last = _FIRST[number % len(_FIRST)], pick(_LAST)
                hired = (self.today - timedelta(days=self._random.randrange(30, 4000))).isoformat()
                return {
                    "number": f"E{number:05}",
                    "first": first,
                    "middle": None,
                    "last": last,
                    "email": f"Person{number}@Northbay.example",
                    "private_email": f"p{number}@mail.example",
                    "phone": f"+49 40 5550 {number:04}",
                    "title": pick(_TITLES),
                    "department_id": pick(self._ids("departments")),
                    "location": pick(_LOCATIONS),
                    "manager_id": self._any("employees"),
                    "state": "active",
                    "kind": pick(("Full-Time", "Part-Time", "Contractor")),
                    "hired": hired,
                    "first_hired": hired,
                    "terminated": None,
                    "born": "1990-05-17",
                    "gender": pick(("Female", "Male")),
                    "salary": 48_211 + number,
                    "ssn": f"078-05-{number:04}",
                }
            case "slices":
                return {"start": day, "title": "Engineer", "department_id": None}
            case "departments":
                return {"name": f"Department {number}", "head_id": None, "active": True}
            case "users":
                return {"employee_id": None, "email": f"user{number}@northbay.example"}
            case "leave_types":
                return {"name": f"Leave {number}", "unit": "days"}
            case "leave_requests":
                return {
                    "employee_id": self._any("employees"),
                    "type_id": self._any("leave_types"),
                    "start": day,
                    "end": day,
                    "amount": 1,
                    "state": "requested",
                    "note": "Diagnosis: tonsillitis",
                    "asked_on": day,
                }
            case "jobs":
                return {
                    "name": pick(_TITLES),
                    "state": "open",
                    "department_id": pick(self._ids("departments")),
                    "location": pick(_LOCATIONS),
                    "opened": day,
                    "openings": 1,
                }
            case "candidates":
                return {
                    "first": pick(_FIRST),
                    "last": pick(_LAST),
                    "email": f"Candidate{number}@mail.example",
                    "phone": f"+63 917 555 {number:04}",
                    "city": "Manila",
                    "country": "PH",
                    "source": "Careers Website",
                }
            case "applications":
                return {
                    "candidate_id": self._any("candidates"),
                    "job_id": self._any("jobs"),
                    "stage": "New",
                    "applied_at": self.now,
                    "desired_salary": 71_337,
                }
            case _:
                start = self.now + timedelta(days=3)
                return {
                    "application_id": self._any("applications"),
                    "start": start,
                    "end": start + timedelta(hours=1),
                    "state": "scheduled",
                    "interviewer_id": self._any("employees"),
                }

    def _any(self, collection: str) -> str | None:
        """Return the id of the oldest row, for rows that were not given one."""
        return next(iter(self.tables[collection]), None)

    def _ids(self, collection: str) -> list[str]:
        return list(self.tables[collection])

    def _make(self, employees: int) -> None:
        for name in _DEPARTMENTS:
            self.add("departments", {"name": name})
        for name, unit in _LEAVE_TYPES:
            self.add("leave_types", {"name": name, "unit": unit})
        for number in range(employees):
            past = self.now - timedelta(hours=self._random.randrange(24, 20_000))
            left = (past.date() - timedelta(days=3)).isoformat() if number % 7 == 6 else None  # noqa: PLR2004 - some
            self.add(
                "employees",
                {
                    "updated_at": past,
                    "created_at": past - timedelta(days=30),
                    "state": "inactive" if left else "active",
                    "terminated": left,
                },
            )
        people = self._ids("employees")
        for employee_id in people[:3]:
            self.add("users", {"employee_id": employee_id})
        for number in range(len(people)):
            past = self.now - timedelta(hours=self._random.randrange(24, 9000))
            starts = past.date() + timedelta(days=self._random.randrange(1, 60))
            days = self._random.randrange(1, 6)
            self.add(
                "leave_requests",
                {
                    "employee_id": people[number],
                    "start": starts.isoformat(),
                    "end": (starts + timedelta(days=days - 1)).isoformat(),
                    "amount": days,
                    "state": self._random.choice(_STATES),
                    "asked_on": past.date().isoformat(),
                    "updated_at": past,
                    "created_at": past,
                },
            )
        if people:
            self._make_hiring()

    def _make_hiring(self) -> None:
        for number in range(4):
            self.add("jobs", {"state": "open" if number else "filled"})
        for number in range(12):
            past = self.now - timedelta(hours=self._random.randrange(24, 2000))
            stamps = {"updated_at": past, "created_at": past}
            candidate = self.add("candidates", stamps)
            application = self.add(
                "applications",
                {
                    **stamps,
                    "candidate_id": candidate["id"],
                    "stage": _STAGES[number % len(_STAGES)],
                    "applied_at": past,
                },
            )
            if application["stage"] == "Interviewed":
                self.add("interviews", {**stamps, "application_id": application["id"]})


def _instants(collection: str, fields: Mapping[str, Any]) -> Row:
    """Read the instants among values that came as JSON."""
    names = {"updated_at", "created_at", "applied_at"}
    if collection == "interviews":
        names |= {"start", "end"}
    return {
        name: datetime.fromisoformat(value)
        for name, value in fields.items()
        if name in names and isinstance(value, str)
    }


def changed_since(rows: Iterable[Row], moment: datetime | None) -> list[Row]:
    """Return the rows that were changed at an instant or later; all if there is none."""
    return [row for row in rows if moment is None or row["updated_at"] >= moment]
