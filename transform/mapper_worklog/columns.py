"""The fields that a record has at one point of a mapping, as its schema tells."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from mapper_worklog.types import Path, Schema, dotted, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SDC_PREFIX = "_sdc_"
"""Start of the names that Singer uses itself; only ``drop`` takes such fields away."""

UNKNOWN: Schema = {}
"""Stands for a field whose rule has a fault, so that the fault is not named again later."""


class MissingFieldError(Exception):
    """A rule names a field that the schema does not have."""


class MisfitError(Exception):
    """A rule names a field that it cannot be applied to."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is there.

    Attributes:
        path: Where it is.
        schema: What it holds.
        nullable: Whether a record may lack it or hold null, as is true of all nested fields.
    """

    path: Path
    schema: Schema
    nullable: bool

    @property
    def top(self) -> str:
        """Name of the top-level field that it is, or is part of."""
        return self.path[0]

    @override
    def __str__(self) -> str:
        return dotted(self.path)


class Columns:
    """Fields, keys and bookmarks, changed rule by rule.

    Args:
        schema: JSON schema of the records; left as it is.
        keys: Names of the key properties.
        bookmarks: Names of the bookmark properties.
    """

    def __init__(self, schema: Schema, keys: Iterable[str], bookmarks: Iterable[str]) -> None:
        declared = copy.deepcopy(schema.get("properties", {}))
        properties = {
            name: known if isinstance(known, dict) else {} for name, known in declared.items()
        }
        self._schema: Schema = {**schema, "properties": properties}
        self.keys = list(keys)
        self.bookmarks = list(bookmarks)
        self.keys_replaced = False
        self._always = {*self.keys, *schema.get("required", ())}

    @property
    def properties(self) -> dict[str, Schema]:
        """Schema of each field, by name."""
        properties: dict[str, Schema] = self._schema["properties"]
        return properties

    def schema(self) -> Schema:
        """Return the schema of the mapped records.

        Only keys are required, since tombstones hold little else.
        """
        required = [key for key in self.keys if key in self.properties]
        rest = {word: value for word, value in self._schema.items() if word != "required"}
        return {**rest, **({"required": required} if required else {})}

    def find(self, name: str) -> Field:
        """Look up a field by its dotted path; a top-level name may itself hold dots.

        Raises:
            MissingFieldError: If there is none; suggests what is near.
        """
        if name in self.properties:
            schema = self.properties[name]
            known = name in self._always and bool(types_of(schema))
            return Field((name,), schema, nullable=not known or "null" in types_of(schema))
        parts = tuple(name.split("."))
        node = self._schema
        for depth, part in enumerate(parts):
            holders = [holder for holder in _objects(node) if part in holder["properties"]]
            if not holders:
                words = {word for holder in _objects(node) for word in holder["properties"]}
                hint = near(name, [dotted((*parts[:depth], word)) for word in sorted(words)])
                msg = f"the schema has no field {name!r}.{hint}"
                raise MissingFieldError(msg)
            node = holders[0]["properties"][part]
            node = node if isinstance(node, dict) else {}
        return Field(parts, node, nullable=True)

    def typed(self, name: str, *types: str, not_format: tuple[str, str] | None = None) -> Field:
        """Look up a field that must be of one of some types.

        Args:
            name: Its path.
            types: JSON types besides null.
            not_format: A format that does not fit, and what to write instead.

        Raises:
            MissingFieldError: If there is none.
            MisfitError: If it is of another kind.
        """
        field = self.find(name)
        others = types_of(field.schema) - {"null", *types}
        if others:
            msg = f"{name!r} can be {_words(others)}, and the rule needs {_words(types)}"
            raise MisfitError(msg)
        if not_format and format_of(field.schema) == not_format[0]:
            msg = f"{name!r} is a {not_format[0]}. {not_format[1]}"
            raise MisfitError(msg)
        return field

    def scalar(self, name: str) -> Field:
        """Look up a field that holds one value, neither object nor list."""
        return self.typed(name, "string", "integer", "number", "boolean")

    def add(
        self,
        name: str,
        schema: Schema,
        *,
        instead_of: Iterable[Field] = (),
        always: bool = True,
    ) -> None:
        """Add a top-level field.

        Args:
            name: Its name.
            schema: What it holds.
            instead_of: Fields it was made from; it may take the place of one of them.
            always: Whether every record has it.

        Raises:
            MisfitError: If the name is taken by another field.
        """
        if name in self.properties and name not in {field.top for field in instead_of}:
            msg = f"there is a field {name!r} already. Drop or rename that one first"
            raise MisfitError(msg)
        self.properties[name] = schema
        (self._always.add if always else self._always.discard)(name)

    def remove(self, path: Path) -> None:
        """Take a field away."""
        *parents, name = path
        for holder in _holders(self._schema, parents):
            holder["properties"].pop(name, None)
            if name in holder.get("required", ()):
                holder["required"] = [other for other in holder["required"] if other != name]

    def replace(self, path: Path, schema: Schema) -> None:
        """Give a field another schema."""
        *parents, name = path
        for holder in _holders(self._schema, parents):
            if name in holder["properties"]:
                holder["properties"][name] = schema

    def reshape(self, properties: dict[str, Schema]) -> None:
        """Replace all fields; a record always has each of them."""
        self._schema = {"type": "object", "properties": properties}
        self._always = set(properties)

    def key_by(self, names: Iterable[str]) -> None:
        """Replace the keys; from here on they are never null."""
        self.keys = list(names)
        self.keys_replaced = True
        for name in self.keys:
            if name in self.properties:
                self.properties[name] = _not_null(self.properties[name])

    def always_has(self, field: Field) -> bool:
        """Tell whether every record has the field, be it null."""
        return len(field.path) == 1 and field.top in self._always

    def follow(self, old: str, new: str) -> None:
        """Let keys and bookmarks follow a top-level field to its new name."""
        self.keys = [new if name == old else name for name in self.keys]
        self.bookmarks = [new if name == old else name for name in self.bookmarks]


def types_of(schema: Schema) -> set[str]:
    """Return the JSON types that a schema allows, as far as it says."""
    said = schema.get("type", [])
    types = {said} if isinstance(said, str) else set(said)
    return types.union(*(types_of(branch) for branch in _branches(schema)))


def format_of(schema: Schema) -> str | None:
    """Return the format that a schema or one of its alternatives states."""
    formats = (schema.get("format"), *(format_of(branch) for branch in _branches(schema)))
    return next((text for text in formats if text), None)


def outline(schema: Schema) -> dict[str, tuple[set[str], str | None]]:
    """Return what a target makes columns of: types and format of each property."""
    properties = schema.get("properties", {})
    return {
        name: (types_of(known), format_of(known))
        for name, known in properties.items()
        if isinstance(known, dict)
    }


def nullable(schema: Schema) -> Schema:
    """Return the schema that allows null beside what it allowed."""
    result = copy.deepcopy(schema)
    if isinstance(result.get("type"), str):
        result["type"] = [result["type"]]
    if "type" in result and "null" not in result["type"]:
        result["type"] = [*result["type"], "null"]
    if "enum" in result and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    for word in ("anyOf", "oneOf"):
        if word in result and "null" not in types_of({word: result[word]}):
            result[word] = [*result[word], {"type": "null"}]
    if "const" in result:
        result["enum"] = [result.pop("const"), None]
    return result


def _not_null(schema: Schema) -> Schema:
    types = schema.get("type")
    if isinstance(types, str) or not types:
        return schema
    return {**schema, "type": [name for name in types if name != "null"]}


def made(kind: str, description: str, *, null: bool = True, form: str | None = None) -> Schema:
    """Describe a field that a rule makes.

    Args:
        kind: Its JSON type.
        description: What it holds.
        null: Whether it can be null.
        form: Its JSON schema format.
    """
    return {
        "type": [kind, "null"] if null else [kind],
        **({"format": form} if form else {}),
        "description": description,
    }


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _objects(schema: Schema) -> Iterator[dict[str, Any]]:
    """Yield a schema, and its alternatives, as far as they declare properties."""
    if isinstance(schema.get("properties"), dict):
        yield schema
    for branch in _branches(schema):
        yield from _objects(branch)


def _holders(schema: Schema, parents: list[str]) -> Iterator[dict[str, Any]]:
    """Yield every alternative of the object that a path leads to."""
    for holder in _objects(schema):
        if not parents:
            yield holder
        elif parents[0] in holder["properties"]:
            yield from _holders(holder["properties"][parents[0]], parents[1:])


def _words(types: Iterable[str]) -> str:
    return " or ".join(sorted(types))
