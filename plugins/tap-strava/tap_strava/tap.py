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

from tap_strava.client import RULES, StravaClient
from tap_strava.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OAUTH: Final = "https://www.strava.com/oauth"
_SCOPES: Final = ("read", "profile:read_all", "activity:read_all")


class TapStrava(Tap):
    """Singer tap for Strava: activities, athlete, gear and zones."""

    name = "tap-strava"
    package_name = "worktaps-tap-strava"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *oauth_settings(),
        th.Property(
            "oauth_url",
            th.StringType,
            default=_OAUTH,
            title="OAuth address",
            description="Base address of authorization and tokens.",
        ),
        *common_settings(
            api_url="https://www.strava.com/api/v3",
            start_date="Activities go by when they began.",
            lookback="30d",
        ),
        th.Property(
            "max_detail_requests",
            th.IntegerType(minimum=1),
            default=50,
            title="Most detail requests",
            description="How many activities activity_details asks for in one run.",
        ),
        *deletion_settings(DeletionMode.WINDOW),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @classmethod
    @override
    def login_with(cls, config: Mapping[str, Any]) -> Login:
        """Return how an athlete lets the tap in."""
        oauth_url = str(config.get("oauth_url") or _OAUTH).rstrip("/")
        provider = Provider(
            issuer="Strava",
            authorize_url=f"{oauth_url}/authorize",
            token_url=f"{oauth_url}/token",
            client_id=str(config["client_id"]),
            client_secret=config.get("client_secret"),
            scopes=_SCOPES,
            scope_separator=",",
            extra={"approval_prompt": "auto"},
        )
        return Login.to(cls, provider, config)

    @cached_property
    def client(self) -> StravaClient:
        """The one client of this athlete."""
        way = self.login_with(self.config)
        token = way.token(self.config.get("refresh_token"))
        return StravaClient(
            self.config["api_url"],
            credential=BearerCredential(token),
            clock=self.clock,
            user_agent=way.user_agent,
            rules=RULES,
            limit=1000,  # the headers of each answer say more
            period=timedelta(minutes=15),
        )
