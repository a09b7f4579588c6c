"""Rules that ask whether a record fulfils conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from typing_extensions import override

from mapper_worklog.columns import made
from mapper_worklog.conditions import Condition, parse_conditions
from mapper_worklog.rules.base import Compiled, Rule, target, tops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mapper_worklog.columns import Columns
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record


@dataclass(frozen=True, slots=True)
class Where(Rule):
    """``where: {path: condition}``: let only such records, and tombstones, go on."""

    word: ClassVar[str] = "where"

    conditions: Sequence[Condition]

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        return cls(parse_conditions(head))

    @override
    def describe(self) -> str:
        return _paths(self.conditions)

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        tests = [condition.compile(columns)[1] for condition in self.conditions]
        return Compiled(lambda record: all(test(record) for test in tests), filters=True)


@dataclass(frozen=True, slots=True)
class Flag(Rule):
    """``flag: {path: condition}``: write whether all conditions hold."""

    word: ClassVar[str] = "flag"
    options: ClassVar[Sequence[str]] = ("to",)

    conditions: Sequence[Condition]
    to: str

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        return cls(parse_conditions(head), target(head, options))

    @override
    def describe(self) -> str:
        return f"{_paths(self.conditions)} -> {self.to}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return [self.to]

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        found = [condition.compile(columns) for condition in self.conditions]
        fields, tests = [field for field, _ in found], [test for _, test in found]
        schema = made(
            "boolean", f"Whether the conditions on {_paths(self.conditions)} hold.", null=False
        )
        columns.add(self.to, schema, instead_of=fields)
        to = self.to

        def step(record: Record) -> bool:
            record[to] = all(test(record) for test in tests)
            return True

        return Compiled(step, needs=tops(*fields))


def _paths(conditions: Sequence[Condition]) -> str:
    return ", ".join(dict.fromkeys(condition.path for condition in conditions))
