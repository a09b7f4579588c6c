"""Rows that come, go or change while the tap reads: nothing is lost after one more run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap

NUMBERED = ["time_entries", "expenses", "invoices", "estimates"]


@pytest.mark.parametrize("paging", ["documented", "page", "cursor"])
@pytest.mark.parametrize("stream", [*NUMBERED, "projects", "clients"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_row_deleted_on_a_page_already_read(
    harvest: HarvestControl, run_tap: RunTap, stream: str, paging: str, after: int
) -> None:
    """The rows that slide over the page boundary still arrive."""
    harvest.settings(paging=paging)
    newest_first = harvest.rows(stream)
    harvest.trigger(path=f"/{stream}", after=after, delete=[(stream, newest_first[0]["id"])])

    first = run_tap(stream, page_size=3)
    second = run_tap(stream, first.state, page_size=3)

    _assert_nothing_lost(harvest, stream, [first, second])


@pytest.mark.parametrize("stream", NUMBERED)
def test_a_row_inserted_on_a_page_already_read(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock, stream: str
) -> None:
    """Others come twice at most; the new one comes now or with the next run."""
    fields = {"spent_date": "2026-03-02"} if stream in ("time_entries", "expenses") else {}
    harvest.trigger(path=f"/{stream}", after=2, add=[(stream, fields)])

    first = run_tap(stream, page_size=3)
    clock.advance(60)
    second = run_tap(stream, first.state, page_size=3)

    _assert_nothing_lost(harvest, stream, [first, second])


@pytest.mark.parametrize("stream", NUMBERED)
def test_a_row_edited_after_it_was_read(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock, stream: str
) -> None:
    """Even if an unread row is edited afterwards, and read with a newer stamp."""
    rows = harvest.rows(stream)
    edits = [
        (stream, rows[-1]["id"], {"notes": "first edit"}),
        (stream, rows[0]["id"], {"notes": "second edit"}),
    ]
    harvest.trigger(path=f"/{stream}", after=3, edit=edits)

    first = run_tap(stream, page_size=3)
    clock.advance(60)
    second = run_tap(stream, first.state, page_size=3)

    _assert_nothing_lost(harvest, stream, [first, second])


def test_an_entry_moved_to_a_day_already_read(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """It is in none of the windows of this run, and in the next run's changes."""
    rows = harvest.rows("time_entries")
    moved = (rows[0]["id"], {"spent_date": rows[-1]["spent_date"]})
    harvest.trigger(path="/time_entries", after=8, edit=[("time_entries", *moved)])

    first = run_tap("time_entries", page_size=5)
    clock.advance(60)
    second = run_tap("time_entries", first.state, page_size=5)

    _assert_nothing_lost(harvest, "time_entries", [first, second])


def test_a_day_with_more_entries_than_a_page(harvest: HarvestControl, run_tap: RunTap) -> None:
    """It is read page by page, and again when its length changes."""
    added = [harvest.add("time_entries", spent_date="2025-06-02")["id"] for _ in range(12)]
    busy = {"from": "2025-06-02", "to": "2025-06-02"}
    harvest.trigger(
        path="/time_entries", params=busy, after=3, delete=[("time_entries", added[-1])]
    )

    result = run_tap("time_entries", page_size=4)

    _assert_nothing_lost(harvest, "time_entries", [result])
    assert result.exit_code == 0


def test_a_list_that_never_stands_still_fails_and_moves_no_bookmark(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """After five readings the tap says so, instead of guessing."""
    for after in range(2, 40):
        harvest.trigger(path="/invoices", after=after, add=[("invoices", {})])

    result = run_tap("invoices", page_size=3)

    assert result.outcomes["invoices"].result == "failed"
    assert "kept changing" in result.outcomes["invoices"].detail
    assert result.outcomes["invoices"].bookmark is None


def _assert_nothing_lost(harvest: HarvestControl, stream: str, runs: list[Any]) -> None:
    table: dict[int, dict[str, Any]] = {}
    for result in runs:
        assert result.exit_code == 0, result.outcomes
        table |= result.rows(stream)
    now = {row["id"]: row for row in harvest.rows(stream)}
    assert {key: table.get(key) for key in now} == now
