"""Time entries as the API shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl, Sandbox

    from tests.sandbox.conftest import Api

FIELDS = {
    *("id", "spent_date", "hours", "hours_without_timer", "rounded_hours", "notes", "is_locked"),
    *("locked_reason", "is_closed", "is_billed", "timer_started_at", "started_time", "ended_time"),
    *("is_running", "billable", "budgeted", "billable_rate", "cost_rate", "created_at"),
    *("updated_at", "user", "client", "project", "task", "user_assignment", "task_assignment"),
    *("invoice", "external_reference"),
}


def _entries(api: Api, **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get("/time_entries", **params)["time_entries"]
    return rows


def test_entries_have_all_fields(api: Api) -> None:
    """Every field is there, but for the approval status that old entries lack."""
    entries = _entries(api)

    assert {frozenset(row) - {"approval_status"} for row in entries} == {frozenset(FIELDS)}
    assert {"approval_status" in row for row in entries} == {True, False}
    shown = entries[0]
    assert set(shown["client"]) == {"id", "name", "currency"}
    assert set(shown["project"]) == {"id", "name", "code"}
    assert set(shown["user"]) == set(shown["task"]) == {"id", "name"}
    assert not {"user", "project"} & set(shown["user_assignment"])
    assert not {"task", "project"} & set(shown["task_assignment"])


def test_made_up_entries_have_the_oddities_of_real_ones(harvest: HarvestControl) -> None:
    """Null, empty and long notes, negative hours, whole numbers, missing codes all occur."""
    harvest.reset(entries=3000, seed=1)
    entries = harvest.rows("time_entries")

    notes = {row["notes"] for row in entries}
    codes = {row["project"]["code"] for row in entries}
    assert {None, ""} <= notes
    assert any(note and not note.isascii() for note in notes)
    assert any(note and "\n" in note for note in notes)
    assert max(len(note or "") for note in notes) > 1000
    assert {None, ""} < codes
    assert min(row["hours"] for row in entries) < 0
    assert {type(row["hours"]) for row in entries} == {int, float}
    assert {type(row["billable_rate"]) for row in entries} == {int, float, type(None)}
    assert {row["approval_status"] for row in entries if "approval_status" in row} == {
        *("unsubmitted", "submitted", "approved")
    }


def test_stamps_are_in_order(harvest: HarvestControl, sandbox: Sandbox) -> None:
    """Nothing changes before it is created or after now, and some change months later."""
    now = sandbox.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = harvest.rows("time_entries")

    assert all(row["created_at"] <= row["updated_at"] <= now for row in entries)
    assert any(row["updated_at"][:7] > row["created_at"][:7] for row in entries)
    assert max(row["spent_date"] for row in entries) == now[:10]
    assert min(row["spent_date"] for row in entries) < "2023-04"


def test_billed_entries_share_the_second_of_their_invoice(harvest: HarvestControl) -> None:
    """Invoicing stamps the entries that go on the invoice."""
    invoices = {row["id"]: row for row in harvest.rows("invoices")}
    billed = [row for row in harvest.rows("time_entries") if row["is_billed"]]

    assert billed
    for row in billed:
        invoice = invoices[row["invoice"]["id"]]
        assert row["invoice"]["number"] == invoice["number"]
        assert row["updated_at"] >= invoice["created_at"]
        assert row["is_locked"]
        assert "Invoiced" in row["locked_reason"]


def test_a_running_timer_counts_until_it_is_read(api: Api, sandbox: Sandbox) -> None:
    """Hours of a running entry grow with the clock, while its stamp stands still."""
    entry = api.harvest.add("time_entries", is_running=True, hours=0.5)

    sandbox.advance(5400)
    read = api.get(f"/time_entries/{entry['id']}")

    assert (read["hours"], read["hours_without_timer"]) == (2, 0.5)
    assert read["timer_started_at"] == entry["updated_at"] == read["updated_at"]
    assert (read["is_running"], read["ended_time"]) == (True, None)
    assert read["started_time"]


def test_stopping_a_timer_by_edit_keeps_its_hours(api: Api, sandbox: Sandbox) -> None:
    """The hours that ran are final, and the stamp moves."""
    entry = api.harvest.add("time_entries", is_running=True, hours=0.5)
    sandbox.advance(3600)

    stopped = api.harvest.edit("time_entries", entry["id"], is_running=False)

    assert (stopped["hours"], stopped["timer_started_at"]) == (1.5, None)
    assert stopped["updated_at"] > entry["updated_at"]


@pytest.mark.parametrize(
    ("clock", "pattern"), [("12h", r"1?\d:\d\d(am|pm)"), ("24h", r"[012]\d:\d\d")]
)
def test_times_follow_the_account_clock(api: Api, clock: str, pattern: str) -> None:
    """Times of day are written as 2:59pm or 14:59, by a setting of the account."""
    api.harvest.settings(clock=clock)

    stopped = _entries(api, is_running="false")

    for row in stopped:
        assert re.fullmatch(pattern, row["started_time"])
        assert re.fullmatch(pattern, row["ended_time"])


def test_duration_accounts_have_no_times(api: Api) -> None:
    """Accounts that track durations show null for start and end."""
    api.harvest.settings(timestamp_timers=False)

    assert {row["started_time"] for row in _entries(api, is_running="false")} == {None}
    assert api.get("/company")["wants_timestamp_timers"] is False


def test_edited_entries_look_like_the_others(api: Api) -> None:
    """An edit that changes nothing changes nothing that is shown."""
    api.harvest.settings(rate_limit=False)
    before = _entries(api, is_running="false")

    for row in before:
        api.harvest.edit("time_entries", row["id"], updated_at=row["updated_at"])

    assert _entries(api, is_running="false") == before


def test_names_are_those_of_the_moment(api: Api) -> None:
    """Renaming a parent shows at once, and leaves the entry's stamp alone."""
    entry = _entries(api)[0]

    api.harvest.edit("projects", entry["project"]["id"], name="Renamed")
    read = api.get(f"/time_entries/{entry['id']}")

    assert read["project"]["name"] == "Renamed"
    assert read["updated_at"] == entry["updated_at"]


def test_hours_are_rounded_up_to_quarters(harvest: HarvestControl) -> None:
    """Only rounded_hours follows the rounding preference."""
    entry = harvest.add("time_entries", hours=1.62)

    assert (entry["hours"], entry["rounded_hours"]) == (1.62, 1.75)


def test_work_outside_of_assignments_shows_null(harvest: HarvestControl) -> None:
    """Entries of somebody who is not assigned to the project have no assignment."""
    user = harvest.add("users", first_name="Guest")

    entry = harvest.add("time_entries", user_id=user["id"])

    assert entry["user_assignment"] is None
    assert entry["task_assignment"] is not None
