"""The tap: its settings and its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.http.oauth import Provider, oauth_settings
from singer_tapkit.http.tokens import BearerCredential
from singer_tapkit.login import Login
from singer_tapkit.settings import common_settings
from typing_extensions import override

from tap_timely.client import RULES, TimelyClient
from tap_timely.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_tapkit.types import Record

_API: Final = "https://api.timelyapp.com/1.1"
_ALL_ARCHIVED: Final = {"state": "archived", "relation": "all", "filter": "all"}


class TapTimely(Tap):
    """Singer tap for Timely: hours, projects, clients, labels and users."""

    name = "tap-timely"
    package_name = "worktaps-tap-timely"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *oauth_settings(),
        th.Property(
            "account_id",
            th.StringType,
            title="Account id",
            description="Number of the account; needed if the user has several.",
        ),
        *common_settings(api_url=_API, start_date="Hours go by the day worked.", lookback="35d"),
        th.Property(
            "timezone",
            th.StringType,
            default="UTC",
            title="Time zone",
            description="Where days begin, as Europe/Oslo.",
        ),
        *deletion_settings(DeletionMode.WINDOW),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @classmethod
    @override
    def login_with(cls, config: Mapping[str, Any]) -> Login:
        """Return how a user lets the tap in."""
        api_url = str(config.get("api_url") or _API).rstrip("/")
        provider = Provider(
            issuer="Timely",
            authorize_url=f"{api_url}/oauth/authorize",
            token_url=f"{api_url}/oauth/token",
            client_id=str(config["client_id"]),
            client_secret=config.get("client_secret"),
            scopes=(),  # rights follow the user's role
        )
        return Login.to(cls, provider, config)

    @cached_property
    def client(self) -> TimelyClient:
        """The one client of this account."""
        way = self.login_with(self.config)
        token = way.token(self.config.get("refresh_token"))
        client = TimelyClient(
            self.config["api_url"],
            credential=BearerCredential(token),
            clock=self.clock,
            user_agent=way.user_agent,
            rules=RULES,
            limit=600,  # Timely does not say; what it refuses is waited for
            period=timedelta(minutes=1),
        )
        client.wanted = self.config.get("account_id")
        return client

    @cached_property
    def archived_projects(self) -> list[Record]:
        """The archived projects, whose hours no list shows; asked for once per run."""
        pages = self.client.pages("/projects", _ALL_ARCHIVED, by_offset=True)
        return [row for rows in pages for row in rows]
