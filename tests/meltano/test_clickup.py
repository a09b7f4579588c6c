"""ClickUp's time in Postgres and BigQuery, as a user runs it: `meltano run`, with real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from singer_sandbox.warehouses import running_postgres

from tests.emulators import PROJECT, bigquery_emulator, emulated_bigquery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sandbox.client import ClickUpControl, Sandbox

__all__ = ["bigquery_emulator"]
pytestmark = pytest.mark.meltano

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where a job puts the fact table.

    Attributes:
        job: Name of the job.
        table: The table, as a query names it.
        url: Where it is, for the audit.
        env: Settings of the loader.
        query: Runs a statement for its rows.
    """

    job: str
    table: str
    url: str
    env: dict[str, str]
    query: Callable[[str], list[tuple[object, ...]]]

    @property
    def live(self) -> str:
        """What readers take for the table."""
        return f"{self.table} where _sdc_deleted_at is null"


class Project:
    """The Meltano project of this repository, with a database of its own."""

    def __init__(self, folder: Path, clickup: ClickUpControl, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.config = folder / "config.json"
        self.config.write_text(json.dumps(clickup.config() | {"timezone": "Europe/Oslo"}))
        self.env = os.environ | {
            "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
            "MELTANO_HUB_URL": "http://127.0.0.1:1",  # no hub is needed
            "MELTANO_ENVIRONMENT": "sandbox",
            "NO_COLOR": "1",
            "TAP_CLICKUP_API_URL": clickup.api_url,
            "MAPPER_WORKLOG_HASH_KEY": "pepper",
            **warehouse.env,
        }

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the job to its end."""
        command = [str(BIN / "meltano"), "run", *options, self.warehouse.job]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )

    def kill_during(self, seconds: float, *options: str) -> None:
        """Start the job, and kill Meltano and all its plugins after some seconds."""
        with subprocess.Popen(
            [str(BIN / "meltano"), "run", *options, self.warehouse.job],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            time.sleep(seconds)
            os.killpg(process.pid, signal.SIGKILL)

    def audit(self) -> subprocess.CompletedProcess[str]:
        """Compare the table with ClickUp."""
        command = [
            str(BIN / "tap-clickup"),
            f"--config={self.config}",
            f"--audit={self.warehouse.url}",
            f"--audit-table=select * from {self.warehouse.live}",  # noqa: S608 - a constant
            "--audit-columns=id,start_date_oslo,duration_hours",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def count(self) -> int:
        """Count the rows that a reader sees."""
        statement = f"select count(*) from {self.warehouse.live}"  # noqa: S608 - a constant
        return int(str(self.warehouse.query(statement)[0][0]))


@pytest.fixture(scope="session")
def plugins() -> None:
    """Install what the jobs need, as `meltano install` does for a user."""
    names = ["tap-clickup", "mapper-worklog", "target-postgres", "target-bigquery"]
    command = [str(BIN / "meltano"), "install", *names]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(params=["postgres", "bigquery"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """An empty database of each kind."""
    if request.param == "postgres":
        with running_postgres(tmp_path_factory.mktemp("pg") / "data") as postgres:
            yield Warehouse(
                "clickup-to-postgres",
                "raw.fact_time_entries",
                postgres.url,
                postgres.settings(),
                postgres.rows,
            )
        return
    endpoint = request.getfixturevalue("bigquery_emulator")
    dataset = f"d_{uuid4().hex[:8]}"
    env = {
        "TARGET_BIGQUERY_PROJECT": PROJECT,
        "TARGET_BIGQUERY_DATASET": dataset,
        "TARGET_BIGQUERY_API_ENDPOINT": endpoint,
    }
    with closing(emulated_bigquery(endpoint)) as client:
        yield Warehouse(
            "clickup-to-bigquery",
            f"{dataset}.fact_time_entries",
            f"bigquery://{PROJECT}/{dataset}?api_endpoint={endpoint}",
            env,
            lambda sql: [tuple(row) for row in client.query(sql).result()],
        )


@pytest.fixture
def project(
    plugins: None,  # noqa: ARG001 - installs them
    clickup: ClickUpControl,
    sandbox_server: Sandbox,
    warehouse: Warehouse,
    tmp_path: Path,
) -> Project:
    """A project with an empty database, and workspaces on the machine's own clock."""
    sandbox_server.freeze(datetime.now(UTC))
    sandbox_server.unfreeze()
    clickup.reset(entries=300, seed=3, rate_limit=False)
    clickup.settings(requests_per_minute=10_000)
    return Project(tmp_path, clickup, warehouse)


def assert_equal(project: Project) -> None:
    """Make sure that table and source are the same."""
    audit = project.audit()
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_first_run_refresh_and_re_index_leave_the_table_as_the_source(
    clickup: ClickUpControl, project: Project
) -> None:
    """After edits, back-dated entries and deletes; by the audit, after each run."""
    first = project.run()
    assert first.returncode == 0, first.stderr
    assert_equal(project)
    now = max(row["start"] for row in clickup.rows("time_entries"))
    recent = [row for row in clickup.rows("time_entries") if row["start"] > now - 50 * DAY]
    clickup.edit("time_entries", recent[0]["id"], duration=7 * HOUR)
    clickup.add("time_entries", start=now - 40 * DAY, duration=2 * HOUR)
    clickup.delete("time_entries", recent[1]["id"])

    refresh = project.run()

    assert refresh.returncode == 0, refresh.stderr
    assert_equal(project)
    old = min(clickup.rows("time_entries"), key=lambda row: int(row["start"]))
    clickup.delete("time_entries", old["id"])
    assert project.audit().returncode == 1
    reindex = project.run("--full-refresh")
    assert reindex.returncode == 0, reindex.stderr
    assert_equal(project)


def test_a_reader_never_sees_fewer_rows_while_a_re_index_runs(project: Project) -> None:
    """Old rows stay until all new ones are there."""
    assert project.run().returncode == 0
    before = project.count()
    seen: list[int] = []
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            seen.append(project.count())
            time.sleep(0.05)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        result = project.run("--full-refresh")
    finally:
        done.set()
        reader.join()

    assert result.returncode == 0, result.stderr
    assert len(seen) > 10
    assert min(seen) == before
    assert_equal(project)


@pytest.mark.parametrize("options", [(), ("--full-refresh",)], ids=["refresh", "re-index"])
def test_a_killed_job_that_is_run_again_leaves_the_table_as_the_source(
    clickup: ClickUpControl, project: Project, options: tuple[str, ...]
) -> None:
    """Wherever it was killed."""
    assert project.run().returncode == 0
    now = max(row["start"] for row in clickup.rows("time_entries"))
    recent = [row for row in clickup.rows("time_entries") if row["start"] > now - 50 * DAY]
    clickup.delete("time_entries", recent[0]["id"])
    for seconds in (2.5, 3.5):
        project.kill_during(seconds, *options)

    result = project.run("--force", *options)

    assert result.returncode == 0, result.stderr
    assert_equal(project)
