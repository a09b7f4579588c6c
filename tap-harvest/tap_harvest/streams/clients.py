"""The account's company, its clients and their contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from singer_sdk import typing as th
from singer_tapkit import Batch
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.schema import Pii, field, flag, integer, record, text
from typing_extensions import override

from tap_harvest.schemas import client, key, stamps
from tap_harvest.streams.base import HarvestStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_tapkit.bookmarks import Reading


class Clients(HarvestStream):
    """Whom work is done for.

    Key: id. Replication: updated_at; invoicing a client moves it without a visible change.

    Source: Harvest API v2, "List all clients".
    """

    name = "clients"
    path: ClassVar[str] = "/clients"
    records_key: ClassVar[str] = "clients"
    schema = record(
        key(),
        text("name", "Name."),
        flag("is_active", "Whether it is active, or archived."),
        text("address", "Postal address."),
        text(
            "statement_key",
            "Key of the client's public statement page: whoever has it can read it.",
            pii=Pii.SENSITIVE,
        ),
        text("currency", "ISO 4217 code."),
        *stamps(),
    )


class Contacts(HarvestStream):
    """People at clients.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all contacts".
    """

    name = "contacts"
    path: ClassVar[str] = "/contacts"
    records_key: ClassVar[str] = "contacts"
    schema = record(
        key(),
        client(),
        text("title", "Title."),
        text("first_name", "First name.", pii=Pii.DIRECT),
        text("last_name", "Last name.", pii=Pii.DIRECT),
        text("email", "E-mail address.", pii=Pii.DIRECT),
        text("phone_office", "Telephone at work.", pii=Pii.DIRECT),
        text("phone_mobile", "Mobile telephone.", pii=Pii.DIRECT),
        text("fax", "Fax.", pii=Pii.DIRECT),
        *stamps(),
    )


class Company(HarvestStream):
    """The account itself, one record.

    Key: full_domain, as Harvest gives it no id. Replication: full table. Requests: one.

    Source: Harvest API v2, "Retrieve a company".
    """

    name = "company"
    path: ClassVar[str] = "/company"
    primary_keys = ("full_domain",)
    replication_key = None
    deletions_from = DeletionMode.OFF
    schema = record(
        field("full_domain", th.StringType, "Domain of the account.", required=True),
        text("base_uri", "Address of the account."),
        text("name", "Name of the company."),
        flag("is_active", "Whether the account is active."),
        text("week_start_day", "Saturday, Sunday or Monday."),
        flag("wants_timestamp_timers", "Whether entries have start and end times."),
        text("time_format", "decimal or hours_minutes."),
        text("date_format", "Format of dates in the account."),
        text("plan_type", "Plan."),
        text("clock", "12h or 24h."),
        text("currency", "ISO 4217 code; not documented by Harvest."),
        text("currency_code_display", "How the currency's code is shown."),
        text("currency_symbol_display", "How the currency's symbol is shown."),
        text("decimal_symbol", "Decimal mark."),
        text("thousands_separator", "Thousands separator."),
        text("color_scheme", "Colours."),
        integer("weekly_capacity", "Capacity of a week in seconds."),
        flag("expense_feature", "Whether expenses are switched on."),
        flag("invoice_feature", "Whether invoices are switched on."),
        flag("estimate_feature", "Whether estimates are switched on."),
        flag("approval_feature", "Whether approvals are switched on."),
        flag("team_feature", "Whether the team module is switched on."),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        yield Batch([self.client.read_object(self.path)])
