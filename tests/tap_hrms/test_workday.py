"""What is particular about Workday."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap_hrms.conftest import DAY, by_remote_id

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.conftest import SharedClock
    from tests.tap_hrms.conftest import RunTap


def config(system: AppControl, **changes: object) -> dict[str, Any]:
    """Return the settings with some of the system's own changed."""
    return {"system": "workday", "workday": system.config()["workday"] | changes}


def rest(system: AppControl, **changes: object) -> dict[str, Any]:
    """Return the settings without reports: by REST, with an OAuth2 client."""
    app = {"client_id": "c", "client_secret": "s", "refresh_token": "sandbox-refresh"}
    return config(system, **{"reports": None, "username": None, "password": None, **app, **changes})


def test_a_report_of_one_row_may_be_an_object(workday: AppControl, run_tap: RunTap) -> None:
    """And a related group of one."""
    workday.reset(employees=1)

    result = run_tap(workday.config(), ["employees", "interviews"])

    assert len(result.records("employees")) == 1
    assert all(len(row["interviewers"]) == 1 for row in result.records("interviews"))


def test_an_empty_report_has_no_rows(workday: AppControl, run_tap: RunTap) -> None:
    """Workday leaves the list out then."""
    workday.reset(employees=0)

    result = run_tap(workday.config())

    assert result.exit_code == 0, result.outcomes
    assert result.records("employees") == []


def test_columns_that_are_left_out_are_null(workday: AppControl, run_tap: RunTap) -> None:
    """Workday leaves empty ones out, row by row; the schema is the same."""
    result = run_tap(workday.config(), "employees")

    rows = result.records("employees")
    assert {frozenset(row) for row in rows} == {frozenset(rows[0])}
    assert any(row["termination_date"] for row in rows)
    assert any(row["termination_date"] is None for row in rows)


def test_texts_become_what_they_stand_for(workday: AppControl, run_tap: RunTap) -> None:
    """A zero is no, a date with a zone that date, a moment UTC, a list of one reference it."""
    first = workday.rows("employees")[0]
    workday.edit("employees", workday.rows("employees")[1]["id"], state="leave")

    result = run_tap(workday.config(), ["employees", "leave_requests"])

    rows = by_remote_id(result, "employees")
    row = rows[first["id"]]
    assert (row["fte"], row["start_date"]) == (1, first["hired"])
    assert row["remote_updated_at"].endswith("Z")
    assert row["employment_status"] == "ACTIVE"
    assert [row["employment_status"] for row in rows.values()].count("LEAVE") == 1
    assert result.records("leave_requests")[0]["leave_type_name"] == "Vacation"


def test_columns_of_your_own_come_too(workday: AppControl, run_tap: RunTap) -> None:
    """But for those whose names speak of pay."""
    result = run_tap(workday.config(), "employees")

    own = result.records("employees")[0]["custom_fields"]
    assert own["T_Shirt_Size"] == "M"
    assert own["Job_Families_group"][0] == {"Job_Family_ID": "JF-7"}
    assert "Base_Pay" not in own
    assert "Base_Pay" in result.log


def test_a_report_without_required_columns_lists_them(workday: AppControl, run_tap: RunTap) -> None:
    """Before anything is written."""
    workday.settings(without="Employee_ID,Last_Functionally_Updated")

    result = run_tap(workday.config(), "employees")

    assert result.exit_code == 1
    detail = result.outcomes["employees"].detail
    assert "Employee_ID, Last_Functionally_Updated" in detail
    assert result.records("employees") == []


def test_columns_can_have_other_names(workday: AppControl, run_tap: RunTap) -> None:
    """As the customer called them."""
    own = workday.config()["workday"]["reports"]
    own["departments"]["columns"] = {"Name": "Organization_ID"}

    result = run_tap(config(workday, reports=own), "departments")

    assert {row["name"] for row in result.records("departments")} == {
        row["id"] for row in workday.rows("departments")
    }


def test_values_in_another_language_are_told_by_a_map(workday: AppControl, run_tap: RunTap) -> None:
    """Without it they are unknown, and kept."""
    who = workday.rows("employees")[0]["id"]
    workday.edit("employees", who, extra={"Worker_Status": "Beurlaubt"})
    maps = {"employment_status": {"Beurlaubt": "LEAVE"}}

    plain = run_tap(workday.config(), "employees")
    told = run_tap(config(workday, value_maps=maps), "employees")

    assert by_remote_id(plain, "employees")[who]["employment_status"] == "UNKNOWN"
    assert by_remote_id(plain, "employees")[who]["employment_status_raw"] == "Beurlaubt"
    assert by_remote_id(told, "employees")[who]["employment_status"] == "LEAVE"


def test_prompts_ask_for_changes_only(
    workday: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """And everything is read once a week."""
    first = run_tap(workday.config(), "candidates")
    clock.advance(DAY)
    second = run_tap(workday.config(), "candidates", first.state)
    clock.advance(7 * DAY)
    third = run_tap(workday.config(), "candidates", second.state)

    counts = [len(result.records("candidates")) for result in (first, second, third)]
    assert counts == [12, 0, 12]


def test_rest_reads_what_it_can_be_trusted_with(workday: AppControl, run_tap: RunTap) -> None:
    """With an OAuth2 client; pages are counted by their rows, not by the total."""
    workday.reset(employees=230)
    workday.settings(total=False)

    result = run_tap(rest(workday))

    assert result.exit_code == 0, result.outcomes
    assert set(result.outcomes) == {"employees", "leave_requests", "departments", "jobs"}
    assert len(by_remote_id(result, "employees")) == 230
    leave = by_remote_id(result, "leave_requests")
    facts = {row["id"]: (row["start"], row["end"]) for row in workday.rows("leave_requests")}
    assert {key: (row["start_date"], row["end_date"]) for key, row in leave.items()} == facts


def test_one_workers_refused_part_does_not_end_the_stream(
    workday: AppControl, run_tap: RunTap
) -> None:
    """It is named; one that is not there is none."""
    first, second = (row["id"] for row in workday.rows("employees")[:2])
    workday.fault("status", path=f"/workers/{first}/timeOffEntries", status=403)
    workday.fault("status", path=f"/workers/{second}/timeOffEntries", status=404)

    result = run_tap(rest(workday), "leave_requests")

    assert result.outcomes["leave_requests"].result.value == "partial"
    assert first in result.outcomes["leave_requests"].detail
    assert second not in result.outcomes["leave_requests"].detail
    assert len(result.records("leave_requests")) == 38


def test_a_token_that_ends_in_mid_run_is_renewed(
    workday: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Workday need not say how long it lives."""
    workday.settings(token_seconds=60)
    workday.fault(
        "status", path="/supervisoryOrganizations", status=429, headers={"Retry-After": "100"}
    )

    result = run_tap(rest(workday), concurrency=1)

    assert result.exit_code == 0, result.outcomes
    assert sum(clock.slept) >= 100
    tokens = [r for r in workday.requests() if r.path.endswith("/token")]
    assert len(tokens) == 2


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"password": "expired"}, "workday.username and password"),
        ({"reports": {"jobs": {"url": "/ccx/service/customreport2/northbay/gone/x"}}}, "its owner"),
    ],
)
def test_wrong_credentials_and_reports_name_what_to_check(
    workday: AppControl, run_tap: RunTap, changes: dict[str, Any], named: str
) -> None:
    """A report's address changes with its owner."""
    if "reports" in changes:
        url = workday.api_url + changes["reports"]["jobs"]["url"]
        changes = {"reports": {"jobs": {"url": url}}}

    result = run_tap(config(workday, **changes))

    assert result.exit_code == 1
    assert named in result.outcomes["jobs"].detail


def test_missing_workers_are_deleted_on_request_only(
    workday: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """A rescinded hire disappears, but so does whom a report no longer includes."""
    gone = workday.rows("employees")[5]["id"]
    careful = run_tap(rest(workday), "employees")
    strict = run_tap(rest(workday, soft_delete_missing=True), "employees")
    workday.delete("employees", gone)
    clock.advance(DAY)

    careful = run_tap(rest(workday), "employees", careful.state)
    strict = run_tap(rest(workday, soft_delete_missing=True), "employees", strict.state)

    assert careful.outcomes["employees"].tombstones == 0
    assert by_remote_id(strict, "employees")[gone]["is_deleted"] is True
