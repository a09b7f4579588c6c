"""Loaders as commands, each with an empty destination, and what a reader finds there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import psycopg
import uv
from psycopg.rows import dict_row
from typing_extensions import override

from tests.emulators import PROJECT, emulated_bigquery
from tests.target_files.loading import lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_files.loading import Message

Row = dict[str, Any]
TABLE = "items"
DELETED_AT = "_sdc_deleted_at"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        exit_code: Its exit code.
        states: The states that were passed on.
    """

    exit_code: int
    states: list[Any]


class Loader(ABC):
    """A loader with settings that are good for it, and one table or file.

    Attributes:
        name: What people call it.
        command: The command, without its settings.
        table: Where its rows are to be found.
    """

    name: str
    command: tuple[str, ...]
    table = TABLE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return its settings."""

    @abstractmethod
    def stored(self) -> list[Row]:
        """Return all rows as they are stored, those that are marked as deleted included."""

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; it waits for messages."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.settings()))
        return subprocess.Popen(
            [*self.command, "--config", str(config)],
            cwd=self.folder,
            env=os.environ | {"PGTZ": "UTC"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def load(self, *messages: Message) -> Ended:
        """Run it to its end."""
        with self.start() as process:
            output, _ = process.communicate(lines(messages))
        return Ended(process.returncode, [json.loads(line) for line in output.splitlines()])

    def rows(self) -> list[Row]:
        """Return the live rows, without nulls; times as ISO 8601 in UTC."""
        return [
            {name: _plain(value) for name, value in row.items() if value is not None}
            for row in self.stored()
            if row.get(DELETED_AT) is None
        ]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _without_metadata(row: Row) -> Row:
    """Leave out what a loader adds, but for the mark of deletion."""
    return {
        name: value
        for name, value in row.items()
        if name == DELETED_AT or not name.startswith("_sdc_")
    }


def _duckdb(path: Path, table: str) -> list[Row]:
    with duckdb.connect(str(path), read_only=True) as connection:
        result = connection.execute(f"FROM {table}")
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _jsonl(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _package(name: str, *others: str) -> tuple[str, ...]:
    """Return what runs the command of a package in an environment of its own."""
    added = [part for other in others for part in ("--with", other)]
    command = name.partition("==")[0].removeprefix("meltanolabs-")
    run = (uv.find_uv_bin(), "tool", "run", "--quiet", "--python", sys.executable)
    return (*run, "--from", name, *added, command)


class FilesJsonl(Loader):
    """Our own, into a file."""

    name = "target-files, JSONL"
    command = (sys.executable, "-m", "target_files")

    @override
    def settings(self) -> dict[str, Any]:
        return {"path": str(self.folder)}

    @override
    def stored(self) -> list[Row]:
        return _jsonl(self.folder / f"{self.table}.jsonl")


class FilesDuckDB(Loader):
    """Our own, into DuckDB."""

    name = "target-files, DuckDB"
    command = (sys.executable, "-m", "target_files")

    @override
    def settings(self) -> dict[str, Any]:
        return {"path": str(self.folder), "format": "duckdb"}

    @override
    def stored(self) -> list[Row]:
        return _duckdb(self.folder / "worktaps.duckdb", self.table)


class BigQuery(Loader):
    """Our own, into an emulator."""

    name = "target-bigquery (ours)"
    command = (sys.executable, "-m", "target_bigquery")

    def __init__(self, folder: Path, endpoint: str) -> None:
        super().__init__(folder)
        self.endpoint = endpoint
        self.dataset = f"d_{uuid4().hex[:8]}"

    @override
    def settings(self) -> dict[str, Any]:
        return {"project": PROJECT, "dataset": self.dataset, "api_endpoint": self.endpoint}

    @override
    def stored(self) -> list[Row]:
        statement = f"SELECT * FROM {self.dataset}.{self.table}"  # noqa: S608 - a constant
        with closing(emulated_bigquery(self.endpoint)) as client:
            return [dict(row.items()) for row in client.query(statement).result()]


class Postgres(Loader):
    """MeltanoLabs', with PGTZ as in meltano.yml."""

    name = "meltanolabs-target-postgres 0.8.1"
    command = _package("meltanolabs-target-postgres==0.8.1")

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url
        self.schema = f"s_{uuid4().hex[:8]}"

    @override
    def settings(self) -> dict[str, Any]:
        return {"sqlalchemy_url": self.url, "default_target_schema": self.schema}

    @override
    def stored(self) -> list[Row]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            statement = f"SELECT * FROM {self.schema}.{self.table}"  # noqa: S608 - no input
            found = connection.execute(statement.encode()).fetchall()
        return [_without_metadata(row) for row in found]


class Jsonl(Loader):
    """The loader that most Singer projects begin with."""

    name = "target-jsonl 0.1.4"
    command = _package("target-jsonl==0.1.4")

    @override
    def settings(self) -> dict[str, Any]:
        return {"destination_path": str(self.folder), "do_timestamp_file": False}

    @override
    def stored(self) -> list[Row]:
        return _jsonl(self.folder / f"{self.table}.jsonl")


class DuckDB(Loader):
    """The one that PyPI has."""

    name = "target-duckdb 0.8.0"
    command = _package("target-duckdb==0.8.0")

    @override
    def settings(self) -> dict[str, Any]:
        return {
            "path": str(self.folder / "t.duckdb"),
            "default_target_schema": "main",
            "hard_delete": True,
        }

    @override
    def stored(self) -> list[Row]:
        return [_without_metadata(row) for row in _duckdb(self.folder / "t.duckdb", self.table)]


LOADERS: dict[str, type[Loader]] = {
    "files-jsonl": FilesJsonl,
    "files-duckdb": FilesDuckDB,
    "bigquery": BigQuery,
    "postgres": Postgres,
    "target-jsonl": Jsonl,
    "target-duckdb": DuckDB,
}
