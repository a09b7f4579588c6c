"""The target for ClickUp."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from singer_sdk import typing as th
from singer_tapkit.relay import Kind, RelayTarget, relay_settings
from typing_extensions import override

from target_clickup.workspace import Token, Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SETTINGS: Final[Mapping[str, Any]] = th.PropertiesList(
    th.Property(
        "api_token",
        th.StringType(min_length=1),
        secret=True,
        title="API token",
        description="Personal token of an owner or administrator, which begins with pk_.",
    ),
    th.Property(
        "access_token",
        th.StringType(min_length=1),
        secret=True,
        title="Access token",
        description="Access token of an OAuth app, instead of api_token.",
    ),
    th.Property(
        "workspace_id",
        th.StringType(min_length=1),
        required=True,
        title="Workspace",
        description="Id of the workspace to write to.",
    ),
    th.Property(
        "space_id",
        th.StringType,
        title="Space",
        description="Id of the space in which folders are made, and lists that have none.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        default="https://api.clickup.com/api",
        title="API address",
        description="Base address of the API, without version; another one leads to a sandbox or "
        "a proxy.",
    ),
    th.Property(
        "reference_group",
        th.StringType(min_length=1),
        default="worktaps",
        title="Reference group",
        description="What marks our time entries, as [worktaps:...] in their description.",
    ),
    th.Property(
        "timezone",
        th.StringType,
        default="UTC",
        title="Time zone",
        description="Where days begin, as Europe/Oslo: entries without a start begin at 9:00.",
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1),
        default=100,
        title="Requests per minute",
        description="Most requests per minute; the smallest plans allow 100.",
    ),
    *relay_settings("clickup"),
).to_dict()


class TargetClickUp(RelayTarget):
    """Singer target for ClickUp: folders, lists, tasks and time entries, each once."""

    name = "target-clickup"
    package_name = "worktaps-target-clickup"
    service = "clickup"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(dict(_SETTINGS))
    kinds: ClassVar[Sequence[Kind]] = (
        Kind("folders"),
        Kind("lists", {"folder_key": ("folders", "folder_id")}),
        Kind("tasks", {"list_key": ("lists", "list_id")}),
        Kind("time_entries", {"task_key": ("tasks", "task_id")}),
    )

    @override
    def more_faults(self) -> list[str]:
        faults = []
        given = [name for name in ("api_token", "access_token") if self.config.get(name)]
        if len(given) != 1:
            faults.append("api_token: set either it, or access_token for an OAuth app")
        try:
            ZoneInfo(str(self.config.get("timezone") or "UTC"))
        except (KeyError, ValueError, OSError):
            faults.append("timezone: not a time zone. Write a name such as Europe/Oslo")
        return faults

    @override
    def make_destination(self) -> Workspace:
        return Workspace(
            self.setting("api_url"),
            token=Token(self.config.get("api_token") or self.config["access_token"]),
            workspace_id=self.config["workspace_id"],
            space_id=self.config.get("space_id"),
            group=self.setting("reference_group"),
            zone=ZoneInfo(self.setting("timezone")),
            clock=self.clock,
            user_agent=self.agent,
            requests_per_minute=self.setting("requests_per_minute"),
        )
