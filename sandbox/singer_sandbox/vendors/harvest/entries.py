"""Time entries: up to a million of them, in columns rather than rows.

An entry that was added or edited is *loose*: it is kept as a row beside the columns, which then
hold only what entries are sorted and filtered by.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.harvest.collections import FIRST_ENTRY_ID
from singer_sandbox.vendors.harvest.times import ordinal_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from singer_sandbox.wire import Row

APPROVALS: Final = ("unsubmitted", "submitted", "approved")
APPROVAL_MASK: Final = 0b11
"""Bits of a state that hold an index into ``APPROVALS``."""
BILLED: Final = 0b100
RUNNING: Final = 0b1000
WITHOUT_APPROVAL_STATUS: Final = 0b10000
"""The entry lacks the field ``approval_status``, as entries did before 2025."""

_ID_STEP: Final = 9


class Slot(NamedTuple):
    """Who worked on what."""

    user_id: int
    project_id: int
    task_id: int


@dataclass(slots=True)
class Entries:
    """All time entries, by position.

    Attributes:
        ids: Ascending.
        days: Day worked, as a proleptic day number.
        slots: Index into ``slot_table``.
        hundredths: Hours times 100; of a running timer, those before it was started.
        notes: Index into ``note_table``.
        starts: Minute of the day at which work began.
        states: Approval, billed, running: see the constants.
        references: Number of an external reference, or 0.
        invoices: Id of the invoice, or 0.
        created: Seconds since 1970.
        updated: Seconds since 1970.
        order: Positions by day, then id; only of entries that are there.
        slot_table: Every combination of user, project and task that occurs.
        note_table: Every note that occurs.
        loose: Rows by position, with ids in place of objects.
        version: Grows with each change.
    """

    ids: array[int] = field(default_factory=lambda: array("q"))
    days: array[int] = field(default_factory=lambda: array("I"))
    slots: array[int] = field(default_factory=lambda: array("I"))
    hundredths: array[int] = field(default_factory=lambda: array("i"))
    notes: array[int] = field(default_factory=lambda: array("H"))
    starts: array[int] = field(default_factory=lambda: array("H"))
    states: array[int] = field(default_factory=lambda: array("B"))
    references: array[int] = field(default_factory=lambda: array("I"))
    invoices: array[int] = field(default_factory=lambda: array("q"))
    created: array[int] = field(default_factory=lambda: array("q"))
    updated: array[int] = field(default_factory=lambda: array("q"))
    order: array[int] = field(default_factory=lambda: array("I"))
    slot_table: list[Slot] = field(default_factory=list)
    note_table: Sequence[str | None] = (None,)
    loose: dict[int, Row] = field(default_factory=dict)
    version: int = 0

    def sort_key(self, position: int) -> tuple[int, int]:
        """Return what entries are sorted by, oldest first."""
        return self.days[position], self.ids[position]

    def find(self, entry_id: int) -> int | None:
        """Return the position of an entry, if it is there."""
        position = bisect_left(self.ids, entry_id)
        if position == len(self.ids) or self.ids[position] != entry_id:
            return None
        place = self._place(position)
        there = place < len(self.order) and self.order[place] == position
        return position if there else None

    def span(self, first_day: int | None, last_day: int | None) -> array[int]:
        """Return positions of the entries of some days, oldest first; both ends belong to it."""
        start, stop = 0, len(self.order)
        if first_day is not None:
            start = bisect_left(self.order, first_day, key=self.days.__getitem__)
        if last_day is not None:
            stop = bisect_right(self.order, last_day, key=self.days.__getitem__)
        return self.order[start:stop]

    def insert(self, row: Row) -> int:
        """Add an entry.

        Args:
            row: With ids in place of objects, and canonical stamps. Without an id it gets the
                next one.

        Returns:
            Its position.

        Raises:
            RefusedError: If its id is not above those before it.
            ValueError: If a date, stamp or number is none.
        """
        next_id = self.ids[-1] + _ID_STEP if self.ids else FIRST_ENTRY_ID
        entry_id = row.setdefault("id", next_id)
        if self.ids and entry_id <= self.ids[-1]:
            msg = f"time_entries: the id of a new entry has to be above {self.ids[-1]}"
            raise RefusedError(msg)
        keys = self._keys(row)
        position = len(self.ids)
        self.ids.append(entry_id)
        self.notes.append(0)
        self.starts.append(0)
        self.references.append(0)
        for column, value in zip(self._key_columns, keys, strict=True):
            column.append(value)
        self._place_loose(position, row)
        return position

    def replace(self, position: int, row: Row) -> None:
        """Keep a row in place of what an entry was; its id stays.

        Raises:
            ValueError: If a date, stamp or number is none.
        """
        keys = self._keys(row)
        del self.order[self._place(position)]
        self.references[position] = 0
        for column, value in zip(self._key_columns, keys, strict=True):
            column[position] = value
        self._place_loose(position, row)

    def remove(self, position: int) -> None:
        """Delete an entry."""
        del self.order[self._place(position)]
        self.loose.pop(position, None)
        self.version += 1

    def remove_slots(self, gone: Container[int]) -> None:
        """Delete all entries of some slots, by their indices."""
        slots = self.slots
        self.order = array(
            "I", [position for position in self.order if slots[position] not in gone]
        )
        self.version += 1

    def unbill(self, kept: Container[int]) -> None:
        """Take entries off the invoices that are not among the kept ones."""
        for position in self.order:
            invoice_id = self.invoices[position]
            if invoice_id and invoice_id not in kept:
                self.invoices[position] = 0
                self.states[position] &= ~BILLED
                if position in self.loose:
                    self.loose[position]["invoice_id"] = None
        self.version += 1

    def slot_index(self, slot: Slot) -> int:
        """Return the index of a combination, which is added if it is new."""
        if slot not in self.slot_table:
            self.slot_table.append(slot)
        return self.slot_table.index(slot)

    def _place(self, position: int) -> int:
        return bisect_left(self.order, self.sort_key(position), key=self.sort_key)

    @property
    def _key_columns(self) -> tuple[array[int], ...]:
        """The columns that a loose row fills, in the order of its keys."""
        return (
            self.days,
            self.slots,
            self.hundredths,
            self.states,
            self.invoices,
            self.created,
            self.updated,
        )

    def _keys(self, row: Row) -> tuple[int, ...]:
        """Return what a loose row is sorted and filtered by; nothing is changed if that fails."""
        approval = row.get("approval_status", APPROVALS[-1] if row.get("is_closed") else None)
        state = APPROVALS.index(approval) if approval in APPROVALS else 0
        if row.get("is_billed", row["invoice_id"] is not None):
            state |= BILLED
        if row["is_running"]:
            state |= RUNNING
        return (
            ordinal_of(row["spent_date"]),
            self.slot_index(Slot(row["user_id"], row["project_id"], row["task_id"])),
            round(float(row["hours"] or 0) * 100),
            state,
            row["invoice_id"] or 0,
            seconds_of(row["created_at"]),
            seconds_of(row["updated_at"]),
        )

    def _place_loose(self, position: int, row: Row) -> None:
        self.loose[position] = row
        self.order.insert(self._place(position), position)
        self.version += 1
