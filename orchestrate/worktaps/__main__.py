"""The command ``worktaps``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
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
    from worktaps.notify import look_tell_and_remember  # noqa: PLC0415
    from worktaps.run import database_uri  # noqa: PLC0415

    _refuse_faults(project, environment)
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
    if only_list:
        for one in wanted:
            click.echo(f"{'due ' if one.run else '    '} {one.schedule.name}: {one.why}")
        return
    ended = run_due(project, wanted, parallel=parallel or int(project.options["max_parallel"]))
    look_tell_and_remember(project, datetime.now(UTC) if now is None else moment, _warn)
    table = summary(ended, wanted)
    click.echo(table, nl=False)
    publish(table)
    if any(not one.result.ok for one in ended):
        raise SystemExit(1)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the pages.")
@click.option("--port", default=3000, show_default=True, help="Port of the pages.")
@click.option(
    "--part",
    type=click.Choice(["all", "daemon", "pages"]),
    default="all",
    show_default=True,
    help="On a server: the daemon and the pages as services of their own.",
)
@click.pass_obj
def up(project: Project, host: str, port: int, part: str) -> None:
    """Start Dagster with the jobs of meltano.yml.

    Its history is in DAGSTER_HOME, or with DAGSTER_PG_URL in Postgres.
    """
    from worktaps.home import write_settings  # noqa: PLC0415 - spares --help

    _refuse_faults(project, None)
    folder = project.root / "orchestrate"
    distributed = "DAGSTER_PG_URL" in os.environ
    template = folder / ("dagster.distributed.yaml" if distributed else "dagster.yaml")
    home = Path(os.environ.get("DAGSTER_HOME") or project.root / ".meltano" / "dagster")
    os.environ["DAGSTER_HOME"] = str(home)
    write_settings(project, home, template)
    if part != "pages":
        _prepare(project, home)
    pages = ["-h", host, "-p", str(port)]
    command = {
        "all": ["dagster", "dev", *pages],
        "daemon": ["dagster-daemon", "run"],
        "pages": ["dagster-webserver", *pages],
    }[part]
    program = str(Path(sys.executable).with_name(command[0]))
    options = ["-f", str(folder / "definitions.py"), "-d", str(project.root)]
    os.execv(program, [program, *command[1:], *options])  # noqa: S606


@cli.command(name="follow")
@click.argument("job")
@click.option("--watch", metavar="URL", help="Run at once when its answer changes.")
@click.option("--every", default=60.0, show_default=True, help="Run so many seconds later anyway.")
@click.option(
    "--environment", envvar="MELTANO_ENVIRONMENT", help="Meltano environment of its runs."
)
@click.pass_obj
def follow_job(
    project: Project, job: str, watch: str | None, every: float, environment: str | None
) -> None:
    """Run JOB again and again, until interrupted: for data that is wanted within seconds.

    With webhook-inbox, watch its /ready: it tells the number of the last event.
    """
    from worktaps.follow import Watch, follow  # noqa: PLC0415 - spares --help
    from worktaps.notify import look_tell_and_remember  # noqa: PLC0415
    from worktaps.run import Order, Result, run_job  # noqa: PLC0415

    if job not in project.jobs:
        msg = f"No job is named {job}. There are {', '.join(sorted(project.jobs))}"
        raise click.ClickException(msg)
    _refuse_faults(project, environment)
    where = environment or project.default_environment
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def run() -> Result:
        order = Order(project.jobs[job], where, trigger="worktaps:follow")
        return run_job(project, order, tell=lambda _: None)

    def tell(result: Result, seconds: float) -> None:
        rows, gone = sum(result.rows.values()), sum(result.tombstones.values())
        if not result.ok:
            click.echo(f"{_time()}  {job} failed after {seconds:.1f} s: {result.error}", err=True)
        elif rows or gone:
            click.echo(f"{_time()}  {job}: {rows} records, {gone} deleted, {seconds:.1f} s")
        look_tell_and_remember(project, datetime.now(UTC), _warn)

    follow(run, every_seconds=every, watch=Watch(watch) if watch else None, stop=stop, ended=tell)


def _time() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, envvar="PORT", help="Port to listen on.")
@click.option(
    "--environment", envvar="MELTANO_ENVIRONMENT", help="Meltano environment of its runs."
)
@click.option(
    "--dagster",
    metavar="URL",
    envvar="WORKTAPS_DAGSTER_URL",
    help="Start jobs in this Dagster, as http://127.0.0.1:3000; in this process if absent.",
)
@click.pass_obj
def serve(
    project: Project, host: str, port: int, environment: str | None, dagster: str | None
) -> None:
    """Serve /sync/refresh and the like: jobs by HTTP.

    Callers need a token: see WORKTAPS_OIDC_AUDIENCE, WORKTAPS_OIDC_EMAILS and WORKTAPS_TOKEN in the
    README.
    """
    import uvicorn  # noqa: PLC0415 - spares --help

    from worktaps.service import Access, Service  # noqa: PLC0415
    from worktaps.starting import InDagster, InProcess  # noqa: PLC0415

    _refuse_faults(project, environment)
    where = environment or project.default_environment
    try:
        access = Access.from_environment()
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    starter = InDagster(dagster, where) if dagster else InProcess(project, where)
    app = Service(project, access, starter, _environment(project)).application()
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


@cli.command()
@click.pass_obj
def status(project: Project) -> None:
    """Print how each job is doing."""
    from worktaps.status import health, table  # noqa: PLC0415 - spares --help

    click.echo(table(health(project, datetime.now(UTC))), nl=False)


@cli.command()
@click.pass_obj
def metrics(project: Project) -> None:
    """Print how each job is doing, for Prometheus."""
    from worktaps.exporter import Exporter  # noqa: PLC0415 - spares --help

    click.echo(Exporter(project).text(), nl=False)


def _prepare(project: Project, home: Path) -> None:
    """Do what has to be done before runs begin, by the one process that starts them."""
    from worktaps.home import EngineRunsError, claim, fail_what_was_left, make_pools  # noqa: PLC0415
    from worktaps.run import meltano  # noqa: PLC0415

    try:
        claim(home)
    except EngineRunsError as error:
        raise click.ClickException(str(error)) from None
    # Two jobs that begin at once would both make Meltano's tables
    listed = [meltano(), "state", "list"]
    if subprocess.run(listed, cwd=project.root, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
        msg = "Meltano does not work here; see above"
        raise click.ClickException(msg)
    make_pools(project)
    fail_what_was_left()


def _warn(line: str) -> None:
    click.echo(line, err=True)


def _refuse_faults(project: Project, environment: str | None) -> None:
    found = _faults(project, environment)
    if found:
        raise click.ClickException("\n  ".join(["meltano.yml needs attention", *found]))


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
