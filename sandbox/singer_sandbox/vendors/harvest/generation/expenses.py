"""Expenses and their categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.entry_rows import locked_reason
from singer_sandbox.vendors.harvest.generation.plan import morning
from singer_sandbox.vendors.harvest.generation.vocabulary import (
    EXPENSE_CATEGORIES,
    EXPENSE_NOTES,
)
from singer_sandbox.vendors.harvest.times import day_text, stamp

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.generation.plan import Plan
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Row

_ENTRIES_PER_EXPENSE: Final = 10
_MOST: Final = 5000
_APPROVED_AFTER_DAYS: Final = 30
_APPROVAL_STATUS_SINCE_DAYS: Final = 700


def make_expenses(tables: Tables, plan: Plan) -> None:
    """Add expenses, oldest first, with their categories; some are on their month's invoice."""
    for name, unit_name, unit_price in EXPENSE_CATEGORIES:
        category = {"name": name, "unit_name": unit_name, "unit_price": unit_price}
        tables.insert("expense_categories", category, plan.setting_up(0.1))
    people = [
        row
        for row in tables.all("user_assignments")
        if tables.row("projects", row["project_id"])["is_billable"]
    ]
    categories = list(tables.all("expense_categories"))
    invoices = {
        (invoice["client_id"], invoice["period_start"][:7]): invoice
        for invoice in tables.all("invoices")
    }
    count = min(_MOST, plan.entries // _ENTRIES_PER_EXPENSE)
    for number in range(count):
        day = plan.first_day + (plan.today - 1 - plan.first_day) * number // count
        person = plan.random.choice(people)
        category = categories[number % len(categories)]
        expense = _insert_expense(tables, plan, person, category, number, day)
        client_id = tables.row("projects", person["project_id"])["client_id"]
        invoice = invoices.get((client_id, day_text(day)[:7]))
        if invoice and expense["billable"]:
            _bill(expense, invoice)


def _insert_expense(
    tables: Tables, plan: Plan, person: Row, category: Row, number: int, day: int
) -> Row:
    units = float(1 + number % 9)
    price = category["unit_price"]
    closed = day < plan.today - _APPROVED_AFTER_DAYS
    created = morning(day) + plan.random.randrange(3600)
    edited = plan.later(created, (0, 0.1, 3, 400)[number % 4])
    receipt = {
        "url": f"https://receipts.sandbox.example/{number}.jpg",
        "file_name": f"Beleg {number}.jpg",
        "file_size": 39_410 + number,
        "content_type": "image/jpeg",
    }
    expense = tables.insert(
        "expenses",
        {
            "user_id": person["user_id"],
            "project_id": person["project_id"],
            "expense_category_id": category["id"],
            "receipt": receipt if number % 4 == 1 else None,
            "notes": EXPENSE_NOTES[number % len(EXPENSE_NOTES)],
            "units": units,
            "total_cost": round(units * price, 2) if price else 8 + number % 190,
            "billable": number % 3 != 0,
            "is_closed": closed,
            "approval_status": "approved" if closed else "unsubmitted",
            "is_locked": closed,
            "locked_reason": locked_reason(closed=closed, billed=False),
            "spent_date": day_text(day),
            "created_at": stamp(created),
            "updated_at": stamp(edited),
        },
        created,
    )
    if day < plan.today - _APPROVAL_STATUS_SINCE_DAYS:
        del expense["approval_status"]
    return expense


def _bill(expense: Row, invoice: Row) -> None:
    """Put an expense on an invoice, whose making stamps it."""
    expense |= {
        "invoice_id": invoice["id"],
        "is_billed": True,
        "is_locked": True,
        "locked_reason": locked_reason(closed=expense["is_closed"], billed=True),
        "updated_at": max(expense["updated_at"], invoice["created_at"]),
    }
