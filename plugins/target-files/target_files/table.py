"""A table of a DuckDB database that grows with its stream, and takes rows in batches."""

# ruff: noqa: S608 - names go through quoted(), values through _text() or a parameter
from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import duckdb
from singer_tapkit.targets.errors import SchemaError
from typing_extensions import override

from target_files.columns import ColumnType, conversion, widened
from target_files.errors import StorageError
from target_files.rows import DELETED_AT, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_LARGEST_LINE: Final = 16 << 20
"""What DuckDB takes for a line of JSON unless told otherwise, in bytes."""


def quoted(name: str) -> str:
    """Write a name so that SQL takes every character of it as it is."""
    return '"' + name.replace('"', '""') + '"'


def qualified(connection: duckdb.DuckDBPyConnection, schema: str) -> str:
    """Write the name of a schema so that no database or temporary table is taken for it."""
    (database,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    return f"{quoted(database)}.{quoted(schema)}"


def batch_file(database: Path) -> Path:
    """Return the file through which batches go into a database; it is there for a moment only."""
    return database.with_name(f".{database.name}.batch")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class Table:
    """One table.

    Args:
        connection: An open connection to the database.
        schema: Schema that the table is in.
        name: Its name; the table need not be there yet.
        database: The file of the database.

    Attributes:
        name: The stream that it holds.
        columns: The type of each column, in order.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, schema: str, name: str, database: Path
    ) -> None:
        self.name = name
        self._connection = connection
        self._schema = schema
        self._database = database
        self._batch_file = batch_file(database)
        self._table = f"{qualified(connection, schema)}.{quoted(name)}"
        self.columns = self._read_columns()

    @override
    def __str__(self) -> str:
        """Say where the table is, for a person."""
        return f"table {self._schema}.{self.name} of {self._database}"

    def grow(self, wanted: Mapping[str, ColumnType]) -> Mapping[str, str]:
        """Make sure that the table has these columns, with types that hold all values.

        Args:
            wanted: The type that each column should have.

        Returns:
            The columns whose type had to change, and what it is now.

        Raises:
            SchemaError: If there would be no column, or two with names that DuckDB takes for one.
        """
        self._refuse_lookalikes(wanted)
        changed = {}
        with self.transaction():
            if not self.columns:
                columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
                self._run(f"CREATE TABLE {self._table} ({columns})")
                self.columns = dict(wanted)
            for name, kind in wanted.items():
                stored = self.columns.get(name)
                if stored is None:
                    self._run(f"ALTER TABLE {self._table} ADD COLUMN {quoted(name)} {kind}")
                    self.columns[name] = kind
                elif (target := self._type_for(name, stored, kind)) != stored:
                    self._change_type(name, stored, target)
                    self.columns[name] = changed[name] = target
        return changed

    def insert(
        self, lines: Sequence[bytes], columns: Sequence[str], keys: Sequence[str], *, over: bool
    ) -> None:
        """Add rows in place of those with the same keys.

        Args:
            lines: The rows as JSON, no key twice.
            columns: Which columns they can have values for.
            keys: Columns that make up the key; if none, rows are added only.
            over: Whether stored values stay where a row has null.
        """
        self._load(lines, columns)
        source, into = "temp.incoming", ", ".join(map(quoted, columns))
        if over:
            source, into = "temp.laid_over", ", ".join(map(quoted, self.columns))
            self._lay_over(columns, keys)
        if keys:
            self._delete_incoming(keys)
        self._run(f"INSERT INTO {self._table} ({into}) SELECT {into} FROM {source}")

    def delete(self, lines: Sequence[bytes], keys: Sequence[str]) -> None:
        """Remove the rows with these keys.

        Args:
            lines: The keys as JSON objects.
            keys: Columns that make up the key.
        """
        self._load(lines, keys)
        self._delete_incoming(keys)

    def delete_other_versions(self, version: int, deleted_at: str | None) -> None:
        """Mark the rows that are not of this version, or remove them if there is no mark."""
        others = f"{quoted(VERSION)} IS DISTINCT FROM ?"
        if deleted_at is None:
            self._run(f"DELETE FROM {self._table} WHERE {others}", version)
        else:
            mark = quoted(DELETED_AT)
            self._run(
                f"UPDATE {self._table} SET {mark} = ? WHERE {others} AND {mark} IS NULL",
                deleted_at,
                version,
            )

    def count(self) -> int:
        """Count the rows."""
        (rows,) = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone() or (0,)
        return int(rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do several things as one, durable at the end.

        Raises:
            StorageError: If DuckDB refuses; does not repeat what it says of values.
        """
        self._connection.begin()
        try:
            yield
            self._connection.commit()
        except BaseException as error:
            with suppress(duckdb.Error):  # which could only say again what has happened
                self._connection.rollback()
                self.columns = self._read_columns()
            if not isinstance(error, duckdb.Error):
                raise
            harmless = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException)
            why = str(error).split("\n", 1)[0] if harmless else type(error).__name__
            msg = f"DuckDB could not write {self}: {why}"
            raise StorageError(msg) from None

    def _load(self, lines: Sequence[bytes], columns: Sequence[str]) -> None:
        """Put rows into the temporary table ``incoming``."""
        kinds = ", ".join(f"{_text(name)}: {_text(self._loaded_as(name))}" for name in columns)
        largest = max(_LARGEST_LINE, max(map(len, lines)) + 1)
        self._batch_file.write_bytes(b"\n".join(lines) + b"\n")
        try:
            self._run(
                f"CREATE OR REPLACE TEMP TABLE incoming AS "
                f"SELECT * FROM read_json({_text(str(self._batch_file))}, columns = {{{kinds}}}, "
                f"format = 'newline_delimited', maximum_object_size = {largest})"
            )
        finally:
            self._batch_file.unlink()

    def _loaded_as(self, name: str) -> str:
        """Return how values are read. JSON comes as text, lest its numbers be rounded."""
        kind = self.columns[name]
        return ColumnType.VARCHAR if kind == ColumnType.JSON else kind

    def _lay_over(self, columns: Sequence[str], keys: Sequence[str]) -> None:
        """Complete ``incoming`` from the stored rows, as the temporary table ``laid_over``."""
        values = ", ".join(
            f"coalesce(incoming.{name}, stored.{name}) AS {name}"
            if name in map(quoted, columns)
            else f"stored.{name}"
            for name in map(quoted, self.columns)
        )
        self._run(
            f"CREATE OR REPLACE TEMP TABLE laid_over AS SELECT {values} FROM temp.incoming "
            f"LEFT JOIN {self._table} AS stored ON {self._same(keys)}"
        )

    def _delete_incoming(self, keys: Sequence[str]) -> None:
        self._run(
            f"DELETE FROM {self._table} AS stored USING temp.incoming WHERE {self._same(keys)}"
        )

    def _same(self, keys: Sequence[str]) -> str:
        return " AND ".join(f"stored.{quoted(key)} = incoming.{quoted(key)}" for key in keys)

    def _type_for(self, name: str, stored: str, kind: ColumnType) -> str:
        target = widened(stored, kind)
        if (stored, target) == (ColumnType.BIGINT, ColumnType.DOUBLE):
            column = quoted(name)
            rounded = self._connection.execute(
                f"SELECT bool_or({column} <> CAST(CAST({column} AS DOUBLE) AS HUGEINT)) "
                f"FROM {self._table}"
            ).fetchone()
            return ColumnType.VARCHAR if rounded == (True,) else target
        return target

    def _change_type(self, name: str, stored: str, target: str) -> None:
        column = quoted(name)
        self._run(
            f"ALTER TABLE {self._table} ALTER COLUMN {column} SET DATA TYPE {target} "
            f"USING {conversion(column, stored, target)}"
        )

    def _refuse_lookalikes(self, wanted: Mapping[str, ColumnType]) -> None:
        names = {name.lower(): name for name in self.columns}
        for name in wanted:
            other = names.setdefault(name.lower(), name)
            if other != name:
                msg = (
                    f"Stream {self.name!r}: {other!r} and {name!r} differ by upper and lower case "
                    "alone, and DuckDB takes them for one column. Rename one with stream_maps"
                )
                raise SchemaError(msg)
        if not names:
            msg = f"Stream {self.name!r} declares no properties, so its table would have no columns"
            raise SchemaError(msg)

    def _read_columns(self) -> dict[str, str]:
        return dict(
            self._connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_catalog = current_database() "
                "AND lower(table_schema) = lower(?) AND table_name = ? ORDER BY ordinal_position",
                [self._schema, self.name],
            ).fetchall()
        )

    def _run(self, sql: str, *values: object) -> None:
        self._connection.execute(sql, list(values))
