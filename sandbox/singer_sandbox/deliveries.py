"""Webhooks on their way: sent from threads of their own, at least once, in no sure order."""

from __future__ import annotations

import queue
import random
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ATTEMPTS: Final = 5
_SENDERS: Final = 8
_ANSWER_SECONDS: Final = 7.0
_NO_ANSWER: Final = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to send.

    Attributes:
        url: Where to.
        body: What.
        headers: Beside ``Content-Type``.
        done: Gets the status of the last attempt; 0 if nobody answered.
    """

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    done: Callable[[int], None] = lambda _: None


class Deliveries:
    """Sends deliveries, each up to five times until it is answered with success.

    Args:
        seed: Of what happens by chance.
    """

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._waiting: queue.SimpleQueue[tuple[Delivery, float, float]] = queue.SimpleQueue()
        self._running = False

    def send(
        self,
        delivery: Delivery,
        *,
        retry_seconds: float,
        latest_seconds: float = 0.0,
        twice: bool = False,
    ) -> None:
        """Send something soon, without waiting for it.

        Args:
            delivery: What and where to.
            retry_seconds: Wait before the second attempt; doubles each time.
            latest_seconds: It starts at any moment until then, so that others overtake it.
            twice: Send it once more afterwards.
        """
        if not self._running:
            self._running = True
            for _ in range(_SENDERS):
                threading.Thread(target=self._work, daemon=True).start()
        for _ in range(2 if twice else 1):
            wait_seconds = self._random.random() * latest_seconds
            self._waiting.put((delivery, wait_seconds, retry_seconds))

    def _work(self) -> None:
        while True:
            delivery, wait_seconds, retry_seconds = self._waiting.get()
            status = _NO_ANSWER
            for attempt in range(ATTEMPTS):
                time.sleep(wait_seconds)
                status = _post(delivery)
                if 200 <= status < 300 or status == 410:  # noqa: PLR2004 - taken, or never again
                    break
                wait_seconds = retry_seconds * 2**attempt
            delivery.done(status)


def _post(delivery: Delivery) -> int:
    parts = urlsplit(delivery.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=_ANSWER_SECONDS)
    try:
        headers = {"Content-Type": "application/json", **delivery.headers}
        connection.request("POST", parts.path or "/", delivery.body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return _NO_ANSWER
    finally:
        connection.close()
