"""What ``meltano.yml`` says about running: the one file that a user edits.

Jobs, schedules and environments are Meltano's own. What it has no field for stands in
``annotations: orchestrator:`` of the project, a job or a schedule; the nearest one counts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ALIASES: Final[Mapping[str, str]] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
"""Meltano's words for intervals."""

DEFAULTS: Final[Mapping[str, Any]] = {
    "enabled": True,
    "environment": None,
    "full_refresh": False,
    "groups": [],
    "max_parallel": 3,
    "expires": {},
    "notify": ["$WORKTAPS_NOTIFY"],
    "notify_on": ["failure", "recovery", "staleness", "deletions", "dead_letters", "expiry"],
    "quiet_after": None,
    "retries": 3,
    "retry_delays": [300, 600, 1200],
    "secrets": [],
    "service": {},
    "stale_after": None,
    "timeout": 1800,
    "timezone": "UTC",
    "tolerance": 3600,
    "breaker": 3,
    "backfill": None,
}
"""What annotations may say, and what holds where they are silent; times in seconds."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """How history is read in windows.

    Attributes:
        start: First day, as a text.
        window: Cron expression at whose ticks windows begin, as ``0 0 1 * *`` for months.
        parallel: How many windows at a time.
    """

    start: str
    window: str = "0 0 1 * *"
    parallel: int = 2


@dataclass(frozen=True, slots=True)
class Job:
    """A job: one extract-load pair.

    Attributes:
        name: Of the job.
        tasks: Its tasks, as they stand there.
        options: Annotations of the project and of the job, over the defaults.
    """

    name: str
    tasks: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plugins(self) -> list[str]:
        """Names of the plugins, tap first, target last; mappings keep their mapping's name."""
        return [name for task in self.tasks for name in task.split()]

    @property
    def extractor(self) -> str:
        """Name of the tap."""
        return self.plugins[0]

    @property
    def loader(self) -> str:
        """Name of the target."""
        return self.plugins[-1]

    @property
    def groups(self) -> list[str]:
        """Names of the groups it belongs to."""
        return [str(name) for name in self.options["groups"]]

    @property
    def timeout(self) -> timedelta:
        """After how long it is stopped."""
        return timedelta(seconds=float(self.options["timeout"]))

    @property
    def backfill(self) -> Backfill | None:
        """How its history is read in windows, if it is."""
        given = self.options["backfill"]
        return Backfill(**given) if given else None

    def state_id(self, environment: str, suffix: str = "") -> str:
        """Return Meltano's name for the state of this job."""
        name = f"{environment}:{self.extractor}-to-{self.loader}"
        return f"{name}:{suffix}" if suffix else name


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job runs.

    Attributes:
        name: Of the schedule.
        job: Name of the job.
        interval: Cron expression with five fields, or one of Meltano's words.
        env: Environment variables of its runs.
        options: Annotations of the project, the job and the schedule, over the defaults.
    """

    name: str
    job: str
    interval: str
    env: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cron(self) -> str:
        """The cron expression."""
        return ALIASES.get(self.interval, self.interval)

    @property
    def timezone(self) -> str:
        """Zone in which the cron expression is meant."""
        return str(self.options["timezone"])

    @property
    def tolerance(self) -> timedelta:
        """How late a run may begin."""
        return timedelta(seconds=float(self.options["tolerance"]))

    @property
    def enabled(self) -> bool:
        """Whether it runs by itself."""
        return bool(self.options["enabled"])

    @property
    def full_refresh(self) -> bool:
        """Whether its runs read everything again."""
        return bool(self.options["full_refresh"])

    def environment(self, default: str) -> str:
        """Return the Meltano environment that it runs in."""
        named = self.env.get("MELTANO_ENVIRONMENT") or self.options["environment"]
        return str(named or default)


class Project:
    """A Meltano project.

    Args:
        root: Folder of its ``meltano.yml``.

    Raises:
        OSError: If there is none.
        yaml.YAMLError: If it is no YAML.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        content = yaml.safe_load((root / "meltano.yml").read_text())
        self.content: Mapping[str, Any] = content if isinstance(content, dict) else {}

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Annotations of the project, over the defaults."""
        return {**DEFAULTS, **options_of(self.content)}

    @property
    def default_environment(self) -> str:
        """The environment that Meltano uses if none is named."""
        return str(self.content.get("default_environment") or "dev")

    @property
    def environment(self) -> str:
        """The environment of this process: ``MELTANO_ENVIRONMENT``, or the default."""
        return os.environ.get("MELTANO_ENVIRONMENT") or self.default_environment

    @property
    def environments(self) -> list[str]:
        """Names of the environments."""
        return [str(entry["name"]) for entry in self.content.get("environments") or ()]

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        """The jobs by name."""
        return {
            str(entry["name"]): Job(
                str(entry["name"]),
                tuple(_texts(entry.get("tasks"))),
                {**self.options, **options_of(entry)},
            )
            for entry in self.content.get("jobs") or ()
        }

    @cached_property
    def schedules(self) -> Mapping[str, Schedule]:
        """The schedules of jobs by name."""
        found = {}
        for entry in self.content.get("schedules") or ():
            job = self.jobs.get(str(entry.get("job")))
            options = job.options if job else self.options
            found[str(entry["name"])] = Schedule(
                str(entry["name"]),
                str(entry.get("job")),
                str(entry.get("interval")),
                {str(name): str(value) for name, value in (entry.get("env") or {}).items()},
                {**options, **options_of(entry)},
            )
        return found

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """By plugin: the one that it inherits from."""
        return {
            str(entry["name"]): str(entry["inherit_from"])
            for entries in (self.content.get("plugins") or {}).values()
            for entry in entries
            if entry.get("inherit_from")
        }

    def tap(self, extractor: str) -> str:
        """Return the plugin that an extractor inherits from in the end: one credential, one run."""
        seen = {extractor}
        while extractor in self.parents and self.parents[extractor] not in seen:
            extractor = self.parents[extractor]
            seen.add(extractor)
        return extractor

    def environments_of(self, job: Job) -> list[str]:
        """Return where a job runs by schedule; the default environment if it has none."""
        named = {
            schedule.environment(self.environment)
            for schedule in self.schedules.values()
            if schedule.job == job.name
        }
        return sorted(named) or [self.environment]

    def groups(self) -> Mapping[str, list[Job]]:
        """Return the jobs by group."""
        found: dict[str, list[Job]] = {}
        for job in self.jobs.values():
            for name in job.groups:
                found.setdefault(name, []).append(job)
        return found


def options_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an entry of ``meltano.yml`` says to the orchestrator."""
    given = (entry.get("annotations") or {}).get("orchestrator")
    return given if isinstance(given, dict) else {}


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - decoded YAML
    if isinstance(value, str):
        return [value]
    texts: list[str] = []
    for part in value or ():
        texts += _texts(part) if isinstance(part, list) else [str(part)]
    return texts
