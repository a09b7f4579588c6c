"""Which schedules are due, and running them."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from worktaps.__main__ import cli
from worktaps.due import find_due, last_tick, run_due, summary
from worktaps.history import Run, runs
from worktaps.project import Schedule
from worktaps.run import Order, run_job

from tests.orchestrate.conftest import good

if TYPE_CHECKING:
    from pathlib import Path

    from worktaps.project import Project

    from tests.orchestrate.conftest import MakeProject

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(cron: str, zone: str = "UTC") -> Schedule:
    """Return a schedule."""
    return Schedule("s", "j", cron, {}, {"timezone": zone})


@pytest.mark.parametrize(
    ("cron", "zone", "now", "tick"),
    [
        ("0 * * * *", "UTC", "2026-03-02T09:20Z", "2026-03-02T09:00Z"),
        ("0 * * * *", "UTC", "2026-03-02T09:00Z", "2026-03-02T09:00Z"),
        ("0 7 * * *", "Europe/Oslo", "2026-03-02T09:20Z", "2026-03-02T06:00Z"),
        ("0 7 * * *", "Europe/Oslo", "2026-07-02T09:20Z", "2026-07-02T05:00Z"),
        # 02:30 is skipped on 29 March, when clocks go forward, and comes once on 25 October
        ("30 2 * * *", "Europe/Oslo", "2026-03-29T05:00Z", "2026-03-29T01:00Z"),
        ("30 2 * * *", "Europe/Oslo", "2026-10-25T05:00Z", "2026-10-25T00:30Z"),
        ("0 3 1 1,4,7,10 *", "UTC", "2026-03-02T09:20Z", "2026-01-01T03:00Z"),
        ("0 0 * * 1", "UTC", "2026-03-04T09:20Z", "2026-03-02T00:00Z"),
    ],
)
def test_the_last_tick(cron: str, zone: str, now: str, tick: str) -> None:
    """In its own zone, through changes of clocks."""
    found = last_tick(at(cron, zone), datetime.fromisoformat(now))

    assert found == datetime.fromisoformat(tick)


def ran(job: str, start: datetime, state: str = "SUCCESS", *, ended: bool = True) -> Run:
    """Return a run of the past."""
    end = start + timedelta(minutes=5) if ended else None
    return Run(f"dev:{job}", state, start, end, start, "id", None)


def due_names(project: Project, now: datetime, *past: Run, **options: Any) -> set[str]:  # noqa: ANN401
    """Return the names of the schedules that are due."""
    return {one.schedule.name for one in find_due(project, now, past, **options) if one.run}


def test_what_is_due_runs_once(make_project: MakeProject) -> None:
    """However long nobody looked; not while it runs, nor if it has run since."""
    project = make_project()
    job = "tap-a-to-target-x"

    assert due_names(project, NOW) == {"a-hourly", "a-eu-hourly", "b-hourly"}
    assert "a-hourly" in due_names(project, NOW, ran(job, NOW - 4 * HOUR))
    assert "a-hourly" not in due_names(project, NOW, ran(job, NOW - timedelta(minutes=10)))
    running = ran(job, NOW - timedelta(minutes=2), "RUNNING", ended=False)
    assert "a-hourly" not in due_names(project, NOW, running)


def test_what_is_too_late_waits_for_the_next_tick(make_project: MakeProject) -> None:
    """Within the tolerance it is caught up."""
    schedules = [{"name": "a", "job": "a", "interval": "0 7 * * *"}]
    project = make_project(schedules=schedules)

    assert due_names(project, NOW.replace(hour=7, minute=59)) == {"a"}
    assert due_names(project, NOW.replace(hour=8, minute=1)) == set()
    (late,) = find_due(project, NOW, [])
    assert late.why == "missed by 2 h, more than the tolerance of 60 min"


def test_three_failures_in_a_row_open_the_breaker(make_project: MakeProject) -> None:
    """Until somebody forces a run."""
    project = make_project()
    past = [ran("tap-a-to-target-x", NOW - n * HOUR, "FAIL") for n in (4, 3, 2)]

    assert "a-hourly" not in due_names(project, NOW, *past)
    assert "a-hourly" in due_names(project, NOW, *past[:2])
    assert "a-hourly" in due_names(project, NOW, *past, force=True)


def test_narrowed_by_job_group_and_environment(make_project: MakeProject) -> None:
    """Schedules without an environment belong to the one that is asked for."""
    jobs = good()["jobs"]
    jobs[0]["annotations"] = {"orchestrator": {"groups": ["night"]}}
    schedules = good()["schedules"]
    schedules[1]["env"] = {"MELTANO_ENVIRONMENT": "prod"}
    schedules[2]["annotations"] = {"orchestrator": {"enabled": False}}
    project = make_project(jobs=jobs, schedules=schedules)

    assert due_names(project, NOW, groups=["night"]) == {"a-hourly"}
    assert due_names(project, NOW, jobs=["a-eu"]) == {"a-eu-hourly"}
    assert due_names(project, NOW, environment="dev") == {"a-hourly"}
    assert due_names(project, NOW, environment="prod") == {"a-hourly", "a-eu-hourly"}
    assert "b-hourly" in due_names(project, NOW, force=True)


def calls(log: Path) -> list[dict[str, Any]]:
    """Return how Meltano was called."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_run_is_read_as_it_goes(make_project: MakeProject, fake_meltano: Path) -> None:
    """Rows, outcomes, requests, waiting; the log goes on."""
    project = make_project()
    lines: list[str] = []
    order = Order(project.jobs["a"], "dev", {"EXTRA": "x"}, ("--full-refresh",), "by hand")

    result = run_job(project, order, tell=lines.append)

    assert result.ok
    assert (dict(result.rows), result.outcomes) == ({"entries": 7}, {"entries": "complete"})
    assert (result.requests, result.waited_seconds, result.seconds) == (3, 1.5, 2.5)
    assert result.tombstones["entries"] == 2
    (call,) = calls(fake_meltano)
    assert "--timeout=1800" in call["args"]
    assert "--full-refresh" in call["args"]
    assert (call["trigger"], call["extra"], call["sys_dir"]) == ("by hand", "x", None)
    assert len(lines) == 3


def test_a_failure_says_what_the_tap_said(make_project: MakeProject, fake_meltano: Path) -> None:
    """And not that a block failed."""
    project = make_project()

    result = run_job(project, Order(project.jobs["bad-b"], "dev"), tell=lambda _: None)

    assert (result.exit_code, result.error) == (1, "entries: failed: HTTP 401. Check access_token")
    assert fake_meltano.exists()


def test_windows_have_a_directory_of_their_own(
    make_project: MakeProject, fake_meltano: Path
) -> None:
    """With links to what is installed, and Meltano's own database by its address."""
    project = make_project()
    (project.root / ".meltano" / "extractors").mkdir(parents=True)

    run_job(project, Order(project.jobs["a"], "dev", suffix="2026-01"), tell=lambda _: None)

    (call,) = calls(fake_meltano)
    assert "--state-id-suffix=2026-01" in call["args"]
    assert call["sys_dir"]


def test_failures_are_isolated_and_tried_again(
    make_project: MakeProject, fake_meltano: Path
) -> None:
    """After 5, 10 and 20 minutes; the others are green."""
    project = make_project()
    slept: list[float] = []

    ended = run_due(project, find_due(project, NOW, []), parallel=3, sleep=slept.append)

    results = {one.due.schedule.name: one.result.ok for one in ended}
    assert results == {"a-hourly": True, "a-eu-hourly": True, "b-hourly": False}
    assert slept == [300, 600, 1200]
    assert [call["job"] for call in calls(fake_meltano)].count("bad-b") == 4
    table = summary(ended, [])
    assert "| b-hourly | bad-b | dev | failed | 7 |" in table
    assert "HTTP 401" in table


def test_never_two_of_one_tap_and_three_at_most(
    make_project: MakeProject, fake_meltano: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taps that inherit from one are one: they share a credential and its rate limit."""
    monkeypatch.setenv("FAKE_SECONDS", "0.4")
    project = make_project()

    run_due(project, find_due(project, NOW, []), parallel=3, sleep=lambda _: None)

    began = {call["job"]: call["at"] for call in calls(fake_meltano)}
    assert abs(began["a"] - began["a-eu"]) >= 0.4


def test_the_command_runs_what_is_due(
    make_project: MakeProject,
    fake_meltano: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a table, on the page of a workflow, too, and an exit code."""
    jobs = good()["jobs"]
    for one in jobs:
        one["annotations"] = {"orchestrator": {"retries": 0}}
    project = make_project(jobs=jobs)
    page = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    start = ["--project", str(project.root), "due", "--now", "2026-03-02T09:20:00Z"]

    listed = CliRunner().invoke(cli, [*start, "--list"])
    one = CliRunner().invoke(cli, [*start, "--job", "a"])
    everything = CliRunner().invoke(cli, start)
    unknown = CliRunner().invoke(cli, [*start, "--job", "zzz"])

    assert listed.exit_code == 0
    assert "due  a-hourly: due since 2026-03-02 09:00 UTC" in listed.output
    assert one.exit_code == 0, one.output
    assert everything.exit_code == 1
    assert "| b-hourly | bad-b | dev | failed |" in page.read_text()
    assert unknown.exit_code == 2
    assert "there are a, a-eu, bad-b" in unknown.output
    assert {call["job"] for call in calls(fake_meltano)} == {"a", "a-eu", "bad-b"}


def test_history_comes_out_of_meltanos_database(tmp_path: Path) -> None:
    """Which may not be there yet."""
    path = tmp_path / "meltano.db"
    assert runs(f"sqlite:///{path}") == []
    with sqlite3.connect(path) as database:
        database.execute(
            "create table runs (job_name, state, started_at, ended_at, last_heartbeat_at, run_id,"
            " trigger)"
        )
        database.execute(
            "insert into runs values ('dev:a', 'SUCCESS', '2026-03-02 09:00:00.000000',"
            " '2026-03-02 09:05:00.000000', null, '00000000000000000000000000000001', 'worktaps:a')"
        )
    database.close()

    (found,) = runs(f"sqlite:///{path}", since=NOW - HOUR)

    assert (found.state_id, found.ok) == ("dev:a", True)
    assert found.started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert runs(f"sqlite:///{path}", since=NOW) == []


def test_what_is_forced_runs_once_per_job(make_project: MakeProject) -> None:
    """Not in full because it has such a schedule, too; named jobs need no schedule."""
    full = {"orchestrator": {"full_refresh": True}}
    schedules = [
        {"name": "a-quarterly", "job": "a", "interval": "0 3 1 1 *", "annotations": full},
        {"name": "a-hourly", "job": "a", "interval": "0 * * * *"},
    ]
    project = make_project(schedules=schedules)

    every = find_due(project, NOW, [], force=True)
    named = find_due(project, NOW, [], force=True, jobs=["bad-b"])

    assert [(one.schedule.name, one.run) for one in every] == [("a-hourly", True)]
    assert [(one.job.name, one.run, one.why) for one in named] == [("bad-b", True, "forced")]
    assert not named[0].schedule.full_refresh
