"""What every rule is: parsed from a rule file, compiled against a schema, then applied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from mapper_worklog.columns import MissingFieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mapper_worklog.columns import Columns, Field
    from mapper_worklog.nodes import Node
    from mapper_worklog.tables import Table
    from mapper_worklog.types import Record, Step


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule file states for all its rules.

    Attributes:
        tables: Lookup tables by name.
        zone: Name of the IANA zone for rules that name none; none if the file states none either.
    """

    tables: Mapping[str, Table]
    zone: str | None


@dataclass(slots=True)
class Tally:
    """What one rule did to the records so far.

    Attributes:
        touched: Records that it had something to do to.
        unreadable: Values that it could make nothing of; the result is null.
        parts: Records by part of the rule, for rules that have parts.
        skipped: Whether a field was missing, so that the rule was left out.
    """

    touched: int = 0
    unreadable: int = 0
    skipped: bool = False
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Something within a rule that matches records on its own, as a keyword does.

    Attributes:
        label: How reports name it.
        optional: Whether it may match nothing.
    """

    label: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Tools:
    """What rules are compiled with.

    Attributes:
        zone: Name of the default zone.
        hash_key: Key for hashes, if there is one.
        optional: Whether fields that the schema lacks are left out without complaint.
        tally: Counts what the rule does.
    """

    zone: str
    hash_key: bytes | None
    optional: bool
    tally: Tally

    def find(self, columns: Columns, name: str) -> Field | None:
        """Look up a field that may be missing if the rule is optional.

        Raises:
            MissingFieldError: If it is missing and may not be.
        """
        try:
            return columns.find(name)
        except MissingFieldError:
            if self.optional:
                return None
            raise

    def counted(self, read: Callable[[object], object]) -> Callable[[object], object]:
        """Return a reader that leaves null alone, and counts what it could not read."""
        tally = self.tally

        def convert(value: object) -> object:
            if value is None:
                return None
            result = read(value)
            if result is None:
                tally.unreadable += 1
            return result

        return convert


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule made ready for records of one schema.

    Attributes:
        step: Changes a record in place; returns whether there was anything to do.
        needs: Top-level fields without which it cannot be applied to a tombstone.
        filters: Whether a record goes no further when the step returns false.
        tombstone_step: What to do to a tombstone, if not the same.
    """

    step: Step
    needs: frozenset[str] = frozenset()
    filters: bool = False
    tombstone_step: Step | None = None


class Rule(ABC):
    """One rule of a rule file."""

    word: ClassVar[str]
    """The word that names the rule."""

    options: ClassVar[Sequence[str]] = ()
    """Words that may stand beside it, besides ``name`` and ``optional``."""

    @classmethod
    @abstractmethod
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        """Read the rule.

        Args:
            head: What stands under the rule's own word.
            options: What stands under the other words, as far as they are known.
            scope: What the file states for all rules.

        Raises:
            Fault: If it cannot be used.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return the rule in short, for reports."""

    @abstractmethod
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        """Check the rule against a schema, change the schema, and return what changes records.

        Raises:
            MissingFieldError: If a field is not there.
            MisfitError: If a field is of another kind.
        """

    @property
    def makes(self) -> Sequence[str]:
        """Names of the top-level fields that the rule adds."""
        return ()

    @property
    def parts(self) -> Sequence[Part]:
        """What matches records on its own within the rule."""
        return ()


def target(head: Node, options: Mapping[str, Node]) -> str:
    """Return the field that a rule must name under ``to``.

    Raises:
        Fault: If it names none.
    """
    if "to" not in options:
        head.fail("needs 'to', the name of the field to write")
    return options["to"].text()


def tops(*fields: Field | None) -> frozenset[str]:
    """Return the top-level names of fields."""
    return frozenset(found.top for found in fields if found)


def in_turn(steps: Sequence[Step]) -> Step:
    """Return the step that takes all steps, one after another."""
    if len(steps) == 1:
        return steps[0]

    def step(record: Record) -> bool:
        touched = False
        for one in steps:
            if one(record):
                touched = True
        return touched

    return step


def as_text(value: object) -> str:
    """Return a value as JSON writes it; a text without its quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, dict, list)) or value is None:
        from mapper_worklog.messages import encode  # noqa: PLC0415 - rare values only

        return encode(value).decode()
    return str(value)
