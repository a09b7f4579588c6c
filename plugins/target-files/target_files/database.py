"""Streams as tables of a DuckDB database."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import duckdb
from singer_tapkit.targets.errors import SchemaError
from typing_extensions import override

from target_files.columns import ColumnType, Converter, convert, converter, type_of
from target_files.errors import StorageError
from target_files.rows import DELETED_AT, VERSION, Kind
from target_files.store import Destination, Store
from target_files.table import Table, batch_file, qualified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from target_files.rows import Row

_OWN_COLUMNS: Final = {VERSION: ColumnType.BIGINT, DELETED_AT: ColumnType.TIMESTAMP}
"""Columns that a table gets when it needs them, declared or not."""

_logger = logging.getLogger(__name__)


class DuckDBFile(Destination):
    """A DuckDB database, opened for writing: nobody else can open it meanwhile.

    Args:
        path: The file; made if it is not there, and its folder too.
        schema: Schema of the tables; made if it is not there.
        hard_delete: Whether deleted rows are removed, instead of marked.

    Raises:
        StorageError: If another process has it, or it is no DuckDB database.
    """

    def __init__(self, path: Path, *, schema: str, hard_delete: bool) -> None:
        self._path = path
        self._schema = schema
        self._hard_delete = hard_delete
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            cause = str(error).split("\n", 1)[0]
            remedy = (
                "Another process has it open: close it there, or set another database"
                if "lock" in cause
                else "Set another database, or move the file away"
            )
            msg = f"Cannot open {path}. {remedy}. DuckDB says: {cause}"
            raise StorageError(msg) from None
        batch_file(path).unlink(missing_ok=True)  # if a run was killed over it
        place = qualified(self._connection, schema)
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")

    @override
    def store(self, stream: str) -> TableStore:
        found = self._connection.execute(
            "SELECT table_name, table_type FROM information_schema.tables "
            "WHERE table_catalog = current_database() "
            "AND lower(table_schema) = lower(?) AND lower(table_name) = lower(?)",
            [self._schema, stream],
        ).fetchone()
        if found and found != (stream, "BASE TABLE"):
            name, kind = found
            what = "a table" if kind == "BASE TABLE" else "a view"
            msg = (
                f"Stream {stream!r} needs a table of that name, but {self._path} has {what} "
                f"{name!r}, and DuckDB takes upper and lower case for the same. Rename the stream "
                "with __alias__ in stream_maps, or set another schema"
            )
            raise SchemaError(msg)
        table = Table(self._connection, self._schema, stream, self._path)
        return TableStore(table, hard_delete=self._hard_delete)

    @override
    def close(self) -> None:
        """Write everything to the one file, and let others open it.

        Raises:
            StorageError: If that fails; nothing is lost, since the file beside it has the rest.
        """
        try:
            self._connection.execute("CHECKPOINT")
            self._connection.close()
        except duckdb.Error as error:
            cause = str(error).split("\n", 1)[0]
            msg = (
                f"Cannot complete {self._path}. See whether the disk is full. DuckDB says: {cause}"
            )
            raise StorageError(msg) from None


class TableStore(Store):
    """The rows of a stream in a table.

    Args:
        table: The table.
        hard_delete: Whether deleted rows are removed, instead of marked.
    """

    def __init__(self, table: Table, *, hard_delete: bool) -> None:
        super().__init__(table.name, hard_delete=hard_delete)
        self._table = table
        self._converters: dict[str, Converter] = {}
        self._left_out: set[str] = set()

    @override
    def _define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        self._converters = {}
        self._add_columns({name: type_of(value) for name, value in schema["properties"].items()})

    @override
    def _prepare(self, record: dict[str, Any]) -> None:
        if not record.keys() <= self._converters.keys():
            for name in _OWN_COLUMNS.keys() & record.keys() - self._converters.keys():
                self._add_columns({name: _OWN_COLUMNS[name]})
            self._warn_of(record.keys() - self._converters.keys() - self._left_out)
        convert(record, self._converters)

    @override
    def _write(self, rows: Sequence[Row]) -> None:
        lines: dict[Kind, list[bytes]] = {kind: [] for kind in Kind}
        for row in rows:
            lines[row.kind].append(row.line)
        columns = list(self._converters)
        with self._table.transaction():
            if lines[Kind.PUT]:
                self._table.insert(lines[Kind.PUT], columns, self._keys, over=False)
            if lines[Kind.MARK]:
                self._table.insert(lines[Kind.MARK], columns, self._keys, over=True)
            if lines[Kind.REMOVE]:
                self._table.delete(lines[Kind.REMOVE], self._keys)

    @override
    def _activate(self, version: int, deleted_at: str | None) -> None:
        self._add_columns(_OWN_COLUMNS if deleted_at else {VERSION: _OWN_COLUMNS[VERSION]})
        with self._table.transaction():
            self._table.delete_other_versions(version, deleted_at)

    @override
    def _finish(self) -> tuple[int, str]:
        return self._table.count(), str(self._table)

    def _add_columns(self, columns: Mapping[str, ColumnType]) -> None:
        """Let the table have these columns from now on, and records values for them."""
        for name, kind in self._table.grow(columns).items():
            _logger.warning(
                "%s: column %s is %s from now on, since its property has another type",
                self.stream,
                name,
                kind,
            )
        for name in columns:
            self._converters.setdefault(name, converter(self._table.columns[name]))

    def _warn_of(self, fields: set[str]) -> None:
        if fields:
            self._left_out |= fields
            _logger.warning(
                "%s: its schema does not declare %s, so there is no column for it",
                self.stream,
                ", ".join(sorted(fields)),
            )
