"""The statements, with explicit columns: a table may have more of them than its stream.

Names are those that :mod:`target_bigquery.names` has made, or were checked with the settings, so
that backticks are enough to quote them; values are parameters.
"""

# ruff: noqa: S608 - see above
from __future__ import annotations

from typing import TYPE_CHECKING

from target_bigquery.columns import ColumnType
from target_bigquery.rows import CHANGE, DELETED_AT, VERSION, Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OTHER_VERSIONS = f"(`{VERSION}` IS NULL OR `{VERSION}` < @version)"


def merge(table: str, staging: str, columns: Mapping[str, str], keys: Sequence[str]) -> str:
    """Write the statement that applies all rows of a staging table, or none.

    Args:
        table: Full name of the table.
        staging: Full name of the staging table, in which each key is there once.
        columns: The type of each column of the stream.
        keys: Columns that make up the key.
    """
    same = " AND ".join(f"T.`{name}` = S.`{name}`" for name in keys)
    others = [name for name in columns if name not in keys]
    lines = [
        f"MERGE `{table}` AS T USING `{staging}` AS S ON {same}",
        f"WHEN MATCHED AND S.`{CHANGE}` = '{Change.REMOVE}' THEN DELETE",
    ]
    if others:
        laid_over = (
            f"`{name}` = COALESCE({_staged(name, columns)}, T.`{name}`)" for name in others
        )
        replaced = (f"`{name}` = {_staged(name, columns)}" for name in others)
        lines += [
            f"WHEN MATCHED AND S.`{CHANGE}` = '{Change.MARK}' THEN UPDATE SET "
            + ", ".join(laid_over),
            "WHEN MATCHED THEN UPDATE SET " + ", ".join(replaced),
        ]
    lines.append(
        f"WHEN NOT MATCHED AND S.`{CHANGE}` != '{Change.REMOVE}' THEN "
        f"INSERT ({_listed(columns)}) VALUES ({_all_staged(columns)})"
    )
    return "\n".join(lines)


def insert(table: str, staging: str, columns: Mapping[str, str]) -> str:
    """Write the statement that adds all rows of a staging table, or none."""
    return (
        f"INSERT INTO `{table}` ({_listed(columns)}) "
        f"SELECT {_all_staged(columns)} FROM `{staging}` AS S"
    )


def add_column(table: str, name: str, kind: str) -> str:
    """Write the statement that adds a column, unless somebody else just did."""
    return f"ALTER TABLE `{table}` ADD COLUMN IF NOT EXISTS `{name}` {kind}"


def remove_other_versions(table: str) -> str:
    """Write the statement that removes rows of versions before ``@version``, or of none."""
    return f"DELETE FROM `{table}` WHERE {_OTHER_VERSIONS}"


def mark_other_versions(table: str) -> str:
    """Write the statement that marks those rows, unless they are, with the time ``@now``."""
    return (
        f"UPDATE `{table}` SET `{DELETED_AT}` = @now "
        f"WHERE {_OTHER_VERSIONS} AND `{DELETED_AT}` IS NULL"
    )


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _all_staged(columns: Mapping[str, str]) -> str:
    return ", ".join(_staged(name, columns) for name in columns)


def _staged(name: str, columns: Mapping[str, str]) -> str:
    """Write the value from the staging table, where JSON is still text.

    Numbers in it with more digits than a double are rounded; refusing them is the default.
    """
    if columns[name] == ColumnType.JSON:
        return f"PARSE_JSON(S.`{name}`, wide_number_mode => 'round')"
    return f"S.`{name}`"
