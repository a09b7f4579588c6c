"""A job that runs as soon as there is something for it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import pytest
from click.testing import CliRunner
from typing_extensions import override
from worktaps.__main__ import cli
from worktaps.follow import Watch, follow
from worktaps.run import Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.orchestrate.conftest import MakeProject


class Inbox(ThreadingHTTPServer):
    """Tells the number of its last event."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.last = 0
        self.url = f"http://127.0.0.1:{self.server_port}/ready"


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    server: Inbox

    def do_GET(self) -> None:
        """Tell it."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"last": self.server.last}).encode())

    @override
    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Tells the number of its last event."""
    with Inbox() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Follower:
    """Follows an inbox.

    Args:
        inbox: Which.
        every_seconds: Longest time between two runs.
    """

    def __init__(self, inbox: Inbox | None, every_seconds: float) -> None:
        self.runs: list[int] = []
        self.exit_code = 0
        self._inbox = inbox
        self._stop = threading.Event()
        watch = Watch(inbox.url) if inbox else None
        self._thread = threading.Thread(
            target=follow,
            args=(self._run,),
            kwargs={
                "every_seconds": every_seconds,
                "watch": watch,
                "stop": self._stop,
                "ended": lambda *_: None,
            },
        )

    def _run(self) -> Result:
        self.runs.append(self._inbox.last if self._inbox else 0)
        return Result("id", exit_code=self.exit_code)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_arguments: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for(self, count: int) -> None:
        """Wait until so many runs have begun."""
        deadline = time.monotonic() + 10
        while len(self.runs) < count:
            assert time.monotonic() < deadline, self.runs
            time.sleep(0.02)


def test_it_runs_when_something_comes_and_not_otherwise(inbox: Inbox) -> None:
    """The first time at once."""
    with Follower(inbox, every_seconds=60) as follower:
        follower.wait_for(1)
        inbox.last = 7
        follower.wait_for(2)
        time.sleep(0.8)

    assert follower.runs == [0, 7]


def test_it_runs_now_and_then_without_anything_to_watch() -> None:
    """As with a cron each minute."""
    with Follower(None, every_seconds=0.2) as follower:
        follower.wait_for(4)


def test_after_a_failure_it_waits_whatever_comes(inbox: Inbox) -> None:
    """So that a service that is away is not asked all the time."""
    with Follower(inbox, every_seconds=60) as follower:
        follower.exit_code = 1
        follower.wait_for(1)
        inbox.last = 1
        time.sleep(1.0)

        assert len(follower.runs) == 1


def test_a_watch_that_does_not_answer_is_no_news() -> None:
    """The clock still counts."""
    assert Watch("http://127.0.0.1:9/ready").look() is None


@pytest.mark.usefixtures("fake_meltano")
def test_the_command_runs_the_job_until_interrupted(
    make_project: MakeProject, inbox: Inbox, tmp_path: Path
) -> None:
    """And says what each run has brought."""
    make_project()
    command = [sys.executable, "-m", "worktaps", "--project", str(tmp_path), "follow", "a"]
    with subprocess.Popen(
        [*command, "--watch", inbox.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        inbox.last = 1
        second = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert "a: 7 records, 2 deleted" in first
    assert "a: 7 records, 2 deleted" in second
    assert process.returncode == 0, errors
    unknown = CliRunner().invoke(cli, ["--project", str(tmp_path), "follow", "x"])
    assert "No job is named x. There are a, a-eu, bad-b" in unknown.output
