"""HR systems into Postgres, as a user runs it: `meltano run`, one job per entity."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sandbox.warehouses import running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import AppControl, Sandbox
    from singer_sandbox.warehouses import Postgres

pytestmark = pytest.mark.meltano

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
JOBS = {
    "employees": "hrms-employees-to-postgres",
    "candidates": "hrms-candidates-to-postgres",
    "interviews": "hrms-interviews-to-postgres",
    "leave_requests": "hrms-leave-to-postgres",
}
SYSTEMS = ("bamboohr", "customhr", "successfactors", "workday")
STATES = {"active": "ACTIVE", "leave": "LEAVE", "inactive": "INACTIVE"}
DECISIONS = {
    "requested": "REQUESTED",
    "approved": "APPROVED",
    "declined": "DECLINED",
    "cancelled": "CANCELLED",
}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One server for all."""
    with running_postgres(tmp_path_factory.mktemp("hrpg") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def plugins() -> None:
    """Install what the jobs need, as `meltano install` does for a user."""
    command = [str(BIN / "meltano"), "install", "tap-hrms", "target-postgres"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


class Project:
    """The Meltano project of this repository, with a schema of its own.

    Args:
        folder: For its state.
        postgres: Where the tables go.
        config: Settings of tap-hrms.
        schema: Of the tables.
    """

    def __init__(
        self, folder: Path, postgres: Postgres, config: dict[str, Any], schema: str
    ) -> None:
        self._postgres = postgres
        self.schema = schema
        self._env = os.environ | {
            "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
            "MELTANO_HUB_URL": "http://127.0.0.1:1",  # no hub is needed
            "MELTANO_ENVIRONMENT": "dev",
            "NO_COLOR": "1",
            **postgres.settings(),
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
        }
        for name, value in config.items():
            text = value if isinstance(value, str) else json.dumps(value)
            self._env[f"TAP_HRMS_{name.upper()}"] = text

    def run(self, job: str) -> str:
        """Run a job to its end, and return its log."""
        done = subprocess.run(
            [str(BIN / "meltano"), "run", job],
            cwd=ROOT,
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def live(self, columns: str, table: str) -> list[tuple[object, ...]]:
        """Return the rows that are not deleted, in order."""
        sql = f"select {columns} from {self.schema}.{table} where not is_deleted order by 1"  # noqa: S608
        return self._postgres.rows(sql)


def assert_equal(project: Project, system: AppControl, streams: set[str]) -> None:
    """Make sure that the tables have what the system has, by SQL."""
    columns = (
        "remote_id, first_name, job_title, department_name, employment_status, start_date::text"
    )
    names = {row["id"]: row["name"] for row in system.rows("departments")}
    assert project.live(columns, "employees") == sorted(
        (
            row["id"],
            row["first"],
            row["title"],
            names[row["department_id"]],
            STATES[row["state"]],
            row["hired"],
        )
        for row in system.rows("employees")
    )
    leave = "remote_id, employee_remote_id, status, start_date::text, end_date::text, amount::int"
    assert project.live(leave, "leave_requests") == sorted(
        (
            row["id"],
            row["employee_id"],
            DECISIONS[row["state"]],
            row["start"],
            row["end"],
            row["amount"],
        )
        for row in system.rows("leave_requests")
    )
    for stream in streams & {"candidates", "applications", "interviews"}:
        ids = [row[0] for row in project.live("remote_id", stream)]
        assert ids == sorted(row["id"] for row in system.rows(stream))


@pytest.mark.parametrize("name", SYSTEMS)
def test_two_runs_of_every_job_leave_the_tables_as_the_system(
    name: str,
    sandbox_server: Sandbox,
    postgres: Postgres,
    plugins: None,  # noqa: ARG001 - installs them
    tmp_path: Path,
) -> None:
    """After edits, terminations, rehires, deleted and cancelled leave, renamed departments."""
    sandbox_server.freeze(datetime.now(UTC))
    sandbox_server.unfreeze()
    system: AppControl = getattr(sandbox_server, name)
    system.reset(seed=5)
    project = Project(tmp_path, postgres, system.config(), name)
    streams = {
        "bamboohr": {"employees", "candidates", "applications", "leave_requests"},
        "customhr": {"employees", "candidates", "interviews", "leave_requests"},
    }.get(name, {*JOBS, "applications"})
    jobs = [job for stream, job in JOBS.items() if stream in streams]
    for job in jobs:
        project.run(job)
    assert_equal(project, system, streams)

    people, leave = system.rows("employees"), system.rows("leave_requests")
    today = datetime.now(UTC).date().isoformat()
    system.edit("employees", people[1]["id"], first="Renée", title="Head of Care")
    system.edit("employees", people[2]["id"], state="inactive", terminated=today)
    left = next(row for row in people if row["state"] == "inactive")
    system.edit("employees", left["id"], state="active", terminated=None, hired=today)
    system.edit("departments", system.rows("departments")[0]["id"], name="Happiness")
    for row in system.rows("employees"):
        system.edit("employees", row["id"])  # as HR systems do when a department gets a new name
    recent = [row for row in leave if row["end"] >= today] or leave[:2]
    system.edit("leave_requests", leave[0]["id"], state="cancelled", end=today)
    for row in recent[-1:]:
        if row["id"] != leave[0]["id"]:
            system.delete("leave_requests", row["id"])
    kept = {"type_id": leave[0]["type_id"], "employee_id": people[1]["id"]}
    system.add("leave_requests", start=today, end=today, **kept)

    log = "".join(project.run(job) for job in jobs)

    assert_equal(project, system, streams)
    assert "tonsillitis" not in log
    assert people[1]["email"].lower() not in log.lower()


def test_systems_share_tables_without_clashes(
    sandbox_server: Sandbox,
    postgres: Postgres,
    plugins: None,  # noqa: ARG001 - installs them
    tmp_path: Path,
) -> None:
    """BambooHR's and SuccessFactors' people side by side, by one job."""
    sandbox_server.bamboohr.reset()
    sandbox_server.successfactors.reset()
    config = sandbox_server.bamboohr.config() | sandbox_server.successfactors.config()
    config["system"] = "bamboohr, successfactors"
    project = Project(tmp_path, postgres, config, "together")

    project.run(JOBS["employees"])

    counts = f"select source_system, count(*) from {project.schema}.employees group by 1 order by 1"  # noqa: S608
    assert postgres.rows(counts) == [("bamboohr", 40), ("successfactors", 40)]
    columns = "select column_name from information_schema.columns where table_schema = 'together'"
    found = {str(row[0]) for row in postgres.rows(columns)}
    assert "work_email" in found
    assert found.isdisjoint({"ssn", "pay_rate", "gender", "raw", "employee_note"})
