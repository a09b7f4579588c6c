"""The small collections of an account, kept as rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.harvest.collections import COLLECTIONS, Reference
from singer_sandbox.vendors.harvest.times import seconds_of, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sandbox.wire import Row

_ID_STEP = 7


class Tables:
    """Rows by collection and id, as they are kept: with ids in place of objects.

    Attributes:
        version: Grows with each change; whatever is computed from the rows is good for one.
    """

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, Row]] = {name: {} for name in COLLECTIONS}
        self._next_id = {name: collection.first_id for name, collection in COLLECTIONS.items()}
        self.version = 0
        self._assignments_version = -1
        self._user_assignments: dict[tuple[int, int], Row] = {}
        self._task_assignments: dict[tuple[int, int], Row] = {}

    def all(self, name: str) -> Iterator[Row]:
        """Return the rows of a collection in the order they came."""
        return iter(self._rows[name].values())

    def find(self, name: str, row_id: int) -> Row | None:
        """Return a row, if it is there."""
        return self._rows[name].get(row_id)

    def row(self, name: str, row_id: int) -> Row:
        """Return a row that has to be there.

        Raises:
            RefusedError: If it is not.
        """
        found = self.find(name, row_id)
        if found is None:
            msg = f"{name} has no row {row_id}"
            raise RefusedError(msg)
        return found

    def insert(self, name: str, fields: Mapping[str, object], now: int) -> Row:
        """Add a row.

        Args:
            name: Of the collection.
            fields: What differs from its template; stamps may be spelled in any way.
            now: Stamp of the new row unless given, in seconds since 1970.

        Raises:
            RefusedError: If the id is taken, or a reference leads nowhere.
        """
        collection = COLLECTIONS[name]
        row_id = fields.get("id", self._next_id[name])
        if not isinstance(row_id, int) or row_id in self._rows[name]:
            msg = f"{name} cannot have a new row {row_id}: ids are whole numbers, not taken yet"
            raise RefusedError(msg)
        row: Row = {"id": row_id, **collection.template}
        row |= {reference.field: None for reference in collection.references}
        row |= {"created_at": stamp(now), "updated_at": stamp(now)}
        row |= canonical(fields)
        if "created_at" in fields and "updated_at" not in fields:
            row["updated_at"] = row["created_at"]
        for reference in collection.references:
            self._resolve(name, reference, row)
        self._rows[name][row_id] = row
        self._next_id[name] = max(self._next_id[name], row_id + _ID_STEP)
        self.version += 1
        return row

    def update(self, name: str, row_id: int, fields: Mapping[str, object], now: int) -> Row:
        """Change a row, and stamp it.

        Raises:
            RefusedError: If there is no such row, its id should change, or a reference leads
                nowhere.
        """
        row = self.row(name, row_id)
        if fields.get("id", row_id) != row_id:
            msg = f"{name} row {row_id}: an id cannot be changed"
            raise RefusedError(msg)
        changed = {**row, "updated_at": stamp(now), **canonical(fields)}
        for reference in COLLECTIONS[name].references:
            self._resolve(name, reference, changed)
        row.update(changed)
        self.version += 1
        return row

    def remove(self, name: str, row_id: int) -> None:
        """Delete a row, and whatever refers to it and cannot be without it.

        Raises:
            RefusedError: If there is no such row.
        """
        self.row(name, row_id)
        del self._rows[name][row_id]
        for other, collection in COLLECTIONS.items():
            for reference in collection.references:
                if reference.to == name:
                    self._unlink(other, reference, row_id)
        self.version += 1

    def show(self, name: str, row: Row) -> Row:
        """Return a row as the API shows it to who may see everything."""
        collection = COLLECTIONS[name]
        kept_back = {*collection.hidden, *(link.field for link in collection.references)}
        shown = {field: value for field, value in row.items() if field not in kept_back}
        for reference in collection.references:
            if reference.shows and reference.shown_as not in row:
                shown[reference.shown_as] = self.embed(reference, row[reference.field])
        return self._finishers[name](shown, row) if name in self._finishers else shown

    def embed(self, reference: Reference, row_id: int | None) -> Row | None:
        """Return the object that the API shows in place of an id."""
        target = None if row_id is None else self.find(reference.to, row_id)
        if target is None:
            return None
        if reference.to == "users":
            return {"id": row_id, "name": full_name(target)}
        return {field: target[field] for field in reference.shows}

    def user_assignment(self, user_id: int, project_id: int) -> Row | None:
        """Return how a user is assigned to a project."""
        self._index_assignments()
        return self._user_assignments.get((user_id, project_id))

    def task_assignment(self, project_id: int, task_id: int) -> Row | None:
        """Return how a task is assigned to a project."""
        self._index_assignments()
        return self._task_assignments.get((project_id, task_id))

    def _index_assignments(self) -> None:
        if self._assignments_version != self.version:
            self._assignments_version = self.version
            self._user_assignments = {
                (row["user_id"], row["project_id"]): row for row in self.all("user_assignments")
            }
            self._task_assignments = {
                (row["project_id"], row["task_id"]): row for row in self.all("task_assignments")
            }

    def _resolve(self, name: str, reference: Reference, row: Row) -> None:
        """Make sure that a reference leads somewhere; a required one has a default."""
        target = row[reference.field]
        if target is None and not reference.optional:
            row[reference.field] = next(iter(self._rows[reference.to]), None)
        elif target is not None and target not in self._rows[reference.to]:
            msg = f"{name}: {reference.field} {target} leads to no row of {reference.to}"
            raise RefusedError(msg)

    def _unlink(self, name: str, reference: Reference, row_id: int) -> None:
        linked = [row for row in self.all(name) if row[reference.field] == row_id]
        for row in linked:
            if reference.optional:
                row[reference.field] = None
                if "is_billed" in row:
                    row["is_billed"] = False
            else:
                self.remove(name, row["id"])

    @cached_property
    def _finishers(self) -> Mapping[str, Callable[[Row, Row], Row]]:
        return {
            "roles": self._show_role,
            "expenses": self._show_expense,
            "invoices": self._show_invoice,
        }

    def _show_role(self, shown: Row, row: Row) -> Row:
        return shown | {"user_ids": [key for key in row["user_ids"] if self.find("users", key)]}

    def _show_expense(self, shown: Row, row: Row) -> Row:
        project = self.row("projects", row["project_id"])
        client = self.embed(COLLECTIONS["projects"].references[0], project["client_id"])
        assignment = self.user_assignment(row["user_id"], row["project_id"])
        return {"client": client, "user_assignment": bare_assignment(assignment)} | shown

    def _show_invoice(self, shown: Row, row: Row) -> Row:
        link = Reference("project_id", "projects", ("id", "name", "code"))
        lines = [
            {field: value for field, value in line.items() if field != link.field}
            | {"project": self.embed(link, line.get(link.field))}
            for line in row["line_items"]
        ]
        return shown | {"line_items": lines}


def full_name(user: Row) -> str:
    """Return a user's name as other rows show it."""
    return f"{user['first_name']} {user['last_name']}"


def bare_assignment(assignment: Row | None) -> Row | None:
    """Return an assignment as rows show it that tell its ends themselves."""
    if assignment is None:
        return None
    ends = ("user_id", "project_id", "task_id")
    return {field: value for field, value in assignment.items() if field not in ends}


def canonical(fields: Mapping[str, Any]) -> Row:
    """Copy fields with ``created_at`` and ``updated_at`` in the one spelling that sorts as text.

    Raises:
        ValueError: If one of them is no instant.
    """
    stamps = {
        name: stamp(seconds_of(fields[name]))
        for name in ("created_at", "updated_at")
        if name in fields
    }
    return {**fields, **stamps}
