"""Harvest's exported time report, read as records: the way in when there is no API access.

The "Detailed time" report holds the time entries of up to a whole account's history, one per row,
as Excel or CSV. :func:`read_report` turns a file into records that look the same whichever format,
account setting or year it comes from; :func:`schema_for` describes them. A record is keyed by
``row_key``, which :mod:`tap_harvest.report_file.keys` makes from the row and explains.

Around the entries, a file may hold titles above the heading row, blank rows, the heading row once
more where files were joined, and totals; these are passed over. Everything else that is not as it
should be stops the reading with a :class:`ReportFileError`: hours that go missing silently are
worse than a file that has to be exported again.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tap_harvest.report_file import cells
from tap_harvest.report_file.cells import Cell, Value, tidy
from tap_harvest.report_file.columns import (
    COLUMNS,
    ROW_KEY,
    Kind,
    column,
    missing_headings,
    property_names,
)
from tap_harvest.report_file.keys import RowKeys
from tap_harvest.report_file.tables import (
    HEADING_WITHIN,
    HOW_TO_EXPORT,
    ReportFileError,
    Table,
    open_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["KEY_PROPERTIES", "ReportFileError", "headings", "read_report", "schema_for"]

KEY_PROPERTIES: Final = (ROW_KEY,)

_WHAT_WAS_WORKED_ON = ("client", "project", "task")
_TOTAL = re.compile(r"(?:(?:grand|sub)[ -]?)?totals?\s*:?", re.IGNORECASE)
_READERS: dict[Kind, Callable[[Cell], Value]] = {
    # dates depend on the rest of the file
    Kind.HOURS: cells.hours,
    Kind.NUMBER: cells.number,
    Kind.CLOCK: cells.clock,
    Kind.FLAG: cells.flag,
    Kind.TEXT: cells.text,
}


def read_report(path: Path | str) -> Iterator[dict[str, Value]]:
    """Read the time entries of an exported report.

    Args:
        path: The exported ``.xlsx`` or ``.csv`` file.

    Yields:
        One record per entry, in the order of the file: ``row_key``, then the file's own columns
        in snake_case. Dates are ``YYYY-MM-DD``, clock times ``HH:MM`` in 24 hours, hours and
        amounts decimal numbers, yes/no columns booleans, all else text; ``None`` where empty.

    Raises:
        ReportFileError: If the file is missing, damaged, of another kind, lacks the headings of
            a time report, leaves the order of day and month open, or holds a cell that cannot be
            read. Raised while iterating, so records from above the cell came out before.
    """
    with open_tables(Path(path)) as tables:
        yield from _find_report(tables).records()


def headings(path: Path | str) -> tuple[str, ...]:
    """Name the properties of a file's records, in the file's order and without ``row_key``.

    Raises:
        ReportFileError: If the file cannot be read or lacks the headings of a time report.
    """
    with open_tables(Path(path)) as tables:
        return tuple(name for name in _find_report(tables).names if name is not None)


def schema_for(paths: Iterable[Path | str]) -> dict[str, Any]:
    """Describe the records of all these files in one JSON schema.

    The columns that Harvest is known to export are always there, so the table in a warehouse does
    not depend on which of them a file happens to have; other columns are those of the files.

    Args:
        paths: The exported files; only their tops are read.

    Returns:
        A JSON schema of type object. Every property says in ``x-pii`` how personal it is.

    Raises:
        ReportFileError: If a file cannot be read or lacks the headings of a time report.
    """
    names = dict.fromkeys(COLUMNS) | dict.fromkeys(
        name for path in paths for name in headings(path)
    )
    row_key = {
        "type": "string",
        "description": "Made from what identifies the entry; the same in every export of it.",
        "x-pii": "none",
    }
    return {
        "type": "object",
        "required": [ROW_KEY],
        "properties": {ROW_KEY: row_key} | {name: column(name).property_schema() for name in names},
    }


def _find_report(tables: Sequence[Table]) -> _Report:
    """Pick the one table that has a heading row."""
    reports = [report for table in tables if (report := _report_in(table)) is not None]
    if not reports:
        raise _no_heading_row(tables)
    if len(reports) > 1:
        message = (
            f"{tables[0].path} has {len(reports)} worksheets with the headings of a time report; "
            "reading them all could count hours twice, so keep one and save the others as files "
            "of their own."
        )
        raise ReportFileError(message)
    return reports[0]


def _report_in(table: Table) -> _Report | None:
    for number, names in _top(table):
        if not missing_headings(names):
            return _Report(table, number, tuple(names))
    return None


def _top(table: Table) -> Iterator[tuple[int, list[str | None]]]:
    """Yield the first rows of a table as if each were the heading row."""
    for number, row in itertools.islice(table.rows(), HEADING_WITHIN):
        yield number, property_names(row)


def _no_heading_row(tables: Sequence[Table]) -> ReportFileError:
    """Say what the row that looks most like a heading row is missing."""
    rows = [names for table in tables for _, names in _top(table)]
    best = max(rows, key=lambda names: len(COLUMNS.keys() & set(names)), default=[])
    return ReportFileError(
        f"{tables[0].path} has no row with the headings of a detailed time report among its first "
        f"{HEADING_WITHIN}; missing: {', '.join(missing_headings(best))}. To get one, "
        f"{HOW_TO_EXPORT}."
    )


@dataclass(frozen=True, slots=True)
class _Report:
    """A table whose heading row is known.

    Attributes:
        table: Where the rows are.
        heading_row: Number of the heading row, counted from 1.
        names: Property name of each column; ``None`` where no heading stands.
    """

    table: Table
    heading_row: int
    names: tuple[str | None, ...]

    @property
    def _date_at(self) -> int:
        return self.names.index("date")

    def records(self) -> Iterator[dict[str, Value]]:
        """Yield the entries below the heading row."""
        keys = RowKeys()
        day_first: bool | None = None
        for number, row in self._rows():
            if day_first is None and cells.day_and_month(row[self._date_at]) is not None:
                day_first = self._is_day_first()
            try:
                day = cells.day(row[self._date_at], day_first=bool(day_first))
            except cells.UNREADABLE:
                if self._is_no_entry(row):
                    continue
                raise self._unreadable(number, "date") from None
            record = self._record(number, row, day)
            yield {ROW_KEY: keys.key(record), **record}

    def _record(self, number: int, row: Sequence[Cell], day: str) -> dict[str, Value]:
        record: dict[str, Value] = {}
        for name, cell in zip(self.names, row, strict=True):
            if name == "date":
                record[name] = day
            elif name is not None:
                try:
                    record[name] = None if cell is None else _READERS[column(name).kind](cell)
                except cells.UNREADABLE:
                    raise self._unreadable(number, name) from None
        return record

    def _rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Yield the rows below the headings, tidied, as wide as the headings, blank ones left out.

        Cells beyond the headings are somebody's jottings in a worksheet; in a CSV file they mean
        that a separator inside a text has pushed all cells behind it to the right.
        """
        width = len(self.names)
        for number, row in itertools.islice(self.table.rows(), self.heading_row, None):
            tidied = [tidy(cell) for cell in row]
            if self.table.sheet is None and any(cell is not None for cell in tidied[width:]):
                message = (
                    f"{self.table.place(number)} has more cells than there are headings; quote "
                    f"texts that contain the separator, or {HOW_TO_EXPORT} again."
                )
                raise ReportFileError(message)
            tidied = tidied[:width] + [None] * (width - len(tidied))
            if any(cell is not None for cell in tidied):
                yield number, tidied

    def _is_no_entry(self, row: Sequence[Cell]) -> bool:
        """Tell totals, remarks and repeated headings from an entry with a broken date."""
        worked_on = [
            cell
            for name, cell in zip(self.names, row, strict=True)
            if name in _WHAT_WAS_WORKED_ON and cell is not None
        ]
        date = row[self._date_at]
        labels = row if date is None else [date]
        return (
            not worked_on
            or any(isinstance(label, str) and _TOTAL.fullmatch(label) for label in labels)
            or property_names(row) == list(self.names)
        )

    def _is_day_first(self) -> bool:
        """Infer from the whole file how dates like 03/04/2019 are meant.

        Raises:
            ReportFileError: If no date settles the order, or if dates contradict each other.
        """
        months = range(1, 13)
        day_first: int | None = None
        month_first: int | None = None
        undecided = False
        for number, row in self._rows():
            match cells.day_and_month(row[self._date_at]):
                case (first, second) if first not in months and second in months:
                    day_first = day_first or number
                case (first, second) if first in months and second not in months:
                    month_first = month_first or number
                case (first, second) if first != second:
                    undecided = True
        if day_first and month_first:
            message = (
                f"{self.table.place()} has the day first in row {day_first} and the month first "
                f"in row {month_first}; {HOW_TO_EXPORT} again, with one date format."
            )
            raise ReportFileError(message)
        if undecided and not (day_first or month_first):
            message = (
                f"{self.table.place()} leaves open whether days or months come first in its "
                "dates; export a longer period or as Excel, or choose the date format YYYY-MM-DD "
                "in Harvest's settings first."
            )
            raise ReportFileError(message)
        return month_first is None

    def _unreadable(self, number: int, name: str) -> ReportFileError:
        return ReportFileError(
            f"{self.table.place(number)}, column {name}: not {column(name).kind}; correct the "
            f"cell, or {HOW_TO_EXPORT} again."
        )
