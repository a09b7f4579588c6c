"""The file of a stream: one line per key, replaced as a whole."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from singer_tapkit.targets.messages import encode

from target_files.durable import rename
from target_files.errors import StorageError
from target_files.names import to_stem
from target_files.rows import DELETED_AT, VERSION, Kind, Row, key_of, read_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from target_files.journal import Journal

_LINES_AT_ONCE: Final = 500
_BYTES_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Activation:
    """Which rows are deleted because a stream has a new version.

    Attributes:
        version: The version whose rows stay.
        deleted_at: What to mark the others with; they are removed if it is none.
    """

    version: int
    deleted_at: str | None


class Snapshot:
    """A JSONL file, and how it takes in a journal.

    Lines stay in their order; rows with new keys follow at the end, in the order in which they
    came. Three steps make sure that each row of a journal goes in once, wherever a crash comes::

        .name.merging   old snapshot and journal are being merged into it
        .name.merged    complete: from here on it counts, and the journal does not
        name.jsonl      takes its place when the journal is empty

    Args:
        folder: Where the file is.
        stream: What is in it.

    Attributes:
        path: The file.
        journal_path: File for its journal.
    """

    def __init__(self, folder: Path, stream: str) -> None:
        stem = to_stem(stream)
        self.path = folder / f"{stem}.jsonl"
        self.journal_path = folder / f".{stem}.journal"
        self._merging = folder / f".{stem}.merging"
        self._merged = folder / f".{stem}.merged"

    def recover(self, journal: Journal) -> None:
        """Finish what a crash has left behind."""
        self._merging.unlink(missing_ok=True)
        if self._merged.exists():
            self._replace(journal)
        if journal.last:
            self.merge(journal)

    def merge(self, journal: Journal, activation: Activation | None = None) -> int:
        """Take in a journal, which is empty afterwards.

        Args:
            journal: The journal of this snapshot.
            activation: Rows to delete when the journal is in.

        Returns:
            How many rows there are now.

        Raises:
            StorageError: If a line of the file is not a record.
        """
        lines = self._with(journal)
        if activation is not None:
            lines = self._after(activation, lines)
        rows = 0
        with self._merging.open("wb") as file:
            for line in lines:
                file.write(line + b"\n")
                rows += 1
            file.flush()
            os.fsync(file.fileno())
        rename(self._merging, self._merged)
        self._replace(journal)
        return rows

    def count(self) -> int:
        """Count the rows."""
        with self.path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BYTES_AT_ONCE), b""))

    def _replace(self, journal: Journal) -> None:
        journal.clear()
        rename(self._merged, self.path)

    def _with(self, journal: Journal) -> Iterator[bytes]:
        """Yield the lines of the snapshot as the journal has changed them, then the new ones."""
        placed = bytearray(journal.last + 1)
        keys = journal.keys
        lines = self._lines()
        if not keys or not journal.last:
            yield from lines
        else:
            while some := list(islice(lines, _LINES_AT_ONCE)):
                yield from self._changed(some, keys, journal, placed)
        for number, row in journal:
            if not placed[number] and row.kind is not Kind.REMOVE:
                yield row.line

    def _changed(
        self, lines: Iterable[bytes], keys: Sequence[str], journal: Journal, placed: bytearray
    ) -> Iterator[bytes]:
        # a line without a key is from a time when the stream had another one, and stays
        stored = [Row(Kind.PUT, key_of(self._read(line), keys), line) for line in lines]
        found = {row.key: (number, row) for number, row in journal.find(row.key for row in stored)}
        for row in stored:
            number, change = found.get(row.key, (0, None))
            if change is None:
                yield row.line
            elif not placed[number]:  # what is there twice comes out once
                placed[number] = 1
                changed = change.over(row)
                if changed.kind is not Kind.REMOVE:
                    yield changed.line

    def _after(self, activation: Activation, lines: Iterable[bytes]) -> Iterator[bytes]:
        deleted_at = activation.deleted_at
        for line in lines:
            record = self._read(line)
            if record.get(VERSION) == activation.version:
                yield line
            elif deleted_at is not None:
                marked = record.get(DELETED_AT) is not None
                yield line if marked else encode(record | {DELETED_AT: deleted_at})

    def _lines(self) -> Iterator[bytes]:
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from (line.rstrip(b"\r\n") for line in file if not line.isspace())

    def _read(self, line: bytes) -> dict[str, object]:
        try:
            return read_line(line)
        except ValueError:
            msg = (
                f"{self.path} has a line that is not a JSON object, so it cannot be updated. "
                "Mend that line, or remove the file and run again without state"
            )
            raise StorageError(msg) from None
