"""The command ``sandbox serve`` as a child process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.01


class SandboxError(Exception):
    """The sandbox did not start, or would not do what it was asked; the text says why."""


@contextmanager
def running_server(settings: Mapping[str, Mapping[str, object]], port: int = 0) -> Iterator[str]:
    """Start a server on loopback, and stop it in the end.

    Args:
        settings: By vendor, then by name.
        port: Where to listen; 0 takes any free one.

    Yields:
        Its address, as ``http://127.0.0.1:40123``.

    Raises:
        SandboxError: If it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        ready_file = Path(folder, "ready.json")
        command = [sys.executable, "-m", "singer_sandbox", "serve", "--port", str(port)]
        command += ["--ready-file", str(ready_file)]
        for vendor, changes in settings.items():
            for name, value in changes.items():
                command += ["--set", f"{vendor}.{name}={json.dumps(value)}"]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            yield _wait_until_ready(process, ready_file)
        finally:
            _stop(process)


def _wait_until_ready(process: subprocess.Popen[str], ready_file: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None:
            _, errors = process.communicate()
            msg = f"The sandbox did not start: {errors.strip()}"
            raise SandboxError(msg)
        if time.monotonic() > deadline:
            msg = f"The sandbox was not ready within {_START_SECONDS:.0f} seconds"
            raise SandboxError(msg)
        time.sleep(_POLL_SECONDS)
    url: str = json.loads(ready_file.read_text())["url"]
    return url


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
