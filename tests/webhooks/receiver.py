"""A webhook receiver as a process, and what is sent to it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from socket import socket
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "hush-hush"


def body_of(number: int, **more: object) -> bytes:
    """Return what ClickUp sends when time was tracked."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    return json.dumps(
        {
            "event": "taskTimeTrackedUpdated",
            "webhook_id": "w1",
            "history_items": [{"id": str(number), "date": str(now)}],
            "data": {"description": "Time Tracking Created", "interval_id": str(number)},
            **more,
        }
    ).encode()


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the header that ClickUp signs it with."""
    return {"X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


class Server:
    """A receiver as a process.

    Args:
        folder: For its settings and its log.
        inbox: URL of its database.

    Attributes:
        sources: File that says who sends.
        url: Where it listens.
    """

    def __init__(self, folder: Path, inbox: str) -> None:
        self.inbox = inbox
        self.log = folder / "receiver.log"
        self.sources = folder / "sources.json"
        self.write_sources(clickup={"scheme": "clickup", "secret": "${HOOK_SECRET}"})
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        self.process: subprocess.Popen[bytes] | None = None

    def write_sources(self, **sources: dict[str, Any]) -> None:
        """Say who sends."""
        self.sources.write_text(json.dumps(sources))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "webhook_inbox", f"--inbox={self.inbox}"]
            self.process = subprocess.Popen(
                [*command, "serve", f"--sources={self.sources}", f"--port={self._port}"],
                env={**os.environ, "HOOK_SECRET": SECRET},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                if requests.get(f"{self.url}/ready", timeout=5).ok:
                    return
            except requests.ConnectionError:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)

    def send(self, body: bytes, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send a body, signed if nothing else is said."""
        options.setdefault("headers", signature(body))
        path = options.pop("path", "clickup")
        return requests.post(f"{self.url}/hooks/{path}", data=body, timeout=30, **options)

    def kill(self) -> None:
        """End it at once."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def serving(folder: Path, inbox: str) -> Iterator[Server]:
    """Run a receiver."""
    server = Server(folder, inbox)
    server.start()
    try:
        yield server
    finally:
        server.kill()
