"""What a snapshot does not have yet: durable, one row per key, and owned by one process."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from target_files.durable import create
from target_files.errors import StorageError
from target_files.rows import Kind, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS entries (
        number INTEGER PRIMARY KEY, key TEXT UNIQUE, kind INTEGER NOT NULL, line BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS about (keys TEXT NOT NULL)
"""
_ADD: Final = """
    INSERT INTO entries (kind, key, line) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, line = excluded.line
"""
_FIND: Final = """
    SELECT number, kind, key, line FROM entries WHERE key IN (SELECT value FROM json_each(?))
"""


class Journal:
    """Rows on disk, in the order in which their keys came first.

    Opening it locks it until it is closed or the process ends, however that comes about.

    Args:
        path: The file, an SQLite database. It is there while there is something to keep.

    Raises:
        StorageError: If another process has it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        create(path)
        before = path.stat().st_ino
        with self._failures():
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("BEGIN EXCLUSIVE")
            for statement in _TABLES.split(";"):
                self._database.execute(statement)
            self._database.execute("COMMIT")
        if not path.exists() or path.stat().st_ino != before:
            raise self._in_use()  # its owner has discarded it meanwhile, and we hold the remains

    @property
    def keys(self) -> Sequence[str]:
        """Fields that make up the key of the rows in it."""
        found = self._database.execute("SELECT keys FROM about").fetchone()
        keys: list[str] = json.loads(found[0]) if found else []
        return keys

    @property
    def last(self) -> int:
        """Number of the newest row; 0 if there are none."""
        number: int
        (number,) = self._database.execute("SELECT ifnull(max(number), 0) FROM entries").fetchone()
        return number

    def write(self, rows: Sequence[Row], keys: Sequence[str]) -> None:
        """Add rows, over those that have the same key; all are durable afterwards, or none.

        Args:
            rows: No key may be there twice.
            keys: The fields of the key; the same as those of the rows that are there.
        """
        marks = [row.key for row in rows if row.kind is Kind.MARK]
        known = {row.key: row for _, row in self.find(marks)}
        folded = (row.over(known[row.key]) if row.key in known else row for row in rows)
        with self._transaction():
            self._database.execute("DELETE FROM about")
            self._database.execute("INSERT INTO about VALUES (?)", (json.dumps(list(keys)),))
            self._database.executemany(_ADD, folded)

    def find(self, keys: Iterable[str | None]) -> Iterator[tuple[int, Row]]:
        """Yield the rows that have one of these keys, with their numbers, in any order."""
        found = self._database.execute(_FIND, (json.dumps(list(keys)),))
        return ((number, Row(Kind(kind), key, line)) for number, kind, key, line in found)

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        """Yield all rows with their numbers, from 1, in the order in which their keys came."""
        found = self._database.execute(
            "SELECT number, kind, key, line FROM entries ORDER BY number"
        )
        return ((number, Row(Kind(kind), key, line)) for number, kind, key, line in found)

    def clear(self) -> None:
        """Forget all rows, durably."""
        with self._transaction():
            self._database.execute("DELETE FROM entries")

    def discard(self) -> None:
        """Remove the file and let go of it; there must be nothing left to keep."""
        self.path.unlink()  # before the lock goes, lest somebody else takes the file
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._failures():
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise self._in_use() from None
            msg = f"Cannot write {self.path}: {error}"
            raise StorageError(msg) from error
        except sqlite3.DatabaseError as error:
            msg = f"{self.path} is damaged. Remove it, and run again from an earlier state: {error}"
            raise StorageError(msg) from error

    def _in_use(self) -> StorageError:
        stem = self.path.stem.removeprefix(".")
        return StorageError(
            f"Another process is writing {self.path.with_name(stem)}.jsonl. "
            "Wait until it ends, or set another path"
        )
