"""What the two formats have in common: rows come one by one, are folded, and land in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from singer_tapkit.targets.errors import SchemaError
from singer_tapkit.targets.messages import encode

from target_files.rows import DELETED_AT, VERSION, Kind, Row, key_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


@dataclass(frozen=True, slots=True)
class Landed:
    """How a stream stands at the end of a run.

    Attributes:
        records: Records read, tombstones among them.
        rows: Rows stored now.
        place: The file, or the file and the table.
    """

    records: int
    rows: int
    place: str


class Store(ABC):
    """The rows of one stream.

    Args:
        stream: Its name.
        hard_delete: Whether deleted rows are removed, instead of marked.

    Attributes:
        records: How many records came in.
    """

    def __init__(self, stream: str, *, hard_delete: bool) -> None:
        self.stream = stream
        self.hard_delete = hard_delete
        self.records = 0
        self._keys: Sequence[str] = ()
        self._rows: dict[Hashable, Row] = {}
        self._numbers = count()

    def define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        """Make ready for records of this schema.

        Args:
            schema: JSON schema of the records.
            keys: Fields whose values tell rows apart; if none, rows are only ever added.

        Raises:
            SchemaError: If they cannot be stored.
        """
        unknown = [name for name in keys if name not in schema["properties"]]
        if unknown:
            msg = (
                f"Stream {self.stream!r} has {', '.join(map(repr, unknown))} in its key but not "
                "among its properties. Correct the schema in the tap, or set __key_properties__ "
                "in stream_maps"
            )
            raise SchemaError(msg)
        self.flush()
        self._define(schema, keys)
        self._keys = keys

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
        self._take(Kind.PUT, record)

    def mark(self, record: dict[str, Any], deleted_at: str) -> None:
        """Take a tombstone: the row with its key was deleted from the source.

        Args:
            record: Its key, and whatever else is known; may be changed.
            deleted_at: When the deletion was found, ISO 8601.

        Raises:
            RecordError: If a value cannot be stored.
        """
        self.records += 1
        record[DELETED_AT] = deleted_at
        if not self._keys:
            self._take(Kind.PUT, record)
        elif self.hard_delete:
            self._take(Kind.REMOVE, {name: record[name] for name in self._keys})
        else:
            self._take(Kind.MARK, record)

    def flush(self) -> None:
        """Make durable what has come so far. Readers see all of it at once, or later."""
        if self._rows:
            self._write(list(self._rows.values()))
            self._rows.clear()

    def activate(self, version: int, now: str) -> None:
        """Delete the rows of all other versions, at once.

        Args:
            version: The version whose rows stay as they are.
            now: The time, ISO 8601, for the mark of deletion.
        """
        self.flush()
        self._activate(version, None if self.hard_delete else now)

    def finish(self) -> Landed:
        """Show readers everything, at the end of a run."""
        self.flush()
        rows, place = self._finish()
        return Landed(self.records, rows, place)

    def _take(self, kind: Kind, record: dict[str, Any]) -> None:
        self._prepare(record)
        key = key_of(record, self._keys) if self._keys else None
        row = Row(kind, key, encode(record))
        place: Hashable = next(self._numbers) if key is None else key
        earlier = self._rows.get(place)
        self._rows[place] = row.over(earlier) if earlier else row

    def _prepare(self, record: dict[str, Any]) -> None:  # noqa: B027 - nothing to do is usual
        """Change values of a record to how they are stored.

        Raises:
            RecordError: If one cannot be stored.
        """

    @abstractmethod
    def _define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        """Make ready for another schema; no rows are waiting."""

    @abstractmethod
    def _write(self, rows: Sequence[Row]) -> None:
        """Make rows durable, all or none; no key is there twice."""

    @abstractmethod
    def _activate(self, version: int, deleted_at: str | None) -> None:
        """Mark all rows of other versions, or remove them if there is no time to mark them with."""

    @abstractmethod
    def _finish(self) -> tuple[int, str]:
        """Show readers everything; return the number of rows and where they are."""


class Destination(ABC):
    """Where the stores of all streams are."""

    @abstractmethod
    def store(self, stream: str) -> Store:
        """Return the store of a stream, which is made if it is not there.

        Raises:
            SchemaError: If its name cannot be used.
            StorageError: If it cannot be written, or something else writes it.
        """

    @abstractmethod
    def close(self) -> None:
        """Let others use it."""
