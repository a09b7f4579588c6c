"""Open a file exported from Harvest and hand out its rows as they stand in it.

A CSV file is one table, an Excel workbook one table per worksheet. This module knows how files
are written (encodings, separators, worksheets) and how they break; what the rows mean is for
:mod:`tap_harvest.report_file`. Rows are read as they are asked for, never the whole file.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from tap_harvest.report_file.cells import Cell

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.workbook.workbook import Workbook

Row: TypeAlias = Sequence[Cell]

HEADING_WITHIN = 50
"""How many rows a file may spend on titles before its heading row."""

HOW_TO_EXPORT = "export the file from Harvest (Reports > Detailed time > Export, as Excel or CSV)"

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ROWS_AT_ONCE = 256
_CHUNK_BYTES = 1 << 20

_BROKEN_WORKBOOK = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    LookupError,
    SyntaxError,  # XML that is not well-formed
    TypeError,
    ValueError,
)
"""What openpyxl lets through when a part of a workbook is missing, cut off or not what it says."""


class ReportFileError(ValueError):
    """An exported report cannot be read; the message says where and what to do.

    It names files, worksheets, row numbers and columns, never what stands in a cell.
    """


class _Worksheet(Protocol):
    """The part of openpyxl's read-only worksheet that is used here."""

    title: str

    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, values_only: Literal[True]) -> Iterator[Row]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one CSV file or one worksheet.

    Attributes:
        path: The file.
        sheet: Name of the worksheet; ``None`` in a CSV file.
        rows: Starts reading from the top: pairs of row number, counted from 1, and cells. Rows
            may differ in length. Can be called again, also while an earlier reading goes on.
    """

    path: Path
    sheet: str | None
    rows: Callable[[], Iterator[tuple[int, Row]]]

    def place(self, row: int | None = None) -> str:
        """Say where something is, for an error message."""
        sheet = "" if self.sheet is None else f", worksheet {self.sheet!r}"
        return f"{self.path}{sheet}" + ("" if row is None else f", row {row}")


@contextmanager
def open_tables(path: Path) -> Iterator[Sequence[Table]]:
    """Open an exported file and keep it open while its tables are read.

    Args:
        path: A file ending in ``.csv`` or ``.xlsx``.

    Yields:
        The tables of the file; a CSV file has one, a workbook at least one.

    Raises:
        ReportFileError: If the file is missing, empty, protected, of another kind, or cannot be
            read; also later, from ``rows``, if it turns out to be broken further down.
    """
    start = _first_bytes(path)
    match path.suffix.lower():
        case ".csv":
            if start.startswith((_ZIP, _OLE)):
                message = f"{path} is an Excel file named .csv; rename it, or {HOW_TO_EXPORT}."
                raise ReportFileError(message)
            yield [_csv_table(path, start)]
        case ".xlsx":
            _check_workbook(path, start)
            workbook = _load(path)
            try:
                sheets = cast("list[_Worksheet]", workbook.worksheets)
                yield [_worksheet_table(path, sheet) for sheet in sheets]
            finally:
                workbook.close()
        case suffix:
            kind = f"a {suffix} file" if suffix else "a file without a suffix"
            message = f"{path} is {kind}; only .xlsx and .csv can be read: {HOW_TO_EXPORT}."
            raise ReportFileError(message)


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        message = f"{path} does not exist; check the path, or {HOW_TO_EXPORT}."
        raise ReportFileError(message) from None
    except IsADirectoryError:
        message = f"{path} is a folder; name each exported file in it."
        raise ReportFileError(message) from None
    except OSError as error:
        message = f"{path} cannot be opened: {error.strerror}; check that this user may read it."
        raise ReportFileError(message) from None
    if not start:
        message = f"{path} is empty (0 bytes); {HOW_TO_EXPORT} again."
        raise ReportFileError(message)
    return start


def _csv_table(path: Path, start: bytes) -> Table:
    encoding = _encoding(path, start)
    delimiter = _delimiter(path, encoding)

    def rows() -> Iterator[tuple[int, Row]]:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            number = 0
            try:
                for number, row in enumerate(reader, start=1):
                    yield number, row
            except csv.Error:
                message = (
                    f"{path}, after row {number}: the quotation marks do not match, so cells "
                    f"cannot be told apart; {HOW_TO_EXPORT} again."
                )
                raise ReportFileError(message) from None

    return Table(path, None, rows)


def _encoding(path: Path, start: bytes) -> str:
    """Tell UTF-8 from what Excel on Windows writes, by reading the file once in chunks.

    Source: Harvest writes UTF-8 without a byte order mark; Excel, saving the file again, writes
    UTF-8 with one, UTF-16 ("Unicode text") or the code page of Western Windows.
    """
    encodings = ("utf-16",) if start.startswith(_UTF16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file:
            try:
                while chunk := file.read(_CHUNK_BYTES):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    message = f"{path} is not text in UTF-8, UTF-16 or Windows-1252; save it as UTF-8 CSV."
    raise ReportFileError(message)


def _delimiter(path: Path, encoding: str) -> str:
    """Find the separator that sets Date and Hours apart in the heading row."""
    with path.open(encoding=encoding, newline="") as file:
        for line in itertools.islice(file, HEADING_WITHIN):
            for delimiter in (",", ";", "\t"):
                cells = {cell.strip(' "\r\n').casefold() for cell in line.split(delimiter)}
                if {"date", "hours"} <= cells:
                    return delimiter
    return ","


def _check_workbook(path: Path, start: bytes) -> None:
    if start.startswith(_OLE):
        message = (
            f"{path} is protected by a password, or an old .xls file under a new name; "
            f"save it as .xlsx without a password, or {HOW_TO_EXPORT}."
        )
        raise ReportFileError(message)
    if not start.startswith(_ZIP):
        message = f"{path} is not an Excel workbook, whatever its name says; {HOW_TO_EXPORT} again."
        raise ReportFileError(message)


def _load(path: Path) -> Workbook:
    """Open a workbook for reading row by row, with the values of formulas as last computed."""
    import openpyxl  # noqa: PLC0415 - slow to import, and most runs read no workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions we do not read
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _BROKEN_WORKBOOK:
        raise _broken(str(path)) from None


def _worksheet_table(path: Path, sheet: _Worksheet) -> Table:
    # The size some programs note in a worksheet is wrong, and openpyxl would stop there.
    sheet.reset_dimensions()

    def rows() -> Iterator[tuple[int, Row]]:
        numbered = enumerate(sheet.iter_rows(values_only=True), start=1)
        while batch := _next_rows(numbered, table):
            yield from batch

    table = Table(path, sheet.title, rows)
    return table


def _next_rows(numbered: Iterator[tuple[int, Row]], table: Table) -> list[tuple[int, Row]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's warning on a bad date quotes the cell
            return list(itertools.islice(numbered, _ROWS_AT_ONCE))
    except _BROKEN_WORKBOOK:
        raise _broken(table.place()) from None


def _broken(place: str) -> ReportFileError:
    return ReportFileError(
        f"{place} is damaged or not a complete Excel workbook; {HOW_TO_EXPORT} again."
    )
