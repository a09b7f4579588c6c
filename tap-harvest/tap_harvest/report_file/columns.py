"""The columns of Harvest's detailed time report, and the names they get in records.

Source: exports of the "Detailed time" report from 2015 to 2026. Their columns differ by year, by
module (approval, teams), by role (rates) and by account setting (start and end times). Every one
of these headings has been seen; an export holds a choice of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tap_harvest.report_file.cells import Cell, text, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Pii: TypeAlias = Literal["none", "direct", "sensitive", "special"]

ROW_KEY = "row_key"


class Kind(StrEnum):
    """How the cells of a column are to be read."""

    DATE = "a date such as 2019-01-31"
    HOURS = "hours such as 1.5 or 1:30"
    NUMBER = "a number such as 1.5"
    CLOCK = "a time of day such as 14:59 or 2:59pm"
    FLAG = "Yes or No"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column as Harvest exports it."""

    kind: Kind
    description: str
    pii: Pii = "none"

    def property_schema(self) -> dict[str, Any]:
        """Describe the property as JSON schema; nullable, as any cell may be empty."""
        return {
            "type": [_JSON_TYPES[self.kind], "null"],
            **({"format": "date"} if self.kind is Kind.DATE else {}),
            "description": self.description,
            "x-pii": self.pii,
        }


_JSON_TYPES = {
    Kind.DATE: "string",
    Kind.HOURS: "number",
    Kind.NUMBER: "number",
    Kind.CLOCK: "string",
    Kind.FLAG: "boolean",
    Kind.TEXT: "string",
}

COLUMNS: dict[str, Column] = {
    "date": Column(Kind.DATE, "Day worked, in the person's own calendar."),
    "client": Column(Kind.TEXT, "Name of the client."),
    "project": Column(Kind.TEXT, "Name of the project."),
    "project_code": Column(Kind.TEXT, "Code of the project."),
    "task": Column(Kind.TEXT, "Name of the task."),
    "notes": Column(Kind.TEXT, "What the person wrote about the entry.", "sensitive"),
    "hours": Column(Kind.HOURS, "Decimal hours before rounding; negative in corrections."),
    "hours_rounded": Column(Kind.HOURS, "Decimal hours after the account's time rounding."),
    "started_at": Column(Kind.CLOCK, "Start, HH:MM on the person's clock; no date, no zone."),
    "ended_at": Column(Kind.CLOCK, "End, HH:MM on the person's clock; no date, no zone."),
    "billable": Column(Kind.FLAG, "Whether the entry can be billed."),
    "invoiced": Column(Kind.FLAG, "Whether the entry is on an invoice or marked as invoiced."),
    "approved": Column(Kind.FLAG, "Whether the entry is approved."),
    "first_name": Column(Kind.TEXT, "First name of the person who worked.", "direct"),
    "last_name": Column(Kind.TEXT, "Last name of the person who worked.", "direct"),
    "employee_id": Column(Kind.TEXT, "The company's own number for the person.", "direct"),
    "department": Column(Kind.TEXT, "Department of the person, in exports before roles."),
    "roles": Column(Kind.TEXT, "Roles of the person when exported, separated by commas."),
    "teams": Column(Kind.TEXT, "Teams of the person when exported, separated by commas."),
    "employee": Column(Kind.FLAG, "Whether the person is an employee; no means contractor."),
    "hourly_rate": Column(Kind.NUMBER, "Rate per hour, in exports before billable rates."),
    "billable_rate": Column(Kind.NUMBER, "Billed per hour, in the currency of the client."),
    "billable_amount": Column(Kind.NUMBER, "Billed for the entry, in the currency of the client."),
    "cost_rate": Column(Kind.NUMBER, "Cost of the person per hour.", "sensitive"),
    "cost_amount": Column(Kind.NUMBER, "Cost of the entry.", "sensitive"),
    "currency": Column(Kind.TEXT, 'Currency of the client, written "Euro - EUR".'),
    "external_reference_url": Column(Kind.TEXT, "Link to the ticket or card the work was on."),
}

UNKNOWN = Column(Kind.TEXT, "A column of the export that this tap does not know.", "sensitive")


def column(name: str) -> Column:
    """Look up a column by property name; unknown ones are text."""
    return COLUMNS.get(name, UNKNOWN)


def property_names(headings: Iterable[Cell]) -> list[str | None]:
    """Turn a heading row into property names in snake_case, without duplicates.

    ``Billable?`` becomes ``billable``, ``External Reference URL`` ``external_reference_url``. A
    name taken by an earlier heading, or by the key of the stream, gets a number: ``hours_2``.

    Returns:
        One name per cell, in order; ``None`` under which no heading stands.
    """
    taken = {ROW_KEY}
    names: list[str | None] = []
    for cell in headings:
        heading = tidy(cell)
        if heading is None:
            names.append(None)
            continue
        stem = re.sub(r"[\W_]+", "_", text(heading).lower()).strip("_") or "column"
        numbered = (f"{stem}_{number}" for number in range(2, len(taken) + 3))
        name = stem if stem not in taken else next(name for name in numbered if name not in taken)
        taken.add(name)
        names.append(name)
    return names


def missing_headings(names: Sequence[str | None]) -> list[str]:
    """List what a row lacks to be the heading row of a time report."""
    missing = [label for name, label in (("date", "Date"), ("hours", "Hours")) if name not in names]
    if not {"client", "project", "task"}.intersection(names):
        missing.append("one of Client, Project or Task")
    return missing
