"""The command ``worktaps``."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import yaml

from worktaps.project import Project


@click.group()
@click.version_option(package_name="worktaps-orchestrate")
@click.option(
    "--project",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    envvar="MELTANO_PROJECT_ROOT",
    help="Folder of meltano.yml.",
)
@click.pass_context
def cli(context: click.Context, root: Path) -> None:
    """Run the jobs of meltano.yml when they are due."""
    try:
        context.obj = Project(root.resolve())
    except FileNotFoundError:
        msg = f"There is no meltano.yml in {root}. Name its folder with --project"
        raise click.ClickException(msg) from None
    except yaml.YAMLError as error:
        msg = f"meltano.yml is no YAML: {error}"
        raise click.ClickException(msg) from None


@cli.command()
@click.option("--environment", help="Meltano environment; the project's default if absent.")
@click.pass_obj
def check(project: Project, environment: str | None) -> None:
    """Say everything that is wrong with jobs and schedules."""
    found = _faults(project, environment)
    if found:
        count = "one fault" if len(found) == 1 else f"{len(found)} faults"
        raise click.ClickException("\n  ".join([f"meltano.yml has {count}", *found]))
    click.echo(f"{len(project.jobs)} jobs and {len(project.schedules)} schedules, no fault")


@cli.command()
@click.option("--list", "only_list", is_flag=True, help="Say what is due, and run nothing.")
@click.option("--environment", help="Only schedules of this Meltano environment.")
@click.option("--job", "jobs", multiple=True, help="Only this job. Repeatable.")
@click.option("--group", "groups", multiple=True, help="Only jobs of this group. Repeatable.")
@click.option("--force", is_flag=True, help="Run what is named, due or not.")
@click.option("--parallel", type=click.IntRange(1), help="How many at a time; max_parallel else.")
@click.option("--now", metavar="INSTANT", help="Another time than now, as 2026-03-02T07:00:00Z.")
@click.pass_obj
def due(  # noqa: PLR0913 - one argument per option
    project: Project,
    *,
    only_list: bool,
    environment: str | None,
    jobs: tuple[str, ...],
    groups: tuple[str, ...],
    force: bool,
    parallel: int | None,
    now: str | None,
) -> None:
    """Run the schedules that are due.

    For cron, systemd timers and CI: call it as often as you like. Ends with a table, and with exit
    code 1 if a run failed.
    """
    from worktaps.due import find_due, publish, run_due, summary  # noqa: PLC0415 - spares --help
    from worktaps.history import runs  # noqa: PLC0415
    from worktaps.run import database_uri  # noqa: PLC0415

    found = _faults(project, environment)
    if found:
        raise click.ClickException("\n  ".join(["meltano.yml needs attention", *found]))
    for kind, named, known in (
        ("job", jobs, set(project.jobs)),
        ("group", groups, set(project.groups())),
    ):
        for name in named:
            if name not in known:
                msg = f"no {kind} is named {name}: there are {', '.join(sorted(known)) or 'none'}"
                raise click.UsageError(msg)
    moment = _instant(now)
    past = runs(database_uri(project), since=moment - timedelta(days=32))
    wanted = find_due(
        project, moment, past, environment=environment, jobs=jobs, groups=groups, force=force
    )
    ended = []
    if not only_list:
        most = parallel or int(project.options["max_parallel"])
        ended = run_due(project, wanted, parallel=most)
    if only_list:
        for one in wanted:
            click.echo(f"{'due ' if one.run else '    '} {one.schedule.name}: {one.why}")
        return
    table = summary(ended, wanted)
    click.echo(table, nl=False)
    publish(table)
    if any(not one.result.ok for one in ended):
        raise SystemExit(1)


def _faults(project: Project, environment: str | None) -> list[str]:
    from worktaps.check import faults  # noqa: PLC0415 - spares --help

    return faults(project, environment=environment, env=_environment(project))


def _environment(project: Project) -> dict[str, str]:
    """Return the environment variables, those in ``.env`` included."""
    variables = {}
    path = project.root / ".env"
    for line in path.read_text().splitlines() if path.exists() else ():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            variables[name.removeprefix("export ").strip()] = value.strip().strip("'\"")
    return {**variables, **os.environ}


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text} is no instant; write it as 2026-03-02T07:00:00Z"
        raise click.BadParameter(msg, param_hint="--now") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    cli(prog_name="worktaps")
