"""What each role may see, and switched-off modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api

ADMINISTRATORS_ONLY = [
    *("/company", "/roles", "/expense_categories", "/estimate_item_categories", "/invoices"),
    *("/estimates", "/users/{user}/cost_rates", "/users/{user}/teammates"),
]
MANAGERS_TOO = [
    *("/users", "/clients", "/contacts", "/projects", "/tasks", "/task_assignments"),
    *("/user_assignments", "/invoice_item_categories", "/users/{user}/billable_rates"),
    *("/reports/project_budget",),
]


def _path(api: Api, template: str) -> str:
    me = api.as_role("manager").get("/users/me")
    return template.format(user=me["id"])


@pytest.mark.parametrize("path", ADMINISTRATORS_ONLY)
def test_some_lists_are_for_administrators(api: Api, path: str) -> None:
    """Others are told that it exists and is not for them."""
    path = _path(api, path)

    assert api.ask(path).status == 200
    assert api.as_role("manager").ask(path).status == 403
    assert api.as_role("member").ask(path).status == 403


@pytest.mark.parametrize("path", MANAGERS_TOO)
def test_some_lists_are_for_managers_too(api: Api, path: str) -> None:
    """Members are told that it is not for them."""
    path = _path(api, path)

    assert api.ask(path).status == 200
    assert api.as_role("manager").ask(path).status == 200
    assert api.as_role("member").ask(path).status == 403


@pytest.mark.parametrize("path", ["time_entries", "expenses"])
def test_members_silently_see_their_own_work_only(api: Api, path: str) -> None:
    """A lower role gets fewer rows rather than a refusal."""
    member = api.as_role("member")
    user_id = member.get("/users/me")["id"]

    found = member.get(f"/{path}")[path]

    assert {row["user"]["id"] for row in found} == {user_id}
    everything = api.get(f"/{path}")[path]
    assert [row["id"] for row in found] == [
        row["id"] for row in everything if row["user"]["id"] == user_id
    ]


def test_managers_see_their_team_and_their_projects(api: Api) -> None:
    """A manager's entries are of teammates or of managed projects, and not all there are."""
    manager = api.as_role("manager")
    user_id = manager.get("/users/me")["id"]
    team = {row["id"] for row in api.get(f"/users/{user_id}/teammates")["teammates"]}
    managed = {row["id"] for row in manager.get("/projects")["projects"]}

    found = manager.get("/time_entries")

    for row in found["time_entries"]:
        assert row["user"]["id"] in team | {user_id} or row["project"]["id"] in managed
    assert 0 < found["total_entries"] < 300
    assert {row["id"] for row in manager.get("/users")["users"]} == team | {user_id}


def test_rates_are_hidden_from_lower_roles(api: Api) -> None:
    """Managers see what is billed, not what it costs; members see neither."""
    rates = {
        role: {
            name
            for row in api.as_role(role).get("/time_entries")["time_entries"]
            for name in ("billable_rate", "cost_rate")
            if row[name] is not None
        }
        for role in ("administrator", "manager", "member")
    }

    assert rates == {
        "administrator": {"billable_rate", "cost_rate"},
        "manager": {"billable_rate"},
        "member": set(),
    }
    assert api.as_role("member").get("/users/me")["default_hourly_rate"] is None


def test_a_member_report_has_own_hours_without_amounts(api: Api) -> None:
    """Amounts are for those who may see rates."""
    member = api.as_role("member")

    rows = member.get("/reports/time/team", **{"from": "20250302", "to": "20260301"})["results"]

    assert {row["user_id"] for row in rows} == {member.get("/users/me")["id"]}
    assert not {"currency", "billable_amount"} & set(rows[0])


def test_single_rows_of_others_are_refused(api: Api) -> None:
    """An entry that is somebody else's exists, but is not for a member to read."""
    member = api.as_role("member")
    user_id = member.get("/users/me")["id"]
    foreign = next(
        row for row in api.get("/time_entries")["time_entries"] if row["user"]["id"] != user_id
    )

    assert member.ask(f"/time_entries/{foreign['id']}").status == 403


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("invoice_feature", "/invoices"),
        ("invoice_feature", "/invoice_item_categories"),
        ("invoice_feature", "/reports/uninvoiced"),
        ("estimate_feature", "/estimates"),
        ("expense_feature", "/expenses"),
        ("expense_feature", "/reports/expenses/team"),
    ],
)
def test_switched_off_modules_are_forbidden(api: Api, module: str, path: str) -> None:
    """Nobody can read what belongs to a module that is off, and the company object says so."""
    api.harvest.settings(**{module: False})

    assert api.ask(path).status == 403
    assert api.get("/company")[module] is False
