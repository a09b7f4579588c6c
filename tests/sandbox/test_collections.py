"""The other collections: what they hold and how they show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.sandbox.conftest import Api

STAMPS = {"id", "created_at", "updated_at"}
ASSIGNMENT = {"is_active", "hourly_rate", "budget"}
DOCUMENT = {
    *("client", "line_items", "creator", "client_key", "number", "purchase_order", "amount", "tax"),
    *("tax_amount", "tax2", "tax2_amount", "discount", "discount_amount", "subject", "notes"),
    *("currency", "state", "issue_date", "sent_at"),
}
MESSAGE = {
    *("sent_by", "sent_by_email", "sent_from", "sent_from_email", "recipients", "subject", "body"),
    *("send_me_a_copy", "event_type"),
}
FIELDS = {
    "users": {
        *("first_name", "last_name", "email", "telephone", "timezone", "is_contractor"),
        *("has_access_to_all_future_projects", "is_active", "weekly_capacity", "cost_rate"),
        *("default_hourly_rate", "roles", "access_roles", "avatar_url", "permissions_claims"),
        *("can_create_projects", "calendar_integration_enabled", "calendar_integration_source"),
    },
    "roles": {"name", "user_ids"},
    "clients": {"name", "is_active", "address", "statement_key", "currency"},
    "contacts": {
        *("client", "title", "first_name", "last_name", "email", "phone_office", "phone_mobile"),
        "fax",
    },
    "tasks": {"name", "billable_by_default", "default_hourly_rate", "is_default", "is_active"},
    "projects": {
        *("client", "name", "code", "is_active", "is_billable", "is_fixed_fee", "bill_by"),
        *("hourly_rate", "budget", "budget_by", "budget_is_monthly", "notify_when_over_budget"),
        *("over_budget_notification_percentage", "over_budget_notification_date", "fee", "notes"),
        *("show_budget_to_all", "cost_budget", "cost_budget_include_expenses", "starts_on"),
        "ends_on",
    },
    "user_assignments": {*ASSIGNMENT, "project", "user", "is_project_manager", "use_default_rates"},
    "task_assignments": {*ASSIGNMENT, "project", "task", "billable"},
    "expense_categories": {"name", "unit_name", "unit_price", "is_active"},
    "expenses": {
        *("client", "project", "expense_category", "user", "user_assignment", "receipt", "invoice"),
        *("notes", "units", "total_cost", "billable", "is_closed", "approval_status", "is_locked"),
        *("is_billed", "locked_reason", "spent_date"),
    },
    "invoice_item_categories": {"name", "use_as_service", "use_as_expense"},
    "invoices": DOCUMENT
    | {
        *("estimate", "retainer", "due_amount", "period_start", "period_end", "due_date"),
        *("payment_term", "payment_options", "paid_at", "paid_date", "closed_at"),
        "recurring_invoice_id",
    },
    "invoice_messages": MESSAGE
    | {
        *("include_link_to_client_invoice", "attach_pdf", "thank_you", "reminder"),
        "send_reminder_on",
    },
    "invoice_payments": {
        *("amount", "paid_at", "paid_date", "recorded_by", "recorded_by_email", "notes"),
        *("transaction_id", "payment_gateway"),
    },
    "estimate_item_categories": {"name"},
    "estimates": DOCUMENT | {"accepted_at", "declined_at"},
    "estimate_messages": MESSAGE,
    "cost_rates": {"amount", "start_date", "end_date"},
    "billable_rates": {"amount", "start_date", "end_date"},
}


@pytest.mark.parametrize("collection", FIELDS)
def test_rows_have_the_documented_fields(harvest: HarvestControl, collection: str) -> None:
    """Every collection has rows, and the newest has every field."""
    row = harvest.rows(collection)[0]

    assert set(row) == FIELDS[collection] | STAMPS


@pytest.mark.parametrize(
    "path", ["users", "clients", "projects", "tasks", "roles", "expenses", "invoices", "estimates"]
)
def test_single_rows_are_bare_objects(api: Api, path: str) -> None:
    """A row asked for by id comes without an envelope."""
    row = api.harvest.rows(path)[0]

    assert api.get(f"/{path}/{row['id']}") == row


@pytest.mark.parametrize("collection", ["task_assignments", "user_assignments"])
def test_assignments_of_a_project(api: Api, collection: str) -> None:
    """The route below a project lists its part of the account-wide list."""
    everything = api.get(f"/{collection}")[collection]
    project_id = everything[-1]["project"]["id"]

    found = api.get(f"/projects/{project_id}/{collection}")[collection]

    assert found == [row for row in everything if row["project"]["id"] == project_id]
    one = api.get(f"/projects/{project_id}/{collection}/{found[0]['id']}")
    assert one == found[0]


def test_project_assignments_show_active_ones_with_their_tasks(api: Api) -> None:
    """The view of a user has the id of the user assignment, and only active rows."""
    user_id = api.get("/users/me")["id"]
    archived = api.get("/user_assignments", user_id=user_id)["user_assignments"][0]["id"]
    api.harvest.edit("user_assignments", archived, is_active=False)
    everything = api.get("/user_assignments", user_id=user_id)["user_assignments"]

    found = api.get(f"/users/{user_id}/project_assignments")["project_assignments"]

    assert [row["id"] for row in found] == [row["id"] for row in everything if row["is_active"]]
    assert archived not in {row["id"] for row in found}
    assert {"id", "name", "code", "is_billable"} == set(found[0]["project"])
    assert all(link["task"]["name"] for link in found[0]["task_assignments"])
    own = api.get("/users/me/project_assignments")["project_assignments"]
    assert own == found


def test_company_tells_how_the_account_is_set_up(api: Api) -> None:
    """The company object has neither an id nor stamps."""
    company = api.get("/company")

    assert not STAMPS & set(company)
    assert company["full_domain"]
    assert (company["clock"], company["wants_timestamp_timers"]) == ("12h", True)
    assert all(company[f"{module}_feature"] for module in ("expense", "invoice", "estimate"))


def test_teammates_are_for_managers(api: Api) -> None:
    """Managers have teammates without stamps; asking for anybody else's is a validation error."""
    users = api.harvest.rows("users")
    manager = next(user for user in users if "manager" in user["access_roles"])
    member = next(user for user in users if user["access_roles"] == ["member"])

    team = api.get(f"/users/{manager['id']}/teammates")["teammates"]

    assert {frozenset(row) for row in team} == {
        frozenset({"id", "first_name", "last_name", "email"})
    }
    assert api.ask(f"/users/{member['id']}/teammates").status == 422


def test_manual_payments_have_a_gateway_of_nulls(harvest: HarvestControl) -> None:
    """The gateway of a payment that was recorded by hand is an object all the same."""
    gateways = [row["payment_gateway"] for row in harvest.rows("invoice_payments")]

    assert {"id": None, "name": None} in gateways
    assert None not in gateways


def test_oddities_of_documents_occur(harvest: HarvestControl) -> None:
    """Missing payment options, dangling ids, sub-cent prices, empty recipients all occur."""
    invoices, messages = harvest.rows("invoices"), harvest.rows("invoice_messages")
    prices = [line["unit_price"] for row in harvest.rows("estimates") for line in row["line_items"]]

    assert {"payment_options" in row for row in invoices} == {True, False}
    assert {"draft", "open", "paid", "closed"} == {row["state"] for row in invoices}
    assert {row["tax_amount"] is None for row in invoices} == {True, False}
    assert any(row["recurring_invoice_id"] for row in invoices)
    assert any(row["recipients"] == [] for row in messages)
    assert any(row["subject"] is None for row in messages)
    assert 0.485 in prices
    assert all(isinstance(row["number"], str) for row in invoices)


@pytest.mark.parametrize("child", ["messages", "payments"])
def test_children_of_invoices(api: Api, child: str) -> None:
    """Messages and payments hang below their invoice only."""
    invoices = api.get("/invoices", state="paid")["invoices"]

    found = [
        row
        for invoice in invoices[:5]
        for row in api.get(f"/invoices/{invoice['id']}/{child}")[f"invoice_{child}"]
    ]

    assert {row["id"] for row in found} <= {
        row["id"] for row in api.harvest.rows(f"invoice_{child}")
    }
    assert found
    assert api.ask(f"/invoices/1/{child}").status == 404


def test_the_same_seed_makes_the_same_data(harvest: HarvestControl) -> None:
    """Data depend on seed, size and moment only."""
    before = _snapshot(harvest)

    harvest.reset(entries=300, seed=1)
    again = _snapshot(harvest)
    harvest.reset(entries=300, seed=2)
    other = _snapshot(harvest)

    assert again == before
    assert other != before


def _snapshot(harvest: HarvestControl) -> list[list[dict[str, Any]]]:
    return [harvest.rows(name) for name in ("time_entries", "projects", "invoices", "expenses")]


@pytest.mark.parametrize("collection", ["time_entries", *FIELDS])
def test_no_field_is_always_empty(harvest: HarvestControl, collection: str) -> None:
    """Whatever reads the data meets a value of every field, however small the account is."""
    harvest.reset(entries=100)

    rows = harvest.rows(collection)

    empty: tuple[object, ...] = (None, "", [])
    assert [name for name in rows[0] if all(row.get(name) in empty for row in rows)] == []
