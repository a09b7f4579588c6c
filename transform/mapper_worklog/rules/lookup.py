"""Say what a text means, by a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Self

from typing_extensions import override

from mapper_worklog.columns import types_of
from mapper_worklog.paths import getter
from mapper_worklog.rules.base import Compiled, Part, Rule, as_text, target, tops
from mapper_worklog.rules.fields import json_type
from mapper_worklog.tables import Table, parse_table
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mapper_worklog.columns import Columns, Field
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record, Scalar, Schema

_EXACT: Final = Part("exact entries", optional=True)
_DEFAULT: Final = Part("default", optional=True)
_REMEMBERED: Final = 8192
_NOTHING: Final = (None, _DEFAULT.label)


@dataclass(frozen=True, slots=True)
class Lookup(Rule):
    """``lookup: path``: exact entry first, then keywords in order, then the default.

    Attributes:
        path: The text to look up.
        table: What texts mean.
        search: Paths of the texts that keywords look into.
        to: The field to write.
        default: What to write if nothing matches.
        default_path: Field to copy if nothing matches, instead of a fixed default.
    """

    word: ClassVar[str] = "lookup"
    options: ClassVar[Sequence[str]] = ("table", "search", "to", "default")

    path: str
    table: Table
    search: Sequence[str]
    to: str
    default: Scalar
    default_path: str | None

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        default, default_path = None, None
        if node := options.get("default"):
            if node.is_mapping:
                words = node.options(["field"])
                if "field" not in words:
                    node.fail("a default is a value, or {field: path}")
                default_path = words["field"].text()
            else:
                default = node.value()
        return cls(
            path=head.text(),
            table=_table(head, options, scope),
            search=options["search"].texts() if "search" in options else [head.text()],
            to=target(head, options),
            default=default,
            default_path=default_path,
        )

    @override
    def describe(self) -> str:
        return f"{self.path} -> {self.to}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return [self.to]

    @property
    @override
    def parts(self) -> Sequence[Part]:
        keywords = (Part(keyword.label, keyword.optional) for keyword in self.table.keywords)
        return [_EXACT, *keywords, _DEFAULT]

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        field = columns.scalar(self.path)
        searched = [columns.scalar(path) for path in self.search]
        default_field = columns.scalar(self.default_path) if self.default_path else None
        columns.add(self.to, self._schema(default_field), instead_of=[field, *searched])
        read = getter(field.path)
        read_searched = [getter(other.path) for other in searched]
        read_default = getter(default_field.path) if default_field else None
        find = lru_cache(maxsize=_REMEMBERED)(self._find)
        to, default, parts = self.to, self.default, tools.tally.parts
        only_exact = not self.table.keywords

        def step(record: Record) -> bool:
            key = read(record)
            texts = () if only_exact else [other(record) for other in read_searched]
            text = "\n".join([as_text(text) for text in texts if text is not None])
            value, part = find(None if key is None else as_text(key), text)
            parts[part] += 1
            if part == _DEFAULT.label:
                record[to] = read_default(record) if read_default else default
                return False
            record[to] = value
            return True

        needs = tops(field, *searched, default_field)
        return Compiled(step, needs=needs)

    def _find(self, key: str | None, text: str) -> tuple[Scalar, str]:
        exact = self.table.exact
        if key is not None and key in exact:
            return exact[key], _EXACT.label
        for keyword in self.table.keywords:
            if keyword.pattern.search(text):
                return keyword.value, keyword.label
        return _NOTHING

    def _schema(self, default: Field | None) -> Schema:
        types = {json_type(value) for value in self.table.values()}
        types |= types_of(default.schema) if default else {json_type(self.default)}
        if default and default.nullable:
            types.add("null")
        if "number" in types:
            types.discard("integer")
        kinds = sorted(types - {"null"}) + (["null"] if "null" in types else [])
        return {"type": kinds, "description": f"Looked up by {self.path}."}


def _table(head: Node, options: Mapping[str, Node], scope: Scope) -> Table:
    """Return the table that a rule names or holds."""
    node = options.get("table")
    if node is None:
        head.fail("needs 'table': the name of one, or its entries")
    if node.is_mapping:
        return parse_table(node)
    name = node.text()
    if name not in scope.tables:
        node.fail(f"there is no table {name!r}.{near(name, list(scope.tables))}")
    return scope.tables[name]
