"""Expenses and their categories."""

from __future__ import annotations

from typing import ClassVar

from singer_tapkit.schema import Pii, day, embedded, flag, integer, number, record, text

from tap_harvest.schemas import client, invoice, key, person, project, stamps, user_assignment
from tap_harvest.streams.base import HarvestStream
from tap_harvest.streams.dated import DatedStream


class Expenses(DatedStream):
    """Money spent, one record per expense.

    Key: id. Replication: updated_at; the first reading goes by spent_date.
    Deletes: Harvest keeps no trace of a deleted expense.

    Source: Harvest API v2, "List all expenses".
    """

    name = "expenses"
    path: ClassVar[str] = "/expenses"
    records_key: ClassVar[str] = "expenses"
    schema = record(
        key(),
        client(),
        project(),
        embedded(
            "expense_category",
            "Category.",
            integer("id", "Number of the category."),
            text("name", "Name."),
            number("unit_price", "Price of a unit; can have fractions of a cent."),
            text("unit_name", "Name of a unit."),
        ),
        person("user", "Who spent it."),
        user_assignment(),
        embedded(
            "receipt",
            "Receipt, if there is one; its address is said to be good for some time only.",
            text("url", "Address.", pii=Pii.SENSITIVE),
            text("file_name", "Name of the file.", pii=Pii.SENSITIVE),
            integer("file_size", "Bytes."),
            text("content_type", "Media type."),
            pii=Pii.SENSITIVE,
        ),
        invoice(),
        text("notes", "Free text.", pii=Pii.SENSITIVE),
        number("units", "How many units."),
        number("total_cost", "Amount in the client's currency."),
        flag("billable", "Whether it can be billed."),
        flag("is_closed", "Whether it was approved; Harvest prefers approval_status."),
        text("approval_status", "unsubmitted, submitted or approved."),
        flag("is_locked", "Whether it can no longer be changed."),
        flag("is_billed", "Whether it was invoiced."),
        text("locked_reason", "Why it is locked, in English."),
        day("spent_date", "Day on which it was spent."),
        *stamps(),
    )


class ExpenseCategories(HarvestStream):
    """Kinds of expenses.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all expense categories".
    """

    name = "expense_categories"
    path: ClassVar[str] = "/expense_categories"
    records_key: ClassVar[str] = "expense_categories"
    schema = record(
        key(),
        text("name", "Name."),
        text("unit_name", "Name of a unit."),
        number("unit_price", "Price of a unit; can have fractions of a cent."),
        flag("is_active", "Whether it is active, or archived."),
        *stamps(),
    )
