"""Running a job as soon as there is something for it, and every so often anyway."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Final
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from worktaps.run import Result

_LOOK_SECONDS: Final = 0.25
_ANSWER_SECONDS: Final = 5.0
_FIRST_PAUSE_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 300.0
_MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Watch:
    """What tells that there is something to do.

    Attributes:
        url: Is read again and again; another answer than before means that there is. The address
            ``/ready`` of webhook-inbox tells the number of its last event.
    """

    url: str

    def look(self) -> str | None:
        """Return the answer; ``None`` if there is none."""
        request = Request(self.url, headers={"Accept": "application/json"})  # noqa: S310 - of the user
        try:
            with urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                return str(answer.read(_MOST_BYTES).decode(errors="replace"))
        except (OSError, HTTPException):
            return None


def follow(
    run: Callable[[], Result],
    *,
    every_seconds: float,
    watch: Watch | None,
    stop: Event,
    ended: Callable[[Result, float], object],
) -> None:
    """Run a job again and again until told to stop.

    After a run that failed it waits, ever longer, whatever comes meanwhile.

    Args:
        run: Runs it once.
        every_seconds: Longest time between the beginnings of two runs.
        watch: What lets it run earlier.
        stop: Ends it once the run under way has ended.
        ended: Is told of each run, and how many seconds it took.
    """
    seen: str | None = None
    due = time.monotonic()
    pause_seconds = 0.0
    while not stop.is_set():
        news = watch.look() if watch else None
        now = time.monotonic()
        if now < due and (pause_seconds or news is None or news == seen):
            stop.wait(_LOOK_SECONDS if watch else min(due - now, 1.0))
            continue
        result = run()
        ended(result, time.monotonic() - now)
        if result.ok:
            pause_seconds, seen, due = 0.0, news, now + every_seconds
        else:
            pause_seconds = min(pause_seconds * 2 or _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            due = time.monotonic() + pause_seconds
