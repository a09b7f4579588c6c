"""Rate limits: never run into, and obeyed when imposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap


def test_a_full_sync_provokes_no_refusal(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """All streams share one budget of 100 requests per 15 seconds, and use it up."""
    result = run_tap(page_size=2, concurrency=1)

    requests = harvest.requests()
    assert len(requests) > 250
    assert [request.status for request in requests if request.status == 429] == []
    assert result.exit_code == 0, result.outcomes
    periods = (len(requests) - 1) // 100
    assert 15 * (periods - 1) <= sum(clock.slept) <= 15 * (periods + 1)


def test_an_imposed_retry_after_is_waited_for(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Seven seconds are seven seconds, and the outcome tells of them."""
    harvest.fault("status", path="/clients", status=429, headers={"Retry-After": "7"})

    result = run_tap("clients")

    assert clock.slept == [7.0]
    assert result.outcomes["clients"].result == "complete"
    assert result.outcomes["clients"].waited_seconds == 7.0
    assert result.outcomes["clients"].requests == 2


def test_a_refusal_without_retry_after_waits_for_the_period(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Fifteen seconds is Harvest's period."""
    harvest.fault("status", path="/clients", status=429)

    run_tap("clients")

    assert clock.slept == [15.0]


def test_a_wait_that_is_too_long_ends_the_stream_with_a_clear_error(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Nobody sleeps for a day in a nightly job."""
    harvest.fault("status", path="/clients", status=429, headers={"Retry-After": "86400"})

    result = run_tap("clients")

    assert clock.slept == []
    assert "wait 86400 s" in result.outcomes["clients"].detail
    assert result.exit_code == 1


def test_reports_draw_on_a_budget_of_their_own(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """100 report requests per 15 minutes; other streams do not wait for them."""
    result = run_tap("time_report_clients", start_date="1900-01-01", concurrency=1)

    assert result.outcomes["time_report_clients"].result == "complete"
    assert [request.status for request in harvest.requests() if request.status == 429] == []
    assert sum(clock.slept) >= 900
