"""The data of the simulated ClickUp: made up from a seed, changed by tests."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendor import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.vendors.clickup.settings import ClickUpSettings
    from singer_sandbox.wire import Row

FIRST: Final = "9013700001"
SECOND: Final = "9013700002"
CLOSED: Final = "9013700003"
"""A workspace that exists, but not for the token."""

_DAY: Final = 86_400_000
_HOUR: Final = 3_600_000
_PEOPLE: Final = (
    ("Ida Brekke", 1),
    ("Óscar Núñez", 2),
    ("Łukasz Wrona", 3),
    ("Nadia El-Amin", 3),
    ("Tove Lund", 3),
    ("Quinn Aster", 4),
)
_JOBS: Final = ("Tariff model", "Stand-up", "Køyreplan", "Review", "Support", "Invoice run")
_COLLECTIONS: Final = (
    *("workspaces", "members", "spaces", "folders", "lists", "tasks", "time_entries", "tags"),
    *("custom_fields", "goals", "comments", "checklists", "docs", "webhooks", "groups"),
)
_INSIDE: Final = {
    "spaces": (("folders", "space_id"), ("lists", "space_id")),
    "folders": (("lists", "folder_id"),),
    "lists": (("tasks", "list_id"),),
}
_DST_DAYS: Final = (
    datetime(2025, 10, 25, 21, 30, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 28, 22, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
)
"""Around midnight and the change of clocks in Oslo, both ways."""


def _nobody(_collection: str, _before: Row | None, _after: Row | None) -> None:
    """Take no notice."""


class World:
    """All rows, by collection and id.

    Args:
        settings: How it is set up.
        clock: Of the sandbox.

    Attributes:
        listener: Is told of each change: collection, row before, row after.
    """

    def __init__(self, settings: ClickUpSettings, clock: SandboxClock) -> None:
        self.settings = settings
        self._clock = clock
        self._random = random.Random(settings.seed)  # noqa: S311 - made-up data
        self._next_id = 4_931_120_455_810_000_000 + settings.seed
        self.listener: Callable[[str, Row | None, Row | None], None] = _nobody
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in _COLLECTIONS}
        self.now_at_start = int(clock.timestamp() * 1000)
        self._make()

    @property
    def now(self) -> int:
        """Milliseconds since 1970 on the sandbox's clock."""
        return int(self._clock.timestamp() * 1000)

    def table(self, collection: str) -> dict[str, Row]:
        """Return the rows of a collection by id.

        Raises:
            RefusedError: If there is no such collection.
        """
        if collection not in self.tables:
            msg = f"No collection is named {collection}: there are {', '.join(self.tables)}"
            raise RefusedError(msg)
        return self.tables[collection]

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

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row; an entry counts as made now, and so does the last change of its task."""
        if collection == "time_entries":
            return self._add_entry(fields)
        defaults: Mapping[str, Row] = {
            "tasks": {
                "name": "New task",
                "list_id": next(iter(self.tables["lists"]), None),
                "date_created": self.now,
                "date_updated": self.now,
            },
            "spaces": {"name": "New space", "workspace_id": FIRST},
        }
        row = {**defaults.get(collection, {}), "id": self.new_id(), **fields}
        row["id"] = str(row["id"])
        self.table(collection)[row["id"]] = row
        self.listener(collection, None, row)
        return row

    def edit(self, collection: str, row_id: str, fields: Mapping[str, Any]) -> Row:
        """Change a row; its time of change becomes now unless given."""
        row = self.get(collection, row_id)
        before = dict(row)
        row.update(fields)
        if collection == "time_entries" and "at" not in fields:
            row["at"] = self.now
        if collection == "tasks" and "date_updated" not in fields:
            row["date_updated"] = self.now
        self.listener(collection, before, row)
        return row

    def delete(self, collection: str, row_id: str) -> None:
        """Delete a row, and the folders, lists and tasks in it."""
        row = self.get(collection, row_id)
        for inner, field in _INSIDE.get(collection, ()):
            for part in list(self.below(inner, field, row_id)):
                self.delete(inner, part["id"])
        del self.tables[collection][row_id]
        self.listener(collection, row, None)

    def new_id(self) -> str:
        """Return an id that was not there before."""
        self._next_id += self._random.randrange(1, 90_000)
        return str(self._next_id)

    def below(self, collection: str, field: str, value: object) -> Iterator[Row]:
        """Yield the rows whose field has a value."""
        return (row for row in self.tables[collection].values() if row.get(field) == value)

    def _add_entry(self, fields: Mapping[str, Any]) -> Row:
        workspace_id = fields.get("workspace_id", FIRST)
        members = list(self.below("members", "workspace_id", workspace_id))
        start = int(fields.get("start", self.now - _HOUR))
        running = fields.get("running", False)
        row: Row = {
            "id": self.new_id(),
            "workspace_id": workspace_id,
            "user_id": members[0]["user_id"],
            "task_id": None,
            "start": start,
            "duration": None if running else _HOUR,
            "billable": True,
            "description": "",
            "source": "clickup",
            "at": self.now,
            "hidden": False,
            **{name: value for name, value in fields.items() if name != "running"},
        }
        self.tables["time_entries"][row["id"]] = row
        if task := self.tables["tasks"].get(str(row["task_id"])):
            task["date_updated"] = row["at"]
        self.listener("time_entries", None, row)
        return row

    def _make(self) -> None:
        now = self.now_at_start
        for number, workspace_id in enumerate((FIRST, SECOND, CLOSED)):
            self.add(
                "workspaces",
                {"id": workspace_id, "name": f"Workspace {number + 1}", "closed": number > 1},
            )
        for number, (name, role) in enumerate(_PEOPLE):
            self._add_member(FIRST, 61_230_400 + number, name, role)
        self._add_member(FIRST, 61_230_499, None, 3)
        self._add_member(SECOND, 61_230_400, _PEOPLE[0][0], 2)
        self._add_member(SECOND, 61_230_411, "Jo Okoro", 3)
        for workspace_id in (FIRST, SECOND):
            self._make_places(workspace_id, now)
        tasks = list(self.tables["tasks"].values())
        for number in range(self.settings.entries):
            self._make_entry(number, tasks, now)

    def _add_member(self, workspace_id: str, user_id: int, name: str | None, role: int) -> None:
        self.add(
            "members",
            {
                "id": f"{workspace_id}-{user_id}",
                "workspace_id": workspace_id,
                "user_id": str(user_id),
                "username": name,
                "email": f"person{user_id}@example.com",
                "role": role,
                "readable": True,
                "removed": False,
                "date_joined": None
                if name is None
                else self.now_at_start - (700 + user_id % 100) * _DAY,
            },
        )

    def _make_places(self, workspace_id: str, now: int) -> None:
        for number in range(2):
            space = self.add(
                "spaces",
                {
                    "name": f"Space {number + 1}",
                    "workspace_id": workspace_id,
                    "archived": False,
                },
            )
            for tag in ("analysis", "urgent"):
                self.add("tags", {"name": tag, "space_id": space["id"]})
            folders = [
                self.add(
                    "folders",
                    {
                        "name": f"Folder {n}",
                        "space_id": space["id"],
                        "archived": bool(n),
                        "hidden": False,
                    },
                )
                for n in range(2)
            ]
            for folder in (*folders, None):
                place = self.add(
                    "lists",
                    {
                        "name": "In a folder" if folder else "Directly in the space",
                        "space_id": space["id"],
                        "folder_id": folder["id"] if folder else None,
                        "archived": False,
                    },
                )
                self._make_tasks(place, workspace_id, now)
            self.add(
                "custom_fields",
                {"name": "Client code", "scope": "space", "scope_id": space["id"]},
            )
        self.add("goals", {"name": "Grow", "workspace_id": workspace_id, "folder_id": None})
        self.add("goals", {"name": "In a folder", "workspace_id": workspace_id, "folder_id": "f1"})
        self.add("docs", {"name": "Handbook", "workspace_id": workspace_id})
        self.add("webhooks", {"workspace_id": workspace_id, "secret": "sandbox-webhook-secret"})
        self.add("groups", {"name": "Designers", "workspace_id": workspace_id})

    def _make_tasks(self, place: Row, workspace_id: str, now: int) -> None:
        for number, name in enumerate(_JOBS):
            changed = now - self._random.randrange(1, 300 * 24) * _HOUR
            task = self.add(
                "tasks",
                {
                    "id": f"86dx{len(self.tables['tasks']):05}",
                    "workspace_id": workspace_id,
                    "list_id": place["id"],
                    "name": name,
                    "archived": number == 4,  # noqa: PLR2004 - one of each kind
                    "closed": number == 3,  # noqa: PLR2004
                    "parent": None,
                    "date_created": changed - _DAY,
                    "date_updated": changed,
                    "time_estimate": 5_400_000.5 if number else None,
                },
            )
            if number == 1:
                self.add("checklists", {"task_id": task["id"], "name": "Steps"})
                for text in ("First", "Second"):
                    self.add("comments", {"task_id": task["id"], "text": text, "date": changed})

    def _make_entry(self, number: int, tasks: list[Row], now: int) -> None:
        if number < len(_DST_DAYS):
            start = int(_DST_DAYS[number].timestamp() * 1000)
        else:
            start = now - int(self._random.random() ** 2 * 500 * _DAY) - 2 * _HOUR
        workspace_id = SECOND if number % 10 == 9 else FIRST  # noqa: PLR2004 - a tenth
        people = [
            row
            for row in self.tables["members"].values()
            if row["workspace_id"] == workspace_id and row["username"]
        ]
        own = [task for task in tasks if task["workspace_id"] == workspace_id]
        duration = self._random.choice((0, 900_000, 1_800_000, 5_400_000, 2 * _HOUR, 9 * _HOUR))
        task = self._random.choice([None, *own[:8]])
        row = self._add_entry(
            {
                "workspace_id": workspace_id,
                "user_id": self._random.choice(people)["user_id"],
                "task_id": task["id"] if task else None,
                "start": start,
                "duration": duration,
                "source": self._random.choice(("clickup", "clickup_mobile", "api")),
                "at": start + duration,
            }
        )
        row["junk"] = number % 50 == 17  # noqa: PLR2004 - some
