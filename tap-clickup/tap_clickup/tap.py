"""The tap: its settings and its streams."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.overlap import concurrency_setting
from singer_tapkit.settings import (
    DURATION_OR_ZERO_PATTERN,
    DURATION_PATTERN,
    outcome_settings,
    parse_duration,
)
from singer_tapkit.windows import ONE_DAY
from typing_extensions import override

from tap_clickup.client import ClickUpClient, Token
from tap_clickup.source import Source
from tap_clickup.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapClickUp(Tap):
    """Singer tap for ClickUp: time entries, tasks and the workspace around them."""

    name = "tap-clickup"
    package_name = "worktaps-tap-clickup"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "api_token",
            th.StringType,
            secret=True,
            title="API token",
            description="Personal token, which begins with pk_; from the Apps page of your ClickUp "
            "settings. An owner's or administrator's token reads everybody's time.",
        ),
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description="Access token of an OAuth app, instead of api_token. ClickUp lets it ask "
            "for one person's time at once, so it takes more requests.",
        ),
        th.Property(
            "workspace_ids",
            th.ArrayType(th.StringType),
            title="Workspaces",
            description="Ids of the workspaces to read; all that the token opens if absent.",
        ),
        th.Property(
            "api_url",
            th.StringType,
            default="https://api.clickup.com/api",
            title="API address",
            description="Base address of the API, without version; another one leads to a sandbox "
            "or a proxy.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="First day to read, inclusive; UTC unless it says otherwise. Time entries "
            "go by the day they start, tasks by their last change. Everything if absent.",
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
            default="60d",
            title="Lookback",
            description="How far back each run reads time entries again, as 60d: ClickUp cannot be "
            "asked for what was changed.",
        ),
        th.Property(
            "window",
            th.CustomType(
                {"type": ["string", "integer", "null"], "pattern": DURATION_OR_ZERO_PATTERN}
            ),
            default="30d",
            title="Window",
            description="How many days of time entries to ask for at once, as 30d; 0 for all in "
            "one request.",
        ),
        th.Property(
            "timezone",
            th.StringType,
            default="UTC",
            title="Time zone",
            description="Where days begin, as Europe/Oslo: windows are whole days of this zone.",
        ),
        th.Property(
            "assignees",
            th.ArrayType(th.StringType),
            title="Assignees",
            description="Ids of the users whose time to read; all members and guests, and whoever "
            "was read before, if absent.",
        ),
        *deletion_settings(DeletionMode.WINDOW),
        th.Property(
            "requests_per_minute",
            th.IntegerType(minimum=1),
            title="Requests per minute",
            description="Most requests per minute; as many as ClickUp says the plan allows if "
            "absent. Set less if other programs share the token.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            title="User agent",
            description="Sent with each request, as: Our pipeline (data@example.com).",
        ),
        concurrency_setting(),
        *outcome_settings(),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @override
    def config_faults(self) -> list[str]:
        """Say what is wrong with the credential, the zone and the ids."""
        given = [name for name in ("api_token", "access_token") if self.config.get(name)]
        faults = []
        if not given:
            faults.append("api_token: missing. Set it, or access_token for an OAuth app")
        if len(given) > 1:
            faults.append("api_token: set either it or access_token, not both")
        zone = self.config.get("timezone") or "UTC"
        try:
            ZoneInfo(str(zone))
        except (KeyError, ValueError, OSError):
            faults.append("timezone: not a time zone. Write a name such as Europe/Oslo")
        return faults

    @property
    def window_days(self) -> int | None:
        """Setting ``window``: the most days to ask for at once, or ``None`` for no limit."""
        given = self.config.get("window")
        if given is None or str(given) == "0":
            return None
        return max(1, parse_duration(str(given)) // ONE_DAY)

    @cached_property
    def client(self) -> ClickUpClient:
        """The one client of this token; all streams share its session and its budget."""
        return ClickUpClient(
            self.config["api_url"],
            token=Token(self.config.get("api_token") or self.config["access_token"]),
            clock=self.clock,
            user_agent=self.agent(self.config),
            requests_per_minute=self.config.get("requests_per_minute"),
            concurrency=self.concurrency,
        )

    @cached_property
    def source(self) -> Source:
        """What several streams need of the workspaces; each part is asked for once per run."""
        return Source(self.client, self.overlap, self.config.get("workspace_ids"))
