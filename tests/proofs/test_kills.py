"""Tap, mapper and loader killed at random moments, 20 times each: the table is made good."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sandbox.warehouses import running_postgres

from tests.emulators import PROJECT, bigquery_emulator
from tests.loaders.loaders import BigQuery, Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import ClickUpControl, Sandbox

    from tests.loaders.loaders import Loader

__all__ = ["bigquery_emulator"]
pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TABLE = "fact_time_entries"
VICTIMS = ("tap", "mapper", "loader")
KILLS = 20
BETWEEN_RUNS = 4
"""After so many kills a run is let through, and the table is compared."""
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(slots=True)
class Pipeline:
    """A tap, the mapper and a loader, as a shell would connect them.

    Attributes:
        folder: For their settings.
        loader: The loader with its destination.
        url: Where the table is, for the audit.
        table: What the audit calls it.
        state: What the loader has passed on last.
    """

    folder: Path
    loader: Loader
    url: str
    table: str
    state: dict[str, Any] = field(default_factory=dict)

    def prepare(self, clickup: ClickUpControl) -> None:
        """Write the settings, and select the time entries alone."""
        rules = ROOT / "transform" / "rules" / "clickup-fact-time-entries.yml"
        self._write("tap", clickup.config() | {"timezone": "Europe/Oslo"})
        self._write("mapper", {"rules": [str(rules)], "timezone": "Europe/Oslo"})
        command = [str(BIN / "tap-clickup"), *self._option("config", "tap"), "--discover"]
        catalog = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = entry["tap_stream_id"] == "time_entries"
        self._write("catalog", catalog)

    def run(
        self, *, from_scratch: bool, victim: str | None = None, after: float = 0
    ) -> dict[str, int]:
        """Run it, and keep the last state; returns the exit codes by process.

        Args:
            from_scratch: Whether to read everything, as a re-index does.
            victim: Which process to kill, if any.
            after: Seconds to wait before that.
        """
        self._write("state", {} if from_scratch else self.state)
        loader = self.loader.start()
        mapper = subprocess.Popen(
            [str(BIN / "mapper-worklog"), *self._option("config", "mapper")],
            stdin=subprocess.PIPE,
            stdout=loader.stdin,
            stderr=subprocess.DEVNULL,
        )
        tap = subprocess.Popen(
            [
                str(BIN / "tap-clickup"),
                *self._option("config", "tap"),
                *self._option("catalog", "catalog"),
                *self._option("state", "state"),
            ],
            stdout=mapper.stdin,
            stderr=subprocess.DEVNULL,
        )
        for process in (mapper, loader):
            assert process.stdin
            process.stdin.close()  # the one before has it
        processes = dict(zip(VICTIMS, (tap, mapper, loader), strict=True))
        if victim:
            time.sleep(after)
            processes[victim].send_signal(signal.SIGKILL)
        assert loader.stdout
        with loader.stdout as output:
            states = output.read().splitlines()
        codes = {name: process.wait() for name, process in processes.items()}
        if states:
            self.state = json.loads(states[-1])
        return codes

    def differences(self) -> str:
        """Compare table and source; empty if they are equal."""
        result = subprocess.run(
            [
                str(BIN / "tap-clickup"),
                *self._option("config", "tap"),
                f"--audit={self.url}",
                f"--audit-table=select * from {self.table} where _sdc_deleted_at is null",  # noqa: S608
                "--audit-columns=id,start_date_oslo,duration_hours",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if result.returncode == 0 else result.stdout + result.stderr

    def _write(self, name: str, value: object) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(value))

    def _option(self, option: str, name: str) -> tuple[str, str]:
        return f"--{option}", str(self.folder / f"{name}.json")


@pytest.fixture(params=["postgres", "bigquery"])
def pipeline(
    request: pytest.FixtureRequest,
    clickup: ClickUpControl,
    sandbox_server: Sandbox,
    tmp_path: Path,
) -> Iterator[Pipeline]:
    """A pipeline with an empty destination, and workspaces on the machine's own clock."""
    sandbox_server.freeze(datetime.now(UTC))
    sandbox_server.unfreeze()
    clickup.reset(entries=2_000, seed=5, rate_limit=False)
    clickup.settings(requests_per_minute=10_000)
    if request.param == "postgres":
        with running_postgres(tmp_path / "data") as postgres:
            loader = Postgres(tmp_path, postgres.url)
            table = f"{loader.schema}.{TABLE}"
            yield Pipeline(tmp_path, loader, postgres.url, table)
    else:
        endpoint = request.getfixturevalue("bigquery_emulator")
        emulated = BigQuery(tmp_path, endpoint)
        url = f"bigquery://{PROJECT}/{emulated.dataset}?api_endpoint={endpoint}"
        yield Pipeline(tmp_path, emulated, url, TABLE)


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("from_scratch", [False, True], ids=["refresh", "re-index"])
def test_the_table_equals_the_source_after_kills(
    pipeline: Pipeline, clickup: ClickUpControl, victim: str, *, from_scratch: bool
) -> None:
    """Entries are edited, added and deleted meanwhile; readers see no row go but deleted ones."""
    chance = random.Random(f"{victim}{from_scratch}")  # noqa: S311 - no secret
    pipeline.loader.table = TABLE
    pipeline.prepare(clickup)
    assert set(pipeline.run(from_scratch=True).values()) == {0}
    started = time.monotonic()
    assert set(pipeline.run(from_scratch=from_scratch).values()) == {0}
    seconds = time.monotonic() - started
    old = sorted(clickup.rows("time_entries"), key=lambda row: -int(row["start"]))[:400]
    chance.shuffle(old)
    hits = 0
    for number in range(1, KILLS + 1):
        rows = len(pipeline.loader.rows())
        edited, deleted = old.pop(), old.pop()
        clickup.edit("time_entries", edited["id"], duration=number * HOUR)
        clickup.delete("time_entries", deleted["id"])
        clickup.add("time_entries", start=int(edited["start"]) - 5 * DAY, duration=HOUR)

        codes = pipeline.run(
            from_scratch=from_scratch, victim=victim, after=chance.uniform(0.2, 1.0) * seconds
        )

        hits += codes[victim] == -signal.SIGKILL
        assert len(pipeline.loader.rows()) >= rows - BETWEEN_RUNS
        if number % BETWEEN_RUNS == 0:
            assert set(pipeline.run(from_scratch=from_scratch).values()) == {0}
            assert pipeline.differences() == ""
    assert hits >= KILLS // 2
