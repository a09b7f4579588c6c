"""How BigQuery keeps the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """How BigQuery keeps the rows of a table.

    Attributes:
        partition_by: Column by whose day the table is cut; none if it is not.
        cluster_by: Columns by which the rows are sorted.
    """

    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()
