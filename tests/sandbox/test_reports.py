"""Reports agree with the data they are worked out from."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api

SPAN = {"from": "20250302", "to": "20260301"}
REPORTS = [
    *("/reports/time/clients", "/reports/time/projects", "/reports/time/tasks"),
    *("/reports/time/team", "/reports/expenses/clients", "/reports/expenses/projects"),
    *("/reports/expenses/categories", "/reports/expenses/team", "/reports/uninvoiced"),
]


def _results(api: Api, path: str, **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get(path, **(SPAN | params))["results"]
    return rows


@pytest.mark.parametrize("path", REPORTS)
def test_both_dates_are_required(api: Api, path: str) -> None:
    """A report without its span is a validation error."""
    assert api.ask(path, {"from": "20250101"}).status == 422
    assert api.ask(path, {"to": "20250101"}).status == 422
    assert api.ask(path, {"from": "20250101", "to": "x"}).status == 400


@pytest.mark.parametrize("path", REPORTS)
def test_a_span_has_365_days_at_most(api: Api, path: str) -> None:
    """Both ends count, and a leap year is too long."""
    assert api.ask(path, {"from": "20230101", "to": "20231231"}).status == 200
    assert api.ask(path, {"from": "20240101", "to": "20241231"}).status == 422


@pytest.mark.parametrize("path", REPORTS)
def test_both_spellings_of_dates_are_read(api: Api, path: str) -> None:
    """Dates with and without hyphens mean the same."""
    dashed = _results(api, path, **{"from": "2025-03-02", "to": "2026-03-01"})

    assert dashed == _results(api, path)
    assert dashed


@pytest.mark.parametrize(
    ("subject", "key", "part"),
    [
        ("clients", "client_id", "client"),
        ("projects", "project_id", "project"),
        ("tasks", "task_id", "task"),
        ("team", "user_id", "user"),
    ],
)
def test_time_reports_add_up_rounded_hours(api: Api, subject: str, key: str, part: str) -> None:
    """Hours per subject and currency are those of the entries, rounded."""
    entries = api.get("/time_entries", **{"from": "2025-03-02", "to": "2026-03-01"})
    total: defaultdict[tuple[int, str], float] = defaultdict(float)
    billable: defaultdict[tuple[int, str], float] = defaultdict(float)
    for row in entries["time_entries"]:
        group = (row[part]["id"], row["client"]["currency"])
        total[group] += row["rounded_hours"]
        billable[group] += row["rounded_hours"] if row["billable"] else 0

    rows = _results(api, f"/reports/time/{subject}")

    groups = [(row[key], row["currency"]) for row in rows]
    assert len(groups) == len(set(groups))
    assert dict(zip(groups, (row["total_hours"] for row in rows), strict=True)) == total
    assert dict(zip(groups, (row["billable_hours"] for row in rows), strict=True)) == {
        group: billable[group] for group in total
    }


def test_one_person_has_a_row_per_currency(api: Api) -> None:
    """Amounts in different currencies are never added up."""
    rows = _results(api, "/reports/time/team")

    assert len({row["user_id"] for row in rows}) < len(rows)
    assert {type(row["billable_amount"]) for row in rows} == {int, float}


def test_fixed_fees_are_left_out_unless_asked_for(api: Api) -> None:
    """The amount of fixed-fee projects counts only with include_fixed_fee."""
    fixed = [row["id"] for row in api.get("/projects")["projects"] if row["is_fixed_fee"]]

    without = _results(api, "/reports/time/projects")
    with_fees = _results(api, "/reports/time/projects", include_fixed_fee="true")

    assert {row["billable_amount"] for row in without if row["project_id"] in fixed} == {0}
    assert sum(row["billable_amount"] for row in with_fees) > sum(
        row["billable_amount"] for row in without
    )


def test_project_names_carry_their_code(api: Api) -> None:
    """Time and expense reports put the code before the name, the others do not."""
    project = next(row for row in api.get("/projects")["projects"] if row["code"])
    api.harvest.add("time_entries", project_id=project["id"], spent_date="2026-02-27", hours=1)

    by_time = {
        row["project_id"]: row["project_name"] for row in _results(api, "/reports/time/projects")
    }
    uninvoiced = {
        row["project_id"]: row["project_name"] for row in _results(api, "/reports/uninvoiced")
    }

    assert by_time[project["id"]] == f"[{project['code']}] {project['name']}"
    assert uninvoiced[project["id"]] == project["name"]


def test_expense_reports_add_up_costs(api: Api) -> None:
    """Amounts per category are those of the expenses."""
    expenses = api.get("/expenses", **{"from": "2025-03-02", "to": "2026-03-01"})["expenses"]

    rows = _results(api, "/reports/expenses/categories")

    assert sum(row["total_amount"] for row in rows) == pytest.approx(
        sum(row["total_cost"] for row in expenses)
    )
    assert all(row["expense_category_name"] and row["currency"] for row in rows)


def test_uninvoiced_amounts_can_be_negative(api: Api) -> None:
    """A correction that is not on an invoice yet shows as a negative amount."""
    project = next(row for row in api.get("/projects")["projects"] if row["bill_by"] == "Project")
    api.harvest.reset(entries=100, seed=1)
    api.harvest.add("time_entries", project_id=project["id"], spent_date="2026-03-01", hours=-500)

    rows = _results(api, "/reports/uninvoiced", include_fixed_fee="false")

    assert min(row["uninvoiced_amount"] for row in rows) < 0


def test_project_budgets_need_no_dates(api: Api) -> None:
    """The budget report is about now, and can be narrowed to active projects."""
    rows = api.get("/reports/project_budget")["results"]
    active = api.get("/reports/project_budget", is_active="true")["results"]

    assert active == [row for row in rows if row["is_active"]]
    assert len(active) < len(rows)
    for row in rows:
        left = (row["budget"] or 0) - (row["budget_spent"] or 0)
        assert (row["budget_remaining"] or 0) == pytest.approx(left)
