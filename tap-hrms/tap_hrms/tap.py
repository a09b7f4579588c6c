"""The tap: its settings, the systems that they name, and the streams that these have."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError
from singer_tapkit import Stream, Tap
from singer_tapkit.deletions import DeletionMode, deletion_settings
from singer_tapkit.overlap import concurrency_setting
from singer_tapkit.schema import Pii
from singer_tapkit.settings import DURATION_PATTERN, find_faults, outcome_settings, parse_duration
from typing_extensions import override

from tap_hrms.adapters import registry
from tap_hrms.adapters.base import Surroundings
from tap_hrms.canonical import GOVERNMENT_IDS, LEAVE_KINDS, SCHEMAS
from tap_hrms.leave_kinds import LeaveKinds
from tap_hrms.privacy import Mode, Policy
from tap_hrms.streams import STREAMS, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_BLOCK: Final = th.CustomType({"type": ["object", "array", "null"], "items": {"type": "object"}})
_WHO: Final = {
    "bamboohr": "BambooHR",
    "custom": "any REST API, by configuration",
    "successfactors": "SAP SuccessFactors",
    "workday": "Workday",
}


def _duration(name: str, default: str, title: str, description: str) -> th.Property[Any]:
    kind = th.CustomType({"type": ["string", "null"], "pattern": DURATION_PATTERN})
    return th.Property(name, kind, default=default, title=title, description=description)


class TapHRMS(Tap):
    """Singer tap for HR systems: employees, candidates, interviews and leave in one shape."""

    name = "tap-hrms"
    package_name = "worktaps-tap-hrms"
    dynamic_catalog = True  # the streams depend on the settings

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "system",
            th.CustomType({"type": ["string", "array"], "items": {"type": "string"}}),
            title="System",
            description="Which HR system to read: bamboohr, workday, successfactors, custom, or "
            "one that another package adds; a list for several, or names separated by commas.",
        ),
        *(
            th.Property(
                name,
                _BLOCK,
                secret=True,  # it holds some
                title=name,
                description=f"Settings of {_WHO.get(name, name)}, see below; a list of such "
                "objects for several instances.",
            )
            for name in registry.names()
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="The first run asks for what was changed since then, and for leave from "
            "that day on; UTC unless it says otherwise. Everything if absent.",
        ),
        _duration(
            "lookback",
            "10m",
            "Lookback",
            "How far behind the start of the run before each system is asked again, as 10m.",
        ),
        _duration(
            "leave_lookback",
            "90d",
            "Leave lookback",
            "How far back leave is read again from systems that do not tell what was changed.",
        ),
        _duration("leave_lookahead", "400d", "Leave lookahead", "How far ahead that goes."),
        _duration(
            "sweep_every",
            "7d",
            "Sweep every",
            "How often such systems are read in full nevertheless.",
        ),
        th.Property(
            "leave_type_map",
            th.ObjectType(
                additional_properties=th.CustomType({"type": "string", "enum": [*LEAVE_KINDS]})
            ),
            title="Kinds of leave",
            description="Kinds by regular expression on the name of a type, as "
            '{"wellness": "SICK"}; tried before the usual names.',
        ),
        th.Property(
            "pii",
            th.ObjectType(
                th.Property("mode", th.StringType, allowed_values=[mode.value for mode in Mode]),
                th.Property("level", th.StringType, allowed_values=[mark.value for mark in Pii]),
                th.Property("key", th.StringType, secret=True),
            ),
            default={"mode": Mode.DROP.value, "level": Pii.SPECIAL.value},
            title="Privacy",
            description="What becomes of properties marked direct, sensitive or special: mode "
            "include, hash (HMAC-SHA-256 with key) or drop, for those of this level and above.",
        ),
        th.Property(
            "government_ids",
            th.BooleanType,
            default=False,
            title="Government ids",
            description="Whether to read social security and tax numbers, if pii lets them pass.",
        ),
        th.Property(
            "raw",
            th.BooleanType,
            default=False,
            title="Raw",
            description="Whether records carry all that the source sent, if pii lets that pass.",
        ),
        th.Property(
            "strict_streams",
            th.BooleanType,
            default=False,
            title="Strict streams",
            description="Whether it is an error to select a stream that a system does not have; "
            "a warning otherwise.",
        ),
        *deletion_settings(DeletionMode.WINDOW),
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
        offered = {name for source in self.sources for name in source.adapter.streams}
        return [stream(self) for name, stream in STREAMS.items() if name in offered]

    @override
    def config_faults(self) -> list[str]:
        """Say what is wrong with the systems, each with its own settings, and with privacy."""
        faults = list(self._system_faults())
        pii = self.config.get("pii")
        if isinstance(pii, dict) and pii.get("mode") == Mode.HASH and not pii.get("key"):
            faults.append("pii.key: missing. Hashes need a secret text of your own")
        kinds = self.config.get("leave_type_map")
        for pattern in kinds if isinstance(kinds, dict) else ():
            try:
                re.compile(pattern)
            except re.error:
                faults.append("leave_type_map: holds a name that is no regular expression")
        return faults

    def _system_faults(self) -> Iterator[str]:
        known = registry.names()
        if not self._systems:
            yield f"system: missing. Write one of {', '.join(known)}"
        for name in self._systems:
            if name not in known:
                yield f"system: no such adapter is installed. There are {', '.join(known)}"
                continue
            blocks = self._blocks(name)
            if not blocks:
                yield f"{name}: missing. Its settings go in an object of that name"
            for number, block in enumerate(blocks):
                place = f"{name}[{number}]" if len(blocks) > 1 else name
                yield from (f"{place}.{fault}" for fault in _block_faults(name, block))
            if any(_block_faults(name, block) for block in blocks):
                continue
            instances = [registry.load(name).instance_of(_filled(block)) for block in blocks]
            if len(set(instances)) < len(instances):
                yield f"{name}: two of them are the same instance"

    @property
    def _systems(self) -> list[str]:
        given = self.config.get("system") or ()
        names = given.split(",") if isinstance(given, str) else given
        return [str(name).strip() for name in names]

    def _blocks(self, name: str) -> list[dict[str, Any]]:
        given = self.config.get(name)
        blocks = given if isinstance(given, list) else [given]
        return [block for block in blocks if isinstance(block, dict)]

    @cached_property
    def sources(self) -> list[Source]:
        """The configured systems, in the order of the setting."""
        return [source for name in self._systems for source in self._connected(name)]

    def _connected(self, name: str) -> list[Source]:
        adapter = registry.load(name)
        around = self._surroundings
        return [Source(adapter(_filled(block), around)) for block in self._blocks(name)]

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(
            clock=self.clock,
            run_started=self.run_started,
            start_date=self.start_date,
            lookback=self.lookback,
            leave_window=(
                parse_duration(self.config["leave_lookback"]),
                parse_duration(self.config["leave_lookahead"]),
            ),
            sweep_every=parse_duration(self.config["sweep_every"]),
            overlap=self.overlap,
            concurrency=self.concurrency,
            user_agent=self.agent(self.config),
        )

    @cached_property
    def policy(self) -> Policy:
        """The setting ``pii``."""
        return Policy.of(self.config.get("pii"))

    @cached_property
    def leave_kind(self) -> LeaveKinds:
        """Tells the kind of a type of leave."""
        return LeaveKinds(self.config.get("leave_type_map") or {})

    def shown(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema of what leaves the tap."""
        left_out = set() if self.config.get("government_ids") else set(GOVERNMENT_IDS)
        if not self.config.get("raw"):
            left_out.add("raw")
        properties = {
            name: definition
            for name, definition in schema["properties"].items()
            if name not in left_out
        }
        return self.policy.schema({**schema, "properties": properties})

    @override
    def prepare(self) -> None:
        """Say which of the selected streams a system does not have.

        Raises:
            ConfigValidationError: If there are such, and ``strict_streams`` is on.
        """
        lacking = list(self._lacking())
        if lacking and self.config.get("strict_streams"):
            message = "\n  ".join(
                [f"{self.name} cannot start: strict_streams allows no such selection", *lacking]
            )
            raise ConfigValidationError(message, errors=lacking, schema={})
        for sentence in lacking:
            self.logger.warning("%s", sentence)

    def _lacking(self) -> Iterator[str]:
        selected = {name for name, stream in self.streams.items() if stream.selected}
        if self.input_catalog is not None:
            selected |= {
                name for name, entry in self.input_catalog.items() if entry.metadata.root.selected
            }
        for name in selected.intersection(SCHEMAS):
            for source in self.sources:
                if name not in source.adapter.streams:
                    yield f"{name}: {source.key} has no such stream. Deselect it"


def _block_faults(name: str, block: Mapping[str, Any]) -> list[str]:
    unset = sorted({found for found in _variables(block) if found not in os.environ})
    if unset:
        return [f"{found}: the environment has no variable of that name" for found in unset]
    adapter = registry.load(name)
    filled = _filled(block)
    return find_faults(filled, adapter.settings_schema) or adapter.faults(filled)


def _variables(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _variables(part)
    elif isinstance(value, list):
        for part in value:
            yield from _variables(part)
    elif isinstance(value, str) and (found := _VARIABLE.fullmatch(value)):
        yield found[1]


def _filled(value: Any) -> Any:  # noqa: ANN401 - decoded JSON
    """Put environment variables in place of texts that are ``${NAME}`` and nothing else."""
    if isinstance(value, dict):
        return {name: _filled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part) for part in value]
    if isinstance(value, str) and (found := _VARIABLE.fullmatch(value)):
        return os.environ[found[1]]
    return value
