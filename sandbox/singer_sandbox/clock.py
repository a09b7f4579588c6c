"""The sandbox's own time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SandboxClock:
    """Runs with the machine's clock until it is frozen or moved."""

    def __init__(self) -> None:
        self._ahead_seconds = 0.0
        self._frozen_at: float | None = None

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_at is not None

    def timestamp(self) -> float:
        """Return seconds since 1970 on this clock."""
        if self._frozen_at is not None:
            return self._frozen_at
        return time.time() + self._ahead_seconds

    def seconds(self) -> int:
        """Return whole seconds since 1970 on this clock."""
        return int(self.timestamp())

    def now(self) -> datetime:
        """Return the time on this clock, aware and in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still.

        Args:
            at: Where; aware. The present moment of this clock if absent.
        """
        self._frozen_at = self.timestamp() if at is None else at.timestamp()

    def advance(self, seconds: float) -> None:
        """Move by some seconds; a frozen clock stays frozen."""
        if self._frozen_at is None:
            self._ahead_seconds += seconds
        else:
            self._frozen_at += seconds

    def run(self) -> None:
        """Go on from where it stands, at the machine's pace."""
        self._ahead_seconds = self.timestamp() - time.time()
        self._frozen_at = None

    def reset(self) -> None:
        """Return to the machine's time."""
        self._ahead_seconds = 0.0
        self._frozen_at = None
