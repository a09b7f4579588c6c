"""What the account's collections look like: fields, references, order.

Rows are kept with the ids of what they refer to. The API shows objects instead, with the names of
the moment of reading.

Source: Harvest API v2, the object of each collection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.wire import Row


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that holds the id of a row elsewhere.

    Attributes:
        field: Such as ``client_id``; the API shows an object ``client`` in its place.
        to: Collection of that row.
        shows: Fields of the object; if there are none, the API shows nothing at all.
        optional: Whether the row outlives what it refers to.
    """

    field: str
    to: str
    shows: tuple[str, ...] = ()
    optional: bool = False

    @property
    def shown_as(self) -> str:
        """Name of the object."""
        return self.field.removesuffix("_id")


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of row.

    Attributes:
        first_id: Where its ids begin.
        template: Fields of a new row, but for id and stamps.
        references: Fields that refer to other rows; required ones default to the first row there.
        date_field: What the API sorts by; by creation if there is none.
        ascending: Whether the oldest comes first.
        hidden: Fields that the API does not show.
    """

    first_id: int
    template: Row
    references: tuple[Reference, ...] = ()
    date_field: str | None = None
    ascending: bool = False
    hidden: tuple[str, ...] = ()


_NAME: Final = ("id", "name")
_CODE: Final = ("id", "name", "code")
_CURRENCY: Final = ("id", "name", "currency")
_USER: Final = Reference("user_id", "users", _NAME)
_PROJECT: Final = Reference("project_id", "projects", _CODE)
_TASK: Final = Reference("task_id", "tasks", _NAME)
_RATE: Final[Row] = {"amount": 100.0, "start_date": None, "end_date": None}
_MESSAGE: Final[Row] = {
    "sent_by": "Sandbox Sender",
    "sent_by_email": "sender@sandbox.example",
    "sent_from": "Sandbox Sender",
    "sent_from_email": "sender@sandbox.example",
    "recipients": [],
    "subject": None,
    "body": None,
    "send_me_a_copy": False,
    "event_type": None,
}
_MONEY: Final[Row] = {
    "line_items": [],
    "client_key": "0" * 40,
    "number": "1000",
    "purchase_order": "",
    "amount": 0.0,
    "tax": None,
    "tax_amount": 0.0,
    "tax2": None,
    "tax2_amount": 0.0,
    "discount": None,
    "discount_amount": 0.0,
    "subject": None,
    "notes": None,
    "currency": "EUR",
    "state": "draft",
    "issue_date": "2025-01-01",
    "sent_at": None,
}
_DOCUMENT_REFERENCES: Final = (
    Reference("client_id", "clients", _NAME),
    Reference("creator_id", "users", _NAME),
)

COLLECTIONS: Final[Mapping[str, Collection]] = {
    "users": Collection(
        4_410_082,
        {
            "first_name": "New",
            "last_name": "Person",
            "email": "new.person@sandbox.example",
            "telephone": "",
            "timezone": "Eastern Time (US & Canada)",
            "has_access_to_all_future_projects": False,
            "is_contractor": False,
            "is_active": True,
            "weekly_capacity": 126_000,
            "default_hourly_rate": None,
            "cost_rate": None,
            "roles": [],
            "access_roles": ["member"],
            "permissions_claims": [],
            "can_create_projects": False,
            "calendar_integration_enabled": False,
            "calendar_integration_source": None,
            "avatar_url": "https://avatars.sandbox.example/0.png",
            "teammate_ids": [],
        },
        hidden=("teammate_ids",),
    ),
    "roles": Collection(611_340, {"name": "New role", "user_ids": []}),
    "clients": Collection(
        13_300_917,
        {
            "name": "New client",
            "is_active": True,
            "address": None,
            "statement_key": "0" * 32,
            "currency": "EUR",
        },
    ),
    "contacts": Collection(
        10_210_004,
        {
            "title": None,
            "first_name": "New",
            "last_name": None,
            "email": None,
            "phone_office": "",
            "phone_mobile": "",
            "fax": "",
        },
        (Reference("client_id", "clients", _NAME),),
    ),
    "tasks": Collection(
        19_822_310,
        {
            "name": "New task",
            "billable_by_default": True,
            "default_hourly_rate": 0.0,
            "is_default": False,
            "is_active": True,
        },
    ),
    "projects": Collection(
        40_117_725,
        {
            "name": "New project",
            "code": None,
            "is_active": True,
            "is_billable": True,
            "is_fixed_fee": False,
            "bill_by": "People",
            "hourly_rate": None,
            "budget": None,
            "budget_by": "none",
            "budget_is_monthly": False,
            "notify_when_over_budget": False,
            "over_budget_notification_percentage": 80.0,
            "over_budget_notification_date": None,
            "show_budget_to_all": False,
            "cost_budget": None,
            "cost_budget_include_expenses": False,
            "fee": None,
            "notes": None,
            "starts_on": None,
            "ends_on": None,
        },
        (Reference("client_id", "clients", _CURRENCY),),
    ),
    "user_assignments": Collection(
        431_900_286,
        {
            "is_active": True,
            "is_project_manager": False,
            "use_default_rates": True,
            "hourly_rate": None,
            "budget": None,
        },
        (_PROJECT, _USER),
    ),
    "task_assignments": Collection(
        438_207_719,
        {"is_active": True, "billable": True, "hourly_rate": None, "budget": None},
        (_PROJECT, _TASK),
    ),
    "cost_rates": Collection(
        825_301,
        dict(_RATE),
        (Reference("user_id", "users"),),
        date_field="start_date",
        ascending=True,
    ),
    "billable_rates": Collection(
        1_836_499,
        dict(_RATE),
        (Reference("user_id", "users"),),
        date_field="start_date",
        ascending=True,
    ),
    "expense_categories": Collection(
        7_140_233,
        {"name": "New category", "unit_name": None, "unit_price": None, "is_active": True},
    ),
    "expenses": Collection(
        31_220_790,
        {
            "receipt": None,
            "notes": None,
            "units": 1.0,
            "total_cost": 10.0,
            "billable": True,
            "is_closed": False,
            "approval_status": "unsubmitted",
            "is_locked": False,
            "is_billed": False,
            "locked_reason": None,
            "spent_date": "2025-01-01",
        },
        (
            _USER,
            _PROJECT,
            Reference(
                "expense_category_id",
                "expense_categories",
                ("id", "name", "unit_price", "unit_name"),
            ),
            Reference("invoice_id", "invoices", ("id", "number"), optional=True),
        ),
        date_field="spent_date",
    ),
    "invoice_item_categories": Collection(
        1_530_118, {"name": "New category", "use_as_service": False, "use_as_expense": False}
    ),
    "invoices": Collection(
        46_620_113,
        {
            **_MONEY,
            "due_amount": 0.0,
            "retainer": None,
            "period_start": None,
            "period_end": None,
            "due_date": "2025-01-31",
            "payment_term": "net 30",
            "payment_options": ["credit_card"],
            "paid_at": None,
            "paid_date": None,
            "closed_at": None,
            "recurring_invoice_id": None,
        },
        (
            *_DOCUMENT_REFERENCES,
            Reference("estimate_id", "estimates", ("id",), optional=True),
        ),
        date_field="issue_date",
    ),
    "invoice_messages": Collection(
        84_010_552,
        {
            **_MESSAGE,
            "include_link_to_client_invoice": False,
            "attach_pdf": True,
            "thank_you": False,
            "reminder": False,
            "send_reminder_on": None,
        },
        (Reference("invoice_id", "invoices"),),
    ),
    "invoice_payments": Collection(
        24_310_207,
        {
            "amount": 10.0,
            "paid_at": None,
            "paid_date": None,
            "recorded_by": "Sandbox Sender",
            "recorded_by_email": "sender@sandbox.example",
            "notes": None,
            "transaction_id": None,
            "payment_gateway": {"id": None, "name": None},
        },
        (Reference("invoice_id", "invoices"),),
    ),
    "estimate_item_categories": Collection(1_378_704, {"name": "New category"}),
    "estimates": Collection(
        3_219_883,
        {**_MONEY, "accepted_at": None, "declined_at": None},
        _DOCUMENT_REFERENCES,
        date_field="issue_date",
    ),
    "estimate_messages": Collection(
        5_910_338, dict(_MESSAGE), (Reference("estimate_id", "estimates"),)
    ),
}
"""All collections but time entries, whose number asks for another way to keep them. Parents come
before what refers to them."""

FIRST_ENTRY_ID: Final = 2_794_410_071
"""Ids of time entries need more than 32 bits."""

ENTRY_REFERENCES: Final = (
    _USER,
    _PROJECT,
    _TASK,
    Reference("invoice_id", "invoices", ("id", "number"), optional=True),
)
"""What a time entry refers to."""
