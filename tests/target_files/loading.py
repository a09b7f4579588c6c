"""Messages, a target that loads them into a folder, and what a reader finds there."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
from target_files.target import TargetFiles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the command ended."""

    exit_code: int
    states: list[Any]
    log: str


@dataclass(slots=True)
class Loader:
    """The target with one folder and one format."""

    folder: Path
    form: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """Its settings."""
        return {"path": str(self.folder), "format": self.form} | self.settings

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.folder / "worktaps.duckdb"

    def load(self, *messages: Message, by: type[TargetFiles] = TargetFiles) -> list[Any]:
        """Load messages within this process; returns the states that were passed on."""
        return self.load_bytes(lines(messages), by=by)

    def load_bytes(self, text: bytes, *, by: type[TargetFiles] = TargetFiles) -> list[Any]:
        """Load an input that need not be messages."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            by(config=self.config).listen(io.BytesIO(text))  # type: ignore[arg-type]
        return [json.loads(line) for line in output.getvalue().splitlines()]

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command, which waits for messages."""
        config = self.folder.with_name(f"{self.folder.name}.json")
        config.write_text(json.dumps(self.config))
        return subprocess.Popen(
            [sys.executable, "-m", "target_files", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # what a test has not asked for stays in the pipe
        )

    def run(self, *messages: Message) -> Ended:
        """Run the command to its end."""
        with self.start() as process:
            output, log = process.communicate(lines(messages))
        states = [json.loads(line) for line in output.splitlines()]
        return Ended(process.returncode, states, log.decode())

    def rows(self, stream: str = "items") -> list[dict[str, Any]]:
        """The rows that a reader finds, in their order, without nulls; times as text."""
        if self.form == "jsonl":
            with (self.folder / f"{stream}.jsonl").open(encoding="utf-8") as file:
                found = [json.loads(line) for line in file]
        else:
            found = self.query(f'FROM "{stream}"')
        return [{name: value for name, value in row.items() if value is not None} for row in found]

    def by_id(self, stream: str = "items") -> dict[Any, dict[str, Any]]:
        """The rows by their id, of which each may be there once."""
        rows = self.rows(stream)
        found = {row["id"]: row for row in rows}
        assert len(found) == len(rows)
        return found

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask the DuckDB file."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            result = connection.execute(sql)
            names = [column[0] for column in result.description or ()]
            found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def lines(messages: Iterable[Message]) -> bytes:
    """Write messages as a tap does."""
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def schema(stream: str = "items", /, **properties: object) -> Message:
    """A SCHEMA message; each stream has an integer id, which is its key, and a text name."""
    own = {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": own | properties},
        "key_properties": ["id"],
    }


def keyed(message: Message, *keys: str) -> Message:
    """A SCHEMA message with other keys."""
    return message | {"key_properties": list(keys)}


def record(stream: str = "items", /, **fields: object) -> Message:
    """A RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": fields}


def versioned(version: int, message: Message) -> Message:
    """A RECORD message that belongs to a version of its stream."""
    return message | {"version": version}


def deleted(stream: str = "items", /, **fields: object) -> Message:
    """A RECORD message that says that a row was deleted."""
    return record(stream, **fields, _sdc_deleted_at="2026-01-02T03:04:05Z")


def state(value: object) -> Message:
    """A STATE message."""
    return {"type": "STATE", "value": {"at": value}}


def activate(version: int, stream: str = "items") -> Message:
    """An ACTIVATE_VERSION message."""
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}
