"""Where what a vendor sends differs from what a stream declares: names of fields, never values.

*undeclared*     sent, and not in the schema
*never seen*     in the schema, and in none of the records of a reading of everything
*wrongly typed*  sent as something else than the schema says
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from singer_sdk.helpers._typing import is_object_type, is_uniform_list
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


class Differences(NamedTuple):
    """What was noticed in one stream: paths of fields, sorted.

    Attributes:
        undeclared: Sent, and not in the schema; left out of the records.
        mistyped: Sent in another type than the schema says.
        never_seen: In the schema, and in no record of a reading of everything.
    """

    undeclared: Sequence[str] = ()
    mistyped: Sequence[str] = ()
    never_seen: Sequence[str] = ()

    @override
    def __str__(self) -> str:
        """Say it in half a sentence; of fields that were never seen, how many there are."""
        parts = [
            f"{what}: {', '.join(names)}"
            for what, names in (
                ("undeclared, left out", self.undeclared),
                ("wrongly typed", self.mistyped),
            )
            if names
        ]
        if self.never_seen:
            parts.append(f"never seen: {len(self.never_seen)} of the declared fields")
        return "; ".join(parts)


@dataclass(slots=True)
class Drift:
    """Takes notice of names and types while a stream is read.

    Attributes:
        undeclared: How often each undeclared field was sent, by path.
        mistyped: How often each field was of another type, by path.
        missing: Fields not seen so far, by the path of their object; objects that no record has
            are not in it.
    """

    undeclared: Counter[str] = field(default_factory=Counter)
    mistyped: Counter[str] = field(default_factory=Counter)
    missing: dict[str, set[str]] = field(default_factory=dict)

    def meet(self, path: str, declared: Collection[str], sent: Mapping[str, Any]) -> None:
        """Take notice of the names in an object.

        Args:
            path: Of the object, with a dot at its end.
            declared: Names that the schema has there.
            sent: The object.
        """
        self.await_seen(path, declared).difference_update(sent)
        for name in sent:
            if name not in declared:
                self.undeclared[path + name] += 1

    def await_seen(self, path: str, declared: Collection[str]) -> set[str]:
        """Return the names that no object at this path had so far."""
        if path not in self.missing:
            self.missing[path] = {name for name in declared if not name.startswith("_sdc_")}
        return self.missing[path]

    @property
    def all_seen(self) -> bool:
        """Whether every field was seen that the objects met so far should have."""
        return bool(self.missing) and not any(self.missing.values())

    def differences(self, *, everything: bool, left_out: Collection[str]) -> Differences:
        """Return what was noticed.

        Args:
            everything: Whether the reading was of everything, so that missing fields count.
            left_out: Patterns of paths that are left out on purpose, as ``*.images``.
        """
        missing = [path + name for path, names in self.missing.items() for name in names]
        return Differences(
            [path for path in sorted(self.undeclared) if not _one_of(path, left_out)],
            sorted(self.mistyped),
            [path for path in sorted(missing) if not _one_of(path, left_out)] if everything else [],
        )


def _one_of(path: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Level:
    """What a schema says about one level of a record, as far as drift is concerned.

    Attributes:
        declared: The properties.
        open: Whether others may be there.
        kinds: By property: whether a value is of its type.
        objects: Properties that are objects with properties of their own.
        lists: Properties that are lists of such objects.
    """

    declared: frozenset[str]
    open: bool
    kinds: tuple[tuple[str, Callable[[Any], bool]], ...]
    objects: tuple[tuple[str, Level], ...]
    lists: tuple[tuple[str, Level], ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Level:
        """Compile a schema of an object."""
        properties: Mapping[str, Any] = schema["properties"]
        lists = {
            name: each["items"]
            for name, each in properties.items()
            if is_uniform_list(each) and has_properties(each["items"])
        }
        objects = {
            name: each
            for name, each in properties.items()
            if has_properties(each) and name not in lists
        }
        return cls(
            frozenset(properties),
            bool(schema.get("additionalProperties")),
            tuple(
                (name, _fits(each["type"])) for name, each in properties.items() if "type" in each
            ),
            tuple((name, cls.of(each)) for name, each in objects.items()),
            tuple((name, cls.of(each)) for name, each in lists.items()),
        )

    def look(self, record: Mapping[str, Any], drift: Drift, path: str = "") -> None:
        """Take notice of what is different about a record, or an object within.

        Args:
            record: As the vendor sent it.
            drift: Where that is kept.
            path: Where the object is, with a dot at its end.
        """
        drift.meet(path, record.keys() if self.open else self.declared, record)
        for name, fits in self.kinds:
            if name in record and not fits(record[name]):
                drift.mistyped[path + name] += 1
        for name, level in self.objects:
            value = record.get(name)
            if isinstance(value, dict):
                level.look(value, drift, f"{path}{name}.")
        for name, level in self.lists:
            value = record.get(name)
            for part in value if isinstance(value, list) else ():
                if isinstance(part, dict):
                    level.look(part, drift, f"{path}{name}.")


def has_properties(schema: dict[str, Any]) -> bool:
    """Tell whether a schema is one of objects whose properties it names."""
    return bool(is_object_type(schema)) and "properties" in schema


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "string": lambda value: not isinstance(value, bool | int | float | dict | list | None),
    "integer": lambda value: (
        not isinstance(value, bool)
        and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
    "number": lambda value: not isinstance(value, bool | str | dict | list | None),
    "boolean": lambda value: value in (0, 1) and isinstance(value, bool | int),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def _fits(types: str | list[str]) -> Callable[[Any], bool]:
    """Return what tells whether a value is of one of these types; Python's own fit, too."""
    kinds = [_KINDS[kind] for kind in ([types] if isinstance(types, str) else types)]
    return lambda value: any(fits(value) for fits in kinds)
