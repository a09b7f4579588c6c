"""Which schedules are due, and running them, without an engine: for cron, timers and CI.

A schedule is due if its last tick is not longer ago than its tolerance, and nothing has run for it
since. However long nobody looked, it runs once.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from worktaps.project import Schedule
from worktaps.run import Order, run_job, seconds_until_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from worktaps.history import Run
    from worktaps.project import Job, Project
    from worktaps.run import Result

_LOOK_BACK: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule, and what to do about it.

    Attributes:
        schedule: The schedule.
        job: What it runs.
        environment: Where.
        tick: Its last tick, UTC; ``None`` if there was none within a year.
        run: Whether it runs now.
        why: Why, or why not.
    """

    schedule: Schedule
    job: Job
    environment: str
    tick: datetime | None
    run: bool
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that was made for a schedule."""

    due: Due
    result: Result
    seconds: float


def last_tick(schedule: Schedule, now: datetime) -> datetime | None:
    """Return when a schedule last ticked, ``now`` included.

    Args:
        schedule: With its zone: where clocks go forward, a tick that is skipped comes as soon as
            the hour is over; where they go back, it comes once.
        now: Aware.

    Returns:
        In UTC; ``None`` if there was no tick within a year.
    """
    zone = ZoneInfo(schedule.timezone)
    start = (now - _LOOK_BACK).astimezone(zone)
    hours = _common_steps(schedule.cron)
    if hours is not None:
        start = max(start, (now - hours).astimezone(zone))
    found: datetime | None = None
    for tick in CronSim(schedule.cron, start):
        if tick > now:
            break
        found = tick.astimezone(UTC)
    return found


def _common_steps(cron: str) -> timedelta | None:
    """Return how far back to look at the most, for expressions that tick every day."""
    _, _, *days = cron.split()
    return timedelta(days=3) if all(part == "*" for part in days) else None


def find_due(
    project: Project,
    now: datetime,
    runs: Sequence[Run],
    *,
    environment: str | None = None,
    jobs: Sequence[str] = (),
    groups: Sequence[str] = (),
    force: bool = False,
) -> list[Due]:
    """Say of each schedule whether it is due.

    Args:
        project: Whose schedules.
        now: Aware.
        runs: What ran before.
        environment: Leave out schedules of other environments; the one to use for those without.
        jobs: Leave out other jobs, if any are named.
        groups: Leave out jobs of no such group, if any are named.
        force: Run the jobs that are left, each once, due or not, switched off or not.
    """
    found = []
    candidates = _forced(project, jobs, groups) if force else list(project.schedules.values())
    for schedule in candidates:
        job = project.jobs[schedule.job]
        where = schedule.environment(environment or project.default_environment)
        if environment and where != environment:
            continue
        if jobs and job.name not in jobs:
            continue
        if groups and not set(groups) & set(job.groups):
            continue
        if force:
            found.append(Due(schedule, job, where, None, run=True, why="forced"))
            continue
        tick = last_tick(schedule, now)
        run, why = _verdict(schedule, job, where, tick, now, runs)
        found.append(Due(schedule, job, where, tick, run, why))
    return found


def _forced(project: Project, jobs: Sequence[str], groups: Sequence[str]) -> list[Schedule]:
    """Return one schedule per job and environment, not the one that reads everything again.

    A job that is named, or whose group is, runs although it has no schedule.
    """
    found: dict[tuple[str, str | None], Schedule] = {}
    for schedule in sorted(project.schedules.values(), key=lambda one: one.full_refresh):
        where = schedule.environment(project.default_environment)
        found.setdefault((schedule.job, where), schedule)
    scheduled = {name for name, _ in found}
    for job in project.jobs.values():
        named = job.name in jobs or bool(set(groups) & set(job.groups))
        if named and job.name not in scheduled:
            found[job.name, None] = Schedule(job.name, job.name, "@once", {}, job.options)
    return list(found.values())


def _verdict(  # noqa: PLR0911 - one reason each
    schedule: Schedule,
    job: Job,
    environment: str,
    tick: datetime | None,
    now: datetime,
    runs: Sequence[Run],
) -> tuple[bool, str]:
    if not schedule.enabled:
        return False, "switched off"
    if tick is None:
        return False, "has no tick within a year"
    late = now - tick
    if late > schedule.tolerance:
        return (
            False,
            f"missed by {_span(late)}, more than the tolerance of {_span(schedule.tolerance)}",
        )
    own = [run for run in runs if run.state_id == job.state_id(environment)]
    if any(run.is_active(now) for run in own):
        return False, "is running"
    if any(run.started_at >= tick for run in own):
        return False, f"has run since {tick:%Y-%m-%d %H:%M} UTC"
    limit = int(schedule.options["breaker"])
    if limit and is_open(own, limit):
        return False, f"failed {limit} times in a row; run it with --force once it is mended"
    return True, f"due since {tick:%Y-%m-%d %H:%M} UTC"


def is_open(runs: Sequence[Run], limit: int) -> bool:
    """Tell whether the circuit breaker is open: the last runs all failed."""
    ended = [run for run in runs if run.ended_at is not None]
    return len(ended) >= limit and not any(run.ok for run in ended[-limit:])


def run_due(
    project: Project,
    due: Iterable[Due],
    *,
    parallel: int,
    sleep: Callable[[float], None] = time.sleep,
    run: Callable[..., Result] = run_job,
) -> list[Ended]:
    """Run what is due; a failure stops nothing else.

    Args:
        project: Of the jobs.
        due: What to run; those that are not due are left out.
        parallel: How many at a time; never two of one tap.
        sleep: Waits before a retry.
        run: Runs one job.
    """
    taps: dict[str, Lock] = {}
    slots = BoundedSemaphore(parallel)
    wanted = [one for one in due if one.run]

    def go(one: Due) -> Ended:
        lock = taps[project.tap(one.job.extractor)]
        with lock, slots:
            began = time.monotonic()
            result = with_retries(project, one, sleep=sleep, run=run)
            return Ended(one, result, time.monotonic() - began)

    for one in wanted:
        taps.setdefault(project.tap(one.job.extractor), Lock())
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        return list(pool.map(go, wanted))


def with_retries(
    project: Project,
    one: Due,
    *,
    sleep: Callable[[float], None],
    run: Callable[..., Result],
) -> Result:
    """Run a job, and again after a while if it fails."""
    attempt = 0
    while True:
        result = _once(project, one, run)
        wait_seconds = seconds_until_retry(one.schedule.options, result, attempt)
        if result.ok or wait_seconds is None:
            return result
        sleep(wait_seconds)
        attempt += 1


def _once(project: Project, one: Due, run: Callable[..., Result]) -> Result:
    trigger = f"worktaps:{one.schedule.name}"
    options = ("--full-refresh",) if one.schedule.full_refresh else ()
    order = Order(one.job, one.environment, one.schedule.env, options, trigger=trigger)
    return run(project, order)


def summary(ended: Sequence[Ended], due: Sequence[Due]) -> str:
    """Return a table in Markdown: what ran and how it ended, and what did not run and why."""
    lines = [
        "| schedule | job | environment | result | records | seconds | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in ended:
        result = one.result
        word = "ok" if result.ok else "failed"
        note = _cell(result.error if not result.ok else _streams(result))
        lines.append(
            f"| {one.due.schedule.name} | {one.due.job.name} | {one.due.environment} | {word} "
            f"| {sum(result.rows.values())} | {one.seconds:.0f} | {note} |"
        )
    lines += [
        f"| {left.schedule.name} | {left.job.name} | {left.environment} | not run | | "
        f"| {_cell(left.why)} |"
        for left in due
        if not left.run
    ]
    return "\n".join(lines) + "\n"


def publish(text: str, env: Mapping[str, str] = os.environ) -> None:
    """Add a summary to the page of a GitHub workflow, where there is one."""
    path = env.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a") as page:
            page.write(text)


def _streams(result: Result) -> str:
    odd = {name: end for name, end in result.outcomes.items() if end != "complete"}
    return ", ".join(f"{name} {end}" for name, end in sorted(odd.items()))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds} s"
    if seconds < 7200:  # noqa: PLR2004 - two hours
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"
