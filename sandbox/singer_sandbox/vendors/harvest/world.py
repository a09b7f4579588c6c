"""One account's data, and every way to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.harvest.access import ADMINISTRATOR, Viewer
from singer_sandbox.vendors.harvest.collections import COLLECTIONS, ENTRY_REFERENCES
from singer_sandbox.vendors.harvest.company import company
from singer_sandbox.vendors.harvest.entries import Slot
from singer_sandbox.vendors.harvest.entry_rows import EntryRows, hours_number
from singer_sandbox.vendors.harvest.generation import generate
from singer_sandbox.vendors.harvest.lists import sort_key
from singer_sandbox.vendors.harvest.references import with_service
from singer_sandbox.vendors.harvest.selection import Selection
from singer_sandbox.vendors.harvest.slots import SlotBook
from singer_sandbox.vendors.harvest.tables import canonical
from singer_sandbox.vendors.harvest.times import clock_time, seconds_of, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.vendors.harvest.settings import HarvestSettings
    from singer_sandbox.wire import Row

TIME_ENTRIES: Final = "time_entries"
_COMPANY: Final = "company"
_ALL: Final = Viewer(ADMINISTRATOR, 0, None, None)
_WORKDAY_STARTS: Final = 8 * 60
_TOUCHED_BY: Final = {
    "invoices": ("clients", "client_id"),
    "invoice_payments": ("invoices", "invoice_id"),
}
"""New rows that stamp another row, as live accounts showed."""


class World:
    """The data of an account, made from its settings.

    Attributes:
        settings: Of the account; may be replaced while the data stay.
        clock: Of the sandbox.
        tables: The small collections.
        entries: The time entries.
        slots: Facts about who worked on what.
        selection: Finds entries.
        entry_rows: Shows entries.
    """

    def __init__(self, settings: HarvestSettings, clock: SandboxClock) -> None:
        self.settings = settings
        self.clock = clock
        self.tables, self.entries = generate(settings, clock.seconds())
        self.slots = SlotBook(self.entries, self.tables)
        self.selection = Selection(self.entries, self.tables)
        self.entry_rows = EntryRows(self)

    def rows(self, name: str) -> list[Row]:
        """Return all rows of a collection as the API lists and shows them to an administrator."""
        if name == _COMPANY:
            return [company(self.settings)]
        if name == TIME_ENTRIES:
            return [self.entry_rows.shown(place, _ALL) for place in reversed(self.entries.order)]
        self._check(name)
        rows = sorted(self.tables.all(name), key=sort_key(name))
        return [self.tables.show(name, row) for row in rows]

    def get(self, name: str, row_id: int) -> Row:
        """Return one row as the API shows it to an administrator."""
        if name == TIME_ENTRIES:
            return self.entry_rows.shown(self.position(row_id), _ALL)
        self._check(name)
        return self.tables.show(name, self.tables.row(name, row_id))

    def add(self, name: str, fields: Mapping[str, Any]) -> Row:
        """Add a row.

        A new invoice bills the entries in ``time_entry_ids``, and stamps them and its client; a
        new payment stamps its invoice.
        """
        now = self.clock.seconds()
        if name == TIME_ENTRIES:
            position = self.entries.insert(self._new_entry(fields, now))
            return self.entry_rows.shown(position, _ALL)
        self._check(name)
        given = dict(fields)
        billed_ids = given.pop("time_entry_ids", ())
        row = self.tables.insert(name, given, now)
        if name in _TOUCHED_BY:
            touched, reference = _TOUCHED_BY[name]
            same_second = {"updated_at": row["created_at"]}
            self.tables.update(touched, row[reference], same_second, now)
            for entry_id in billed_ids:
                self.edit(TIME_ENTRIES, entry_id, same_second | {"invoice_id": row["id"]})
        return self.tables.show(name, row)

    def edit(self, name: str, row_id: int, fields: Mapping[str, Any]) -> Row:
        """Change a row, and stamp it unless ``updated_at`` is given."""
        now = self.clock.seconds()
        if name == TIME_ENTRIES:
            position = self.position(row_id)
            self.entries.replace(position, self._edited_entry(position, fields, now))
            return self.entry_rows.shown(position, _ALL)
        self._check(name)
        return self.tables.show(name, self.tables.update(name, row_id, fields, now))

    def delete(self, name: str, row_id: int) -> None:
        """Delete a row, and what cannot be without it."""
        if name == TIME_ENTRIES:
            self.entries.remove(self.position(row_id))
            return
        self._check(name)
        self.tables.remove(name, row_id)
        self._drop_orphans()

    def position(self, entry_id: int) -> int:
        """Return where an entry is.

        Raises:
            RefusedError: If there is no such entry.
        """
        position = self.entries.find(entry_id)
        if position is None:
            msg = f"{TIME_ENTRIES} has no row {entry_id}"
            raise RefusedError(msg)
        return position

    def _check(self, name: str) -> None:
        if name not in COLLECTIONS:
            known = ", ".join((TIME_ENTRIES, *COLLECTIONS))
            msg = f"No collection is named {name}, or it cannot be changed: there are {known}"
            raise RefusedError(msg)

    def _new_entry(self, fields: Mapping[str, Any], now: int) -> Row:
        user_id, project_id, task_id = self._slot_for(fields)
        row: Row = {
            "user_id": user_id,
            "project_id": project_id,
            "task_id": task_id,
            "invoice_id": None,
            "spent_date": stamp(now)[:10],
            "hours": 1.0,
            "notes": None,
            "approval_status": "unsubmitted",
            "is_running": False,
            "timer_started_at": None,
            "started_time": None,
            "ended_time": None,
            "external_reference": None,
            "created_at": stamp(now),
            "updated_at": stamp(now),
        }
        row |= canonical(fields)
        if "created_at" in fields and "updated_at" not in fields:
            row["updated_at"] = row["created_at"]
        if self.settings.timestamp_timers and "started_time" not in fields:
            end = _WORKDAY_STARTS + round(float(row["hours"]) * 60)
            row["started_time"] = clock_time(_WORKDAY_STARTS, self.settings.clock)
            row["ended_time"] = clock_time(end, self.settings.clock)
        return self._consistent(row)

    def _edited_entry(self, position: int, fields: Mapping[str, Any], now: int) -> Row:
        before = self.entry_rows.kept(position)
        if fields.get("id", before["id"]) != before["id"]:
            msg = f"{TIME_ENTRIES} row {before['id']}: an id cannot be changed"
            raise RefusedError(msg)
        row = {**before, "updated_at": stamp(now), **canonical(fields)}
        if before["is_running"] and not row["is_running"] and "hours" not in fields:
            elapsed_seconds = now - seconds_of(before["timer_started_at"])
            row["hours"] = hours_number(round(before["hours"] * 100 + elapsed_seconds / 36))
        return self._consistent(row)

    def _consistent(self, row: Row) -> Row:
        """Return an entry whose parts agree, and lead somewhere."""
        for reference in ENTRY_REFERENCES:
            if row[reference.field] is not None or not reference.optional:
                self.tables.row(reference.to, row[reference.field])
        if row["is_running"]:
            row["timer_started_at"] = row["timer_started_at"] or row["updated_at"]
            row["ended_time"] = None
        else:
            row["timer_started_at"] = None
        if row["external_reference"]:
            row["external_reference"] = with_service(row["external_reference"])
        return row

    def _slot_for(self, fields: Mapping[str, Any]) -> Slot:
        """Choose user, project and task of a new entry: such as occur, as far as not given."""
        wanted = {name: fields[name] for name in Slot._fields if name in fields}
        if len(wanted) < len(Slot._fields):
            for slot in self.entries.slot_table:
                if wanted.items() <= slot._asdict().items() and self._exists(slot):
                    return slot
        first = {
            reference.field: next((int(row["id"]) for row in self.tables.all(reference.to)), 0)
            for reference in ENTRY_REFERENCES
        }
        return Slot(**{name: wanted.get(name, first[name]) for name in Slot._fields})

    def _exists(self, slot: Slot) -> bool:
        return all(
            self.tables.find(reference.to, getattr(slot, reference.field))
            for reference in ENTRY_REFERENCES
            if reference.field in Slot._fields
        )

    def _drop_orphans(self) -> None:
        """Delete entries whose user, project or task is gone, and forget invoices that are."""
        slots = enumerate(self.entries.slot_table)
        self.entries.remove_slots({index for index, slot in slots if not self._exists(slot)})
        self.entries.unbill({invoice["id"] for invoice in self.tables.all("invoices")})
