"""Dagster's own settings, made from ``meltano.yml`` each time that it starts."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Any

import yaml

from worktaps.tags import BACKFILL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from worktaps.project import Project


def write_settings(project: Project, home: Path, template: Path) -> None:
    """Write ``dagster.yaml``: a template, and what ``meltano.yml`` says about parallel runs.

    Args:
        project: With the numbers.
        home: Folder of Dagster's history; made if it is not there.
        template: Settings to begin with.

    Raises:
        OSError: If there is no such template, or the folder cannot be written.
    """
    settings: dict[str, Any] = yaml.safe_load(template.read_text())
    settings["concurrency"]["runs"] = _parallel(project)
    home.mkdir(parents=True, exist_ok=True)
    text = f"# Made from {template.name} and meltano.yml\n{yaml.safe_dump(settings)}"
    unfinished = home / f"dagster.yaml.{os.getpid()}"
    unfinished.write_text(text)
    unfinished.replace(home / "dagster.yaml")


def make_pools(project: Project) -> None:
    """Let one run of each tap through, in the Dagster of DAGSTER_HOME.

    Dagster would make the pools itself, but only after it has let the first runs through together.
    """
    from dagster import DagsterInstance  # noqa: PLC0415 - takes a second

    with DagsterInstance.get() as instance:
        for tap in {project.tap(job.extractor) for job in project.jobs.values()}:
            instance.event_log_storage.set_concurrency_slots(tap, 1)


class EngineRunsError(Exception):
    """There is an engine with this history already."""


def claim(home: Path) -> None:
    """Make sure that this process, and what takes its place, is the only engine of a home.

    Raises:
        EngineRunsError: If there is another one.
    """
    descriptor = os.open(home / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        msg = f"An engine runs already, with its history in {home}. Stop it first"
        raise EngineRunsError(msg) from None
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - held by the program that takes this one's place


def fail_what_was_left() -> None:
    """Note as failed what an engine that was killed has left under way.

    Dagster then runs it again, instead of waiting for processes that are gone. Where runs are not
    processes of the engine, as on Kubernetes, nothing is done: Dagster looks after those itself.
    """
    from dagster import (  # noqa: PLC0415 - takes a second
        DagsterInstance,
        DagsterRunStatus,
        DefaultRunLauncher,
        RunsFilter,
    )

    left = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    with DagsterInstance.get() as instance:
        if isinstance(instance.run_launcher, DefaultRunLauncher):
            for run in instance.get_runs(RunsFilter(statuses=left)):
                instance.report_run_failed(run, "The engine was killed, and its runs with it")


def _parallel(project: Project) -> Mapping[str, Any]:
    windows = {job.name: job.backfill.parallel for job in project.jobs.values() if job.backfill}
    limits: list[Mapping[str, Any]] = [
        {"key": BACKFILL, "value": name, "limit": limit} for name, limit in windows.items()
    ]
    if windows:  # those that are started from an asset's page have Dagster's own tag only
        each = {"applyLimitPerUniqueValue": True}
        limits.append({"key": "dagster/backfill", "value": each, "limit": max(windows.values())})
    return {
        "max_concurrent_runs": int(project.options["max_parallel"]),
        "tag_concurrency_limits": limits,
    }
