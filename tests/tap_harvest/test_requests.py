"""Requests are the least that Harvest allows, in full and again; the README says the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from singer_tapkit.bookmarks import parse_instant

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap

LISTS = [
    "clients",
    "company",
    "contacts",
    "estimate_item_categories",
    "estimates",
    "expense_categories",
    "invoice_item_categories",
    "invoices",
    "project_budget_report",
    "projects",
    "roles",
    "task_assignments",
    "tasks",
    "user_assignments",
    "users",
]


@pytest.fixture(autouse=True)
def account(harvest: HarvestControl) -> None:
    """An account without a rate limit: what is counted here are requests, not refusals."""
    harvest.reset(entries=100, seed=1, rate_limit=False)


def counts(harvest: HarvestControl, run_tap: RunTap, stream: str) -> tuple[int, int]:
    """Count the requests of a first run, and of a second one in which nothing has changed."""
    first = run_tap(stream)
    full = len(harvest.requests())
    harvest.clear_requests()
    run_tap(stream, first.state)
    return full, len(harvest.requests())


@pytest.mark.parametrize("stream", LISTS)
def test_a_list_that_fits_on_a_page_takes_one_request(
    harvest: HarvestControl, run_tap: RunTap, stream: str
) -> None:
    """Each time."""
    assert counts(harvest, run_tap, stream) == (1, 1)


@pytest.mark.parametrize("stream", ["time_entries", "expenses"])
def test_dated_lists_take_one_more_in_full(
    harvest: HarvestControl, run_tap: RunTap, stream: str
) -> None:
    """It asks whether the token may see everybody's."""
    assert counts(harvest, run_tap, stream) == (2, 1)


@pytest.mark.parametrize(
    ("stream", "parents"),
    [
        ("estimate_messages", "estimates"),
        ("invoice_messages", "invoices"),
        ("invoice_payments", "invoices"),
    ],
)
def test_children_are_asked_for_where_the_parent_has_changed(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock, stream: str, parents: str
) -> None:
    """One request for the parents, and one for each that was changed since."""
    rows = harvest.rows(parents)
    newest = max(parse_instant(row["updated_at"]) for row in rows)
    assert newest <= clock.now()
    again = [row for row in rows if parse_instant(row["updated_at"]) >= newest - timedelta(hours=1)]

    full, second = counts(harvest, run_tap, stream)

    assert full <= 1 + len(rows)
    assert second <= 1 + len(again)


def test_reports_take_one_a_year(harvest: HarvestControl, run_tap: RunTap) -> None:
    """And what it takes to find the first year: role, newest and oldest entry."""
    years = {row["spent_date"][:4] for row in harvest.rows("time_entries")}

    full, _ = counts(harvest, run_tap, "time_report_team")

    leap_year = 1 if "2024" in years else 0
    assert full == 3 + len(years) + leap_year
