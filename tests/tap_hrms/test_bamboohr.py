"""What is particular about BambooHR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap_hrms.conftest import DAY, by_remote_id

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.conftest import SharedClock
    from tests.tap_hrms.conftest import RunTap


def config(bamboohr: AppControl, **changes: object) -> dict[str, Any]:
    """Return the settings with some of the system's own changed."""
    return {"system": "bamboohr", "bamboohr": bamboohr.config()["bamboohr"] | changes}


def test_empty_dates_and_masks_are_null(bamboohr: AppControl, run_tap: RunTap) -> None:
    """BambooHR writes 0000-00-00, and parts of numbers that it does not show as x."""
    first = bamboohr.rows("employees")[0]["id"]
    bamboohr.edit("employees", first, first_hired=None)

    result = run_tap(
        bamboohr.config(),
        "employees",
        government_ids=True,
        pii={"mode": "include", "level": "special"},
    )

    row = by_remote_id(result, "employees")[first]
    assert row["termination_date"] is None
    assert row["original_start_date"] is None
    assert row["ssn"] is None
    assert row["middle_name"] is None
    assert "could not be read" not in result.log


def test_json_is_asked_for_everywhere(bamboohr: AppControl, run_tap: RunTap) -> None:
    """The default is XML, which the sandbox sends, too."""
    result = run_tap(bamboohr.config())

    assert result.exit_code == 0, result.outcomes
    assert all("accept" in request.header_names for request in bamboohr.requests())


def test_future_hires_are_pending(bamboohr: AppControl, run_tap: RunTap) -> None:
    """They are inactive for BambooHR."""
    row = bamboohr.add("employees", hired="2026-04-01", state="inactive")

    result = run_tap(bamboohr.config(), "employees")

    assert by_remote_id(result, "employees")[row["id"]]["employment_status"] == "PENDING"


def test_an_erased_employee_becomes_a_tombstone(
    bamboohr: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """From the list of changes; one who has left does not."""
    first = run_tap(bamboohr.config(), "employees")
    clock.advance(DAY)
    erased, left = (bamboohr.rows("employees")[number]["id"] for number in (3, 4))
    bamboohr.delete("employees", erased)
    bamboohr.edit("employees", left, state="inactive", terminated="2026-03-02")

    second = run_tap(bamboohr.config(), "employees", first.state)

    rows = by_remote_id(second, "employees")
    assert rows[erased]["is_deleted"] is True
    assert rows[erased]["remote_deleted_at"] == "2026-03-03T09:00:00Z"
    assert rows[erased]["last_name"] is None
    assert (rows[left]["is_deleted"], rows[left]["employment_status"]) == (False, "INACTIVE")


@pytest.mark.parametrize("latest", [True, False])
def test_the_cursor_stays_when_nothing_was_changed(
    bamboohr: AppControl, run_tap: RunTap, clock: SharedClock, *, latest: bool
) -> None:
    """Whether or not the list of changes says where it ends."""
    bamboohr.settings(latest_when_unchanged=latest)
    first = run_tap(bamboohr.config(), "employees")
    clock.advance(DAY)
    second = run_tap(bamboohr.config(), "employees", first.state)
    clock.advance(DAY)
    changed = bamboohr.rows("employees")[0]["id"]
    bamboohr.edit("employees", changed, title="Boss")

    third = run_tap(bamboohr.config(), "employees", second.state)

    assert by_remote_id(third, "employees").keys() == {changed}


def test_columns_that_are_not_visible_are_told(bamboohr: AppControl, run_tap: RunTap) -> None:
    """BambooHR drops them from a report without a word."""
    bamboohr.settings(visible_fields="id,status,firstName,lastName,hireDate,lastChanged")

    result = run_tap(bamboohr.config(), "employees")

    assert result.exit_code == 0
    assert "left out columns" in result.log
    assert "workEmail" in result.log


def test_a_report_without_a_required_column_fails(bamboohr: AppControl, run_tap: RunTap) -> None:
    """And names it."""
    bamboohr.settings(visible_fields="id,firstName")

    result = run_tap(bamboohr.config(), "employees")

    assert result.exit_code == 1
    assert "lacks the columns status" in result.outcomes["employees"].detail


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": None, "access_token": "sandbox-bamboo-token"},
        {
            "api_key": None,
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": "sandbox-refresh",
        },
        {"employee_source": "per_employee"},
        {"subdomain": "https://northbay.bamboohr.com/home"},
    ],
)
def test_other_ways_in(bamboohr: AppControl, run_tap: RunTap, changes: dict[str, Any]) -> None:
    """Token, OAuth2 app, one request per employee, a whole address for the subdomain."""
    result = run_tap(config(bamboohr, **changes), "employees")

    assert result.exit_code == 0, result.outcomes
    assert len(result.records("employees")) == 40


def test_the_older_address_works(bamboohr: AppControl, run_tap: RunTap) -> None:
    """api.bamboohr.com/api/gateway.php/COMPANY is still in wide use."""
    older = f"{bamboohr.api_url}/api/gateway.php/northbay"

    result = run_tap(config(bamboohr, api_url=older))

    assert result.exit_code == 0, result.outcomes


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"api_key": "expired"}, "bamboohr.api_key"),
        ({"subdomain": "other", "api_url": "/api/gateway.php/other"}, "bamboohr.subdomain"),
    ],
)
def test_wrong_credentials_and_addresses_name_their_setting(
    bamboohr: AppControl, run_tap: RunTap, changes: dict[str, str], named: str
) -> None:
    """And a refused key is not tried again."""
    if "api_url" in changes:
        changes = changes | {"api_url": bamboohr.api_url + changes["api_url"]}

    result = run_tap(config(bamboohr, **changes))

    assert result.exit_code == 1
    assert named in result.outcomes["employees"].detail
    if named.endswith("key"):
        assert len(bamboohr.requests()) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_waiting_as_told(
    bamboohr: AppControl, run_tap: RunTap, clock: SharedClock, status: int
) -> None:
    """Since 2026-09-16 with 429, before with 503."""
    bamboohr.fault("status", path="/reports/custom", status=status, headers={"Retry-After": "40"})

    result = run_tap(bamboohr.config(), "employees", concurrency=1)

    assert result.exit_code == 0, result.outcomes
    assert sum(clock.slept) >= 40


def test_hiring_that_is_turned_off_is_unavailable(bamboohr: AppControl, run_tap: RunTap) -> None:
    """The other streams go on."""
    bamboohr.settings(hiring=False)

    result = run_tap(bamboohr.config(), on_stream_error="allow_unavailable")

    assert result.exit_code == 0
    results = {name: outcome.result.value for name, outcome in result.outcomes.items()}
    assert {name for name, end in results.items() if end == "unavailable"} == {
        "applications",
        "candidates",
        "jobs",
    }


def test_details_are_read_of_open_applications_only(
    bamboohr: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """All of them the first time; of those that have ended since, too."""
    first = run_tap(bamboohr.config(), "applications")
    unfinished = [
        row for row in bamboohr.rows("applications") if row["stage"] not in ("Hired", "Not a Fit")
    ]
    clock.advance(DAY)
    bamboohr.edit("applications", unfinished[0]["id"], stage="Not a Fit")
    bamboohr.clear_requests()

    second = run_tap(bamboohr.config(), "applications", first.state)

    asked = [request for request in bamboohr.requests() if request.resource[-1].isdigit()]
    assert len(asked) == len(unfinished)
    ended = by_remote_id(second, "applications")[unfinished[0]["id"]]
    assert (ended["outcome"], ended["rejected_at"]) == ("DECLINED", "2026-03-03T09:00:00Z")


def test_a_superseded_request_is_cancelled_and_says_why(
    bamboohr: AppControl, run_tap: RunTap
) -> None:
    """Editing a request replaces it by one with another id."""
    row = bamboohr.rows("leave_requests")[0]["id"]
    bamboohr.edit("leave_requests", row, raw_state="superceded")

    result = run_tap(bamboohr.config(), "leave_requests")

    found = by_remote_id(result, "leave_requests")[row]
    assert (found["status"], found["status_raw"]) == ("CANCELLED", "superceded")


def test_leave_is_read_in_full_once_a_week(
    bamboohr: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """In between, only what lies in the window."""
    old = bamboohr.add("leave_requests", start="2020-05-04", end="2020-05-08")["id"]
    first = run_tap(bamboohr.config(), "leave_requests")
    assert old in by_remote_id(first, "leave_requests")
    clock.advance(DAY)
    second = run_tap(bamboohr.config(), "leave_requests", first.state)
    assert old not in by_remote_id(second, "leave_requests")
    clock.advance(7 * DAY)

    third = run_tap(bamboohr.config(), "leave_requests", second.state)

    assert old in by_remote_id(third, "leave_requests")


def test_leave_that_moved_far_away_is_not_deleted(
    bamboohr: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """It is looked up before it is given up."""
    row = bamboohr.add("leave_requests", start="2026-03-20", end="2026-03-22")["id"]
    first = run_tap(bamboohr.config(), "leave_requests")
    clock.advance(DAY)
    bamboohr.edit("leave_requests", row, start="2028-03-20", end="2028-03-22")

    second = run_tap(bamboohr.config(), "leave_requests", first.state)

    found = by_remote_id(second, "leave_requests")[row]
    assert (found["is_deleted"], found["start_date"]) == (False, "2028-03-20")


def test_own_fields_come_when_they_are_named(bamboohr: AppControl, run_tap: RunTap) -> None:
    """Those whose names speak of pay or health stay out, and that is said."""
    bamboohr.settings(own_fields="4340.0,customSalaryBand")
    first = bamboohr.rows("employees")[0]["id"]
    bamboohr.edit("employees", first, extra={"4340.0": "blue", "customSalaryBand": "S7"})
    named = ["4340.0", "customSalaryBand"]

    result = run_tap(config(bamboohr, custom_fields=named), "employees")

    assert by_remote_id(result, "employees")[first]["custom_fields"] == {"4340.0": "blue"}
    assert "customSalaryBand" in result.log


def test_balances_are_read_one_by_one_on_request(bamboohr: AppControl, run_tap: RunTap) -> None:
    """Of active employees."""
    result = run_tap(bamboohr.config(), "leave_balances")

    active = [row for row in bamboohr.rows("employees") if row["state"] == "active"]
    assert result.outcomes["leave_balances"].requests == 1 + len(active)
    assert {row["unit"] for row in result.records("leave_balances")} == {"DAYS", "HOURS"}
    assert result.records("leave_balances")[0]["balance"] == 24.5
