"""Invoices and estimates, with what hangs below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit.schema import (
    Pii,
    day,
    embedded,
    flag,
    instant,
    integer,
    number,
    record,
    several,
    text,
    texts,
)

from tap_harvest.schemas import client, key, person, project, stamps
from tap_harvest.streams.base import HarvestStream
from tap_harvest.streams.children import ChildStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk import typing as th

_PAGE_SIZE: Final = 500
"""Each of these records carries its line items, so that a full page is a very large answer."""


def _document() -> Sequence[th.Property[Any]]:
    """Describe what an invoice and an estimate have in common."""
    return (
        key(),
        client(),
        person("creator", "Who made it."),
        text(
            "client_key",
            "Key of its public page: whoever has it can read it.",
            pii=Pii.SENSITIVE,
        ),
        text("number", "Number as printed; a text."),
        text("purchase_order", "Purchase order."),
        number("amount", "Total."),
        number("tax", "First tax; 10.0 is 10 %."),
        number("tax_amount", "Amount of the first tax."),
        number("tax2", "Second tax; 10.0 is 10 %."),
        number("tax2_amount", "Amount of the second tax."),
        number("discount", "Discount; 10.0 is 10 %."),
        number("discount_amount", "Amount of the discount."),
        text("subject", "Subject.", pii=Pii.SENSITIVE),
        text("notes", "Free text.", pii=Pii.SENSITIVE),
        text("currency", "ISO 4217 code."),
        day("issue_date", "Day of issue."),
        instant("sent_at", "When it was sent."),
        *stamps(),
    )


def _line_item() -> Sequence[th.Property[Any]]:
    return (
        integer("id", "Number of the line."),
        text("kind", "Name of the item category."),
        text("description", "Free text.", pii=Pii.SENSITIVE),
        number("quantity", "How many."),
        number("unit_price", "Price of one; can have fractions of a cent."),
        number("amount", "Amount."),
        flag("taxed", "Whether the first tax applies."),
        flag("taxed2", "Whether the second tax applies."),
    )


def _message() -> Sequence[th.Property[Any]]:
    return (
        key(),
        text("sent_by", "Name of the sender.", pii=Pii.DIRECT),
        text("sent_by_email", "E-mail address of the sender.", pii=Pii.DIRECT),
        text("sent_from", "Name it was sent under.", pii=Pii.DIRECT),
        text("sent_from_email", "E-mail address it was sent under.", pii=Pii.DIRECT),
        several(
            "recipients",
            "Who got it; may be empty.",
            text("name", "Name.", pii=Pii.DIRECT),
            text("email", "E-mail address.", pii=Pii.DIRECT),
        ),
        text("subject", "Subject.", pii=Pii.SENSITIVE),
        text("body", "Text.", pii=Pii.SENSITIVE),
        flag("send_me_a_copy", "Whether the sender got a copy."),
        text("event_type", "What it marks; null for a plain message."),
        *stamps(),
    )


class Invoices(HarvestStream):
    """Invoices with their line items.

    Key: id. Replication: updated_at; recording a payment moves it.

    Source: Harvest API v2, "List all invoices".
    """

    name = "invoices"
    path: ClassVar[str] = "/invoices"
    records_key: ClassVar[str] = "invoices"
    page_size: ClassVar[int | None] = _PAGE_SIZE
    schema = record(
        *_document(),
        several("line_items", "Lines.", *_line_item(), project()),
        embedded("estimate", "Estimate it was made from.", integer("id", "Number of it.")),
        embedded("retainer", "Retainer it belongs to.", integer("id", "Number of it.")),
        number("due_amount", "What is still to be paid."),
        text("state", "draft, open, paid or closed."),
        day("period_start", "First day it bills."),
        day("period_end", "Last day it bills."),
        day("due_date", "Day by which to pay."),
        text("payment_term", "upon receipt, net 15, net 30, net 45, net 60 or custom."),
        texts("payment_options", "ach, credit_card, paypal."),
        instant("paid_at", "When it was paid."),
        day("paid_date", "Day on which it was paid."),
        instant("closed_at", "When it was closed."),
        integer("recurring_invoice_id", "Recurring invoice it was made from."),
    )


class InvoiceMessages(ChildStream):
    """Messages sent about invoices, and events of them.

    Key: id. Replication: those of invoices changed since the bookmark.
    Requests: one per changed invoice.

    Source: Harvest API v2, "List all messages for an invoice".
    """

    name = "invoice_messages"
    parent_path: ClassVar[str] = "/invoices"
    parent_key: ClassVar[str] = "invoice_id"
    path: ClassVar[str] = "/invoices/{id}/messages"
    records_key: ClassVar[str] = "invoice_messages"
    schema = record(
        *_message(),
        key("invoice_id", "Number of the invoice."),
        flag("include_link_to_client_invoice", "Not used by Harvest any more."),
        flag("attach_pdf", "Whether the invoice was attached."),
        flag("thank_you", "Whether it is a thank-you."),
        flag("reminder", "Whether it is a reminder."),
        day("send_reminder_on", "Day of the next reminder."),
    )


class InvoicePayments(ChildStream):
    """Payments of invoices.

    Key: id. Replication: those of invoices changed since the bookmark.
    Requests: one per changed invoice.

    Source: Harvest API v2, "List all payments for an invoice".
    """

    name = "invoice_payments"
    parent_path: ClassVar[str] = "/invoices"
    parent_key: ClassVar[str] = "invoice_id"
    path: ClassVar[str] = "/invoices/{id}/payments"
    records_key: ClassVar[str] = "invoice_payments"
    schema = record(
        key(),
        key("invoice_id", "Number of the invoice."),
        number("amount", "Amount."),
        instant("paid_at", "When it was paid."),
        day("paid_date", "Day on which it was paid."),
        text("recorded_by", "Who recorded it.", pii=Pii.DIRECT),
        text("recorded_by_email", "E-mail address of who recorded it.", pii=Pii.DIRECT),
        text("notes", "Free text.", pii=Pii.SENSITIVE),
        text("transaction_id", "Id at the payment service.", pii=Pii.SENSITIVE),
        embedded(
            "payment_gateway",
            "Payment service; an object of nulls for payments recorded by hand.",
            integer("id", "Number of it."),
            text("name", "Name."),
        ),
        *stamps(),
    )


class InvoiceItemCategories(HarvestStream):
    """Kinds of lines on invoices.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all invoice item categories".
    """

    name = "invoice_item_categories"
    path: ClassVar[str] = "/invoice_item_categories"
    records_key: ClassVar[str] = "invoice_item_categories"
    schema = record(
        key(),
        text("name", "Name."),
        flag("use_as_service", "Whether hours are billed as this."),
        flag("use_as_expense", "Whether expenses are billed as this."),
        *stamps(),
    )


class Estimates(HarvestStream):
    """Estimates with their line items.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all estimates".
    """

    name = "estimates"
    path: ClassVar[str] = "/estimates"
    records_key: ClassVar[str] = "estimates"
    page_size: ClassVar[int | None] = _PAGE_SIZE
    schema = record(
        *_document(),
        several("line_items", "Lines.", *_line_item()),
        text("state", "draft, sent, accepted or declined."),
        instant("accepted_at", "When it was accepted."),
        instant("declined_at", "When it was declined."),
    )


class EstimateMessages(ChildStream):
    """Messages sent about estimates, and events of them.

    Key: id. Replication: those of estimates changed since the bookmark.
    Requests: one per changed estimate.

    Source: Harvest API v2, "List all messages for an estimate".
    """

    name = "estimate_messages"
    parent_path: ClassVar[str] = "/estimates"
    parent_key: ClassVar[str] = "estimate_id"
    path: ClassVar[str] = "/estimates/{id}/messages"
    records_key: ClassVar[str] = "estimate_messages"
    schema = record(*_message(), key("estimate_id", "Number of the estimate."))


class EstimateItemCategories(HarvestStream):
    """Kinds of lines on estimates.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all estimate item categories".
    """

    name = "estimate_item_categories"
    path: ClassVar[str] = "/estimate_item_categories"
    records_key: ClassVar[str] = "estimate_item_categories"
    schema = record(key(), text("name", "Name."), *stamps())
