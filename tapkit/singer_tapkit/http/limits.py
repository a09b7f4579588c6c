"""One request budget, shared by everything that uses a credential."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from singer_tapkit.clock import Clock


class Limiter:
    """A sliding log: at most ``limit`` requests in any span of ``period``.

    A request enters the log when its *answer* arrives. The server counted it before it answered,
    so a slot that is free here is free there too, however long requests travel. Limiters that
    stamp a request when they grant it (as those on the package index do) let requests that took
    longer on the way out overtake the server's window, and provoke the refusals they should avoid.

    Args:
        limit: Requests per period; positive.
        period: Length of the sliding window.
        clock: Measures it.
        sleep: Waits; the caller's, so that it can keep account of waiting.
    """

    def __init__(
        self,
        limit: int,
        period: timedelta,
        *,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._limit = limit
        self._period_seconds = period.total_seconds()
        self._clock = clock
        self._sleep = sleep
        self._answered: deque[float] = deque(maxlen=limit)
        self._paused_until = 0.0

    def resize(self, limit: int) -> None:
        """Allow another number of requests per period from now on."""
        if limit != self._limit:
            self._limit = limit
            self._answered = deque(self._answered, maxlen=limit)

    def pause(self, seconds: float) -> None:
        """Send nothing for some time, because the server said that the budget is spent."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free slot, and hold it while the request is under way."""
        free_at = self._paused_until
        if len(self._answered) == self._limit:
            free_at = max(free_at, self._answered[0] + self._period_seconds)
        wait_seconds = free_at - self._clock.monotonic()
        if wait_seconds > 0:
            self._sleep(wait_seconds)
        try:
            yield
        finally:
            self._answered.append(self._clock.monotonic())
