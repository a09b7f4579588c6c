"""Rules that move whole fields: rename, copy, text, drop, keep, set, join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from typing_extensions import override

from mapper_worklog.columns import SDC_PREFIX, MissingFieldError, made, nullable
from mapper_worklog.paths import getter, popper, remover
from mapper_worklog.rules.base import Compiled, Rule, as_text, in_turn, target, tops
from mapper_worklog.types import dotted, near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mapper_worklog.columns import Columns, Field
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record, Scalar, Schema, Step


@dataclass(frozen=True, slots=True)
class _Pairs(Rule):
    """Base of rules of the form ``{from: to, ...}``, applied pair by pair."""

    pairs: Mapping[str, str]

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        pairs = head.renames()
        if not pairs:
            head.fail("needs at least one 'from: to' pair")
        return cls(pairs)

    @override
    def describe(self) -> str:
        return ", ".join(f"{old} -> {new}" for old, new in self.pairs.items())

    @property
    @override
    def makes(self) -> Sequence[str]:
        return list(self.pairs.values())

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        found = ((tools.find(columns, old), new) for old, new in self.pairs.items())
        return Compiled(in_turn([self._one(columns, old, new) for old, new in found if old]))

    def _one(self, columns: Columns, old: Field, new: str) -> Step:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Rename(_Pairs):
    """``rename: {from: to}``: move a field; keys and bookmarks follow."""

    word: ClassVar[str] = "rename"

    @override
    def _one(self, columns: Columns, old: Field, new: str) -> Step:
        always = columns.always_has(old)
        columns.remove(old.path)
        schema = old.schema if len(old.path) == 1 else nullable(old.schema)
        columns.add(new, schema, instead_of=[old], always=always)
        if len(old.path) == 1:
            columns.follow(old.top, new)
        take, top = popper(old.path), old.top

        def step(record: Record) -> bool:
            if top not in record:
                return False
            record[new] = take(record)
            return True

        return step


@dataclass(frozen=True, slots=True)
class Copy(_Pairs):
    """``copy: {from: to}``: write a field again under another name."""

    word: ClassVar[str] = "copy"

    @override
    def _one(self, columns: Columns, old: Field, new: str) -> Step:
        schema = old.schema if len(old.path) == 1 else nullable(old.schema)
        columns.add(new, schema, instead_of=[old], always=columns.always_has(old))
        read, top = getter(old.path), old.top

        def step(record: Record) -> bool:
            if top not in record:
                return False
            record[new] = read(record)
            return True

        return step


@dataclass(frozen=True, slots=True)
class Text(_Pairs):
    """``text: {from: to}``: write a number, flag or text as text, as ids should be."""

    word: ClassVar[str] = "text"

    @override
    def _one(self, columns: Columns, old: Field, new: str) -> Step:
        columns.scalar(dotted(old.path))
        schema = made("string", f"{old} as text.", null=old.nullable)
        columns.add(new, schema, instead_of=[old], always=columns.always_has(old))
        read, top = getter(old.path), old.top

        def step(record: Record) -> bool:
            if top not in record:
                return False
            value = read(record)
            record[new] = None if value is None else as_text(value)
            return True

        return step


@dataclass(frozen=True, slots=True)
class Integer(_Pairs):
    """``integer: {from: to}``: write a text of digits as a number, for tables that want one."""

    word: ClassVar[str] = "integer"

    @override
    def _one(self, columns: Columns, old: Field, new: str) -> Step:
        columns.scalar(dotted(old.path))
        schema = made("integer", f"{old} as a number.", null=True)
        columns.add(new, schema, instead_of=[old])
        read, top = getter(old.path), old.top

        def step(record: Record) -> bool:
            if top not in record:
                return False
            text = str(read(record)).strip()
            record[new] = int(text) if text.lstrip("-").isdecimal() else None
            return True

        return step


@dataclass(frozen=True, slots=True)
class Drop(Rule):
    """``drop: [path, ...]``: take fields away."""

    word: ClassVar[str] = "drop"

    paths: Sequence[str]

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        return cls(head.texts())

    @override
    def describe(self) -> str:
        return ", ".join(self.paths)

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        found = [field for path in self.paths if (field := tools.find(columns, path))]
        for field in found:
            columns.remove(field.path)
        return Compiled(in_turn([remover(field.path) for field in found]))


@dataclass(frozen=True, slots=True)
class Keep(Rule):
    """``keep: [name, ...]``: take all other top-level fields away, but for Singer's own."""

    word: ClassVar[str] = "keep"

    names: Sequence[str]

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        return cls(head.texts())

    @override
    def describe(self) -> str:
        return ", ".join(self.names)

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        known = list(columns.properties)
        missing = [name for name in self.names if name not in known]
        if missing and not tools.optional:
            msg = f"the schema has no field {missing[0]!r}.{near(missing[0], known)}"
            raise MissingFieldError(msg)
        kept = frozenset(self.names)

        def goes(name: str) -> bool:
            return name not in kept and not name.startswith(SDC_PREFIX)

        for name in filter(goes, known):
            columns.remove((name,))

        def step(record: Record) -> bool:
            for name in [*filter(goes, record)]:
                del record[name]
            return True

        return Compiled(step)


@dataclass(frozen=True, slots=True)
class Set(Rule):
    """``set: {name: value}``: write constants."""

    word: ClassVar[str] = "set"

    values: Mapping[str, Scalar]

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        values = {key.text(): value.value() for key, value in head.pairs()}
        if not values or None in values.values():
            head.fail("needs 'name: value' pairs; null has no type that a table could store")
        return cls(values)

    @override
    def describe(self) -> str:
        return ", ".join(f"{name} = {as_text(value)}" for name, value in self.values.items())

    @property
    @override
    def makes(self) -> Sequence[str]:
        return list(self.values)

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        for name, value in self.values.items():
            columns.add(name, made(json_type(value), f"Always {as_text(value)}.", null=False))
        values = dict(self.values)

        def step(record: Record) -> bool:
            record.update(values)
            return True

        return Compiled(step)


@dataclass(frozen=True, slots=True)
class Join(Rule):
    """``join: [path, ...]``: write several values as one text."""

    word: ClassVar[str] = "join"
    options: ClassVar[Sequence[str]] = ("to", "with", "skip_null")

    paths: Sequence[str]
    separator: str
    to: str
    skip_null: bool

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        return cls(
            paths=head.texts(),
            separator=options["with"].text() if "with" in options else "",
            to=target(head, options),
            skip_null="skip_null" in options and options["skip_null"].flag(),
        )

    @override
    def describe(self) -> str:
        return f"{', '.join(self.paths)} -> {self.to}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return [self.to]

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        fields = [columns.scalar(path) for path in self.paths]
        null = (all if self.skip_null else any)(field.nullable for field in fields)
        schema: Schema = made("string", f"{self.describe()}.", null=null)
        columns.add(self.to, schema, instead_of=fields)
        readers = [getter(field.path) for field in fields]
        to, separator, skip_null = self.to, self.separator, self.skip_null

        def step(record: Record) -> bool:
            values = [read(record) for read in readers]
            given = [value for value in values if value is not None]
            if not given or (len(given) < len(values) and not skip_null):
                record[to] = None
                return False
            record[to] = separator.join([as_text(value) for value in given])
            return True

        return Compiled(step, needs=tops(*fields))


def json_type(value: Scalar) -> str:
    """Return the JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "string"
