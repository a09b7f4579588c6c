"""Which time entries go on which invoice."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.entries import BILLED
from singer_sandbox.vendors.harvest.generation.plan import month_starts, morning
from singer_sandbox.vendors.harvest.slots import slot_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sandbox.vendors.harvest.entries import Entries
    from singer_sandbox.vendors.harvest.generation.plan import Plan
    from singer_sandbox.vendors.harvest.tables import Tables

_ISSUED_AFTER_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Bill:
    """What one client owes for one month.

    Attributes:
        client_id: The client.
        first_day: Of the month, as a proleptic day number.
        last_day: Likewise.
        issued: When the invoice is made, in seconds since 1970.
        items: Project, hours and amount; hours are positive.
        cells: The parts of the work it covers; see :class:`Billing`.
    """

    client_id: int
    first_day: int
    last_day: int
    issued: int
    items: Sequence[tuple[int, float, float]]
    cells: Sequence[int]


class Billing:
    """Sorts entries into cells: all work of one slot in one month.

    An entry that was made up after its month was billed goes on no invoice.

    Args:
        entries: Time entries; none of them billed.
        plan: The time frame.
    """

    def __init__(self, entries: Entries, plan: Plan) -> None:
        self._entries = entries
        self._now = plan.now
        self._starts = month_starts(plan.first_day, plan.today)
        self._months = len(self._starts) - 1
        self._issued = [morning(start + _ISSUED_AFTER_DAYS) for start in self._starts[1:]]
        first = self._starts[0]
        month_of = [
            month
            for month in range(self._months)
            for _ in range(self._starts[month], self._starts[month + 1])
        ]
        self._cells = array(
            "I",
            [
                slot * self._months + month_of[day - first]
                for slot, day in zip(entries.slots, entries.days, strict=True)
            ],
        )

    def bills(self, tables: Tables) -> Iterator[Bill]:
        """Return what can be billed by now, month by month."""
        facts = [slot_facts(slot, tables) for slot in self._entries.slot_table]
        hours = self._hours_by_cell()
        billed: dict[tuple[int, int], list[int]] = {}
        for cell in hours:
            slot, month = divmod(cell, self._months)
            if facts[slot].billable and self._issued[month] < self._now:
                billed.setdefault((month, facts[slot].client_id), []).append(cell)
        for (month, client_id), cells in sorted(billed.items()):
            sums: dict[int, tuple[float, float]] = {}
            for cell in cells:
                work = facts[cell // self._months]
                quantity, amount = sums.get(work.slot.project_id, (0.0, 0.0))
                more = hours[cell] / 100
                sums[work.slot.project_id] = (
                    quantity + more,
                    amount + more * (work.billable_rate or 0),
                )
            yield Bill(
                client_id=client_id,
                first_day=self._starts[month],
                last_day=self._starts[month + 1] - 1,
                issued=self._issued[month],
                items=[
                    (project, *sums[project]) for project in sorted(sums) if sums[project][0] > 0
                ],
                cells=cells,
            )

    def settle(self, invoice_of: dict[int, int]) -> None:
        """Put entries on their invoices, whose making stamps them.

        Args:
            invoice_of: Id of the invoice by cell.
        """
        entries, months, issued = self._entries, self._months, self._issued
        entries.invoices = array(
            "q",
            [
                invoice_of.get(cell, 0) if created < issued[cell % months] else 0
                for cell, created in zip(self._cells, entries.created, strict=True)
            ],
        )
        entries.updated = array(
            "q",
            [
                max(updated, issued[cell % months]) if invoice_id else updated
                for cell, updated, invoice_id in zip(
                    self._cells, entries.updated, entries.invoices, strict=True
                )
            ],
        )
        entries.states = array(
            "B",
            [
                state | BILLED if invoice_id else state
                for state, invoice_id in zip(entries.states, entries.invoices, strict=True)
            ],
        )

    def _hours_by_cell(self) -> dict[int, int]:
        """Add up hundredths of hours, as far as known when the invoices were made."""
        entries, months, issued = self._entries, self._months, self._issued
        hours: dict[int, int] = {}
        for cell, hundredths, created in zip(
            self._cells, entries.hundredths, entries.created, strict=True
        ):
            if created < issued[cell % months]:
                hours[cell] = hours.get(cell, 0) + hundredths
        return hours
