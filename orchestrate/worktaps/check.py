"""What is wrong with ``meltano.yml``: every fault at once, with its place and what to write."""

from __future__ import annotations

import difflib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from worktaps.project import ALIASES, DEFAULTS, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from worktaps.project import Job, Project, Schedule

_EVENTS: Final = (
    "failure",
    "recovery",
    "staleness",
    "deletions",
    "dead_letters",
    "expiry",
    "success",
)
_BACKFILL: Final = ("start", "window", "parallel")
_SERVICE: Final = ("refresh", "full_reindex", "days")


def faults(project: Project, *, environment: str | None, env: Mapping[str, str]) -> list[str]:
    """List what is wrong.

    Args:
        project: What to check.
        environment: Meltano environment to check; the project's own default if absent.
        env: Environment variables, among which the secrets have to be.
    """
    return [
        *_duplicates(project),
        *_options("annotations.orchestrator", options_of(project.content)),
        *_environment(project, environment),
        *_service(project),
        *(fault for job in project.jobs.values() for fault in _job(project, job, env)),
        *(
            fault
            for schedule in project.schedules.values()
            for fault in _schedule(project, schedule)
        ),
    ]


def _duplicates(project: Project) -> Iterator[str]:
    for kind in ("jobs", "schedules"):
        names = [str(entry.get("name")) for entry in project.content.get(kind) or ()]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{kind}.{name}: two have this name. Rename one"


def _environment(project: Project, environment: str | None) -> Iterator[str]:
    wanted = environment or project.default_environment
    if wanted not in project.environments:
        yield f"environments: there is none named {wanted}.{_near(wanted, project.environments)}"


def _service(project: Project) -> Iterator[str]:
    named = project.options["service"]
    for mode in ("refresh", "full_reindex"):
        job = named.get(mode) if isinstance(named, dict) else None
        if job is not None and job not in project.jobs:
            place = f"annotations.orchestrator.service.{mode}"
            yield f"{place}: no job is named {job}.{_near(str(job), project.jobs)}"


def _job(project: Project, job: Job, env: Mapping[str, str]) -> Iterator[str]:
    place = f"jobs.{job.name}"
    entry = next(one for one in project.content["jobs"] if str(one.get("name")) == job.name)
    yield from _options(f"{place}.annotations.orchestrator", options_of(entry))
    if len(job.tasks) != 1:
        yield (
            f"{place}.tasks: {len(job.tasks)} tasks. A failure of one stops the others: give each "
            "extract-load pair a job of its own"
        )
        return
    kinds = _kinds(project)
    unknown = [name for name in job.plugins if name not in kinds]
    for name in unknown:
        yield f"{place}.tasks: no plugin is named {name}.{_near(name, kinds)}"
    if unknown:
        return
    order = [kinds[name] for name in job.plugins]
    if (
        len(order) < 2  # noqa: PLR2004 - a pair
        or order[0] != "extractors"
        or order[-1] != "loaders"
        or set(order[1:-1]) - {"mappers"}
    ):
        yield f"{place}.tasks: needs one tap, mappings if any, and one target, in this order"
    missing = [str(name) for name in job.options["secrets"] if not env.get(str(name))]
    if missing:
        yield f"{place}: the environment lacks {', '.join(missing)}. Set them, as in .env"


def _schedule(project: Project, schedule: Schedule) -> Iterator[str]:
    place = f"schedules.{schedule.name}"
    entry = next(
        one for one in project.content["schedules"] if str(one.get("name")) == schedule.name
    )
    yield from _options(f"{place}.annotations.orchestrator", options_of(entry))
    if schedule.job not in project.jobs:
        yield f"{place}.job: no job is named {schedule.job}.{_near(schedule.job, project.jobs)}"
    if not valid_cron(schedule.cron):
        known = ", ".join(ALIASES)
        yield f"{place}.interval: neither a cron expression with five fields nor one of {known}"
    named = schedule.environment(project.default_environment)
    if named not in project.environments:
        yield f"{place}: no environment is named {named}.{_near(named, project.environments)}"


def _kinds(project: Project) -> dict[str, str]:
    """Return the kind of each name that can stand in a task."""
    kinds: dict[str, str] = {}
    for kind, entries in (project.content.get("plugins") or {}).items():
        for entry in entries:
            if kind == "mappers":
                kinds |= dict.fromkeys(
                    (str(one["name"]) for one in entry.get("mappings") or ()), kind
                )
            else:
                kinds[str(entry["name"])] = kind
    return kinds


def _options(place: str, given: Mapping[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        where = f"{place}.{name}"
        if name not in DEFAULTS:
            yield f"{where}: unknown.{_near(name, DEFAULTS)}"
        elif name == "backfill":
            yield from _backfill(where, value) if value is not None else ()
        elif name in _RULES and not _RULES[name][0](value):
            yield f"{where}: {_RULES[name][1]}"


def _backfill(place: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - decoded YAML
    if not isinstance(value, dict) or not _subset(value, _BACKFILL) or "start" not in value:
        yield f"{place}: needs start, and may have window and parallel"
        return
    try:
        date.fromisoformat(str(value["start"]))
    except ValueError:
        yield f"{place}.start: not a date. Write 2024-01-01, in quotes"
    if not valid_cron(str(value.get("window", "0 0 1 * *"))):
        yield f"{place}.window: no cron expression with five fields"


def valid_cron(text: str) -> bool:
    """Tell whether a text is a cron expression with five fields."""
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError:
        return False
    return len(text.split()) == 5  # noqa: PLR2004 - minute to weekday


def _valid_zone(value: object) -> bool:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        return False
    return True


def _positive(value: object) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    )


def _delays(value: object) -> bool:
    return isinstance(value, list) and all(_positive(one) and one is not None for one in value)


def _subset(value: object, allowed: Sequence[str]) -> bool:
    return isinstance(value, list | dict) and set(map(str, value)) <= set(allowed)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _dates(value: object) -> bool:
    try:
        return isinstance(value, dict) and all(date.fromisoformat(str(d)) for d in value.values())
    except ValueError:
        return False


def _is_list(value: object) -> bool:
    return isinstance(value, list)


_SECONDS: Final = (_positive, "must be a number of seconds")
_COUNT: Final = (_count, "must be a whole number")
_FLAG: Final = (lambda value: isinstance(value, bool), "must be true or false")
_LIST: Final = (_is_list, "must be a list")
_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "breaker": _COUNT,
    "enabled": _FLAG,
    "expires": (_dates, 'must name a date per credential, as {HARVEST_TOKEN: "2026-12-31"}'),
    "full_refresh": _FLAG,
    "groups": _LIST,
    "max_parallel": _COUNT,
    "notify": _LIST,
    "notify_on": (
        lambda value: _subset(value, _EVENTS),
        f"must be a list out of {', '.join(_EVENTS)}",
    ),
    "quiet_after": _SECONDS,
    "retries": _COUNT,
    "retry_delays": (_delays, "must be a list of seconds, as [300, 600, 1200]"),
    "secrets": _LIST,
    "service": (
        lambda value: isinstance(value, dict) and _subset(value, _SERVICE),
        f"must be an object with {', '.join(_SERVICE)}",
    ),
    "stale_after": _SECONDS,
    "timeout": _SECONDS,
    "timezone": (_valid_zone, "not a time zone. Write a name such as Europe/Oslo"),
    "tolerance": _SECONDS,
}
"""By option: what tells whether a value will do, and what to say if not."""


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""
