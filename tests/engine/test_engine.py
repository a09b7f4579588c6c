"""Dagster, Meltano, taps and targets as processes: what a user of ``make up`` has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_sandbox.client import running_sandbox
from worktaps.project import Project
from worktaps.starting import BusyError, InDagster, UnknownRunError

from tests.engine.engine import (
    Engine,
    annotations_with,
    assert_loaded,
    install,
    make_project,
    reading,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.meltano

JOBS = {
    "harvest_to_duckdb": "SUCCESS",
    "harvest_to_jsonl": "SUCCESS",
    "clickup_to_jsonl": "SUCCESS",
    "clickup_to_postgres": "FAILURE",  # there is no Postgres
    "hrms_leave_to_postgres": "FAILURE",
}


def test_schedules_fire_three_at_a_time_and_failures_stop_nothing_else(tmp_path: Path) -> None:
    """Never two of one tap; a run whose worker is killed runs again by itself."""
    install()
    schedules = [
        {"name": f"every-{job}", "job": job.replace("_", "-"), "interval": "* * * * *"}
        for job in JOBS
    ]
    options = annotations_with(max_parallel=3, breaker=1)
    project = make_project(tmp_path / "project", annotations=options, schedules=schedules)
    with running_sandbox(entries=300, rate_limit=False) as sandbox:
        env = {
            **reading(sandbox.harvest, tmp_path),
            "TAP_CLICKUP_API_TOKEN": sandbox.clickup.config()["api_token"],
            "TAP_CLICKUP_API_URL": sandbox.clickup.api_url,
            "TAP_CLICKUP_TIMEZONE": "Europe/Oslo",
            "MAPPER_WORKLOG_HASH_KEY": "pepper",
            "TARGET_POSTGRES_HOST": "127.0.0.1",
            "TARGET_POSTGRES_PORT": "1",
        }
        with Engine(project, env).running() as engine:
            worker = engine.victim("harvest-to-duckdb").parent()
            assert worker is not None
            worker.kill()
            engine.until(
                lambda: all(status in engine.statuses(job) for job, status in JOBS.items()), 240
            )
            assert 2 <= engine.most_parallel() <= 3
            assert engine.most_parallel(lambda job: job.startswith("harvest")) == 1
            assert engine.most_parallel(lambda job: job.startswith("clickup")) == 1
            assert engine.statuses("harvest_to_duckdb")[0] == "FAILURE"
            start_by_http(project, engine)
        assert_loaded(sandbox.harvest, tmp_path)


def start_by_http(project: Path, engine: Engine) -> None:
    """Start a job as the HTTP service does, which knows of runs that Dagster has begun."""
    starter = InDagster(engine.url, "dev")
    job = Project(project).jobs["hrms-employees-to-postgres"]

    run_id = starter.start(job, "full_reindex")

    with pytest.raises(BusyError, match=run_id):
        starter.start(job, "refresh")
    engine.until(lambda: starter.look(run_id).state == "error", 120)
    seen = starter.look(run_id)
    assert (seen.job, seen.mode) == ("hrms_employees_to_postgres", "full_reindex")
    with pytest.raises(UnknownRunError):
        starter.look("3f2b8a52-6f0e-4d0a-9a53-000000000000")
