"""Rows on their way to a table: what comes later counts, once per key."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, NamedTuple, cast

from singer_tapkit.targets.messages import decode, encode

DELETED_AT: Final = "_sdc_deleted_at"
"""Column with the time at which a row was found deleted."""

VERSION: Final = "_sdc_table_version"
"""Column with the version of the stream that a row belongs to."""

CHANGE: Final = "_worktaps_change"
"""Column of a staging table that says what a row does."""


class Change(StrEnum):
    """What a row does to the one that is stored under its key."""

    PUT = "put"
    """Takes its place, and its mark of deletion with it."""

    MARK = "mark"
    """Lays its values, the mark of deletion among them, over the stored ones."""

    REMOVE = "remove"
    """Takes it away."""


class Row(NamedTuple):
    """A change to one row.

    Attributes:
        change: What it does to the stored row.
        line: The row as a staging table has it, as JSON on one line.
    """

    change: Change
    line: bytes

    @classmethod
    def of(cls, change: Change, values: dict[str, Any]) -> Row:
        """Write a row.

        Args:
            change: What it does to the stored row.
            values: Its values by column, as JSON has them.
        """
        return cls(change, encode(values | {CHANGE: change}))

    def over(self, earlier: Row) -> Row:
        """Return what this row and an earlier one with the same key do together."""
        if self.change is not Change.MARK or earlier.change is Change.REMOVE:
            return self
        return Row.of(earlier.change, _values(earlier) | _values(self))


def _values(row: Row) -> dict[str, Any]:
    return cast("dict[str, Any]", decode(row.line))
