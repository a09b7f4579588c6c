"""What must not be forgotten: entries that were deleted, and records that could not be written."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Ledger:
    """Keys of entries that were deleted at the source, for ever.

    A "created" that comes late would make them again.

    Args:
        path: Of an SQLite file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with closing(self._open()) as database, database:
            database.execute(
                "create table if not exists deleted (stream text, key text, at text,"
                " primary key (stream, key))"
            )

    def has(self, stream: str, key: str) -> bool:
        """Tell whether an entry was deleted."""
        with closing(self._open()) as database:
            query = "select 1 from deleted where stream = ? and key = ?"
            return database.execute(query, (stream, key)).fetchone() is not None

    def add(self, stream: str, key: str, at: str) -> None:
        """Note that an entry was deleted."""
        with closing(self._open()) as database, database:
            database.execute("insert or ignore into deleted values (?, ?, ?)", (stream, key, at))

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path)
        connection.execute("pragma synchronous = full")
        return connection


class DeadLetters:
    """Records that the account refused, as Singer messages with the cause beside them.

    ``target-harvest --config config.json < FILE`` puts them back, once the cause is gone.

    Args:
        path: Of the file; only its owner can read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: set[str] = set()

    def add(
        self,
        stream: str,
        schema: Mapping[str, Any],
        keys: Sequence[str],
        record: Mapping[str, Any],
        cause: str,
    ) -> None:
        """Keep a record, durably, and the schema before the first one of its stream."""
        lines: list[Mapping[str, Any]] = []
        if stream not in self._told:
            self._told.add(stream)
            lines.append(
                {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys}
            )
        lines.append({"type": "RECORD", "stream": stream, "record": record, "cause": cause})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as file:
            file.writelines(f"{json.dumps(line, default=str)}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
