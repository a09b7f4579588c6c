"""The tap: its settings and its streams."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.http.api import ApiClient
from singer_tapkit.http.tokens import BearerCredential, RenewedToken
from singer_tapkit.settings import common_settings
from typing_extensions import override

from tap_garmin.client import RULES, KeyExchange
from tap_garmin.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPACING: Final = timedelta(seconds=0.3)
"""Between two requests: Garmin publishes no limit, and refuses those that come side by side."""
_WARN_BEFORE: Final = timedelta(days=14)


class TapGarmin(Tap):
    """Singer tap for Garmin Connect: activities, sleep, heart rate and daily summaries."""

    name = "tap-garmin"
    package_name = "worktaps-tap-garmin"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "api_key",
            th.StringType,
            required=True,
            secret=True,
            title="API key",
            description="From Garmin Connect on the web: Settings > Personal API. No password.",
        ),
        th.Property(
            "api_key_expires_on",
            th.DateType,
            title="End of the key",
            description="The day on which the key ends, as Garmin showed; told two weeks before.",
        ),
        th.Property(
            "timezone",
            th.StringType,
            default="UTC",
            title="Time zone",
            description="Where you live, as Europe/Paris: no bookmark goes past yesterday there.",
        ),
        th.Property(
            "include_empty_days",
            th.BooleanType,
            default=False,
            title="Empty days",
            description="Whether days without any data become records.",
        ),
        *common_settings(
            api_url="https://personal.connectapi.garmin.com",
            start_date="If absent: all activities, and the last thirty days.",
            lookback="7d",
        ),
        *deletion_settings(DeletionMode.WINDOW),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @override
    def prepare(self) -> None:
        """Warn of a key that ends soon."""
        ends = self.config.get("api_key_expires_on")
        if ends and date.fromisoformat(str(ends)[:10]) - self.today <= _WARN_BEFORE:
            self.logger.warning("The API key ends on %s. Make a new one before", str(ends)[:10])

    @property
    def first_days(self) -> timedelta:
        """How many days back a first run begins, if nothing else is said."""
        return timedelta(days=30)

    @cached_property
    def client(self) -> ApiClient:
        """The one client of this account."""
        agent = self.agent(self.config)
        url = self.config["api_url"]
        exchange = KeyExchange(url, self.config["api_key"], clock=self.clock, user_agent=agent)
        return ApiClient(
            url,
            credential=BearerCredential(RenewedToken(exchange.fetch, clock=self.clock)),
            clock=self.clock,
            user_agent=agent,
            rules=RULES,
            limit=1,
            period=_SPACING,
        )
