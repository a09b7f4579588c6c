"""Reading a stream from the start replaces its table, once all of it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import Run, SharedClock
    from tests.tap_harvest.conftest import RunTap


def versions(result: Run, stream: str) -> set[int | None]:
    """Return the versions that the records of a stream are stamped with."""
    return {
        message.get("version")
        for message in result.messages
        if message["type"] == "RECORD" and message["stream"] == stream
    }


def activations(result: Run, stream: str) -> list[int]:
    """Return the versions that a run made the valid ones."""
    return [
        message["version"]
        for message in result.messages
        if message["type"] == "ACTIVATE_VERSION" and message["stream"] == stream
    ]


def test_a_first_run_activates_its_version_behind_the_last_record(run_tap: RunTap) -> None:
    """Then, and not before, rows of other versions may go."""
    result = run_tap(["roles", "time_entries"])

    for stream in ("roles", "time_entries"):
        (version,) = activations(result, stream)
        kinds = [m["type"] for m in result.messages if m.get("stream") == stream]
        assert versions(result, stream) == {version}
        assert kinds[0] == "SCHEMA"
        assert kinds[-1] == "ACTIVATE_VERSION"
        assert kinds.count("RECORD") == len(result.records(stream))
        assert result.state["bookmarks"][stream]["version"] == version


def test_later_runs_keep_the_version(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Rows that they add belong to the same table."""
    first = run_tap(["roles", "time_entries"])
    clock.advance(3600)
    harvest.add("time_entries")

    second = run_tap(["roles", "time_entries"], first.state)

    for stream in ("roles", "time_entries"):
        assert activations(second, stream) == []
        assert versions(second, stream) == versions(first, stream)


def test_a_re_index_has_a_higher_version(run_tap: RunTap, clock: SharedClock) -> None:
    """Without state, everything is read again under a new number."""
    first = run_tap(["roles", "time_entries"])
    clock.advance(60)

    second = run_tap(["roles", "time_entries"])

    for stream in ("roles", "time_entries"):
        assert activations(second, stream) > activations(first, stream)


def test_a_re_index_that_breaks_activates_nothing(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """A reader sees the old rows until a later run has come to the end."""
    harvest.fault("status", path="/time_entries", skip=8, times=None, status=503)

    broken = run_tap("time_entries", page_size=10)
    harvest.clear_faults()
    clock.advance(60)
    mended = run_tap("time_entries", broken.state, page_size=10)

    assert broken.outcomes["time_entries"].result == "failed"
    assert broken.records("time_entries")
    assert activations(broken, "time_entries") == []
    assert activations(mended, "time_entries") == [*versions(broken, "time_entries")]
    assert versions(mended, "time_entries") == versions(broken, "time_entries")


def test_a_partial_reading_activates_nothing(harvest: HarvestControl, run_tap: RunTap) -> None:
    """What could not be read would be taken for gone."""
    refused = harvest.rows("users")[0]
    harvest.fault("status", path=f"/users/{refused['id']}/cost_rates", status=403, times=None)

    result = run_tap("cost_rates")

    assert result.outcomes["cost_rates"].result == "partial"
    assert activations(result, "cost_rates") == []


def test_a_range_activates_nothing(run_tap: RunTap) -> None:
    """It is a part, and says nothing about the rest."""
    result = run_tap("time_entries", start_date="2024-01-01", end_date="2025-01-01")

    assert activations(result, "time_entries") == []
    assert "time_entries" not in result.state["bookmarks"]
