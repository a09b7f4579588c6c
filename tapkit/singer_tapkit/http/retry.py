"""How often a request is repeated, and how long to wait before."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import tenacity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from singer_tapkit.clock import Clock

logger = logging.getLogger(__name__)


class TransientError(Exception):
    """An attempt that may well succeed if it is made again.

    Args:
        meaning: What happened, as half a sentence.
        wait_seconds: How long the server, or the verdict table, asks to wait.
    """

    def __init__(self, meaning: str, *, wait_seconds: float = 0.0) -> None:
        super().__init__(meaning)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of repeating one request.

    Attributes:
        attempts: The most attempts, the first one included.
        total: The most time from the first attempt to the last, waiting included. It is a little
            longer than the longest period a rate limit is known to have (15 minutes).
        backoff: Wait before the first repeat; doubles each time, with jitter.
        longest_backoff: Where doubling ends.
    """

    attempts: int = 5
    total: timedelta = timedelta(minutes=20)
    backoff: timedelta = timedelta(seconds=0.5)
    longest_backoff: timedelta = timedelta(seconds=30)

    def retrying(
        self, clock: Clock, sleep: Callable[[float], None], *, what: str
    ) -> tenacity.Retrying:
        """Return a loop that repeats on :class:`TransientError` within these bounds.

        Each wait is the longer one of our own backoff and what the error asks for. An error that
        asks to wait past the total is raised at once.

        Args:
            clock: Measures the total.
            sleep: Waits.
            what: Names the request in the log.
        """
        started = clock.monotonic()
        own_wait = tenacity.wait_exponential_jitter(
            multiplier=self.backoff.total_seconds(),
            max=self.longest_backoff.total_seconds(),
            jitter=self.backoff.total_seconds() / 2,
        )

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait_seconds if isinstance(error, TransientError) else 0.0
            return max(asked, own_wait(state))

        def stop(state: tenacity.RetryCallState) -> bool:
            spent = clock.monotonic() - started + state.upcoming_sleep
            return state.attempt_number >= self.attempts or spent > self.total.total_seconds()

        def announce(state: tenacity.RetryCallState) -> None:
            logger.warning(
                "%s: %s; attempt %d of %d follows in %.1f s",
                what,
                state.outcome.exception() if state.outcome else "",
                state.attempt_number + 1,
                self.attempts,
                state.upcoming_sleep,
            )

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=wait,
            stop=stop,
            sleep=sleep,
            before_sleep=announce,
            reraise=True,
        )


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header, in either of its two forms.

    Args:
        header: Seconds, or an HTTP date; anything else counts as absent.
        now: The current time, aware, for the date form.

    Returns:
        Seconds to wait, at least 1; ``None`` if the header does not say.

    Source: RFC 9110, section 10.2.3.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    if seconds != seconds or seconds == float("inf"):  # noqa: PLR0124 - NaN is not itself
        return None
    return max(1.0, seconds)
