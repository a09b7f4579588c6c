"""One request budget, shared by everything that uses a credential."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from singer_tapkit.clock import Clock


_ROUNDING: Final = 1e-6
"""Seconds; sums of clock readings are not exact."""


class Limiter:
    """A sliding log: at most ``limit`` requests in any span of ``period``, from any thread.

    A request enters the log when its *answer* arrives, and counts until then. The server counted it
    before it answered, so a slot that is free here is free there too, however long requests travel.
    Limiters that stamp a request when they grant it (as those on the package index do) let requests
    that took longer on the way out overtake the server's window, and provoke the refusals they
    should avoid.

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
        self._under_way = 0
        self._changed = Condition()

    def resize(self, limit: int) -> None:
        """Allow another number of requests per period from now on."""
        with self._changed:
            if limit != self._limit:
                self._limit = limit
                self._answered = deque(self._answered, maxlen=limit)
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Send nothing for some time, because the server said that the budget is spent."""
        with self._changed:
            self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free slot, and hold it while the request is under way."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._answered.append(self._clock.monotonic())
                self._changed.notify_all()

    def _enter(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._under_way < self._limit)
                wait_seconds = self._free_at() - self._clock.monotonic()
                if wait_seconds <= _ROUNDING:
                    self._under_way += 1
                    return
            self._sleep(wait_seconds)

    def _free_at(self) -> float:
        """Return when one more request is within the limit, those under way included."""
        spare = self._limit - self._under_way
        if len(self._answered) < spare:
            return self._paused_until
        return max(self._paused_until, self._answered[-spare] + self._period_seconds)
