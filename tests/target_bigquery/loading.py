"""A target that loads messages into a dataset, and what a reader finds there."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_bigquery.target import TargetBigQuery

from tests.emulators import PROJECT, emulated_bigquery
from tests.target_files.loading import Ended, Message, lines

if TYPE_CHECKING:
    from pathlib import Path

    from google.cloud import bigquery


@dataclass(slots=True)
class Loader:
    """The target with a dataset of its own."""

    endpoint: str
    dataset: str
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """Its settings."""
        own = {"project": PROJECT, "dataset": self.dataset, "api_endpoint": self.endpoint}
        return own | self.settings

    def load(self, *messages: Message) -> list[Any]:
        """Load messages within this process; returns the states that were passed on."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            target = TargetBigQuery(config=self.config)
            target.listen(io.BytesIO(lines(messages)))  # type: ignore[arg-type]
        return [json.loads(line) for line in output.getvalue().splitlines()]

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command, which waits for messages."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config))
        return subprocess.Popen(
            [sys.executable, "-m", "target_bigquery", "--config", str(config)],
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

    def client(self) -> bigquery.Client:
        """Connect as a reader does."""
        return emulated_bigquery(self.endpoint)

    def rows(self, table: str = "items") -> list[dict[str, Any]]:
        """The rows of a table, without nulls."""
        with contextlib.closing(self.client()) as client:
            found = client.query(f"SELECT * FROM `{self.dataset}.{table}`").result()  # noqa: S608
            return [
                {name: value for name, value in row.items() if value is not None} for row in found
            ]

    def by_id(self, table: str = "items") -> dict[Any, dict[str, Any]]:
        """The rows by their id, of which each may be there once."""
        rows = self.rows(table)
        found = {row["id"]: row for row in rows}
        assert len(found) == len(rows)
        return found

    def tables(self) -> set[str]:
        """The names of all tables, staging tables among them."""
        with contextlib.closing(self.client()) as client:
            return {table.table_id for table in client.list_tables(self.dataset)}

    def table(self, name: str = "items") -> bigquery.Table:
        """How a table is made."""
        with contextlib.closing(self.client()) as client:
            return client.get_table(f"{self.dataset}.{name}")

    def types(self, name: str = "items") -> dict[str, str]:
        """The type of each column of a table."""
        return {field.name: field.field_type for field in self.table(name).schema}
