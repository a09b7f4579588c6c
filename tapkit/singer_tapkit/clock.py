"""Time that tests control."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol


class Clock(Protocol):
    """Where a tap gets the time from, and how it waits."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring spans."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        time.sleep(seconds)


class FakeClock:
    """A clock that moves only when it is told to, or when somebody sleeps on it.

    Args:
        now: Where it starts; aware.
    """

    def __init__(self, now: datetime) -> None:
        self._start = now.astimezone(UTC)
        self._elapsed = 0.0
        self._lock = Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the start plus everything slept or advanced so far, in UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Advance at once, and remember the wait in ``slept``."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self._elapsed += seconds
