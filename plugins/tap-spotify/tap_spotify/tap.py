"""The tap: its settings and its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.http.oauth import Provider, StoredToken, oauth_settings
from singer_tapkit.http.tokens import BearerCredential
from singer_tapkit.login import Login
from singer_tapkit.settings import common_settings
from typing_extensions import override

from tap_spotify.client import RULES, SpotifyClient
from tap_spotify.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ACCOUNTS: Final = "https://accounts.spotify.com"
_SCOPES: Final = (
    "user-read-recently-played",
    "user-library-read",
    "playlist-read-private",
    "playlist-read-collaborative",
    "user-top-read",
)
_AUTHORIZATION_LIFE: Final = timedelta(days=182)
"""Since July 2026 refresh tokens end six months after the user has said yes."""


class TapSpotify(Tap):
    """Singer tap for Spotify: what you have played and saved."""

    name = "tap-spotify"
    package_name = "worktaps-tap-spotify"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *oauth_settings(),
        th.Property(
            "accounts_url",
            th.StringType,
            default=_ACCOUNTS,
            title="Accounts address",
            description="Base address of authorization and tokens.",
        ),
        th.Property(
            "timezone",
            th.StringType,
            default="UTC",
            title="Time zone",
            description="Of the day that top_tracks and top_artists are stamped with.",
        ),
        *common_settings(
            api_url="https://api.spotify.com/v1",
            start_date="Plays go by when they were; Spotify shows the last fifty only.",
            lookback=None,
        ),
        *deletion_settings(DeletionMode.WINDOW),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @property
    @override
    def lookback(self) -> timedelta:
        """None: plays never change."""
        return timedelta(0)

    @classmethod
    @override
    def login_with(cls, config: Mapping[str, Any]) -> Login:
        """Return how a user lets the tap in."""
        accounts_url = str(config.get("accounts_url") or _ACCOUNTS).rstrip("/")
        provider = Provider(
            issuer="Spotify",
            authorize_url=f"{accounts_url}/authorize",
            token_url=f"{accounts_url}/api/token",
            client_id=str(config["client_id"]),
            client_secret=config.get("client_secret"),
            scopes=_SCOPES,
            basic=True,
            authorization_life=_AUTHORIZATION_LIFE,
        )
        return Login.to(cls, provider, config)

    @cached_property
    def token(self) -> StoredToken:
        """The account's token."""
        way = self.login_with(self.config)
        return way.token(self.config.get("refresh_token"))

    @property
    def granted(self) -> set[str]:
        """The scopes that the user has granted; empty if Spotify does not say."""
        self.token.value()
        return set(self.token.scope.split())

    @cached_property
    def client(self) -> SpotifyClient:
        """The one client of this account."""
        return SpotifyClient(
            self.config["api_url"],
            credential=BearerCredential(self.token),
            clock=self.clock,
            user_agent=self.login_with(self.config).user_agent,
            rules=RULES,
            limit=60,
            period=timedelta(seconds=30),
        )
