"""A whole engine, as ``meltano invoke dagster:up`` starts it, over jobs of this project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any, Final, cast

import duckdb
import psutil
import pytest
import requests
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sandbox.client import HarvestControl

ROOT: Final = Path(__file__).resolve().parents[2]
MELTANO: Final = Path(sys.executable).with_name("meltano")
PLUGINS: Final = (
    *("tap-harvest", "tap-clickup", "tap-hrms", "mapper-worklog"),
    *("target-files-jsonl", "target-files-duckdb", "target-postgres", "dagster"),
)
START_SECONDS: Final = 180.0

_LOCATION: Final = (
    "query { repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
)
_RUNS: Final = """query { runsOrError(limit: 500) { ... on Runs { results {
    runId jobName status startTime endTime tags { key value } } } } }"""
_LAUNCH: Final = """mutation ($job: String!) { launchRun(executionParams: { selector: {
    repositoryName: "__repository__", repositoryLocationName: "definitions.py", jobName: $job } }) {
    ... on LaunchRunSuccess { run { runId } } } }"""
_BACKFILL: Final = """mutation ($asset: [String!]!, $names: [String!]!) {
    launchPartitionBackfill(backfillParams: { assetSelection: [{ path: $asset }],
        partitionNames: $names }) { ... on LaunchBackfillSuccess { backfillId } } }"""


def install() -> None:
    """Install what the jobs need, and the engine."""
    subprocess.run([MELTANO, "install", *PLUGINS], cwd=ROOT, check=True, capture_output=True)


def make_project(folder: Path, **changes: Any) -> Path:  # noqa: ANN401 - YAML
    """Make a project with this one's plugins and jobs.

    Args:
        folder: Where; made.
        changes: Replace top-level parts of ``meltano.yml``.
    """
    content = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (folder / ".meltano").mkdir(parents=True)
    (folder / "meltano.yml").write_text(yaml.safe_dump({**content, **changes}))
    kinds = ("extractors", "loaders", "mappers", "utilities")
    for name in (*(f".meltano/{kind}" for kind in kinds), "orchestrate", "transform"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def annotations_with(**options: object) -> dict[str, Any]:
    """Return the project's annotations, without retries if nothing else is said."""
    return {"orchestrator": {"retries": 0, **options}}


def reading(harvest: HarvestControl, folder: Path) -> dict[str, str]:
    """Return what lets jobs read a simulated Harvest into files."""
    return {
        "TAP_HARVEST_ACCESS_TOKEN": harvest.tokens["administrator"],
        "TAP_HARVEST_ACCOUNT_ID": harvest.account_id,
        "TAP_HARVEST_API_URL": harvest.api_url,
        "TAP_HARVEST_IDENTITY_URL": harvest.identity_url,
        "MAPPER_WORKLOG_HASH_KEY": "pepper",
        "TARGET_FILES_DUCKDB_PATH": str(folder / "duckdb"),
        "TARGET_FILES_JSONL_PATH": str(folder / "jsonl"),
    }


def assert_loaded(harvest: HarvestControl, folder: Path) -> None:
    """Make sure that harvest-to-duckdb has left what the account has; timers run on meanwhile."""
    with duckdb.connect(str(folder / "duckdb" / "worktaps.duckdb"), read_only=True) as database:
        rows = database.execute("select source_id, hours from work_entries").fetchall()
    hours = {int(row[0]): float(row[1]) for row in rows}
    entries = harvest.rows("time_entries")
    assert hours.keys() == {entry["id"] for entry in entries}
    for entry in entries:
        assert entry["is_running"] or hours[entry["id"]] == pytest.approx(entry["hours"])


class Engine:
    """A Dagster with its pages.

    Args:
        project: Folder of ``meltano.yml``.
        env: Environment variables, as settings of taps.
        split: Whether the daemon and the pages are services of their own, as on a server.
    """

    def __init__(self, project: Path, env: Mapping[str, str], *, split: bool = False) -> None:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        self.log = project / "engine.log"
        self._project = project
        self._env = {
            **os.environ,
            "MELTANO_HUB_URL": "http://127.0.0.1:1",  # no hub is needed
            "MELTANO_ENVIRONMENT": "dev",
            "NO_COLOR": "1",
            **env,
        }
        self._commands: list[list[str]] = [[str(MELTANO), "invoke", "dagster:up", "--port", port]]
        if split:
            own = [str(MELTANO.with_name("worktaps")), f"--project={project}", "up"]
            self._commands = [
                [*own, "--part", "daemon"],
                [*own, "--part", "pages", "--port", port],
            ]
        self._processes: list[subprocess.Popen[bytes]] = []

    @contextmanager
    def running(self) -> Iterator[Engine]:
        """Start it, and pull its plug in the end."""
        try:
            self.start()
            yield self
        finally:
            self.kill()

    def start(self) -> None:
        """Start what does not run, and wait until the pages show the jobs."""
        self._processes = [one for one in self._processes if one.poll() is None]
        alive = [one.args for one in self._processes]
        for command in self._commands:
            if command not in alive:
                self._start(command)
        self.until(self._is_up, START_SECONDS)

    def _start(self, command: list[str]) -> None:
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    cwd=self._project,
                    env=self._env,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        if "daemon" in command:  # it makes Dagster's tables
            self.until(lambda: "daemons: [" in self.log.read_text()[before:], START_SECONDS)

    def stop(self) -> None:
        """Stop it, as Ctrl-C does."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)

    def kill(self, *words: str) -> None:
        """Pull the plug: every process of it ends at once, runs included.

        Args:
            words: Only of commands that have these.
        """
        for process in self._processes:
            if process.poll() is None and set(words) <= set(cast("list[str]", process.args)):
                victims = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                for victim in victims:
                    with suppress(psutil.NoSuchProcess):
                        victim.kill()
                psutil.wait_procs(victims, 30)
                process.wait(30)

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            for process in self._processes:
                assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.5)

    def launch(self, job: str) -> str:
        """Start a run by hand, and return its id."""
        return str(self._ask(_LAUNCH, job=job)["launchRun"]["run"]["runId"])

    def backfill(self, asset: list[str], windows: list[str]) -> None:
        """Start a backfill, as the asset's page does."""
        assert self._ask(_BACKFILL, asset=asset, names=windows)["launchPartitionBackfill"]

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs, newest first."""
        found: list[dict[str, Any]] = self._ask(_RUNS)["runsOrError"]["results"]
        return found

    def statuses(self, job: str) -> list[str]:
        """Return how the runs of a job are doing, oldest first."""
        return [run["status"] for run in reversed(self.runs()) if run["jobName"] == job]

    def most_parallel(self, job: Callable[[str], bool] = lambda _: True) -> int:
        """Return how many runs were under way at once at the most."""
        spans: list[tuple[float, float]] = [
            (run["startTime"], run["endTime"] or float("inf"))
            for run in self.runs()
            if run["startTime"] and job(run["jobName"])
        ]
        counts = [sum(a <= start < b for a, b in spans) for start, _ in spans]
        return max(counts)

    def meltano(self, job: str) -> psutil.Process | None:
        """Return the process of Meltano that runs a job, if one does."""
        for process in self._processes:
            for child in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    words = child.cmdline()
                    if words and words[-1] == job and any("--run-id" in word for word in words):
                        return child
        return None

    def victim(self, job: str) -> psutil.Process:
        """Wait until a job is under way, and return Meltano's process."""
        self.until(lambda: self.meltano(job) is not None, 120)
        found = self.meltano(job)
        assert found is not None
        return found

    def _is_up(self) -> bool:
        try:
            return bool(self._ask(_LOCATION)["repositoriesOrError"].get("nodes"))
        except requests.RequestException:
            return False

    def _ask(self, query: str, **variables: object) -> Any:  # noqa: ANN401 - decoded JSON
        body = {"query": query, "variables": variables}
        answer = requests.post(f"{self.url}/graphql", json=body, timeout=60).json()
        assert "errors" not in answer, answer
        return answer["data"]
