"""Rows on their way to a store: what comes later counts, once per key."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from singer_tapkit.targets.messages import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DELETED_AT: Final = "_sdc_deleted_at"
"""Field with the time at which a row was found deleted."""

VERSION: Final = "_sdc_table_version"
"""Field with the version of the stream that a row belongs to."""


class Kind(IntEnum):
    """What a row does to the one that is stored under its key."""

    PUT = 0
    """Takes its place, and its mark of deletion with it."""

    MARK = 1
    """Lays its fields, the mark of deletion among them, over the stored ones."""

    REMOVE = 2
    """Takes it away."""


class Row(NamedTuple):
    """A change to one row.

    Attributes:
        kind: What it does to the stored row.
        key: Text of the key; none in streams without keys.
        line: The record as JSON, on one line.
    """

    kind: Kind
    key: str | None
    line: bytes

    def over(self, earlier: Row) -> Row:
        """Return what this row and an earlier one with the same key do together."""
        if self.kind is not Kind.MARK or earlier.kind is Kind.REMOVE:
            return self
        return Row(earlier.kind, self.key, encode(read_line(earlier.line) | read_line(self.line)))


def read_line(line: bytes) -> dict[str, Any]:
    """Read a record that was encoded as a line.

    Raises:
        ValueError: If it is not a JSON object.
    """
    record = decode(line)
    if not isinstance(record, dict):
        raise ValueError  # noqa: TRY004 - the text is wrong, as with any other text
    return cast("dict[str, Any]", record)


def key_of(record: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """Return the text by which rows are told apart.

    A number and the text of that number give the same key: a vendor that turns its ids from one
    into the other means the same rows.

    Returns:
        The text; none if a field of the key is missing or null.
    """
    parts = []
    for name in keys:
        value = record.get(name)
        if value is None:
            return None
        parts.append(value if isinstance(value, str) else _text(value))
    return encode(parts).decode()


def _text(value: object) -> str:
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    return str(value) if type(value) is int else encode(value).decode()
