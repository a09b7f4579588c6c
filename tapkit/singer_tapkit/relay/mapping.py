"""Ids of one service in terms of the other, by tables that people keep."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from sqlalchemy import MetaData, Table, select
from sqlalchemy.exc import SQLAlchemyError

from singer_tapkit.database import DatabaseError, engine_of
from singer_tapkit.relay.destination import RefusedError
from singer_tapkit.targets.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_tapkit.relay.ledger import Ledger

_TO: Final = "to_"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.

    Attributes:
        when: By field of the record: what it has to hold. Empty for a default.
        then: By field: what the record gets.
    """

    when: Mapping[str, str]
    then: Mapping[str, Any]

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Tell whether it speaks of a record; of a list in it, one part has to match."""
        return all(wanted in _held(record.get(name)) for name, wanted in self.when.items())


class Lookup:
    """One table: the first row that fits counts, those with more conditions first.

    Args:
        name: Of the table.
        rows: Its rows.
    """

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self._name = name
        self._rows = sorted(rows, key=lambda row: -len(row.when))
        self._fields = list(dict.fromkeys(field for row in rows for field in row.when))

    def find(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a record gets.

        Raises:
            RefusedError: If no row speaks of it.
        """
        for row in self._rows:
            if row.fits(record):
                return row.then
        looked = ", ".join(self._fields)
        told = ", ".join(f"{name}={record.get(name)!r}" for name in self._fields)
        why = f"no row of the mapping table {self._name} fits its"
        remedy = "Add a row, or one without conditions as the default, then replay"
        msg = f"{why} {looked}. {remedy}"
        raise RefusedError(msg, details=f"{why} {told}. {remedy}")


class Tables:
    """The lookup tables of each stream, from a YAML file.

    Columns that begin with ``to_`` are what a record gets, all others are conditions. Rows are in
    the file itself, or come from a CSV file, a database table, or the ledger::

        time_entries:
          projects:
            - {list_id: "901", tags: design, to_project_id: 14307913, to_task_id: 8083365}
            - {list_id: "901", to_project_id: 14307913, to_task_id: 8083366}
          users: {csv: users.csv}
          tasks: {url: "postgresql://...", table: label_tasks}
          lists: {ledger: clickup, kind: lists, column: list_id, to: project_id}

    Args:
        path: Of the file; no tables if empty.
        ledger: Knows what other targets wrote.

    Raises:
        TargetError: If a table cannot be read; the text says what to do.
    """

    def __init__(self, path: str, ledger: Ledger) -> None:
        self._ledger = ledger
        self._path = Path(path)
        content = self._load() if path else {}
        self._streams = {
            str(stream): [Lookup(str(name), self._rows(name, rows)) for name, rows in each.items()]
            for stream, each in content.items()
        }

    def apply(self, stream: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with what the tables of its stream give it.

        Raises:
            RefusedError: If one of them does not speak of it.
        """
        found: dict[str, Any] = {}
        for lookup in self._streams.get(stream, ()):
            found |= lookup.find(record)
        return {**record, **found}

    def _load(self) -> Mapping[str, Mapping[str, Any]]:
        try:
            content = yaml.safe_load(self._path.read_text())
        except OSError as error:
            msg = f"mapping: {self._path} cannot be read: {error.strerror}"
            raise TargetError(msg) from None
        except yaml.YAMLError as error:
            where = getattr(error, "problem_mark", None)
            line = f", line {where.line + 1}" if where else ""
            msg = f"mapping: {self._path}{line} is no YAML"
            raise TargetError(msg) from None
        if not isinstance(content, dict) or not all(isinstance(x, dict) for x in content.values()):
            msg = f"mapping: {self._path} has to hold streams, and tables below each"
            raise TargetError(msg)
        return content

    def _rows(self, name: str, given: object) -> list[Row]:
        if isinstance(given, dict):
            given = self._fetched(name, given)
        if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
            raise self._fault(name, "a list of rows, or where they are: csv, url and table, ledger")
        rows = [_row(row) for row in given]
        if any(not row.then for row in rows):
            raise self._fault(name, "each row needs a column that begins with to_")
        return rows

    def _fetched(self, name: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        match given:
            case {"csv": file}:
                path = self._path.parent / str(file)
                try:
                    with path.open(newline="", encoding="utf-8-sig") as lines:
                        return list(csv.DictReader(lines))
                except (OSError, UnicodeDecodeError) as error:
                    raise self._fault(name, f"{path} as CSV: {type(error).__name__}") from None
            case {"url": url, "table": table}:
                return self._from_database(name, _expanded(str(url)), str(table))
            case {"ledger": target, "kind": kind, "column": column, "to": to}:
                pairs = self._ledger.written_by(str(target), str(kind))
                return [{column: target_id, f"{_TO}{to}": key} for target_id, key in pairs]
        return []

    def _from_database(self, name: str, url: str, table: str) -> list[dict[str, Any]]:
        try:
            engine = engine_of(url)
            with engine.connect() as connection:
                columns = Table(table, MetaData(), autoload_with=connection)
                rows = [dict(row) for row in connection.execute(select(columns)).mappings()]
            engine.dispose()
        except DatabaseError as error:
            raise self._fault(name, f"url: {error}") from None
        except SQLAlchemyError as error:
            raise self._fault(name, f"table {table}: {type(error).__name__}") from None
        return rows

    def _fault(self, name: str, what: str) -> TargetError:
        return TargetError(f"mapping: {self._path}, table {name}: {what}")


def _row(given: Mapping[str, Any]) -> Row:
    filled = {str(name): value for name, value in given.items() if value not in (None, "")}
    return Row(
        {name: str(value) for name, value in filled.items() if not name.startswith(_TO)},
        {name.removeprefix(_TO): value for name, value in filled.items() if name.startswith(_TO)},
    )


def _held(value: object) -> set[str]:
    """Return what a field holds, as texts; of objects in a list, their names and ids."""
    if value is None:
        return set()
    if not isinstance(value, list):
        return {str(value)}
    parts: set[str] = set()
    for part in value:
        parts |= (
            {str(part[name]) for name in ("name", "id") if part.get(name) is not None}
            if isinstance(part, dict)
            else {str(part)}
        )
    return parts


def _expanded(text: str) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], ""), text)
