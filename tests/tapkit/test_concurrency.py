"""A run that reads ahead writes what a sequential one writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap_clickup.conftest import run_tap as run_clickup
from tests.tap_harvest.conftest import run_tap as run_harvest

if TYPE_CHECKING:
    from singer_sandbox.client import ClickUpControl, HarvestControl

    from tests.conftest import Run, SharedClock
    from tests.tap_harvest.conftest import RunTap

__all__ = ["run_clickup", "run_harvest"]


def settled(result: Run) -> list[dict[str, Any]]:
    """The messages without the times at which records were read."""
    return [{**message, "time_extracted": None} for message in result.messages]


def outcomes(result: Run) -> list[tuple[str, str, int, str | None, str]]:
    """How each stream ended, but for its share of requests that several streams need."""
    return [
        (each.stream, each.result.value, each.records, each.bookmark, each.detail)
        for each in result.outcomes.values()
    ]


@pytest.mark.parametrize("page_size", [2, 2000])
def test_harvest_says_the_same(
    harvest: HarvestControl, run_harvest: RunTap, clock: SharedClock, page_size: int
) -> None:
    """All messages in the same order, states included; the same requests, in some order."""
    harvest.reset(entries=100, seed=1, rate_limit=False)
    for row in harvest.rows("time_entries"):
        if row["is_running"]:  # its hours depend on when it is asked for
            harvest.delete("time_entries", row["id"])
    plain = run_harvest(page_size=page_size, requests_per_period=10_000, concurrency=1)
    asked = sorted(str((each.path, each.query)) for each in harvest.requests())
    harvest.clear_requests()
    clock.rewind()

    ahead = run_harvest(page_size=page_size, requests_per_period=10_000, concurrency=16)

    assert settled(ahead) == settled(plain)
    assert outcomes(ahead) == outcomes(plain)
    assert sorted(str((each.path, each.query)) for each in harvest.requests()) == asked


def test_clickup_says_the_same(
    clickup: ClickUpControl, run_clickup: RunTap, clock: SharedClock
) -> None:
    """All messages in the same order, states included; the same requests, in some order."""
    clickup.settings(requests_per_minute=10_000)
    plain = run_clickup(concurrency=1)
    asked = sorted(str((each.path, each.query)) for each in clickup.requests())
    clickup.clear_requests()
    clock.rewind()

    ahead = run_clickup(concurrency=16)

    assert settled(ahead) == settled(plain)
    assert outcomes(ahead) == outcomes(plain)
    assert sorted(str((each.path, each.query)) for each in clickup.requests()) == asked


def test_a_broken_stream_ends_where_it_would_have_ended(
    harvest: HarvestControl, run_harvest: RunTap
) -> None:
    """What lies before the error is written, and its place is kept."""
    harvest.fault("status", path="/time_entries", status=422, skip=6, times=None)
    harvest.fault("status", path="/invoices/*/messages", status=422, times=None)

    result = run_harvest(page_size=10, concurrency=16)

    assert result.outcomes["time_entries"].result == "failed"
    assert result.outcomes["invoice_messages"].result == "failed"
    assert result.outcomes["users"].result == "complete"
    assert result.exit_code == 1


def test_a_429_stops_everybody(harvest: HarvestControl, run_harvest: RunTap) -> None:
    """One refusal is not answered by fifteen others."""
    harvest.fault("status", path="/clients", status=429, headers={"Retry-After": "7"}, times=1)

    result = run_harvest(concurrency=16)

    assert result.exit_code == 0, result.outcomes
    assert [each.status for each in harvest.requests()].count(429) == 1
