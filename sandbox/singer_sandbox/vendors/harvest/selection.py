"""Which time entries a request asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.entries import (
    APPROVAL_MASK,
    APPROVALS,
    BILLED,
    RUNNING,
    Slot,
)
from singer_sandbox.vendors.harvest.query import SINCE
from singer_sandbox.vendors.harvest.references import reference_number

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from singer_sandbox.vendors.harvest.access import Viewer
    from singer_sandbox.vendors.harvest.entries import Entries
    from singer_sandbox.vendors.harvest.query import Filters
    from singer_sandbox.vendors.harvest.tables import Tables

ENTRY_FILTERS: Final = (
    *(SINCE, "from", "to", "user_id", "client_id", "project_id", "task_id"),
    *("is_billed", "is_running", "external_reference_id", "approval_status"),
)
_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class _Question:
    first_day: int | None
    last_day: int | None
    since: int | None
    equal: frozenset[tuple[str, int | bool | str]]
    viewer: Viewer


class Selection:
    """Answers which entries match, and remembers the latest answers.

    A reader asks for page after page of one list; it would be slow to search a million entries
    for each page.

    Args:
        entries: What to search.
        tables: The other collections.
    """

    def __init__(self, entries: Entries, tables: Tables) -> None:
        self._entries = entries
        self._tables = tables
        self._answers: dict[_Question, Sequence[int]] = {}
        self._versions = (-1, -1)

    def positions(self, filters: Filters, viewer: Viewer) -> Sequence[int]:
        """Return the positions of what matches and is the viewer's to see, newest first."""
        versions = (self._entries.version, self._tables.version)
        if self._versions != versions:
            self._answers.clear()
            self._versions = versions
        question = _Question(
            filters.first_day,
            filters.last_day,
            filters.since,
            frozenset(filters.equal.items()),
            viewer,
        )
        found = self._answers.get(question)
        if found is None:
            while len(self._answers) >= _KEPT:
                del self._answers[next(iter(self._answers))]
            found = self._answers[question] = self._search(filters, viewer)
        return found

    def _search(self, filters: Filters, viewer: Viewer) -> Sequence[int]:
        entries = self._entries
        found: array[int] | list[int] = entries.span(filters.first_day, filters.last_day)
        if filters.since is not None:
            updated, since = entries.updated, filters.since
            found = [position for position in found if updated[position] >= since]
        matching = self._matching_slots(filters, viewer)
        if matching is not None:
            slots = entries.slots
            found = [position for position in found if matching[slots[position]]]
        mask, state = _state(filters)
        if mask:
            states = entries.states
            found = [position for position in found if states[position] & mask == state]
        reference_id = filters.equal.get("external_reference_id")
        if reference_id is not None:
            number = reference_number(reference_id)
            found = [
                position
                for position in found
                if (number and entries.references[position] == number)
                or self._loose_reference(position) == reference_id
            ]
        return found[::-1]

    def _matching_slots(self, filters: Filters, viewer: Viewer) -> bytes | None:
        """Tell for each slot whether it matches; ``None`` if all do."""
        wanted = {name: value for name, value in filters.equal.items() if name in Slot._fields}
        client_id = filters.equal.get("client_id")
        if not wanted and client_id is None and viewer.users is None:
            return None
        projects = {
            project["id"]
            for project in self._tables.all("projects")
            if client_id in (None, project["client_id"])
        }
        return bytes(
            slot.project_id in projects
            and viewer.sees(user_id=slot.user_id, project_id=slot.project_id)
            and all(getattr(slot, name) == value for name, value in wanted.items())
            for slot in self._entries.slot_table
        )

    def _loose_reference(self, position: int) -> str | None:
        row = self._entries.loose.get(position)
        reference = row and row["external_reference"]
        return reference["id"] if reference else None


def _state(filters: Filters) -> tuple[int, int]:
    """Return which bits of an entry's state matter, and what they have to be."""
    mask = state = 0
    for name, bit in (("is_billed", BILLED), ("is_running", RUNNING)):
        if name in filters.equal:
            mask |= bit
            state |= bit if filters.equal[name] else 0
    approval = filters.equal.get("approval_status")
    if approval is not None:
        mask |= APPROVAL_MASK
        state |= APPROVALS.index(approval) if approval in APPROVALS else APPROVAL_MASK
    return mask, state
