"""Time entries as the API shows them.

Made-up entries are written straight from the columns to JSON text, about four times as fast as by
way of rows; loose ones take that way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from singer_sandbox.vendors.harvest.entries import (
    APPROVAL_MASK,
    APPROVALS,
    BILLED,
    WITHOUT_APPROVAL_STATUS,
)
from singer_sandbox.vendors.harvest.references import external_reference
from singer_sandbox.vendors.harvest.times import clock_time, day_text, seconds_of, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sandbox.vendors.harvest.access import Viewer
    from singer_sandbox.vendors.harvest.world import World
    from singer_sandbox.wire import Row

_ROUND_TO_HUNDREDTHS: Final = 25
"""Time rounding of the account: up to the quarter of an hour."""


class EntryRows:
    """Shows the entries of one account.

    Args:
        world: The account.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        entries = world.entries
        self._note_texts = [orjson.dumps(note).decode() for note in entries.note_table]
        self._state_texts = {
            approval | billed | without: _state_text(approval | billed | without)
            for approval in range(len(APPROVALS))
            for billed in (0, BILLED)
            for without in (0, WITHOUT_APPROVAL_STATUS)
        }

    def page(self, positions: Iterable[int], viewer: Viewer) -> orjson.Fragment:
        """Return entries as a JSON array."""
        texts = [
            orjson.dumps(self.shown(position, viewer)).decode()
            if position in self._world.entries.loose
            else self._text(position, viewer)
            for position in positions
        ]
        return orjson.Fragment("[" + ",".join(texts) + "]")

    def shown(self, position: int, viewer: Viewer) -> Row:
        """Return an entry as the API shows it."""
        row = self.kept(position)
        facts = self._world.slots.facts(self._world.entries.slots[position])
        hundredths = tracked = self._world.entries.hundredths[position]
        hours = without_timer = row["hours"]
        if row["is_running"]:
            elapsed = self._world.clock.timestamp() - seconds_of(row["timer_started_at"])
            hundredths = tracked + max(0, round(elapsed / 36))
            hours = hours_number(hundredths)
        closed = row.get("is_closed", row.get("approval_status") == APPROVALS[-1])
        invoice = row["invoice_id"] and self._world.tables.row("invoices", row["invoice_id"])
        billed = row.get("is_billed", invoice is not None)
        derived = {
            "hours": hours,
            "hours_without_timer": without_timer,
            "rounded_hours": hours_number(rounded(hundredths)),
            "is_locked": closed or billed,
            "locked_reason": locked_reason(closed=closed, billed=billed),
            "is_closed": closed,
            "is_billed": billed,
            "billable": facts.billable,
            "budgeted": facts.budgeted,
            "billable_rate": facts.billable_rate if viewer.sees_rates else None,
            "cost_rate": facts.cost_rate if viewer.sees_costs else None,
            "invoice": invoice and {"id": invoice["id"], "number": invoice["number"]},
        }
        not_shown = ("user_id", "project_id", "task_id", "invoice_id")
        known = {name: value for name, value in row.items() if name not in not_shown}
        return facts.shown | derived | {**known, "hours": derived["hours"]}

    def kept(self, position: int) -> Row:
        """Return an entry as a loose row is kept: with ids in place of objects."""
        entries = self._world.entries
        if position in entries.loose:
            return entries.loose[position]
        slot = entries.slot_table[entries.slots[position]]
        state = entries.states[position]
        reference = entries.references[position]
        started, ended = self._times(position)
        row: Row = {
            "id": entries.ids[position],
            "user_id": slot.user_id,
            "project_id": slot.project_id,
            "task_id": slot.task_id,
            "invoice_id": entries.invoices[position] or None,
            "spent_date": day_text(entries.days[position]),
            "hours": hours_number(entries.hundredths[position]),
            "notes": entries.note_table[entries.notes[position]],
            "is_running": False,
            "timer_started_at": None,
            "started_time": started,
            "ended_time": ended,
            "external_reference": external_reference(reference) if reference else None,
            "created_at": stamp(entries.created[position]),
            "updated_at": stamp(entries.updated[position]),
        }
        if state & WITHOUT_APPROVAL_STATUS:
            row["is_closed"] = _closed(state)
        else:
            row["approval_status"] = APPROVALS[state & APPROVAL_MASK]
        return row

    def _text(self, position: int, viewer: Viewer) -> str:
        """Write what :meth:`shown` returns, but for loose entries."""
        entries = self._world.entries
        facts = self._world.slots.facts(entries.slots[position])
        hundredths = entries.hundredths[position]
        hours = hours_number(hundredths)
        started, ended = self._times(position)
        rate = facts.billable_rate if viewer.sees_rates else None
        cost = facts.cost_rate if viewer.sees_costs else None
        invoice = reference = "null"
        if invoice_id := entries.invoices[position]:
            number = self._world.tables.row("invoices", invoice_id)["number"]
            invoice = f'{{"id":{invoice_id},"number":"{number}"}}'
        if reference_number := entries.references[position]:
            reference = orjson.dumps(external_reference(reference_number)).decode()
        return (
            f'{{"id":{entries.ids[position]},"spent_date":"{day_text(entries.days[position])}",'
            f'"hours":{hours},"hours_without_timer":{hours},'
            f'"rounded_hours":{hours_number(rounded(hundredths))},'
            f'"notes":{self._note_texts[entries.notes[position]]},'
            f"{self._state_texts[entries.states[position]]},"
            f'"started_time":{_quoted(started)},"ended_time":{_quoted(ended)},'
            f'"billable":{_flag(facts.billable)},"budgeted":{_flag(facts.budgeted)},'
            f'"billable_rate":{_number(rate)},"cost_rate":{_number(cost)},'
            f'"created_at":"{stamp(entries.created[position])}",'
            f'"updated_at":"{stamp(entries.updated[position])}",'
            f'{facts.text},"invoice":{invoice},"external_reference":{reference}}}'
        )

    def _times(self, position: int) -> tuple[str | None, str | None]:
        if not self._world.settings.timestamp_timers:
            return None, None
        start = self._world.entries.starts[position]
        end = start + max(0, self._world.entries.hundredths[position]) * 60 // 100
        return clock_time(start, self._world.settings.clock), clock_time(
            end, self._world.settings.clock
        )


def rounded(hundredths: int) -> int:
    """Round hundredths of hours up, as the account's preferences say."""
    return -(-hundredths // _ROUND_TO_HUNDREDTHS) * _ROUND_TO_HUNDREDTHS


def locked_reason(*, closed: bool, billed: bool) -> str | None:
    """Say in Harvest's words why an entry or expense cannot be changed."""
    reasons = [word for word, holds in (("Invoiced", billed), ("Approved", closed)) if holds]
    return f"Item {' and '.join(reasons)} and Locked for this Time Period" if reasons else None


def hours_number(hundredths: int) -> float:
    """Return hours as Harvest writes them: whole ones as ``2.0`` here and ``2`` there."""
    return hundredths // 100 if hundredths % 200 == 0 else hundredths / 100


def _state_text(state: int) -> str:
    closed, billed = _closed(state), bool(state & BILLED)
    shown: Row = {
        "is_locked": closed or billed,
        "locked_reason": locked_reason(closed=closed, billed=billed),
        "is_closed": closed,
        "is_billed": billed,
        "is_running": False,
        "timer_started_at": None,
    }
    if not state & WITHOUT_APPROVAL_STATUS:
        shown["approval_status"] = APPROVALS[state & APPROVAL_MASK]
    return orjson.dumps(shown)[1:-1].decode()


def _closed(state: int) -> bool:
    return APPROVALS[state & APPROVAL_MASK] == APPROVALS[-1]


def _quoted(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def _flag(value: bool) -> str:  # noqa: FBT001 - a conversion
    return "true" if value else "false"


def _number(value: float | None) -> str:
    return "null" if value is None else str(value)
