"""The rows of one stream: folded by key as they come, and merged into its table in batches."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from singer_tapkit.targets.errors import RecordError, SchemaError

from target_bigquery import sql
from target_bigquery.columns import (
    CLUSTERABLE,
    PARTITIONABLE,
    ColumnType,
    converter,
    holds,
    type_of,
)
from target_bigquery.layout import Layout
from target_bigquery.names import to_column, to_columns
from target_bigquery.rows import CHANGE, DELETED_AT, VERSION, Change, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from target_bigquery.warehouse import Warehouse

_OWN_COLUMNS: Final = {VERSION: ColumnType.INT64, DELETED_AT: ColumnType.TIMESTAMP}
"""Columns that a table gets when it needs them, declared or not."""
_CLUSTER_COLUMNS: Final = 4
"""How many columns BigQuery sorts a table by at most."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Field:
    """Where a property goes.

    Attributes:
        column: Its column, as the table spells it.
        convert: Prepares a value other than null.
    """

    column: str
    convert: Callable[[object], object]


class StreamTable:
    """A stream and its table.

    Args:
        warehouse: The dataset.
        stream: Name of the stream.
        name: Name of the table.
        hard_delete: Whether deleted rows are removed, instead of marked.
        layout: What the settings say of partition and clusters, by property; none if nothing.

    Attributes:
        stream: Name of the stream.
        records: How many records came in.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        stream: str,
        name: str,
        *,
        hard_delete: bool,
        layout: Layout | None,
    ) -> None:
        self.stream = stream
        self.records = 0
        self._warehouse = warehouse
        self._name = name
        self._table = warehouse.full_name(name)
        self._hard_delete = hard_delete
        self._layout = layout
        found = warehouse.find(self._table)
        self._stored_layout = found.layout if found else None
        self._stored = dict(found.columns) if found else {}
        self._spelling = {column.casefold(): column for column in self._stored}
        self._fields: dict[str, Field] = {}
        self._keys: Sequence[str] = ()
        self._left_out: set[str] = set()
        self._rows: dict[Hashable, Row] = {}
        self._numbers = count()

    def define(self, schema: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Make ready for records of this schema; the table gets the columns that it lacks.

        Args:
            schema: JSON schema of the records.
            keys: Properties whose values tell rows apart; if none, rows are only ever added.

        Raises:
            SchemaError: If they cannot be stored.
        """
        self.flush()
        types = {name: type_of(declared) for name, declared in schema["properties"].items()}
        self._check(types, keys)
        if self._stored_layout is None:
            self._create(types, keys)
        elif self._layout is not None and self._differs(self._layout, self._stored_layout):
            _logger.warning(
                "%s: the table %s is there with another partition or other clusters than the "
                "settings ask for, and keeps them; to change that, copy it into a new table",
                self.stream,
                self._table,
            )
        self._keys = keys
        self._fields = {}
        own = {name: kind for name, kind in _OWN_COLUMNS.items() if name in self._stored}
        self._add(own | types)

    def put(self, record: dict[str, Any], version: int | None) -> None:
        """Take a record that replaces the row with its key.

        Args:
            record: The record, with its key; may be changed.
            version: Version of the stream that it belongs to, if there are versions.

        Raises:
            RecordError: If a value cannot be stored.
        """
        self.records += 1
        if version is not None:
            record[VERSION] = version
        self._take(Change.PUT, record)

    def mark(self, record: dict[str, Any], deleted_at: str) -> None:
        """Take a tombstone: the row with its key was deleted from the source.

        Args:
            record: Its key, and whatever else is known; may be changed.
            deleted_at: When the deletion was found, ISO 8601.

        Raises:
            RecordError: If a value cannot be stored.
        """
        self.records += 1
        if self._keys and self._hard_delete:
            self._take(Change.REMOVE, {name: record[name] for name in self._keys})
        else:
            record[DELETED_AT] = deleted_at
            self._take(Change.MARK if self._keys else Change.PUT, record)

    def flush(self) -> None:
        """Store what has come so far: readers see all of it at once."""
        if not self._rows:
            return
        columns = {field.column: self._stored[field.column] for field in self._fields.values()}
        text = {CHANGE: ColumnType.STRING}
        staged = {
            name: ColumnType.STRING if kind == ColumnType.JSON else kind
            for name, kind in columns.items()
        }
        staging = self._warehouse.full_name(f"_worktaps_staging_{self._name}_{uuid4().hex}")
        keys = [self._fields[name].column for name in self._keys]
        lines = [row.line for row in self._rows.values()]
        with self._warehouse.staged(staging, staged | text, lines):
            statement = (
                sql.merge(self._table, staging, columns, keys)
                if keys
                else sql.insert(self._table, staging, columns)
            )
            self._warehouse.run(statement, f"merge {len(lines)} rows into {self._table}")
        self._rows.clear()

    def activate(self, version: int, now: str) -> None:
        """Remove or mark the rows of earlier versions, and those of none, at once.

        Args:
            version: The version whose rows stay as they are.
            now: The time to mark them with, ISO 8601 in UTC.
        """
        self.flush()
        doing = f"delete earlier versions from {self._table}"
        if self._hard_delete:
            self._add({VERSION: _OWN_COLUMNS[VERSION]})
            self._warehouse.run(sql.remove_other_versions(self._table), doing, version=version)
        else:
            self._add(_OWN_COLUMNS)
            self._warehouse.run(
                sql.mark_other_versions(self._table),
                doing,
                version=version,
                now=datetime.fromisoformat(now),
            )

    def report(self) -> None:
        """Say what has landed, at the end of a run."""
        _logger.info("%s: %d records stored in %s", self.stream, self.records, self._table)

    # --- columns ------------------------------------------------------------------------------

    def _check(self, types: Mapping[str, ColumnType], keys: Sequence[str]) -> None:
        """Make sure that a table can be made of these properties."""
        to_columns(self.stream, types)
        if not types:
            msg = (
                f"Stream {self.stream!r} declares no properties, and a table needs a column. "
                "Correct the schema in the tap, or deselect the stream"
            )
            raise SchemaError(msg)
        unknown = [name for name in keys if name not in types]
        if unknown:
            msg = (
                f"Stream {self.stream!r} has {', '.join(map(repr, unknown))} in its key but not "
                "among its properties. Correct the schema in the tap, or set __key_properties__ "
                "in stream_maps"
            )
            raise SchemaError(msg)
        mixed = [name for name in keys if types[name] == ColumnType.JSON]
        if mixed:
            msg = (
                f"Stream {self.stream!r} has {', '.join(map(repr, mixed))} in its key, which is "
                "an object, an array or of several types, and BigQuery cannot compare those. "
                "Correct the schema in the tap, or set __key_properties__ in stream_maps"
            )
            raise SchemaError(msg)

    def _wanted(self, types: Mapping[str, ColumnType], keys: Sequence[str]) -> Layout:
        """Return the layout for a new table, by column.

        Raises:
            SchemaError: If the settings ask for one that BigQuery cannot have.
        """
        layout = self._layout or Layout()
        clusters = layout.cluster_by or [name for name in keys if types[name] in CLUSTERABLE]
        asked = (
            [(layout.partition_by, "partition_by", PARTITIONABLE)] if layout.partition_by else []
        )
        asked += [(name, "cluster_by", CLUSTERABLE) for name in layout.cluster_by]
        for name, setting, allowed in asked:
            if types.get(name) not in allowed:
                msg = (
                    f"The setting tables.{self.stream}.{setting} names {name!r}, which is no "
                    f"property of type {', '.join(sorted(allowed))}. Name another one"
                )
                raise SchemaError(msg)
        return Layout(
            to_column(layout.partition_by) if layout.partition_by else None,
            tuple(to_column(name) for name in clusters[:_CLUSTER_COLUMNS]),
        )

    def _differs(self, asked: Layout, stored: Layout) -> bool:
        """Tell whether the settings ask for something that the table has not."""
        partition = to_column(asked.partition_by) if asked.partition_by else stored.partition_by
        clusters = tuple(map(to_column, asked.cluster_by)) or stored.cluster_by
        return Layout(partition, clusters) != stored

    def _create(self, types: Mapping[str, ColumnType], keys: Sequence[str]) -> None:
        layout = self._wanted(types, keys)
        columns = {to_column(name): kind for name, kind in types.items()}
        self._warehouse.create(self._table, columns, layout)
        self._stored_layout = layout
        self._stored.update(columns)
        self._spelling.update({column.casefold(): column for column in columns})

    def _add(self, types: Mapping[str, ColumnType]) -> None:
        """Let the table have these columns from now on, and records values for them."""
        for name, kind in types.items():
            wanted = to_column(name)
            column = self._spelling.setdefault(wanted.casefold(), wanted)
            stored = self._stored.get(column)
            if stored is None:
                self._warehouse.run(
                    sql.add_column(self._table, column, kind),
                    f"add the column {column} to {self._table}",
                )
                self._stored[column] = stored = kind
            elif not holds(stored, kind):
                msg = (
                    f"Property {name!r} of stream {self.stream!r} is {kind} now, but its column in "
                    f"{self._table} is {stored}. Nothing is lost: run ALTER TABLE "
                    f"`{self._table}` RENAME COLUMN {column} TO {column}_before, then this "
                    "again; a new column takes the new values, and a full refresh fills it. Or "
                    "let the tap declare the former type"
                )
                raise SchemaError(msg)
            self._fields[name] = Field(column, converter(stored))

    # --- rows ---------------------------------------------------------------------------------

    def _take(self, change: Change, record: Mapping[str, Any]) -> None:
        values = self._convert(record)
        key: Hashable = next(self._numbers)
        if self._keys:
            key = tuple(values[self._fields[name].column] for name in self._keys)
        row = Row.of(change, values)
        earlier = self._rows.get(key)
        self._rows[key] = row.over(earlier) if earlier else row

    def _convert(self, record: Mapping[str, Any]) -> dict[str, object]:
        """Return the values by column, without nulls."""
        if not record.keys() <= self._fields.keys():
            self._add(
                {name: _OWN_COLUMNS[name] for name in _OWN_COLUMNS.keys() & self._new(record)}
            )
            self._warn_of(self._new(record) - self._left_out)
        values = {}
        for name, field in self._fields.items():
            value = record.get(name)
            if value is not None:
                try:
                    values[field.column] = field.convert(value)
                except (ValueError, OverflowError) as error:
                    msg = f"has something in {name!r} that is {error}"
                    raise RecordError(msg) from None
        return values

    def _new(self, record: Mapping[str, Any]) -> set[str]:
        return {*record} - {*self._fields}

    def _warn_of(self, fields: set[str]) -> None:
        if fields:
            self._left_out |= fields
            _logger.warning(
                "%s: its schema does not declare %s, so there is no column for it",
                self.stream,
                ", ".join(sorted(fields)),
            )
