"""The tap: its settings and its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.api import ApiClient
from singer_tapkit.http.tokens import BearerCredential, FixedToken
from singer_tapkit.settings import common_settings
from typing_extensions import override

from tap_todoist.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

_RULES: Final[Sequence[Rule]] = (
    Rule(
        {401},
        Verdict(Action.REAUTHENTICATE, "Todoist refused the token", "Check api_token"),
    ),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the plan does not have this, or not so far back",
            "Deselect the stream, or set on_stream_error to allow_unavailable",
        ),
    ),
    Rule(
        {410},
        Verdict(Action.FAIL, "Todoist has ended this version of its API", "Upgrade tap-todoist"),
    ),
    Rule({429}, Verdict(Action.RETRY, "the rate limit was reached", wait_seconds=60.0)),
)


class TapTodoist(Tap):
    """Singer tap for Todoist: tasks, what was completed, projects and comments."""

    name = "tap-todoist"
    package_name = "worktaps-tap-todoist"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "api_token",
            th.StringType,
            required=True,
            secret=True,
            title="API token",
            description="Personal token, from Settings > Integrations > Developer; or the access "
            "token of an OAuth app with the scope data:read.",
        ),
        *common_settings(
            api_url="https://api.todoist.com/api/v1",
            start_date="Completed tasks go by when they were done; all that the account has if "
            "absent.",
            lookback="1d",
        ),
        *deletion_settings(DeletionMode.WINDOW),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @cached_property
    def client(self) -> ApiClient:
        """The one client of this token."""
        return ApiClient(
            self.config["api_url"],
            credential=BearerCredential(FixedToken(self.config["api_token"])),
            clock=self.clock,
            user_agent=self.config.get("user_agent")
            or f"tap-todoist/{version('worktaps-tap-todoist')}",
            rules=_RULES,
            limit=1000,
            period=timedelta(minutes=15),
        )
