"""Rule files: what to do with which stream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from mapper_worklog.errors import RuleFileError
from mapper_worklog.nodes import Fault, Node, read_yaml
from mapper_worklog.rules import RULES
from mapper_worklog.rules.base import Scope
from mapper_worklog.rules.zones import check_zone
from mapper_worklog.tables import Table, parse_table
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mapper_worklog.rules.base import Rule

_COMMON_OPTIONS: Final = ("name", "optional")
_UNMAPPED: Final = ("pass", "drop")


_ZONE_MARK: Final = "<zone>"
"""Stands in names for the last part of the zone's name."""


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule, and where it stands.

    Attributes:
        rule: What it does.
        number: Its place among the rules of its mapping, counted from 1.
        name: What its author calls it, if anything.
        optional: Whether fields may be missing, and whether it may match nothing.
        place: File and line.
    """

    rule: Rule
    number: int
    name: str | None
    optional: bool
    place: str

    @override
    def __str__(self) -> str:
        return f"rule {self.number} ({self.name or self.rule.word})"


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """One way from an input stream to an output stream.

    Attributes:
        file: The rule file.
        stream: The input stream.
        to: The output stream.
        key: New key properties; none if the old ones stay.
        rules: What to do, in order.
        optional: Whether the input stream may be missing.
    """

    file: Path
    stream: str
    to: str
    key: Sequence[str] | None
    rules: Sequence[PlacedRule]
    optional: bool

    @override
    def __str__(self) -> str:
        return self.stream if self.to == self.stream else f"{self.stream} -> {self.to}"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What all rule files say together.

    Attributes:
        mappings: Mappings by input stream, in the order of files.
        passes_unmapped: Whether streams without rules go through unchanged.
    """

    mappings: Mapping[str, Sequence[StreamMapping]]
    passes_unmapped: bool

    def rules(self) -> Iterator[PlacedRule]:
        """Yield the rules of all mappings."""
        for mappings in self.mappings.values():
            for mapping in mappings:
                yield from mapping.rules

    def inputs_of(self, output: str) -> set[str]:
        """Return the input streams that feed an output stream."""
        return {
            mapping.stream
            for mappings in self.mappings.values()
            for mapping in mappings
            if mapping.to == output
        }


def read_rules(files: Iterable[str], zone: str = "UTC") -> RuleSet:
    """Read rule files.

    Args:
        files: Their paths, relative to the working directory.
        zone: Name of the zone for files that state none.

    Raises:
        RuleFileError: If something is wrong; names every fault found.
    """
    faults: list[str] = []
    mappings: dict[str, list[StreamMapping]] = {}
    stated: dict[str, str] = {}
    for name in files:
        try:
            reader = _FileReader(read_yaml(Path(name), faults), zone)
            found = reader.read()
        except Fault as fault:
            faults.append(str(fault))
            continue
        if reader.unmapped:
            stated[reader.unmapped] = name
        for mapping in found:
            others = mappings.setdefault(mapping.stream, [])
            if any(other.to == mapping.to for other in others):
                faults.append(f"{mapping.file}: {mapping} is mapped twice. Give one another 'to'")
            others.append(mapping)
    if len(stated) > 1:
        faults.append(f"'unmapped' is pass in {stated['pass']}, and drop in {stated['drop']}")
    if faults:
        raise RuleFileError(faults)
    return RuleSet(mappings, passes_unmapped="drop" not in stated)


class _FileReader:
    """Reads one file; gathers faults, so that one does not hide the next."""

    def __init__(self, root: Node, zone: str) -> None:
        self._root = root
        self._default_zone = zone
        self._faults = root.faults
        self.unmapped: str | None = None

    def read(self) -> list[StreamMapping]:
        words = self._root.options(["timezone", "unmapped", "tables", "streams"])
        zone = self._zone(words.get("timezone"))
        self._root.fill(_ZONE_MARK, _short(zone or self._default_zone))
        scope = Scope(self._tables(words.get("tables")), zone)
        if node := words.get("unmapped"):
            self.unmapped = node.text()
            if self.unmapped not in _UNMAPPED:
                node.warn(f"'unmapped' is {' or '.join(_UNMAPPED)}")
        if "streams" not in words:
            self._root.fail("has no 'streams'")
        return [
            mapping
            for stream, node in words["streams"].pairs()
            for item in node.items()
            if (mapping := self._mapping(stream.text(), item, scope))
        ]

    def _tables(self, node: Node | None) -> Mapping[str, Table]:
        tables = {}
        for name, entries in node.pairs() if node else ():
            try:
                tables[name.text()] = parse_table(entries)
            except Fault as fault:
                self._faults.append(str(fault))
                tables[name.text()] = Table({}, ())
        return tables

    def _zone(self, node: Node | None) -> str | None:
        try:
            return check_zone(node) if node else None
        except Fault as fault:
            self._faults.append(str(fault))
            return None

    def _mapping(self, stream: str, node: Node, scope: Scope) -> StreamMapping | None:
        try:
            words = node.options(["to", "key", "rules", "optional"])
            items = words["rules"].items() if "rules" in words else []
            rules = [self._rule(number, item, scope) for number, item in enumerate(items, start=1)]
            return StreamMapping(
                file=node.file,
                stream=stream,
                to=words["to"].text() if "to" in words else stream,
                key=words["key"].texts() if "key" in words else None,
                rules=[rule for rule in rules if rule],
                optional="optional" in words and words["optional"].flag(),
            )
        except Fault as fault:
            self._faults.append(str(fault))
            return None

    def _rule(self, number: int, node: Node, scope: Scope) -> PlacedRule | None:
        try:
            return _read_rule(number, node, scope)
        except Fault as fault:
            self._faults.append(str(fault))
            return None


def _short(zone: str) -> str:
    """Return what stands for a zone in a column's name: oslo for Europe/Oslo."""
    return zone.rsplit("/", 1)[-1].lower().replace("-", "_").replace("+", "_")


def _read_rule(number: int, node: Node, scope: Scope) -> PlacedRule:
    given = [key.text() for key, _ in node.pairs()]
    heads = [word for word in given if word in RULES]
    if len(heads) > 1:
        node.fail(
            f"rule {number}: {' and '.join(heads)} are two rules. Give each a dash of its own"
        )
    if not heads:
        strange = next((word for word in given if word not in _COMMON_OPTIONS), "")
        hint = near(strange, list(RULES)) or f" The words are: {', '.join(RULES)}"
        node.fail(f"rule {number}: {strange!r} is no rule.{hint}")
    rule = RULES[heads[0]]
    words = node.options([*heads, *rule.options, *_COMMON_OPTIONS])
    return PlacedRule(
        rule=rule.parse(words.pop(heads[0]), words, scope),
        number=number,
        name=words["name"].text() if "name" in words else None,
        optional="optional" in words and words["optional"].flag(),
        place=f"{node.file}:{node.line}",
    )
