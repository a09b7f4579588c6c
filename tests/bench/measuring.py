"""What a command takes: CPU, memory, time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of a command, or of several connected by pipes, took.

    Attributes:
        cpu_seconds: User and system time, of all processes together.
        peak_mb: Largest resident memory of one process, in megabytes.
        wall_seconds: From the start of the first to the end of the last.
        slowest_cpu_seconds: CPU of the process that used most.
    """

    cpu_seconds: float
    peak_mb: float
    wall_seconds: float
    slowest_cpu_seconds: float


def isolated(*packages: str) -> list[str]:
    """Return what runs Python with packages of its own, as the peers need it."""
    added = [part for package in packages for part in ("--with", package)]
    python = ("--python", sys.executable)
    return [uv.find_uv_bin(), "run", "--quiet", "--isolated", "--no-project", *python, *added]


def measure(
    *commands: Sequence[str],
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Figures:
    """Run commands, each reading what the one before writes.

    Args:
        commands: Programs with their arguments.
        output: Where the last one's output goes; nowhere if absent.
        env: Further environment variables.
        cwd: Where to run them.

    Raises:
        RuntimeError: If one fails; says what it wrote last.
    """
    started = time.monotonic()
    processes: list[subprocess.Popen[bytes]] = []
    log_path = os.devnull if cwd is None else str(cwd / "errors.log")
    with open(log_path, "w+b") as log, open(output or os.devnull, "wb") as last:  # noqa: PTH123
        for number, command in enumerate(commands):
            end = number == len(commands) - 1
            before = processes[-1].stdout if processes else None
            processes.append(
                subprocess.Popen(
                    command,
                    stdin=before or subprocess.DEVNULL,
                    stdout=last if end else subprocess.PIPE,
                    stderr=log,
                    env=os.environ | dict(env or {}),
                    cwd=cwd,
                )
            )
            if before:
                before.close()
        ended = [os.wait4(process.pid, 0) for process in processes]
    seconds = time.monotonic() - started
    for process, command, (_, status, _) in zip(processes, commands, ended, strict=True):
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = "" if cwd is None else (cwd / "errors.log").read_text()[-2000:]
            msg = f"{command} ended with {process.returncode}: {said}"
            raise RuntimeError(msg)
    spent = [usage.ru_utime + usage.ru_stime for _, _, usage in ended]
    peaks = [usage.ru_maxrss / 1024 for _, _, usage in ended]
    return Figures(sum(spent), max(peaks), seconds, max(spent))
