"""The tap: its settings and its streams."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.overlap import concurrency_setting
from singer_tapkit.settings import DURATION_PATTERN, outcome_settings
from typing_extensions import override

from tap_harvest.auth import connect
from tap_harvest.client import HarvestClient
from tap_harvest.streams import API_STREAMS
from tap_harvest.streams.time_report import TimeReport

if TYPE_CHECKING:
    from collections.abc import Sequence

_APP_SETTINGS = ("client_id", "client_secret", "refresh_token")


class TapHarvest(Tap):
    """Singer tap for Harvest: hours, projects, expenses, invoices and reports."""

    name = "tap-harvest"
    package_name = "worktaps-tap-harvest"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description="Personal access token, from the Developers page of Harvest ID. "
            "Needed unless client_id, client_secret and refresh_token are set.",
        ),
        th.Property(
            "account_id",
            th.CustomType({"type": ["string", "integer", "null"]}),
            title="Account id",
            description="Number of the Harvest account, shown beside the token. "
            "Found out if the token opens one Harvest account only.",
        ),
        th.Property(
            "client_id",
            th.StringType,
            title="OAuth2 client id",
            description="Client id of an OAuth2 app.",
        ),
        th.Property(
            "client_secret",
            th.StringType,
            secret=True,
            title="OAuth2 client secret",
            description="Client secret of the OAuth2 app.",
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="OAuth2 refresh token",
            description="Refresh token that a user has granted to the OAuth2 app.",
        ),
        th.Property(
            "api_url",
            th.StringType,
            default="https://api.harvestapp.com/v2",
            title="API address",
            description="Base address of the API; another one leads to a sandbox or a proxy.",
        ),
        th.Property(
            "identity_url",
            th.StringType,
            default="https://id.getharvest.com",
            title="Identity address",
            description="Base address of Harvest ID, for OAuth2 and for finding the account.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="First day to read, inclusive; UTC unless it says otherwise. Time entries "
            "and expenses go by the day they are for, other streams by their last change. "
            "Everything if absent.",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description="First day to leave out. With start_date it makes a backfill of that "
            "range, which reads and writes no bookmark.",
        ),
        th.Property(
            "lookback",
            th.CustomType({"type": ["string", "null"], "pattern": DURATION_PATTERN}),
            default="1h",
            title="Lookback",
            description="How far behind the bookmark to ask again, as 90m, 36h or 7d.",
        ),
        *deletion_settings(DeletionMode.OFF),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=2000),
            default=2000,
            title="Page size",
            description="Records per page, at most 2000. Invoices and estimates use 500 at most.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            title="User agent",
            description="Sent with each request. Harvest asks for a name and an address to "
            "reach you at, as: Our pipeline (data@example.com).",
        ),
        th.Property(
            "requests_per_period",
            th.IntegerType(minimum=1),
            default=100,
            title="Requests per period",
            description="Most requests in 15 seconds. Harvest allows 100; set less if other "
            "programs share the token.",
        ),
        concurrency_setting(),
        *outcome_settings(),
        th.Property(
            "report_files",
            th.ArrayType(th.StringType),
            title="Report files",
            description="Paths of detailed time reports exported from Harvest (Excel or CSV). "
            "Their rows are the stream time_report, which needs no account.",
        ),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return the account's streams, and time_report where there are files.

        With files and no account, time_report is the only one.
        """
        reports = [TimeReport(self)] if self.config.get("report_files") else []
        if reports and not self._has_credentials:
            return reports
        return [*(stream(self) for stream in API_STREAMS), *reports]

    @override
    def config_faults(self) -> list[str]:
        """Say which settings of a credential lack their partners."""
        given = [name for name in _APP_SETTINGS if self.config.get(name)]
        if given and len(given) < len(_APP_SETTINGS):
            lacking = [name for name in _APP_SETTINGS if name not in given]
            return [f"{', '.join(given)}: of no use without {' and '.join(lacking)}"]
        if not self._has_credentials and not self.config.get("report_files"):
            fault = (
                "access_token: missing. Set it and account_id, or client_id, client_secret and "
                "refresh_token, or report_files alone to read exported reports"
            )
            return [fault]
        return []

    @cached_property
    def client(self) -> HarvestClient:
        """The one client of this account; all streams share its session and its limits."""
        user_agent = self.config.get("user_agent") or (
            f"tap-harvest/{version('worktaps-tap-harvest')} (account {self._account_label})"
        )
        credential = connect(
            self.config,
            identity_url=self.config["identity_url"].rstrip("/"),
            user_agent=user_agent,
            clock=self.clock,
        )
        return HarvestClient(
            self.config["api_url"],
            credential=credential,
            clock=self.clock,
            user_agent=user_agent,
            requests_per_period=self.config["requests_per_period"],
            concurrency=self.concurrency,
            page_size=self.config["page_size"],
        )

    @property
    def _account_label(self) -> str:
        return str(self.config.get("account_id") or "unknown")

    @property
    def _has_credentials(self) -> bool:
        return bool(self.config.get("access_token") or self.config.get("refresh_token"))
