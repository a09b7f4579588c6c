"""Starting jobs for the HTTP service: within its process, or in Dagster."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import requests

from worktaps.history import runs
from worktaps.run import Order, database_uri, run_job, stop
from worktaps.tags import ENVIRONMENT, FULL_REFRESH, STARTED_AS, safe_name

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from worktaps.project import Job, Project

_MODES: Final = ("refresh", "full_reindex")
_TIMEOUT_SECONDS: Final = 30.0
_LOCATIONS: Final = """
    query { repositoriesOrError { ... on RepositoryConnection {
        nodes { name location { name } } } } }
"""
_UNDER_WAY: Final = """
    query ($job: String!) { runsOrError(limit: 1, filter: { pipelineName: $job,
        statuses: [QUEUED, NOT_STARTED, STARTING, STARTED, CANCELING] }) {
        ... on Runs { results { runId } } } }
"""
_LAUNCH: Final = """
    mutation ($selector: JobOrPipelineSelector!, $tags: [ExecutionTag!]!) {
        launchRun(executionParams: { selector: $selector, executionMetadata: { tags: $tags } }) {
            __typename
            ... on LaunchRunSuccess { run { runId } }
            ... on Error { message } } }
"""
_LOOK: Final = """
    query ($id: ID!) { runOrError(runId: $id) { __typename ... on Run {
        status pipelineName tags { key value }
        assetMaterializations { metadataEntries { label ... on IntMetadataEntry { intValue } } }
    } } }
"""


class EngineError(Exception):
    """Dagster cannot be asked, or does not do it; the text says why."""


class BusyError(Exception):
    """A run of the tap is under way."""


class UnknownRunError(Exception):
    """No run has this id."""


@dataclass(slots=True)
class Seen:
    """A run that was started.

    Attributes:
        job: Name of its job.
        mode: ``refresh`` or ``full_reindex``.
        state: How it is doing.
        error: What went wrong, if something did.
        records: Records read, by stream.
    """

    job: str
    mode: str
    state: Literal["running", "success", "error"] = "running"
    error: str = ""
    records: Mapping[str, int] = field(default_factory=Counter)


class Starter(Protocol):
    """Starts runs, and says how they are doing."""

    def start(self, job: Job, mode: str) -> str:
        """Start a run, and return its id; raises `BusyError` if one of the tap is under way."""
        ...

    def look(self, run_id: str) -> Seen:
        """Say how a run is doing; raises `UnknownRunError`."""
        ...

    def close(self) -> None:
        """End what is under way, in order."""
        ...


class InProcess:
    """Runs jobs as processes of this one; for a service that stands alone.

    Args:
        project: Of the jobs.
        environment: Meltano environment.
    """

    def __init__(self, project: Project, environment: str) -> None:
        self._project = project
        self._environment = environment
        self._lock = Lock()
        self._busy: set[str] = set()
        self._seen: dict[str, Seen] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._threads: list[Thread] = []

    def start(self, job: Job, mode: str) -> str:
        """Start a run in a thread."""
        tap = self._project.tap(job.extractor)
        options = ("--full-refresh",) if mode == "full_reindex" else ()
        trigger = f"worktaps:http:{mode}"
        order = Order(job, self._environment, options=options, trigger=trigger)
        with self._lock:
            if tap in self._busy or self._runs_elsewhere(tap):
                msg = f"A run of {tap} is under way. Wait for its end: its data is the same"
                raise BusyError(msg)
            self._busy.add(tap)
            self._seen[order.run_id] = Seen(job.name, mode)
            thread = Thread(target=self._run, args=(order, tap), name=f"run {order.run_id}")
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()
        return order.run_id

    def look(self, run_id: str) -> Seen:
        """Say how a run is doing, also if another process of this service started it."""
        seen = self._seen.get(run_id)
        return seen if seen is not None else self._remembered(run_id)

    def close(self) -> None:
        """Ask all runs to end, and wait until they have."""
        for process in list(self._processes.values()):
            stop(process)
        for thread in self._threads:
            thread.join()

    def _run(self, order: Order, tap: str) -> None:
        seen = self._seen[order.run_id]
        state: Literal["success", "error"] = "error"
        try:
            result = run_job(
                self._project,
                order,
                started=lambda process: self._processes.update({order.run_id: process}),
            )
            seen.records, seen.error = result.rows, result.error
            state = "success" if result.ok else "error"
        except OSError as error:
            seen.error = f"Meltano does not start: {error.strerror}. Is it installed?"
        finally:
            seen.state = state
            with self._lock:
                self._busy.discard(tap)
                self._processes.pop(order.run_id, None)

    def _runs_elsewhere(self, tap: str) -> bool:
        now = datetime.now(UTC)
        own = {
            job.state_id(self._environment)
            for job in self._project.jobs.values()
            if self._project.tap(job.extractor) == tap
        }
        return any(run.is_active(now) for run in runs(database_uri(self._project), state_ids=own))

    def _remembered(self, run_id: str) -> Seen:
        for run in runs(database_uri(self._project), run_id=run_id):
            prefix, _, mode = (run.trigger or "").rpartition(":")
            if prefix == "worktaps:http" and mode in _MODES:
                state_ids = {
                    job.state_id(self._environment): name
                    for name, job in self._project.jobs.items()
                }
                seen = Seen(state_ids.get(run.state_id, run.state_id), mode)
                seen.records = run.result.get("rows", {})
                if run.is_active(datetime.now(UTC)):
                    return seen
                seen.state = "success" if run.ok else "error"
                seen.error = str(run.result.get("error", "" if run.ok else "It did not end"))
                return seen
        raise UnknownRunError(run_id)


class InDagster:
    """Starts jobs in a Dagster that runs elsewhere, over its GraphQL.

    Args:
        url: Of its pages, as ``http://127.0.0.1:3000``.
        environment: Meltano environment.
    """

    def __init__(self, url: str, environment: str) -> None:
        self._url = f"{url.rstrip('/')}/graphql"
        self._environment = environment
        self._lock = Lock()

    def start(self, job: Job, mode: str) -> str:
        """Put a run into Dagster's queue."""
        name = safe_name(job.name)
        tags = {
            ENVIRONMENT: self._environment,
            FULL_REFRESH: str(mode == "full_reindex").lower(),
            STARTED_AS: mode,
        }
        with self._lock:
            under_way = self._ask(_UNDER_WAY, job=name)["runsOrError"]["results"]
            if under_way:
                msg = f"A run of {job.name} is under way: {under_way[0]['runId']}. Wait for its end"
                raise BusyError(msg)
            answer = self._ask(
                _LAUNCH,
                selector={**self._location(), "jobName": name},
                tags=[{"key": key, "value": value} for key, value in tags.items()],
            )["launchRun"]
        if "run" not in answer:
            msg = f"Dagster does not start it: {answer.get('message', answer['__typename'])}"
            raise EngineError(msg)
        return str(answer["run"]["runId"])

    def look(self, run_id: str) -> Seen:
        """Say how a run is doing."""
        run = self._ask(_LOOK, id=run_id)["runOrError"]
        if run["__typename"] != "Run":
            raise UnknownRunError(run_id)
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        seen = Seen(run["pipelineName"], tags.get(STARTED_AS, "refresh"))
        if run["status"] == "SUCCESS":
            seen.state = "success"
        elif run["status"] in ("FAILURE", "CANCELED"):
            seen.state, seen.error = "error", f"{run['status'].lower()}; Dagster's pages say why"
        seen.records = {
            entry["label"].removeprefix("rows/"): entry["intValue"]
            for loaded in run["assetMaterializations"]
            for entry in loaded["metadataEntries"]
            if entry["label"].startswith("rows/")
        }
        return seen

    def close(self) -> None:
        """Leave runs alone: they are Dagster's."""

    def _location(self) -> dict[str, str]:
        (node,) = self._ask(_LOCATIONS)["repositoriesOrError"]["nodes"][:1] or [None]
        if node is None:
            msg = "Dagster has no jobs: look at its pages for why it could not load them"
            raise EngineError(msg)
        return {"repositoryName": node["name"], "repositoryLocationName": node["location"]["name"]}

    def _ask(self, query: str, **variables: object) -> Any:  # noqa: ANN401 - decoded JSON
        body = {"query": query, "variables": variables}
        try:
            answer = requests.post(self._url, json=body, timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            return answer.json()["data"]
        except (requests.RequestException, KeyError):
            msg = f"Dagster does not answer at {self._url}"
            raise EngineError(msg) from None
