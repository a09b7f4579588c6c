"""Invoices and estimates, with what hangs below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendors.harvest.generation.billing import Billing
from singer_sandbox.vendors.harvest.generation.plan import DAY_SECONDS, morning
from singer_sandbox.vendors.harvest.generation.vocabulary import ITEM_CATEGORIES
from singer_sandbox.vendors.harvest.tables import full_name
from singer_sandbox.vendors.harvest.times import EPOCH_ORDINAL, day_text, stamp

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.entries import Entries
    from singer_sandbox.vendors.harvest.generation.billing import Bill
    from singer_sandbox.vendors.harvest.generation.plan import Plan
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Row

_PAYMENT_DAYS: Final = 30
_NEW_DAYS: Final = 40
_PAYMENT_OPTIONS_SINCE_DAYS: Final = 800


def make_estimates(tables: Tables, plan: Plan) -> None:
    """Add estimates for all clients, with messages and categories."""
    for name, _, _ in ITEM_CATEGORIES:
        tables.insert("estimate_item_categories", {"name": name}, plan.setting_up(0.1))
    clients = list(tables.all("clients"))
    states = ("accepted", "sent", "declined", "draft")
    for number in range(2 * len(clients)):
        client = clients[number % len(clients)]
        day = plan.first_day + 500 * number // len(clients)
        created, state = morning(day), states[number % len(states)]
        lines = [
            _line(number, "Service", 1 + number % 5, 850.5),
            _line(number + 1, "Licence", 3.0, 0.485),
        ]
        estimate = tables.insert(
            "estimates",
            {
                **_document(tables, plan, client, lines, number),
                "state": state,
                "issue_date": day_text(day),
                "sent_at": None if state == "draft" else stamp(created + 600),
                "accepted_at": stamp(created + 90_000) if state == "accepted" else None,
                "declined_at": stamp(created + 90_000) if state == "declined" else None,
                "updated_at": stamp(created + 90_000),
                "created_at": stamp(created),
            },
            created,
        )
        if state != "draft":
            message = _message(tables, estimate, number)
            tables.insert(
                "estimate_messages", {"estimate_id": estimate["id"], **message}, created + 600
            )


def make_invoices(tables: Tables, entries: Entries, plan: Plan) -> None:
    """Bill each client monthly for the billable entries, and let most invoices be paid."""
    for name, service, expense in ITEM_CATEGORIES:
        category = {"name": name, "use_as_service": service, "use_as_expense": expense}
        tables.insert("invoice_item_categories", category, plan.setting_up(0.1))
    billing = Billing(entries, plan)
    invoice_of: dict[int, int] = {}
    for number, bill in enumerate(billing.bills(tables)):
        invoice = _insert_invoice(tables, plan, bill, number)
        client = tables.row("clients", bill.client_id)
        client["updated_at"] = max(client["updated_at"], invoice["created_at"])
        invoice_id: int = invoice["id"]
        invoice_of |= dict.fromkeys(bill.cells, invoice_id)
    billing.settle(invoice_of)


def _insert_invoice(tables: Tables, plan: Plan, bill: Bill, number: int) -> Row:
    """Add one invoice in the state that fits its age, with its payment and messages."""
    created = bill.issued
    age_days = (plan.now - created) // DAY_SECONDS
    day = created // DAY_SECONDS + EPOCH_ORDINAL
    lines = [
        _line(number * 9 + place, "Service", round(quantity, 2), amount / quantity, project_id)
        for place, (project_id, quantity, amount) in enumerate(bill.items)
    ]
    sent = plan.later(created, 1 / 24)
    draft = age_days < _NEW_DAYS and number % 2 == 0
    document = _document(tables, plan, tables.row("clients", bill.client_id), lines, number)
    fate = {
        "number": f"{day_text(day)[:4]}-{number + 1:03}",
        "period_start": day_text(bill.first_day),
        "period_end": day_text(bill.last_day),
        "issue_date": day_text(day),
        "due_date": day_text(day + _PAYMENT_DAYS),
        "due_amount": document["amount"],
        "payment_term": ("net 30", "custom", "upon receipt")[number % 3],
        "payment_options": ["credit_card", "ach"] if number % 2 else [],
        "estimate_id": None if number % 8 else _accepted_estimate(tables, bill.client_id),
        "recurring_invoice_id": None if number % 7 else 88_013,
        "retainer": None if number % 11 else {"id": 5_021},
        "state": "draft" if draft else "open",
        "sent_at": None if draft else stamp(sent),
        "created_at": stamp(created),
        "updated_at": stamp(sent),
    }
    paid = created + (10 + number % 25) * DAY_SECONDS
    if age_days > 2 * _PAYMENT_DAYS:
        settled = {"paid_at": stamp(paid), "paid_date": stamp(paid)[:10], "updated_at": stamp(paid)}
        closed = {"state": "closed", "closed_at": stamp(paid), "updated_at": stamp(paid)}
        fate |= {"state": "paid", "due_amount": 0.0, **settled} if number % 10 else closed
    invoice = tables.insert("invoices", document | fate, created)
    if age_days > _PAYMENT_OPTIONS_SINCE_DAYS:
        del invoice["payment_options"]
    if invoice["state"] == "paid":
        tables.insert("invoice_payments", _payment(tables, invoice, number), paid)
    if invoice["sent_at"]:
        message = {"invoice_id": invoice["id"], **_message(tables, invoice, number)}
        if number % 6 == 0:
            message |= {"reminder": True, "send_reminder_on": invoice["due_date"]}
        tables.insert("invoice_messages", message, sent)
    return invoice


def _accepted_estimate(tables: Tables, client_id: int) -> int | None:
    accepted = (
        estimate["id"]
        for estimate in tables.all("estimates")
        if estimate["client_id"] == client_id and estimate["state"] == "accepted"
    )
    return next(accepted, None)


def _payment(tables: Tables, invoice: Row, number: int) -> Row:
    recorder = next(tables.all("users"))
    by_card = number % 2
    return {
        "invoice_id": invoice["id"],
        "amount": invoice["amount"],
        "paid_at": invoice["paid_at"],
        "paid_date": invoice["paid_date"],
        "recorded_by": full_name(recorder),
        "recorded_by_email": recorder["email"],
        "notes": ("Cheque", "", None)[number % 3],
        "transaction_id": f"ch_sandbox{number}" if by_card else None,
        "payment_gateway": {"id": 1234, "name": "Stripe"}
        if by_card
        else {"id": None, "name": None},
    }


def _message(tables: Tables, document: Row, number: int) -> Row:
    sender = next(tables.all("users"))
    mailed = bool(number % 3)
    recipients = [{"name": "Buyer", "email": f"buyer{number}@client.example"}]
    return {
        "sent_by": full_name(sender),
        "sent_by_email": sender["email"],
        "sent_from": full_name(sender),
        "sent_from_email": sender["email"],
        "recipients": recipients if mailed else [],
        "subject": f"Document {document['number']}" if mailed else None,
        "body": "Thank you - see the attachment." if mailed else None,
        "event_type": None if mailed else "view",
    }


def _document(
    tables: Tables, plan: Plan, client: Row, lines: list[Row], number: int
) -> dict[str, Any]:
    """Return what invoices and estimates have in common."""
    net = round(sum(line["amount"] for line in lines), 2)
    discount = 10.0 if number % 5 == 0 else None
    discount_amount = round(net * (discount or 0) / 100, 2)
    tax = 19.0 if number % 3 == 0 else None
    tax_amount = round((net - discount_amount) * (tax or 0) / 100, 2)
    tax2 = 2.5 if number % 6 == 0 else None
    tax2_amount = round((net - discount_amount) * (tax2 or 0) / 100, 2)
    return {
        "client_id": client["id"],
        "creator_id": next(tables.all("users"))["id"],
        "line_items": lines,
        "client_key": f"{plan.random.getrandbits(160):040x}",
        "number": str(1000 + number),
        "purchase_order": "" if number % 4 else f"PO-{number:04}",
        "amount": round(net - discount_amount + tax_amount + tax2_amount, 2),
        "tax": tax,
        "tax_amount": tax_amount if tax or number % 2 else None,
        "tax2": tax2,
        "tax2_amount": tax2_amount,
        "discount": discount,
        "discount_amount": discount_amount,
        "subject": None if number % 4 else "Work of the month",
        "notes": None if number % 5 else "Vielen Dank - danke schön",
        "currency": client["currency"],
    }


def _line(
    number: int, kind: str, quantity: float, unit_price: float, project_id: int | None = None
) -> Row:
    line: Row = {
        "id": 94_010_000 + number,
        "kind": kind,
        "description": "Work as agreed" if number % 6 else None,
        "quantity": quantity,
        "unit_price": round(unit_price, 4),
        "amount": round(quantity * unit_price, 2),
        "taxed": number % 3 == 0,
        "taxed2": False,
    }
    return line if project_id is None else line | {"project_id": project_id}
