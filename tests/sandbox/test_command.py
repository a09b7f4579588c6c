"""The command ``sandbox serve``."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from singer_sandbox.client import Sandbox, SandboxError, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "singer_sandbox"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=30
    )


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; yields the process and the first line it prints."""
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_in_order(stop: signal.Signals) -> None:
    """One line tells address and settings; a signal ends it with success."""
    with _serving("--entries", "100") as (process, line):
        process.send_signal(stop)
        exit_code = process.wait(timeout=10)

    assert line.startswith("harvest at http://127.0.0.1:")
    for part in ("api_url=", "identity_url=", "access_token=sandbox-admin", "account_id=1340221"):
        assert part in line
    assert exit_code == 0


def test_the_ready_file_holds_the_address(tmp_path: Path) -> None:
    """Once the file is there, whole and valid, the server answers."""
    ready = tmp_path / "ready.json"

    with _serving("--entries", "150", "--seed", "4", "--ready-file", str(ready)):
        sandbox = Sandbox(json.loads(ready.read_text())["url"])
        settings = sandbox.harvest.settings()

    assert (settings["entries"], settings["seed"], settings["rate_limit"]) == (150, 4, True)
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]


def test_now_freezes_the_clock_for_good() -> None:
    """Data and clock begin at the given instant, and a reset returns to it."""
    with _serving("--entries", "100", "--now", "2025-03-05T08:00:00Z") as (_, line):
        sandbox = Sandbox(line.split()[2].removesuffix("/harvest/v2"))
        newest = sandbox.harvest.rows("time_entries")[0]
        sandbox.advance(60)
        sandbox.reset()
        now = sandbox.now()

    assert newest["spent_date"] == "2025-03-05"
    assert now.isoformat() == "2025-03-05T08:00:00+00:00"


def test_a_taken_port_is_told_in_one_line() -> None:
    """The message names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = _run("serve", "--port", str(port))

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use" in line
    assert "--port" in line


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--set", "harvest.pagin=cursor"], "did you mean paging?"),
        (["--set", "harvst.paging=cursor"], "No vendor is named harvst"),
        (["--set", "paging=cursor"], "VENDOR.SETTING=VALUE"),
        (["--now", "yesterday"], "yesterday is no instant"),
        (["--entries", "2000000"], "not in the range"),
    ],
)
def test_wrong_options_are_told(arguments: list[str], reason: str) -> None:
    """A misspelt option ends the command before it serves anything."""
    result = _run("serve", "--port", "0", *arguments)

    assert result.returncode == 2
    assert reason in result.stderr


def test_help_names_every_option() -> None:
    """The help of the command is where people look first."""
    text = _run("serve", "--help").stdout

    for option in ("--host", "--port", "--entries", "--seed", "--no-rate-limit", "--ready-file"):
        assert option in text


def test_the_client_returns_to_its_own_settings() -> None:
    """A sandbox started from Python keeps its settings across resets, and stops in the end."""
    with running_sandbox(entries=110, paging="cursor") as sandbox:
        sandbox.harvest.reset(entries=100)
        sandbox.reset()
        settings = sandbox.harvest.settings()
        url = sandbox.url

    assert (settings["entries"], settings["paging"]) == (110, "cursor")
    with pytest.raises(OSError, match="refused"):
        Sandbox(url)


def test_a_sandbox_that_cannot_start_says_why() -> None:
    """The client passes on what the command says."""
    with pytest.raises(SandboxError, match="did you mean seed"), running_sandbox(sed=1):
        pass


def test_a_stop_does_not_wait_for_slow_answers() -> None:
    """A request under way does not keep the command from ending."""
    with running_sandbox(entries=100) as sandbox:
        sandbox.harvest.fault("slow", seconds=30)
        host, port = sandbox.url.removeprefix("http://").split(":")
        waiting = socket.create_connection((host, int(port)))
        waiting.sendall(b"GET /harvest/v2/tasks HTTP/1.1\r\nHost: x\r\n\r\n")
        start = time.monotonic()

    waiting.close()
    assert time.monotonic() - start < 8
