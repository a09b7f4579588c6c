"""The main job as a user runs it: `meltano run`, as a process, against the simulated account."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl, Sandbox

pytestmark = pytest.mark.meltano

ROOT = Path(__file__).resolve().parents[2]
MELTANO = str(Path(sys.executable).with_name("meltano"))
JSONL, DUCKDB = "harvest-to-jsonl", "harvest-to-duckdb"
PLUGINS = ["tap-harvest", "mapper-worklog", "target-files"]


class Project:
    """The Meltano project of this repository, with a database and an output folder of its own."""

    def __init__(self, folder: Path, harvest: HarvestControl) -> None:
        self.jsonl = folder / "jsonl"
        self.duckdb = folder / "duckdb"
        self.env = os.environ | {
            "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
            "MELTANO_HUB_URL": "http://127.0.0.1:1",  # no hub is needed
            "MELTANO_ENVIRONMENT": "sandbox",
            "NO_COLOR": "1",
            "TAP_HARVEST_ACCESS_TOKEN": harvest.tokens["administrator"],
            "TAP_HARVEST_ACCOUNT_ID": harvest.account_id,
            "TAP_HARVEST_API_URL": harvest.api_url,
            "TAP_HARVEST_IDENTITY_URL": harvest.identity_url,
            "TAP_HARVEST_REQUESTS_PER_PERIOD": "10000",
            "TARGET_FILES_JSONL_PATH": str(self.jsonl),
            "TARGET_FILES_DUCKDB_PATH": str(self.duckdb),
        }

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run Meltano to its end."""
        return subprocess.run(
            [MELTANO, *arguments],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
        )

    def kill_during(self, job: str, seconds: float) -> None:
        """Start a job, and kill Meltano and all its plugins after some seconds."""
        with subprocess.Popen(
            [MELTANO, "run", job],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            time.sleep(seconds)
            os.killpg(process.pid, signal.SIGKILL)

    def rows(self, stream: str) -> dict[Any, dict[str, Any]]:
        """The rows of a JSONL snapshot by their id, without the version of the table."""
        lines = (self.jsonl / f"{stream}.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        assert len({row.pop("_sdc_table_version") for row in rows}) == 1
        return {row["id"]: row for row in rows}

    def state(self, job: str) -> dict[str, Any]:
        """What Meltano keeps as the state of a job."""
        extractor_to_loader = {JSONL: "target-files-jsonl", DUCKDB: "target-files-duckdb"}[job]
        state_id = f"sandbox:tap-harvest-to-{extractor_to_loader}"
        result = self.run("state", "get", state_id)
        state: dict[str, Any] = json.loads(result.stdout)
        return state


@pytest.fixture(scope="session")
def plugins() -> None:
    """Install what the jobs need, as `meltano install` does for a user."""
    subprocess.run([MELTANO, "install", *PLUGINS], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture
def project(
    plugins: None,  # noqa: ARG001 - has to be there first
    harvest: HarvestControl,
    sandbox: Sandbox,
    tmp_path: Path,
) -> Project:
    """A project with an empty state and output, and an account whose clock runs."""
    sandbox.unfreeze()
    harvest.reset(entries=300, seed=3, rate_limit=False)
    return Project(tmp_path, harvest)


def test_two_runs_land_everything_then_the_changes(
    harvest: HarvestControl, project: Project
) -> None:
    """Files after the first run are the account; after the second they are the changed account."""
    first = project.run("run", JSONL)
    assert first.returncode == 0, first.stderr
    landed = project.rows("projects")
    harvest.clear_requests()
    entry = harvest.rows("time_entries")[7]
    harvest.edit("time_entries", entry["id"], hours=9.75)
    added = harvest.add("time_entries", spent_date="2019-05-06", hours=1.25)

    second = project.run("run", JSONL)

    assert second.returncode == 0, second.stderr
    assert landed == {row["id"]: row for row in harvest.rows("projects")}
    entries = _work_entries(project)
    assert entries.keys() == {str(row["id"]) for row in harvest.rows("time_entries")}
    assert entries[str(entry["id"])]["hours"] == 9.75
    assert entries[str(added["id"])]["entry_date"] == "2019-05-06"
    assert len(harvest.requests()) < 60


def test_duckdb_holds_the_same_hours(harvest: HarvestControl, project: Project) -> None:
    """Sums agree with the account."""
    result = project.run("run", DUCKDB)

    assert result.returncode == 0, result.stderr
    with duckdb.connect(str(project.duckdb / "worktaps.duckdb"), read_only=True) as database:
        total = database.execute("select sum(hours) from work_entries").fetchone()
    assert total is not None
    hours = sum(row["hours"] for row in harvest.rows("time_entries"))
    assert total[0] == pytest.approx(hours, abs=0.1), "timers run on meanwhile"


@pytest.mark.parametrize("seconds", [3.0, 4.5])
def test_a_killed_job_that_is_run_again_gives_the_same_files(
    harvest: HarvestControl, project: Project, seconds: float
) -> None:
    """Wherever it was killed: before the first window, between two, or while files are written."""
    project.env["TAP_HARVEST_PAGE_SIZE"] = "20"
    project.kill_during(JSONL, seconds)
    project.kill_during(JSONL, seconds)

    result = project.run("run", "--force", JSONL)

    assert result.returncode == 0, result.stderr
    assert _work_entries(project).keys() == {str(row["id"]) for row in harvest.rows("time_entries")}
    assert project.rows("users") == {row["id"]: row for row in harvest.rows("users")}


def test_a_refused_stream_fails_the_job_but_the_others_land_with_their_state(
    harvest: HarvestControl, project: Project
) -> None:
    """Exit code 1 says so; the next run goes on from what landed."""
    harvest.fault("status", path="/invoices", status=403, times=None)

    result = project.run("run", JSONL)

    assert result.returncode == 1
    assert "unavailable" in result.stdout + result.stderr
    assert project.rows("clients") == {row["id"]: row for row in harvest.rows("clients")}
    bookmarks = project.state(JSONL)["singer_state"]["bookmarks"]
    assert bookmarks["clients"]["replication_key_value"]
    assert "replication_key_value" not in bookmarks["invoices"]


def test_neither_secrets_nor_names_reach_the_log(harvest: HarvestControl, project: Project) -> None:
    """At debug level Meltano itself prints records, so this is about its ordinary log."""
    user = harvest.rows("users")[0]
    harvest.edit("users", user["id"], first_name="Wilhelmina", last_name="Featherstonehaugh")
    harvest.fault("status", path="/projects", status=500, times=None)

    result = project.run("run", JSONL)

    told = result.stdout + result.stderr + json.dumps(project.state(JSONL))
    for planted in ("Featherstonehaugh", *harvest.tokens.values()):
        assert planted not in told


def test_the_daily_schedule_is_there(project: Project) -> None:
    """Daily at 07:00 UTC."""
    result = project.run("schedule", "list", "--format=json")

    schedules = json.loads(result.stdout)["schedules"]["job"]
    assert {s["name"]: s["cron_interval"] for s in schedules}["harvest-daily"] == "0 7 * * *"


def _work_entries(project: Project) -> dict[str, dict[str, Any]]:
    lines = (project.jsonl / "work_entries.jsonl").read_text().splitlines()
    return {row["source_id"]: row for row in map(json.loads, lines)}
