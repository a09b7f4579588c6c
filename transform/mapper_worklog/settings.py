"""The settings, and what can be wrong with them: never told with a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from mapper_worklog.clock import zone_named
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS: Final[dict[str, Any]] = th.PropertiesList(
    th.Property(
        "rules",
        th.CustomType({"type": ["array", "string"], "items": {"type": "string"}}),
        required=True,
        title="Rule files",
        description="Path of a rule file, or a list of paths, from the working directory.",
    ),
    th.Property(
        "hash_key",
        th.StringType,
        secret=True,
        title="Hash key",
        description="Key for the rule hash: a long random text. Who has it can find out whose "
        "hash it is, and another key makes other hashes.",
    ),
    th.Property(
        "timezone",
        th.StringType,
        default="UTC",
        title="Time zone",
        description="IANA zone, as Europe/Oslo, for rules where neither rule nor file names one.",
    ),
    th.Property(
        "strict_rules",
        th.BooleanType,
        default=False,
        title="Strict rules",
        description="End with exit code 1 if a rule matched none of the records that reached it, "
        "or could not read a value. Otherwise that is a warning.",
    ),
).to_dict()


def rule_files(config: Mapping[str, Any]) -> list[str]:
    """Return the paths that the setting ``rules`` holds; none if it is wrong."""
    rules = config.get("rules")
    given = rules if isinstance(rules, list) else [rules]
    files = [file for file in given if isinstance(file, str) and file]
    return files if len(files) == len(given) else []


def find_faults(config: Mapping[str, Any]) -> list[str]:
    """List what is wrong with settings, by name."""
    known = list(SETTINGS["properties"])
    faults = [
        f"{name}: unknown setting.{near(name, known) or ' See --about for the settings'}"
        for name in config
        if name not in known
    ]
    if not rule_files(config):
        faults.append("rules: needs the path of a rule file, or a list of paths")
    if not isinstance(config.get("hash_key"), str | None):
        faults.append("hash_key: must be a text")
    if not isinstance(config.get("strict_rules"), bool | None):
        faults.append("strict_rules: must be true or false")
    zone = config.get("timezone")
    if zone is not None and not (isinstance(zone, str) and zone_named(zone)):
        faults.append("timezone: is no IANA zone. Write it as Europe/Oslo")
    return faults
