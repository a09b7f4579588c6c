"""An engine that is killed, whole or in part, and one that was away: its tables are made good."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from singer_sandbox.client import running_sandbox
from singer_sandbox.warehouses import running_postgres
from worktaps.history import runs

from tests.engine.engine import (
    MELTANO,
    Engine,
    annotations_with,
    assert_loaded,
    install,
    make_project,
    reading,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from singer_sandbox.client import Sandbox

pytestmark = pytest.mark.proof

JOB = "harvest-to-duckdb"
NAME = "harvest_to_duckdb"
LOCK_SECONDS = 330
"""How long Meltano refuses a job after its run was killed, and a little."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Harvest whose limit makes a run last most of a minute."""
    with running_sandbox(entries=1000) as made:
        yield made


def engine_for(
    sandbox: Sandbox, folder: Path, env: Mapping[str, str] | None = None, **changes: object
) -> Engine:
    """Return an engine that is not started yet; one of several services if Postgres is named."""
    install()
    options = annotations_with(retries=1, retry_delays=[5])
    project = make_project(
        folder / "project", **{"schedules": [], "annotations": options, **changes}
    )
    return Engine(project, {**reading(sandbox.harvest, folder), **(env or {})}, split=bool(env))


def test_meltano_killed_in_mid_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """The next attempt waits until Meltano lets it, and makes the table good."""
    with engine_for(sandbox, tmp_path).running() as engine:
        engine.launch(NAME)
        process = engine.victim(JOB)
        time.sleep(15)
        process.kill()

        engine.until(lambda: "SUCCESS" in engine.statuses(NAME), LOCK_SECONDS + 180)
        assert engine.statuses(NAME) == ["SUCCESS"]
        assert_loaded(sandbox.harvest, tmp_path)


def test_power_cut_in_mid_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """After the restart the run is found dead, made again, and its slot is free."""
    engine = engine_for(sandbox, tmp_path)
    with engine.running():
        engine.launch(NAME)
        engine.victim(JOB)
        time.sleep(15)
        engine.kill()
        engine.start()

        engine.until(lambda: "SUCCESS" in engine.statuses(NAME), LOCK_SECONDS + 400)
        assert_loaded(sandbox.harvest, tmp_path)
        engine.launch("harvest_to_jsonl")
        engine.until(lambda: "SUCCESS" in engine.statuses("harvest_to_jsonl"), 180)


def test_services_on_postgres_killed_in_turn(sandbox: Sandbox, tmp_path: Path) -> None:
    """The worker of a run, then the daemon, then the pages: what is loaded is what there is."""
    with running_postgres(tmp_path / "postgres") as postgres:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("create database dagster")
            connection.execute("create database meltano")
        address = postgres.url.rpartition("/")[0]
        engine = engine_for(
            sandbox,
            tmp_path,
            {
                "DAGSTER_PG_URL": f"{address}/dagster",
                "MELTANO_DATABASE_URI": f"{address}/meltano".replace("://", "+psycopg://"),
            },
        )
        with engine.running():
            engine.launch(NAME)
            worker = engine.victim(JOB).parent()
            time.sleep(10)
            assert worker is not None
            worker.kill()
            engine.until(lambda: len(engine.statuses(NAME)) == 2, 120)
            engine.victim(JOB)
            engine.kill("daemon")
            engine.start()
            engine.until(lambda: "SUCCESS" in engine.statuses(NAME), LOCK_SECONDS + 400)
            engine.launch("harvest_to_jsonl")
            engine.victim("harvest-to-jsonl")
            engine.kill("pages")
            engine.start()
            engine.until(lambda: "SUCCESS" in engine.statuses("harvest_to_jsonl"), 180)
            assert_loaded(sandbox.harvest, tmp_path)
            found = runs(f"{address}/meltano")
            assert sum(run.ok for run in found) == 2
            assert all(run.result for run in found if run.ok)


def test_downtime_over_three_ticks(sandbox: Sandbox, tmp_path: Path) -> None:
    """Brings one run, not three."""
    schedules = [{"name": "minutely", "job": JOB, "interval": "* * * * *"}]
    engine = engine_for(sandbox, tmp_path, schedules=schedules)
    with engine.running():
        engine.until(lambda: len(engine.statuses(NAME)) == 1, 120)
        engine.until(lambda: engine.statuses(NAME) == ["SUCCESS"], 180)
        engine.stop()
        before = time.time()
        time.sleep(200)
        back = time.time()
        engine.start()

        engine.until(lambda: len(engine.statuses(NAME)) >= 2, 120)
        ticks = [
            datetime.fromisoformat(tag["value"]).timestamp()
            for run in engine.runs()
            for tag in run["tags"]
            if tag["key"] == "dagster/run_key"
        ]
        assert sum(before < tick < back for tick in ticks) == 1, ticks


def test_a_backfill_of_two_years(tmp_path: Path) -> None:
    """In monthly windows, two at a time, it equals one run; the live bookmark is untouched."""
    job, state_id = "clickup-to-postgres", "dev:tap-clickup-to-target-postgres"
    months = two_years(datetime.now(UTC).date())
    backfill = {"start": months[0], "window": "0 0 1 * *", "parallel": 2}
    install()
    with (
        running_sandbox(rate_limit=False) as made,
        running_postgres(tmp_path / "postgres") as postgres,
    ):
        env = {
            **postgres.settings(),
            "TAP_CLICKUP_API_TOKEN": made.clickup.config()["api_token"],
            "TAP_CLICKUP_API_URL": made.clickup.api_url,
            "TAP_CLICKUP_TIMEZONE": "Europe/Oslo",
            "MAPPER_WORKLOG_HASH_KEY": "pepper",
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "windows",
        }
        jobs = [
            {
                "name": job,
                "tasks": ["tap-clickup clickup-fact-time-entries target-postgres"],
                "annotations": {"orchestrator": {"backfill": backfill}},
            }
        ]
        project = make_project(
            tmp_path / "project", annotations=annotations_with(), jobs=jobs, schedules=[]
        )
        live = json.dumps({"singer_state": {"bookmarks": {"time_entries": {"live": "untouched"}}}})
        meltano(project, env, "state", "set", "--force", state_id, live)
        with Engine(project, env).running() as engine:
            engine.backfill(["target_postgres", "clickup_to_postgres__windows"], months[:-1])
            ended = {"SUCCESS", "FAILURE", "CANCELED"}
            engine.until(
                lambda: (
                    len(engine.runs()) == len(months) - 1
                    and {run["status"] for run in engine.runs()} <= ended
                ),
                1200,
            )
            assert {run["status"] for run in engine.runs()} == {"SUCCESS"}
            assert engine.most_parallel() == 2
        assert json.loads(meltano(project, env, "state", "get", state_id)) == json.loads(live)
        once = {
            **env,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "once",
            "TAP_CLICKUP_START_DATE": months[0],
            "TAP_CLICKUP_END_DATE": months[-1],
        }
        meltano(project, once, "run", "--state-id-suffix=once", job)
        columns = "id, user_id, task_id, start_date_oslo, duration_hours"
        sql = f"select {columns} from {{}}.fact_time_entries order by id"  # noqa: S608
        assert postgres.rows(sql.format("windows")) == postgres.rows(sql.format("once"))
        assert len(postgres.rows(sql.format("once"))) > 100


def two_years(today: date) -> list[str]:
    """Return the first days of the last 24 whole months, and of the one after them."""
    last = today.year * 12 + today.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}-01" for month in range(last - 24, last + 1)]


def meltano(project: Path, env: Mapping[str, str], *arguments: str) -> str:
    """Run a command of Meltano, and return what it prints."""
    done = subprocess.run(
        [MELTANO, *arguments],
        cwd=project,
        env={**os.environ, "MELTANO_ENVIRONMENT": "dev", "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
