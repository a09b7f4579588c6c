"""Large accounts stay cheap."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api

ENTRIES = 200_000


@pytest.fixture
def large(api: Api) -> Api:
    """The account with two hundred thousand entries, without limits."""
    api.harvest.reset(entries=ENTRIES, seed=3, rate_limit=False)
    return api


def test_a_large_account_is_paged_quickly(large: Api) -> None:
    """A full page costs some hundredths of a second, deep in the list too."""
    start = time.monotonic()
    pages = [large.get("/time_entries", page=number) for number in (1, 50, 100)]
    seconds = time.monotonic() - start

    assert [len(page["time_entries"]) for page in pages] == [2000] * 3
    assert pages[0]["total_entries"] == ENTRIES
    assert seconds < 3


def test_a_filtered_list_is_searched_once(large: Api) -> None:
    """Pages of a filtered list hold each matching entry once."""
    since = "2026-01-01T00:00:00Z"

    rows = [
        row
        for page in large.pages("/time_entries", updated_since=since)
        for row in page["time_entries"]
    ]

    assert len({row["id"] for row in rows}) == len(rows) > 10_000
    assert min(row["updated_at"] for row in rows) >= since


def test_days_are_uneven(large: Api) -> None:
    """Weekends are light, and some days are out of the ordinary."""
    by_day = {
        day: large.get("/time_entries", per_page=1, **{"from": day, "to": day})["total_entries"]
        for day in (f"2026-01-{number:02}" for number in range(5, 19))
    }

    weekend = sum(by_day[f"2026-01-{number:02}"] for number in (10, 11, 17, 18)) / 4
    assert weekend < sum(by_day.values()) / len(by_day) / 2


def test_edits_of_a_large_account_show_at_once(large: Api) -> None:
    """An edit deep in the history is found by the very next request."""
    old = large.get("/time_entries", page=100)["time_entries"][-1]

    large.harvest.edit("time_entries", old["id"], hours=3)

    found = large.get("/time_entries", updated_since="2026-03-02T09:00:00Z")["time_entries"]
    assert old["id"] in {row["id"] for row in found}
