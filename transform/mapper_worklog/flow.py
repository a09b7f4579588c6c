"""One mapping at work: compiled at each schema, applied to each record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mapper_worklog.columns import UNKNOWN, Columns, MisfitError, MissingFieldError
from mapper_worklog.errors import InputError, RuleError
from mapper_worklog.rules.base import Compiled, Tally, Tools
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mapper_worklog.rulefile import PlacedRule, StreamMapping
    from mapper_worklog.types import Record, Step

DELETED_AT: Final = "_sdc_deleted_at"
"""Field that makes a record a tombstone, if it is not null."""


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """The rules made ready for records of one schema.

    Attributes:
        message: The SCHEMA message to write.
        steps: For each rule what it does, its tally, and whether it filters.
        tombstone_steps: What rules do to tombstones, and which fields that needs.
        keys: Fields that must not be null, because rules made them keys.
    """

    message: dict[str, Any]
    steps: Sequence[tuple[Step, Tally, bool]]
    tombstone_steps: Sequence[tuple[Step, frozenset[str]]]
    keys: Sequence[str]


class Flow:
    """Maps the records of one input stream to one output stream.

    Args:
        mapping: What to do.
        zone: Name of the default zone.
        hash_key: Key for hashes, if there is one.

    Attributes:
        mapping: What to do.
        tallies: What each rule did, in their order.
        records: How many records came in, without tombstones.
        tombstones: How many tombstones came in.
    """

    def __init__(self, mapping: StreamMapping, *, zone: str, hash_key: bytes | None) -> None:
        self.mapping = mapping
        self.tallies = [Tally(parts=_no_hits(placed)) for placed in mapping.rules]
        self.records = 0
        self.tombstones = 0
        self._zone = zone
        self._hash_key = hash_key
        self._input: dict[str, Any] | None = None
        self._pipeline: _Pipeline | None = None

    @property
    def came(self) -> bool:
        """Whether the input stream appeared."""
        return self._pipeline is not None

    def map_schema(self, message: dict[str, Any]) -> dict[str, Any]:
        """Compile the rules for a SCHEMA message, and return the one to write.

        Raises:
            RuleError: If rules do not fit the schema; names all that do not.
        """
        if self._pipeline is None or message != self._input:
            self._input = message
            self._pipeline = self._compile(message)
        return self._pipeline.message

    def map_record(self, record: Record) -> Record | None:
        """Change a record in place.

        Returns:
            The record, or none if the rules filter it out.

        Raises:
            InputError: If no schema came before it.
            RuleError: If it comes out without a key.
        """
        pipeline = self._pipeline
        if pipeline is None:
            msg = f"Stream {self.mapping.stream!r} sends records before its schema"
            raise InputError(msg)
        if record.get(DELETED_AT) is not None:
            self.tombstones += 1
            for step, needs in pipeline.tombstone_steps:
                if needs <= record.keys():
                    step(record)
        else:
            self.records += 1
            for step, tally, filters in pipeline.steps:
                if step(record):
                    tally.touched += 1
                elif filters:
                    return None
        for key in pipeline.keys:
            if record.get(key) is None:
                msg = (
                    f"Stream {self.mapping}: a record came out with null in its key {key!r}. "
                    "See which rules make it, and whether what they read can be missing"
                )
                raise RuleError(msg)
        return record

    def _compile(self, message: dict[str, Any]) -> _Pipeline:
        columns = Columns(
            message["schema"],
            message.get("key_properties") or (),
            message.get("bookmark_properties") or (),
        )
        faults: list[str] = []
        lost: dict[str, PlacedRule] = {}
        compiled: list[tuple[Compiled, Tally]] = []
        for placed, tally in zip(self.mapping.rules, self.tallies, strict=True):
            present = set(columns.properties)
            tools = Tools(self._zone, self._hash_key, placed.optional, tally)
            try:
                compiled.append((placed.rule.compile(columns, tools), tally))
            except MissingFieldError as error:
                tally.skipped = True
                if not placed.optional:
                    faults.append(f"{placed.place}: {placed}: {error}")
                    _stand_in(columns, placed)
            except MisfitError as error:
                faults.append(f"{placed.place}: {placed}: {error}")
                _stand_in(columns, placed)
            for name in present - columns.properties.keys():
                lost[name] = placed
        faults += self._key_faults(columns, lost)
        if faults:
            raise RuleError("\n  ".join([f"Stream {self.mapping} cannot be mapped:", *faults]))
        return _Pipeline(
            message=self._message(message, columns),
            steps=[(rule.step, tally, rule.filters) for rule, tally in compiled],
            tombstone_steps=[
                (rule.tombstone_step or rule.step, rule.needs)
                for rule, _ in compiled
                if not rule.filters
            ],
            keys=columns.keys if columns.keys_replaced else (),
        )

    def _key_faults(self, columns: Columns, lost: dict[str, PlacedRule]) -> list[str]:
        mapping = self.mapping
        if mapping.key is not None:
            columns.key_by(mapping.key)
            known = list(columns.properties)
            return [
                f"{mapping.file}: 'key' names {key!r}, which the records do not have."
                f"{near(key, known)}"
                for key in mapping.key
                if key not in known
            ]
        return [
            f"{lost[key].place}: {lost[key]}: takes away the key property {key!r}. "
            "Leave it, or name other keys under 'key'"
            for key in columns.keys
            if key not in columns.properties and key in lost
        ]

    def _message(self, message: dict[str, Any], columns: Columns) -> dict[str, Any]:
        changed = {"stream": self.mapping.to, "schema": columns.schema()}
        changed["key_properties"] = columns.keys
        if "bookmark_properties" in message:
            kept = [name for name in columns.bookmarks if name in columns.properties]
            changed["bookmark_properties"] = kept
        return {**message, **changed}


def _no_hits(placed: PlacedRule) -> dict[str, int]:
    return {part.label: 0 for part in placed.rule.parts}


def _stand_in(columns: Columns, placed: PlacedRule) -> None:
    for name in placed.rule.makes:
        columns.properties.setdefault(name, UNKNOWN)
