"""Give records the columns of a canonical stream."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self

from typing_extensions import override

from mapper_worklog.canonical import WORK_ENTRIES, WORK_ENTRIES_KEYS
from mapper_worklog.columns import SDC_PREFIX, UNKNOWN, MisfitError, format_of, types_of
from mapper_worklog.rules.base import Compiled, Rule
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mapper_worklog.columns import Columns
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record, Schema

_SHAPES: Final[Mapping[str, tuple[Mapping[str, Schema], Sequence[str]]]] = {
    "work_entries": (WORK_ENTRIES, WORK_ENTRIES_KEYS),
}


@dataclass(frozen=True, slots=True)
class Shape(Rule):
    """``shape: work_entries``: exactly the canonical columns; null for those that are missing.

    Tombstones get only the columns that they have, lest nulls be written over values.
    """

    word: ClassVar[str] = "shape"

    name: str

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        name = head.text()
        if name not in _SHAPES:
            hint = near(name, list(_SHAPES)) or f" There is: {', '.join(_SHAPES)}"
            head.fail(f"unknown shape {name!r}.{hint}")
        return cls(name)

    @override
    def describe(self) -> str:
        return self.name

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        shape, keys = _SHAPES[self.name]
        for name, wanted in shape.items():
            self._check(columns, name, wanted)
        properties = copy.deepcopy(dict(shape))
        for name, schema in columns.properties.items():
            if name.startswith(SDC_PREFIX) and name not in properties:
                properties[name] = schema
        columns.reshape(properties)
        columns.key_by(keys)
        names = tuple(properties)

        def step(record: Record) -> bool:
            values = dict(zip(names, map(record.get, names), strict=True))
            record.clear()
            record.update(values)
            return True

        def tombstone_step(record: Record) -> bool:
            values = {name: record[name] for name in names if name in record}
            record.clear()
            record.update(values)
            return True

        return Compiled(step, tombstone_step=tombstone_step)

    def _check(self, columns: Columns, name: str, wanted: Schema) -> None:
        has = columns.properties.get(name)
        if has is None:
            if "null" in wanted["type"]:
                return
            hint = near(name, list(columns.properties))
            msg = f"the shape {self.name} needs the column {name!r}: make it by a rule.{hint}"
            raise MisfitError(msg)
        allowed = {*wanted["type"], "null"} | ({"integer"} if "number" in wanted["type"] else set())
        if has is UNKNOWN:
            return
        if not types_of(has):
            msg = f"the schema does not say which type {name!r} has. Make it by a rule, as text"
            raise MisfitError(msg)
        if strange := types_of(has) - allowed:
            msg = (
                f"the column {name!r} of {self.name} is {wanted['type'][0]}, "
                f"and here it can be {' or '.join(sorted(strange))}"
            )
            raise MisfitError(msg)
        if wanted.get("format") and format_of(has) != wanted["format"]:
            msg = f"the column {name!r} of {self.name} is a {wanted['format']}, and here it is not"
            raise MisfitError(msg)
