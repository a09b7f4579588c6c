"""Names of streams and properties as names of tables and columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from singer_tapkit.targets.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_ALLOWED: Final = re.compile(r"[^A-Za-z0-9_]")
_RESERVED: Final = (
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
    "_CHANGE_SEQUENCE_NUMBER",
    "_CHANGE_TYPE",
    "_CHANGE_TIMESTAMP",
)
_LONGEST_COLUMN: Final = 300
_LONGEST_TABLE: Final = 960
"""Shorter than the 1024 that BigQuery allows, for what a staging table adds."""


def to_table(stream: str, prefix: str) -> str:
    """Turn the name of a stream into that of its table.

    All but ASCII letters, digits and underscores become underscores.

    Raises:
        SchemaError: If nothing is left to name a table with, or too much.
    """
    name = prefix + _NOT_ALLOWED.sub("_", stream)
    if not stream or len(name) > _LONGEST_TABLE:
        msg = (
            f"A stream's name has {len(stream)} characters, and so cannot name a table. "
            "Give it another one with __alias__ in stream_maps"
        )
        raise SchemaError(msg)
    return name


def to_column(name: str) -> str:
    """Turn the name of a property into that of its column.

    All but ASCII letters, digits and underscores become underscores; a name that would begin
    with a digit, or like those that BigQuery keeps for itself, gets ``c_`` in front.

    Source: BigQuery documentation, "Specifying a schema", column names.
    """
    column = _NOT_ALLOWED.sub("_", name)
    if not column or column[0].isdigit() or column.upper().startswith(_RESERVED):
        column = f"c_{column}"
    return column


def to_columns(stream: str, names: Iterable[str]) -> dict[str, str]:
    """Return the column for each property.

    Raises:
        SchemaError: If two would share a column, which BigQuery compares without case, or a
            name is too long.
    """
    columns: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in names:
        column = to_column(name)
        other = taken.setdefault(column.casefold(), name)
        if other != name:
            msg = (
                f"Properties {other!r} and {name!r} of stream {stream!r} would share the column "
                f"{column}. Rename one with stream_maps"
            )
            raise SchemaError(msg)
        if len(column) > _LONGEST_COLUMN:
            msg = (
                f"A property of stream {stream!r} has a name of {len(name)} characters, and "
                f"BigQuery allows {_LONGEST_COLUMN}. Rename it with stream_maps"
            )
            raise SchemaError(msg)
        columns[name] = column
    return columns
