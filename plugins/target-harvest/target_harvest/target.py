"""The target for Harvest."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit.relay import Kind, RelayTarget, relay_settings
from typing_extensions import override

from target_harvest.account import Account, Credential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SETTINGS: Final[Mapping[str, Any]] = th.PropertiesList(
    th.Property(
        "access_token",
        th.StringType(min_length=1),
        required=True,
        secret=True,
        title="Access token",
        description="Personal access token of an administrator.",
    ),
    th.Property(
        "account_id",
        th.StringType(min_length=1),
        required=True,
        title="Account id",
        description="Number of the account.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        default="https://api.harvestapp.com/v2",
        title="API address",
        description="Base address of the API; another one leads to a sandbox or a proxy.",
    ),
    th.Property(
        "reference_group",
        th.StringType(min_length=1),
        default="worktaps",
        title="Reference group",
        description="What marks our entries, as group_id of their external reference. Others are "
        "never touched; so change it only in a new account.",
    ),
    th.Property(
        "requests_per_period",
        th.IntegerType(minimum=1),
        default=100,
        title="Requests per 15 seconds",
        description="Most requests per 15 seconds. Set less if other programs share the token.",
    ),
    *relay_settings("harvest"),
).to_dict()


class TargetHarvest(RelayTarget):
    """Singer target for Harvest: time entries, clients, projects and tasks, each once."""

    name = "target-harvest"
    package_name = "worktaps-target-harvest"
    service = "harvest"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(dict(_SETTINGS))
    kinds: ClassVar[Sequence[Kind]] = (
        Kind("clients"),
        Kind("projects", {"client_key": ("clients", "client_id")}),
        Kind("tasks"),
        Kind(
            "time_entries",
            {"project_key": ("projects", "project_id"), "task_key": ("tasks", "task_id")},
        ),
    )

    @override
    def make_destination(self) -> Account:
        return Account(
            self.setting("api_url"),
            credential=Credential(self.config["access_token"], self.config["account_id"]),
            group=self.setting("reference_group"),
            clock=self.clock,
            user_agent=self.agent,
            requests_per_period=self.setting("requests_per_period"),
        )
