"""The request budget: as fast as allowed, never faster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from singer_tapkit.clock import FakeClock
from singer_tapkit.http import Limiter


def test_the_budget_holds_in_every_window() -> None:
    """However the requests fall, no window of the period has more than the limit."""
    clock = FakeClock(datetime(2025, 1, 1, tzinfo=UTC))
    limiter = Limiter(10, timedelta(seconds=15), clock=clock, sleep=clock.sleep)
    sent: list[float] = []

    for number in range(100):
        with limiter.slot():
            sent.append(clock.monotonic())
            clock.advance(0.1 if number % 3 else 1.3)

    assert all(later - earlier > 15 for earlier, later in zip(sent, sent[10:], strict=False))


def test_a_burst_within_the_budget_does_not_wait() -> None:
    """The limit is the only thing that slows down."""
    clock = FakeClock(datetime(2025, 1, 1, tzinfo=UTC))
    limiter = Limiter(100, timedelta(seconds=15), clock=clock, sleep=clock.sleep)

    for _ in range(100):
        with limiter.slot():
            pass

    assert clock.slept == []


def test_a_slot_counts_from_the_answer() -> None:
    """A request that travelled long may have been counted late by the server."""
    clock = FakeClock(datetime(2025, 1, 1, tzinfo=UTC))
    limiter = Limiter(1, timedelta(seconds=15), clock=clock, sleep=clock.sleep)
    with limiter.slot():
        clock.advance(4)

    with limiter.slot():
        pass

    assert clock.slept == [15]
