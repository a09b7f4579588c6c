"""What Dagster makes of meltano.yml."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from worktaps.due import last_tick
from worktaps.engine import after_failure, definitions, reason_to_skip
from worktaps.project import Project
from worktaps.run import Result
from worktaps.tags import ENVIRONMENT, SCHEDULE, safe_name

from tests.orchestrate.conftest import good

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.orchestrate.conftest import MakeProject

pytestmark = pytest.mark.filterwarnings("ignore")  # Dagster's own

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
TICK = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster of the test's own."""
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as made:
        yield made


def with_backfill() -> list[dict[str, Any]]:
    """Return the jobs, the first of which is read in monthly windows, too."""
    first, second, bad = good()["jobs"]
    options = {
        "groups": ["time"],
        "backfill": {"start": "2026-01-01", "window": "0 0 1 * *"},
    }
    grouped = {"orchestrator": {"groups": ["time"], "retries": 0}}
    return [
        {**first, "annotations": {"orchestrator": options}},
        second,
        {**bad, "annotations": grouped},
    ]


def test_assets_jobs_schedules_pools_and_windows(make_project: MakeProject) -> None:
    """Each job is an asset and a job; groups are jobs; taps that inherit share a pool."""
    schedules = good()["schedules"]
    schedules[1]["annotations"] = {"orchestrator": {"timezone": "Europe/Oslo", "enabled": False}}
    made = definitions(make_project(jobs=with_backfill(), schedules=schedules))

    dg.Definitions.validate_loadable(made)
    repository = made.get_repository_def()
    assert {"a", "a_eu", "bad_b", "a__windows", "group_time"} <= set(repository.job_names)
    pools = {key.path[-1]: repository.assets_defs_by_key[key].op.pool
             for key in repository.assets_defs_by_key}  # fmt: skip
    assert pools == {"a": "tap-a", "a_eu": "tap-a", "bad_b": "tap-b", "a__windows": None}
    schedule = repository.get_schedule_def("a_eu_hourly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 * * * *", "Europe/Oslo")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    windows = repository.assets_defs_by_key[dg.AssetKey(["target_x", "a__windows"])].partitions_def
    assert windows is not None
    assert windows.get_partition_keys(current_time=NOW)[:2] == ["2026-01-01", "2026-02-01"]


def calls(log: Path) -> list[dict[str, Any]]:
    """Return how Meltano was called."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def execute(project: Project, name: str, instance: dg.DagsterInstance, **options: Any) -> Any:  # noqa: ANN401
    """Run a job within this process."""
    job = definitions(project).resolve_job_def(name)
    return job.execute_in_process(instance=instance, raise_on_error=False, **options)


def test_a_run_shows_rows_outcomes_and_waiting(
    make_project: MakeProject, fake_meltano: Path, instance: dg.DagsterInstance
) -> None:
    """In the asset's history, where Dagster plots them."""
    tags = {ENVIRONMENT: "prod", SCHEDULE: "a-hourly"}

    done = execute(make_project(), "a", instance, tags=tags)

    assert done.success
    (event,) = done.asset_materializations_for_node("target_x__a")
    shown = {name: value.value for name, value in event.metadata.items()}
    assert shown["rows/entries"] == shown["rows"] == 7
    assert (shown["outcome/entries"], shown["requests"]) == ("complete", 3)
    assert (shown["tombstones"], shown["waited_seconds"]) == (2, 1.5)
    (call,) = calls(fake_meltano)
    assert (call["environment"], call["trigger"]) == ("prod", "dagster:a-hourly")


def test_one_failing_job_of_a_group_leaves_the_others_green(
    make_project: MakeProject, fake_meltano: Path, instance: dg.DagsterInstance
) -> None:
    """And its page says what the tap said."""
    done = execute(make_project(jobs=with_backfill()), "group_time", instance)

    assert not done.success
    assert [event.node_name for event in done.get_step_success_events()] == ["target_x__a"]
    (failed,) = done.get_step_failure_events() if hasattr(done, "get_step_failure_events") else [
        event for event in done.all_events if event.is_step_failure
    ]  # fmt: skip
    assert "HTTP 401" in str(failed.step_failure_data.user_failure_data)
    assert {call["job"] for call in calls(fake_meltano)} == {"a", "bad-b"}


def test_retries_wait_five_ten_and_twenty_minutes(make_project: MakeProject) -> None:
    """Then it is over; longer if Meltano still holds the lock of a run that was killed."""
    job = make_project().jobs["bad-b"]
    failed = Result("id", error="entries: failed: HTTP 500")
    locked = Result("id", error="Another 'x' pipeline is already running")

    attempts = [after_failure(job, failed, attempt) for attempt in range(4)]

    waits = [one.seconds_to_wait for one in attempts if isinstance(one, dg.RetryRequested)]
    assert waits == [300, 600, 1200]
    assert isinstance(attempts[3], dg.Failure)
    first = after_failure(job, locked, 0)
    assert isinstance(first, dg.RetryRequested)
    assert first.seconds_to_wait == 330


def test_a_window_has_its_dates_and_a_state_of_its_own(
    make_project: MakeProject, fake_meltano: Path, instance: dg.DagsterInstance
) -> None:
    """So the live bookmark is not touched."""
    project = make_project(jobs=with_backfill())

    done = execute(project, "a__windows", instance, partition_key="2026-02-01")

    assert done.success
    (call,) = calls(fake_meltano)
    assert "--state-id-suffix=2026-02-01" in call["args"]
    assert call["sys_dir"]


def test_a_tick_that_comes_too_late_is_skipped(make_project: MakeProject) -> None:
    """With the reason."""
    project = make_project()
    schedule = project.schedules["a-hourly"]

    assert reason_to_skip(project, schedule, TICK, NOW) is None
    late = reason_to_skip(project, schedule, TICK, NOW + timedelta(hours=3))
    assert late is not None
    assert late.startswith("missed by 10805 s")


def test_what_keeps_failing_is_left_alone(make_project: MakeProject) -> None:
    """The circuit breaker counts attempts: three runs of four."""
    project = make_project()
    (project.root / ".meltano").mkdir()
    with sqlite3.connect(project.root / ".meltano" / "meltano.db") as database:
        database.execute(
            "create table runs (job_name, state, started_at, ended_at, last_heartbeat_at, run_id,"
            " trigger)"
        )
        for hour in range(12):
            database.execute(
                "insert into runs values ('dev:tap-a-to-target-x', 'FAIL', ?, ?, null, ?, null)",
                (f"2026-03-01 {hour:02}:00:00", f"2026-03-01 {hour:02}:01:00", f"{hour:032}"),
            )
    database.close()

    said = reason_to_skip(project, project.schedules["a-hourly"], TICK, NOW)

    assert said is not None
    assert "the last 12 runs failed" in said


def test_a_schedule_asks_for_a_run_with_its_environment(
    make_project: MakeProject, instance: dg.DagsterInstance
) -> None:
    """Once per tick, whoever evaluates it."""
    options = {"full_refresh": True, "tolerance": 10**9}
    schedules = [
        {
            "name": "q",
            "job": "a",
            "interval": "0 * * * *",
            "env": {"MELTANO_ENVIRONMENT": "prod"},
            "annotations": {"orchestrator": options},
        }
    ]
    repository = definitions(make_project(schedules=schedules)).get_repository_def()
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=TICK)

    tick = repository.get_schedule_def("q").evaluate_tick(context)

    (request,) = tick.run_requests or []
    assert request.run_key == "2026-03-02T09:00:00+00:00"
    assert request.tags[ENVIRONMENT] == "prod"
    assert request.tags["meltano/full_refresh"] == "true"


@pytest.mark.parametrize("name", Project(ROOT).schedules)
def test_each_schedule_of_this_project_fires_at_its_tick(
    name: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With its environment; a tick that comes later than the tolerance is skipped."""
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "sandbox")
    monkeypatch.setenv("MELTANO_DATABASE_URI", f"sqlite:///{tmp_path}/none.db")
    project = Project(ROOT)
    schedule = project.schedules[name]
    tick = last_tick(schedule, NOW)
    assert tick is not None
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=tick)

    def evaluate(late: timedelta) -> list[dg.RunRequest]:
        made = definitions(project, lambda: tick + late).get_repository_def()
        found = made.get_schedule_def(safe_name(name)).evaluate_tick(context)
        return list(found.run_requests or [])

    (request,) = evaluate(timedelta(seconds=5))
    assert request.tags[ENVIRONMENT] == "sandbox"
    assert evaluate(schedule.tolerance + timedelta(minutes=1)) == []


def test_this_project_is_one_that_dagster_loads() -> None:
    """With a job for each of its jobs, and a schedule for each of its schedules."""
    project = Project(ROOT)

    made = definitions(project)
    dg.Definitions.validate_loadable(made)
    repository = made.get_repository_def()

    assert len(repository.schedule_defs) == len(project.schedules)
    assert {name.replace("-", "_") for name in project.jobs} <= set(repository.job_names)
    assert {"group_time", "group_people"} <= set(repository.job_names)
