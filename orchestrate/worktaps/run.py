"""One job, run by Meltano as a process.

Meltano's log goes on to standard error, line by line; on the way it is read for the rows of each
stream, for how tapkit's taps say that each stream ended, and for the first error.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from worktaps.history import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from worktaps.project import Job, Project

_LOCKED: Final = "is already running"
"""Words of Meltano when another run has the same state."""
LOCK_SECONDS: Final = 330.0
"""How long Meltano refuses a job after its run was killed: five minutes, and a little."""
_PLUGIN_FOLDERS: Final = ("extractors", "loaders", "mappers", "utilities")
_GRACE_SECONDS: Final = 30.0
_REFUSED: Final = "max_deletion_share"
"""The setting that a tap names when it refuses a mass deletion."""
_ENDED: Final = re.compile(r": (?:failed|partial|unavailable): ")
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class Result:
    """How a run ended.

    Attributes:
        run_id: Meltano's id of it.
        exit_code: Of Meltano; 0 only if everything went well.
        rows: Records that the tap wrote, by stream.
        outcomes: How each stream ended, for taps that say so.
        tombstones: Deleted records found, by stream.
        requests: Requests sent.
        waited_seconds: How long the tap waited for the vendor's rate limit.
        response_seconds: How long the vendor took to answer, summed over all requests.
        write_seconds: How long the target took to write, by stream, for targets that say so.
        seconds: How long blocks ran.
        refused: What was missing in such numbers that it was not deleted; keys are not in it.
        dead_letters: Records that targets could not write, and keep.
        error: The first error, without a value; empty if there was none.
    """

    run_id: str
    exit_code: int = 1
    rows: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, str] = field(default_factory=dict)
    tombstones: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    waited_seconds: float = 0.0
    response_seconds: float = 0.0
    write_seconds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    refused: list[str] = field(default_factory=list)
    dead_letters: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything went well."""
        return self.exit_code == 0

    @property
    def locked(self) -> bool:
        """Whether Meltano refused, because another run of the same state is or was under way."""
        return not self.ok and _LOCKED in self.error

    @property
    def killed(self) -> bool:
        """Whether Meltano was killed, so that it refuses the job for some minutes."""
        return self.exit_code < 0 and self.exit_code != -signal.SIGTERM

    def figures(self) -> dict[str, Any]:
        """Return its fields, as JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: dict(value) if isinstance(value, dict) else value
            for name, value in values.items()
        }

    def read(self, line: str) -> None:
        """Take notice of a line of Meltano's log."""
        entry = _decoded(line)
        if entry is None:
            if line.startswith("Error:") and not self.error:
                self.error = line.removeprefix("Error:").strip()
            return
        metric = entry.get("metric_info")
        if isinstance(metric, dict):
            self._count(metric, entry)
        if entry.get("event") == "Block run completed" and "duration_seconds" in entry:
            self.seconds += float(entry["duration_seconds"] or 0)
        failure = entry.get("plugin_exception")
        if isinstance(failure, dict) and failure.get("type") and not self.error:
            self.error = f"{failure['type']}: {failure.get('message', '')}".strip(": ")
        event = str(entry.get("event", ""))
        ended = [line.strip() for line in event.splitlines() if _ENDED.search(line)]
        self.refused += [line for line in ended if _REFUSED in line]
        if entry.get("level") in ("error", "critical") and not self.error:
            self.error = "; ".join(ended) or " ".join(event.split("\n")[:3])

    def _count(self, metric: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
        tags = metric.get("tags") or {}
        stream, value = str(tags.get("stream", "")), metric.get("value") or 0
        if metric.get("metric") == "record_count" and _of_a_tap(entry):
            self.rows[stream] += int(value)
        if metric.get("metric") == "dead_letters":
            self.dead_letters += int(value)
        if metric.get("metric") == "batch_processing_time" and not _of_a_tap(entry):
            self.write_seconds[stream] += float(value)  # type: ignore[assignment]  # a sum
        if metric.get("metric") == "http_request_count" and "outcome" in tags:
            self.outcomes[stream] = str(tags["outcome"])
            self.tombstones[stream] += int(tags.get("tombstones") or 0)
            self.requests += int(value)
            self.waited_seconds += float(tags.get("waited_seconds") or 0)
            self.response_seconds += float(tags.get("response_seconds") or 0)


@dataclass(frozen=True, slots=True)
class Order:
    """What to run.

    Attributes:
        job: The job.
        environment: Meltano environment.
        env: Further environment variables, such as those of a schedule.
        options: Further options of ``meltano run``, as ``--full-refresh``.
        trigger: Who started it, for Meltano's list of runs.
        suffix: Keeps state apart, as for one window of a backfill; such runs get a run directory
            of their own, so that they can be parallel.
        run_id: Meltano's id for the run.
    """

    job: Job
    environment: str
    env: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    trigger: str = "worktaps"
    suffix: str = ""
    run_id: str = field(default_factory=lambda: str(uuid4()))

    def command(self) -> list[str]:
        """Return the command that runs it."""
        return [
            meltano(),
            "--log-format=json",
            f"--environment={self.environment}",
            "run",
            "--no-install",
            f"--run-id={self.run_id}",
            f"--timeout={int(self.job.timeout.total_seconds())}",
            *([f"--state-id-suffix={self.suffix}"] if self.suffix else []),
            *self.options,
            self.job.name,
        ]


def run_job(
    project: Project,
    order: Order,
    *,
    tell: Callable[[str], object] = sys.stderr.write,
    started: Callable[[subprocess.Popen[str]], object] | None = None,
) -> Result:
    """Run a job to its end.

    Args:
        project: Of the job.
        order: What to run.
        tell: Gets each line of the log.
        started: Gets the process once it runs.
    """
    result = Result(order.run_id)
    with (
        _directory(project, private=bool(order.suffix)) as directory,
        subprocess.Popen(  # noqa: S603 - Meltano, with names out of meltano.yml
            order.command(),
            cwd=project.root,
            env={
                **os.environ,
                **order.env,
                **directory,
                "MELTANO_ENVIRONMENT": order.environment,
                "MELTANO_JOB_TRIGGER": order.trigger,
                "NO_COLOR": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call of the C library
        ) as process,
    ):
        try:
            if started:
                started(process)
            for line in process.stdout or ():
                tell(line)
                result.read(line)
        except BaseException:
            stop(process)
            raise
        result.exit_code = process.wait()
    if not result.ok and not result.error:
        result.error = f"Meltano ended with exit code {result.exit_code}"
    try:
        record(database_uri(project), result.run_id, result.figures())
    except SQLAlchemyError as error:  # of use to pages only; the run itself counts
        tell(f"The figures of this run are not kept: {type(error).__name__}\n")
    return result


def seconds_until_retry(options: Mapping[str, Any], result: Result, attempt: int) -> float | None:
    """Say how long to wait before a failed run is tried again.

    Args:
        options: Annotations of its job or schedule.
        result: How it failed.
        attempt: How many attempts came before it.

    Returns:
        ``None`` if it is not tried again. A run that was killed, or met the lock of one that was,
        gets one more attempt, and waits until Meltano lets it.
    """
    held = result.killed or result.locked
    if attempt >= int(options["retries"]) + held:
        return None
    delays = list(options["retry_delays"]) or [0]
    wait_seconds = float(delays[min(attempt, len(delays) - 1)])
    return max(wait_seconds, LOCK_SECONDS) if held else wait_seconds


def stop(process: subprocess.Popen[str]) -> None:
    """Ask a run to end, and end it if it does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def meltano() -> str:
    """Return the command that runs Meltano: the one named in the environment, or beside Python."""
    named = os.environ.get("WORKTAPS_MELTANO")
    if named:
        return named
    beside = Path(sys.executable).with_name("meltano")
    linked = Path(os.environ.get("MELTANO_PROJECT_ROOT", ".")) / ".meltano" / "run" / "bin"
    return next((str(path) for path in (beside, linked) if path.exists()), "meltano")


def database_uri(project: Project) -> str:
    """Return the address of Meltano's own database."""
    default = f"sqlite:///{project.root}/.meltano/meltano.db"
    given = os.environ.get("MELTANO_DATABASE_URI") or project.content.get("database_uri")
    return str(given or default).replace("$MELTANO_SYS_DIR_ROOT", f"{project.root}/.meltano")


@contextmanager
def _directory(project: Project, *, private: bool) -> Iterator[Mapping[str, str]]:
    """Give a run a system directory of its own, with links to the installed plugins.

    Two runs of one tap in one directory overwrite each other's catalog and state.
    """
    if not private:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="meltano-") as folder:
        for name in _PLUGIN_FOLDERS:
            installed = project.root / ".meltano" / name
            if installed.exists():
                Path(folder, name).symlink_to(installed)
        yield {"MELTANO_SYS_DIR_ROOT": folder, "MELTANO_DATABASE_URI": database_uri(project)}


def _end_with_parent() -> None:
    """Let the process get a signal when this one dies, so that it never runs on alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _decoded(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _of_a_tap(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("producer")) and not entry.get("consumer")
