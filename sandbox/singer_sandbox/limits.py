"""Rate limits as a server counts them."""

from __future__ import annotations

from collections import defaultdict, deque
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.clock import SandboxClock


class SlidingWindow:
    """At most ``limit`` requests per caller in any span of ``period_seconds``.

    Refused requests are not counted, so a caller that waits as told is let in.

    Args:
        limit: Requests per period; positive.
        period_seconds: Length of the window.
        clock: Measures it.
    """

    def __init__(self, limit: int, period_seconds: float, clock: SandboxClock) -> None:
        self._limit = limit
        self._period_seconds = period_seconds
        self._clock = clock
        self._granted: defaultdict[str, deque[float]] = defaultdict(deque)

    def refuse(self, caller: str) -> int | None:
        """Count a request, or refuse it.

        Args:
            caller: Whose budget it draws on.

        Returns:
            ``None`` if there was room, else the whole seconds until there is, at least one.
        """
        now = self._clock.timestamp()
        granted = self._granted[caller]
        while granted and granted[0] <= now - self._period_seconds:
            granted.popleft()
        if len(granted) < self._limit:
            granted.append(now)
            return None
        return max(1, ceil(granted[0] + self._period_seconds - now))

    def left(self, caller: str) -> int:
        """Return how many requests the caller has left now."""
        return self._limit - len(self._granted[caller])

    def reset_in(self, caller: str) -> int:
        """Return the whole seconds until a request that was counted is forgotten."""
        granted = self._granted[caller]
        if not granted:
            return 0
        return ceil(granted[0] + self._period_seconds - self._clock.timestamp())
