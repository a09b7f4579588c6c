"""How each job is doing, out of what ran before: for messages, pages and Prometheus alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from worktaps.history import runs
from worktaps.run import database_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from worktaps.history import Run
    from worktaps.project import Job, Project

DAY: Final = timedelta(days=1)
LOOK_BACK: Final = timedelta(days=100)
"""A quarter and a little: what runs more seldom looks as if it had never run."""
_WARN_BEFORE: Final = timedelta(days=14)
_MOMENT: Final = timedelta(minutes=10)
"""Grace before an attempt that should follow counts as missing."""


@dataclass(frozen=True, slots=True)
class Health:
    """How one job is doing in one environment.

    Attributes:
        job: The job.
        environment: Where.
        ended: Its runs that have ended, oldest first.
        active: Its run that is under way, if one is.
        now: When this was looked at, UTC.
    """

    job: Job
    environment: str
    ended: Sequence[Run]
    active: Run | None
    now: datetime

    @property
    def name(self) -> str:
        """Environment and job, short."""
        return f"{self.environment}/{self.job.name}"

    @property
    def title(self) -> str:
        """Environment and job, for people."""
        return f"{self.job.name} in {self.environment}"

    @property
    def last(self) -> Run | None:
        """The run that ended last."""
        return self.ended[-1] if self.ended else None

    @property
    def last_success(self) -> datetime | None:
        """When a run last succeeded, UTC."""
        return next((run.ended_at for run in reversed(self.ended) if run.ok), None)

    @property
    def failures(self) -> int:
        """How many runs have failed since the last one that succeeded."""
        return next((n for n, run in enumerate(reversed(self.ended)) if run.ok), len(self.ended))

    @property
    def expected_end(self) -> datetime | None:
        """When the run under way should end, by the median of those before it, UTC."""
        spans = [
            (run.ended_at - run.started_at).total_seconds()
            for run in self.ended
            if run.ok and run.ended_at
        ]
        if not self.active or not spans:
            return None
        return self.active.started_at + timedelta(seconds=median(spans[-20:]))

    @property
    def is_given_up(self) -> bool:
        """Whether the job failed, and no further attempt is to be expected."""
        options = self.job.options
        delays = list(options["retry_delays"]) or [0]
        if not self.failures or self.active:
            return False
        if self.failures > int(options["retries"]):
            return True
        wait = timedelta(seconds=float(delays[min(self.failures, len(delays)) - 1]))
        ended = self.ended[-1].ended_at or self.now
        return self.now - ended > wait + _MOMENT

    @property
    def stale_since(self) -> datetime | None:
        """Since when data is too old, although its runs may be green; ``None`` if it is not."""
        found = []
        for option, moment in (
            ("stale_after", self.last_success),
            ("quiet_after", self._last_rows()),
        ):
            limit = self.job.options[option]
            first = self.ended[0].started_at if self.ended else None
            since = moment or first
            if limit is not None and since is not None:
                found.append(since + timedelta(seconds=float(limit)))
        return min((at for at in found if at < self.now), default=None)

    def since(self, span: timedelta) -> list[Run]:
        """Return the runs that ended within a span of time."""
        return [run for run in self.ended if run.ended_at and self.now - run.ended_at <= span]

    def _last_rows(self) -> datetime | None:
        """Return when a run last brought a row; runs whose rows nobody counted count as such."""
        return next(
            (
                run.ended_at
                for run in reversed(self.ended)
                if run.ok and (not run.result or sum(run.result["rows"].values()))
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that somebody should know.

    Attributes:
        kind: ``failure``, ``staleness``, ``deletions`` or ``expiry``.
        about: Name of the job or of the credential.
        text: What is the matter, and what to do.
        options: Annotations that say whom to tell.
    """

    kind: str
    about: str
    text: str
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What stays the same while the problem lasts."""
        return f"{self.kind}:{self.about}"


def health(project: Project, now: datetime, jobs: Iterable[Job] | None = None) -> list[Health]:
    """Look at jobs, in each environment that they are scheduled in.

    Args:
        project: Of the jobs.
        now: Aware.
        jobs: Which; all if absent.
    """
    wanted = {
        job.state_id(environment): (job, environment)
        for job in (project.jobs.values() if jobs is None else jobs)
        for environment in project.environments_of(job)
    }
    past = runs(database_uri(project), since=now - LOOK_BACK, state_ids=wanted)
    found = []
    for state_id, (job, environment) in wanted.items():
        own = [run for run in past if run.state_id == state_id]
        active = next((run for run in reversed(own) if run.is_active(now)), None)
        ended = [run for run in own if run.ended_at is not None]
        found.append(Health(job, environment, ended, active, now))
    return found


def problems(project: Project, looks: Sequence[Health]) -> Iterator[Problem]:
    """Say what is wrong with jobs, and which credentials end soon."""
    for look in looks:
        yield from _of_a_job(look)
    now = looks[0].now if looks else None
    options = project.options
    seen: dict[str, tuple[str, Mapping[str, Any]]] = {
        name: (str(day), options) for name, day in options["expires"].items()
    }
    for job in project.jobs.values():
        seen |= {name: (str(day), job.options) for name, day in job.options["expires"].items()}
    for name, (day, told) in seen.items():
        left = date.fromisoformat(day) - now.date() if now else DAY * 999
        if left <= _WARN_BEFORE:
            when = f"ends in {left.days} days, on {day}" if left.days > 0 else f"ended on {day}"
            text = f"{name} {when}. Renew it, and write its new end into meltano.yml"
            yield Problem("expiry", name, text, told)


def _of_a_job(look: Health) -> Iterator[Problem]:
    job, where, about, last = look.job, look.title, look.name, look.last
    if last and look.is_given_up:
        times = "once" if look.failures == 1 else f"{look.failures} times in a row"
        said = last.result.get("error") or f"see: meltano logs show {last.run_id}"
        yield Problem("failure", about, f"{where} failed {times}: {said}", job.options)
    if look.stale_since:
        success = look.last_success
        seen = f"{success:%Y-%m-%d %H:%M} UTC" if success else "never"
        text = f"{where} is stale since {look.stale_since:%Y-%m-%d %H:%M} UTC; last success: {seen}"
        yield Problem("staleness", about, text, job.options)
    if last and (count := last.result.get("dead_letters")):
        records = "1 record waits" if count == 1 else f"{count} records wait"
        loader = job.loader
        text = f"{where}: {records} as dead letters. `{loader} dead-letters` lists them"
        yield Problem("dead_letters", about, text, job.options)
    if last and last.result.get("refused"):
        yield Problem(
            "deletions", about, f"{where}: {'; '.join(last.result['refused'])}", job.options
        )


def table(looks: Sequence[Health]) -> str:
    """Return how each job is doing, in Markdown; times are UTC, counts those of 24 hours."""
    lines = [
        "| job | environment | | last success | runs | failed | records | requests | answer |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for look in looks:
        recent = look.since(DAY)
        results = [run.result for run in recent if run.result]
        requests = sum(result["requests"] for result in results)
        spent = sum(result.get("response_seconds", 0.0) for result in results)
        success = look.last_success
        cells = (
            look.job.name,
            look.environment,
            _word(look),
            f"{success:%Y-%m-%d %H:%M}" if success else "never",
            len(recent),
            sum(not run.ok for run in recent),
            sum(sum(result["rows"].values()) for result in results),
            requests,
            f"{spent / requests * 1000:.0f} ms" if requests else "",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _word(look: Health) -> str:
    if look.active:
        end = look.expected_end
        return f"running, until {end:%H:%M:%S}" if end else "running"
    if look.failures:
        return f"failed {look.failures} times" if look.failures > 1 else "failed"
    if look.stale_since:
        return "stale"
    return "ok" if look.ended else "never run"
