"""The jobs of ``meltano.yml`` in Dagster: assets, jobs, schedules, backfills.

Dagster queues, retries, keeps history and shows it; Meltano runs. What is here says which is which.
Dagster looks at annotations while the program runs, so they are not put off here.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg

from worktaps.due import is_open, last_tick
from worktaps.history import runs
from worktaps.notify import look_and_tell
from worktaps.project import Job, Project, Schedule
from worktaps.run import LOCK_SECONDS, Order, Result, database_uri, run_job, seconds_until_retry
from worktaps.status import health
from worktaps.tags import BACKFILL, ENVIRONMENT, FULL_REFRESH, SCHEDULE, safe_name

_FRESH: Final = "fresh"


def _now() -> datetime:
    return datetime.now(UTC)


def definitions(project: Project, now: Callable[[], datetime] = _now) -> dg.Definitions:
    """Return everything that a project has.

    Args:
        project: The project.
        now: Tells the time, aware.
    """
    jobs = [made for job in project.jobs.values() for made in _jobs_of(job)]
    return dg.Definitions(
        assets=[asset for job in project.jobs.values() for asset in _assets_of(project, job, now)],
        jobs=[*jobs, *_group_jobs(project)],
        schedules=[_schedule(project, schedule, now) for schedule in project.schedules.values()],
        sensors=[_status(project, now)],
    )


def _assets_of(
    project: Project, job: Job, now: Callable[[], datetime]
) -> Iterator[dg.AssetsDefinition]:
    yield _asset(project, job, now, name=safe_name(job.name), partitions=None)
    if job.backfill:
        windows = dg.TimeWindowPartitionsDefinition(
            start=job.backfill.start, fmt="%Y-%m-%d", cron_schedule=job.backfill.window
        )
        yield _asset(project, job, now, name=f"{safe_name(job.name)}__windows", partitions=windows)


def _asset(
    project: Project,
    job: Job,
    now: Callable[[], datetime],
    *,
    name: str,
    partitions: dg.TimeWindowPartitionsDefinition | None,
) -> dg.AssetsDefinition:
    """Make the asset of a job: what it loads. A pool lets one run of each tap through.

    Windows of a backfill need no pool: each has a directory and a state of its own.
    """
    pool = None if partitions else project.tap(job.extractor)
    key = _key(job, name)

    @dg.asset(
        key=key,
        check_specs=[] if partitions else [dg.AssetCheckSpec(_FRESH, asset=key)],
        group_name=safe_name(job.groups[0]) if job.groups else "default",
        pool=pool,
        partitions_def=partitions,
        kinds={"meltano"},
        description=f"{' | '.join(job.plugins)}",
    )
    def load(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it
        order = _order(project, job, context, partitioned=partitions is not None)
        result = run_job(project, order, tell=sys.stderr.write)
        if not result.ok:
            raise after_failure(job, result, context.retry_number)
        checked = [] if partitions else [_check(project, job, order.environment, now())]
        return dg.MaterializeResult(metadata=_metadata(result), check_results=checked)

    return load


def _check(project: Project, job: Job, environment: str, now: datetime) -> dg.AssetCheckResult:
    """Say whether data is fresh, after a run as well as between runs."""
    looks = health(project, now, [job])
    own = [look for look in looks if look.job == job and look.environment == environment]
    since = own[0].stale_since if own else None
    return dg.AssetCheckResult(
        passed=since is None,
        asset_key=_key(job, safe_name(job.name)),
        check_name=_FRESH,
        metadata={"stale_since": dg.MetadataValue.timestamp(since)} if since else {},
    )


def _status(project: Project, now: Callable[[], datetime]) -> dg.SensorDefinition:
    """Make what looks at all jobs each minute: checks that turn red, and messages."""

    @dg.sensor(
        name="status",
        description="Turns checks red when data is stale, and sends messages.",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def status(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        moment = now()
        told = look_and_tell(project, moment, context.cursor, warn=context.log.warning)
        before, after = (_stale(text) for text in (context.cursor, told))
        jobs = [
            (job, environment)
            for job in project.jobs.values()
            for environment in project.environments_of(job)
            if (f"staleness:{environment}/{job.name}" in before ^ after)
        ]
        events = [
            _evaluation(job, _check(project, job, environment, moment)) for job, environment in jobs
        ]
        return dg.SensorResult(cursor=told, asset_events=events)

    return status


def _stale(told: str | None) -> set[str]:
    keys = json.loads(told)["open"] if told else []
    return {key for key in keys if key.startswith("staleness:")}


def _evaluation(job: Job, result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=_key(job, safe_name(job.name)),
        check_name=_FRESH,
        passed=result.passed,
        metadata=dict(result.metadata or {}),
        blocking=False,
    )


def _order(
    project: Project, job: Job, context: dg.AssetExecutionContext, *, partitioned: bool
) -> Order:
    tags = context.run.tags
    where = tags.get(ENVIRONMENT) or project.environment
    trigger = f"dagster:{tags.get(SCHEDULE, 'by hand')}"
    if partitioned:
        window = context.partition_time_window
        prefix = job.extractor.upper().replace("-", "_")
        env = {
            f"{prefix}_START_DATE": window.start.date().isoformat(),
            f"{prefix}_END_DATE": window.end.date().isoformat(),
        }
        return Order(job, where, env, trigger="dagster:backfill", suffix=context.partition_key)
    schedule = project.schedules.get(tags.get(SCHEDULE, ""))
    options = ("--full-refresh",) if tags.get(FULL_REFRESH) == "true" else ()
    return Order(job, where, schedule.env if schedule else {}, options, trigger=trigger)


def after_failure(job: Job, result: Result, attempt: int) -> Exception:
    """Return what to raise: that another attempt is to follow after a while, or the end of it.

    Args:
        job: What failed.
        result: How.
        attempt: How many attempts came before this one.
    """
    wait_seconds = seconds_until_retry(job.options, result, attempt)
    if wait_seconds is None:
        return dg.Failure(result.error, metadata=_metadata(result), allow_retries=False)
    return dg.RetryRequested(attempt + 1, wait_seconds)


def _metadata(result: Result) -> Mapping[str, Any]:
    """Return what a run's page shows; Dagster plots the numbers."""
    return {
        **{f"rows/{stream}": count for stream, count in sorted(result.rows.items())},
        **{f"outcome/{stream}": end for stream, end in sorted(result.outcomes.items())},
        **{f"write_seconds/{name}": spent for name, spent in sorted(result.write_seconds.items())},
        "rows": sum(result.rows.values()),
        "tombstones": sum(result.tombstones.values()),
        "requests": result.requests,
        "waited_seconds": result.waited_seconds,
        "response_ms": round(result.response_seconds / max(result.requests, 1) * 1000),
        "seconds": result.seconds,
        "meltano_run_id": result.run_id,
        **({"error": result.error} if result.error else {}),
    }


def _jobs_of(job: Job) -> Iterator[Any]:
    attempts = int(job.options["retries"]) + 2  # one more after a run that was killed
    waits = sum(float(delay) for delay in job.options["retry_delays"])
    most = int(job.timeout.total_seconds() * attempts + waits + LOCK_SECONDS)
    yield dg.define_asset_job(
        safe_name(job.name),
        selection=dg.AssetSelection.assets(_key(job, safe_name(job.name))),
        executor_def=dg.in_process_executor,
        tags={"dagster/max_runtime": str(most)},
    )
    if job.backfill:
        name = f"{safe_name(job.name)}__windows"
        yield dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(_key(job, name)),
            executor_def=dg.in_process_executor,
            tags={BACKFILL: job.name, "dagster/max_runtime": str(most)},
        )


def _group_jobs(project: Project) -> Iterator[Any]:
    for group, jobs in project.groups().items():
        keys = [_key(job, safe_name(job.name)) for job in jobs]
        yield dg.define_asset_job(
            f"group_{safe_name(group)}", selection=dg.AssetSelection.assets(*keys)
        )


def _schedule(
    project: Project, schedule: Schedule, now: Callable[[], datetime]
) -> dg.ScheduleDefinition:
    """Make a schedule that skips what comes too late, and what keeps failing."""
    job = project.jobs[schedule.job]

    def decide(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        tick = context.scheduled_execution_time.astimezone(UTC)
        why = reason_to_skip(project, schedule, tick, now())
        if why:
            return dg.SkipReason(why)
        return dg.RunRequest(
            run_key=tick.isoformat(),
            tags={
                SCHEDULE: schedule.name,
                ENVIRONMENT: schedule.environment(project.environment),
                FULL_REFRESH: str(schedule.full_refresh).lower(),
            },
        )

    running, stopped = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=safe_name(schedule.name),
        job_name=safe_name(job.name),
        cron_schedule=schedule.cron,
        execution_timezone=schedule.timezone,
        execution_fn=decide,
        default_status=running if schedule.enabled else stopped,
    )


def reason_to_skip(
    project: Project, schedule: Schedule, tick: datetime, now: datetime
) -> str | None:
    """Say why a tick is not followed, if it is not.

    Args:
        project: Of the schedule.
        schedule: Which ticked.
        tick: When, aware.
        now: The current time, aware.
    """
    late = now - tick
    if late > schedule.tolerance:
        newest = last_tick(schedule, now)
        return f"missed by {int(late.total_seconds())} s; the last tick was at {newest}"
    limit = int(schedule.options["breaker"])
    state_id = project.jobs[schedule.job].state_id(schedule.environment(project.environment))
    own = runs(database_uri(project), state_ids=[state_id])
    attempts = limit * (int(schedule.options["retries"]) + 1)
    if limit and is_open(own, attempts):
        return f"the last {attempts} runs failed; launch the job by hand once it is mended"
    return None


def _key(job: Job, name: str) -> dg.AssetKey:
    """Return the key of an asset: where a job loads to, and the job."""
    return dg.AssetKey([safe_name(job.loader), name])
