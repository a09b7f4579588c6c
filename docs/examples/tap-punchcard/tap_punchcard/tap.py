"""The tap: its settings, what Punchcard's refusals mean, and its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.api import ApiClient
from singer_tapkit.http.tokens import BearerCredential, FixedToken
from singer_tapkit.settings import common_settings
from typing_extensions import override

from tap_punchcard.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

_RULES: Final[Sequence[Rule]] = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Punchcard refused the token", "Check api_token")),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the token's owner may not read this",
            "Use another token, or deselect the stream",
        ),
    ),
)
"""What differs from the general table; 429 and 5xx are in that one."""


class TapPunchcard(Tap):
    """Singer tap for Punchcard: people and their hours."""

    name = "tap-punchcard"
    package_name = "worktaps-tap-punchcard"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "api_token",
            th.StringType,
            required=True,
            secret=True,
            title="API token",
            description="From Settings > API, of somebody who sees everybody's hours.",
        ),
        *common_settings(
            api_url="https://api.punchcard.example/v1",
            start_date="Punches go by the day worked.",
            lookback="30d",
        ),
        *deletion_settings(DeletionMode.WINDOW),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @cached_property
    def client(self) -> ApiClient:
        """The one client of this token, with its rate limit."""
        return ApiClient(
            self.config["api_url"],
            credential=BearerCredential(FixedToken(self.config["api_token"])),
            clock=self.clock,
            user_agent=self.agent(self.config),
            rules=_RULES,
            limit=60,
            period=timedelta(minutes=1),
        )
