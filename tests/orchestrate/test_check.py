"""Every fault of meltano.yml at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from worktaps.__main__ import cli
from worktaps.check import faults
from worktaps.project import DEFAULTS, Project

from tests.orchestrate.conftest import good

if TYPE_CHECKING:
    from tests.orchestrate.conftest import MakeProject

ROOT = Path(__file__).resolve().parents[2]


def job(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - YAML
    """Return the jobs with the first one changed."""
    first, *rest = good()["jobs"]
    return [{**first, **changes}, *rest]


def schedule(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - YAML
    """Return the schedules with the first one changed."""
    first, *rest = good()["schedules"]
    return [{**first, **changes}, *rest]


def says(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """Return annotations."""
    return {"orchestrator": options}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"jobs": job(tasks=["tap-z target-x"])},
            "jobs.a.tasks: no plugin is named tap-z. Did",
        ),
        ({"jobs": job(tasks=["tap-a target-x", "tap-b target-x"])}, "jobs.a.tasks: 2 tasks"),
        ({"jobs": job(tasks=["target-x tap-a"])}, "needs one tap, mappings if any, and one target"),
        (
            {"jobs": job(annotations=says(secrets=["NO_SUCH"]))},
            "jobs.a: the environment lacks NO_SUCH",
        ),
        ({"jobs": job(annotations=says(retry=2))}, "retry: unknown. Did you mean retries?"),
        ({"jobs": job(annotations=says(timeout="30m"))}, "timeout: must be a number of seconds"),
        ({"jobs": job(annotations=says(backfill={"start": "soon"}))}, "backfill.start: not a date"),
        ({"schedules": schedule(interval="0 25 * * *")}, "schedules.a-hourly.interval: neither"),
        ({"schedules": schedule(interval="* * * * * *")}, "schedules.a-hourly.interval: neither"),
        ({"schedules": schedule(job="c")}, "schedules.a-hourly.job: no job is named c"),
        (
            {"schedules": schedule(annotations=says(timezone="Oslo"))},
            "timezone: not a time zone. Write a name such as Europe/Oslo",
        ),
        (
            {"schedules": schedule(env={"MELTANO_ENVIRONMENT": "prd"})},
            "no environment is named prd. Did you mean prod?",
        ),
        ({"jobs": [*good()["jobs"], good()["jobs"][0]]}, "jobs.a: two have this name"),
        ({"annotations": says(max_parallel="many")}, "max_parallel: must be a whole number"),
    ],
)
def test_each_fault_is_named_with_its_place(
    make_project: MakeProject, changes: dict[str, Any], said: str
) -> None:
    """And what to write."""
    found = faults(make_project(**changes), environment=None, env={})

    assert len(found) == 1
    assert said in found[0]


def test_all_faults_are_told_at_once(make_project: MakeProject) -> None:
    """Not one after the other."""
    make = make_project(jobs=job(tasks=["tap-z target-x"]), schedules=schedule(interval="never"))

    result = CliRunner().invoke(cli, ["--project", str(make.root), "check"])

    assert result.exit_code == 1
    assert "2 faults" in result.output
    assert "tap-z" in result.output
    assert "a-hourly.interval" in result.output


def test_secrets_may_stand_in_the_env_file(make_project: MakeProject) -> None:
    """As Meltano reads it."""
    project = make_project(jobs=job(annotations=says(secrets=["HARVEST_TOKEN"])))
    (project.root / ".env").write_text("# ours\nexport HARVEST_TOKEN='x'\n")

    result = CliRunner().invoke(cli, ["--project", str(project.root), "check"])

    assert result.exit_code == 0, result.output


def test_this_project_has_no_fault() -> None:
    """In any environment."""
    project = Project(ROOT)

    for name in project.environments:
        assert faults(project, environment=name, env={}) == []


def test_this_project_has_the_schedules_of_the_old_systems() -> None:
    """Each row of their tables; recently played every hour instead of every two."""
    project = Project(ROOT)
    crons = {name: one.cron for name, one in project.schedules.items()}

    assert crons == {
        "harvest-daily": "0 7 * * *",
        "clickup-6h": "0 */6 * * *",
        "clickup-reindex": "0 3 1 1,4,7,10 *",
        "hrms-interviews": "*/30 * * * *",
        "hrms-candidates": "0 * * * *",
        "hrms-employees": "0 */2 * * *",
        "hrms-leave": "0 1 * * *",
        "spotify-recently-played": "0 * * * *",
        "spotify-saved-tracks": "0 12 * * 0",
        "spotify-saved-albums": "0 12 * * 0",
        "spotify-playlists": "0 8 1 * *",
        "spotify-top-tracks": "0 9 1 * *",
        "spotify-top-artists": "0 10 1 * *",
        "strava-activities": "0 */6 * * *",
        "strava-athlete": "0 6 * * 1",
        "garmin-activities": "0 */4 * * *",
        "garmin-sleep": "0 8 * * *",
        "garmin-heart-rate": "0 */8 * * *",
        "todoist-tasks": "0 */3 * * *",
        "todoist-projects": "0 7 * * *",
        "relay-hours": "* * * * *",
        "relay-hours-poll": "15 * * * *",
        "relay-projects": "* * * * *",
        "relay-backup": "*/5 * * * *",
        "relay-backup-poll": "30 2 * * *",
    }
    assert project.schedules["clickup-reindex"].full_refresh
    personal = {"spotify_all", "fitness_all", "productivity_all"}
    assert personal | {"daily", "weekly", "monthly"} <= set(project.groups())
    for job in project.jobs.values():
        if personal & set(job.groups):
            assert (job.options["timezone"], job.options["retries"]) == ("Europe/Paris", 2)
            assert job.timeout.total_seconds() == 1800


def test_a_project_that_is_not_there(tmp_path: Path) -> None:
    """Is a message."""
    result = CliRunner().invoke(cli, ["--project", str(tmp_path), "check"])

    assert result.exit_code == 1
    assert "There is no meltano.yml" in result.output


def test_the_readme_has_every_option() -> None:
    """So that nobody has to read the code."""
    text = (ROOT / "orchestrate" / "README.md").read_text()
    table = text[: text.index("worktaps check")]

    assert [option for option in DEFAULTS if f"`{option}`" not in table] == []
