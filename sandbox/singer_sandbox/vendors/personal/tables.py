"""A few tables of rows that have ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sandbox.vendor import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from singer_sandbox.wire import Row


class Tables:
    """Rows by collection and id; ``seq`` tells the order in which they were changed.

    Args:
        collections: Names.
        make: Makes a row of a collection out of a running number; what is given replaces its parts.

    Attributes:
        seq: Of the last change.
        gone: Rows that were deleted, with the collection and when in that order.
    """

    def __init__(self, collections: Iterable[str], make: Callable[[str, int], Row]) -> None:
        self._tables: dict[str, dict[str, Row]] = {name: {} for name in collections}
        self._make = make
        self._number = 0
        self.seq = 0
        self.gone: list[tuple[int, str, Row]] = []
        self._changed: dict[tuple[str, str], int] = {}

    def rows(self, collection: str) -> list[Row]:
        """Return all rows, oldest first."""
        return list(self._table(collection).values())

    def get(self, collection: str, row_id: str) -> Row:
        """Return one row."""
        try:
            return self._table(collection)[row_id]
        except KeyError:
            msg = f"{collection} has no row {row_id}"
            raise RefusedError(msg) from None

    def find(self, collection: str, row_id: str) -> Row | None:
        """Return one row, if there is one."""
        return self._table(collection).get(row_id)

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row."""
        table = self._table(collection)
        self._number += 1
        row = {**self._make(collection, self._number), **fields}
        table[str(row["id"])] = row
        self._touch(collection, row)
        return row

    def edit(self, collection: str, row_id: str, fields: Mapping[str, Any]) -> Row:
        """Change a row."""
        row = self.get(collection, row_id)
        row |= fields
        self._touch(collection, row)
        return row

    def delete(self, collection: str, row_id: str) -> None:
        """Delete a row."""
        row = self.get(collection, row_id)
        del self._table(collection)[row_id]
        self.seq += 1
        self.gone.append((self.seq, collection, row))

    def changed_after(self, collection: str, seq: int) -> list[Row]:
        """Return the rows that were changed after a point in the order of changes."""
        return [
            row for row in self.rows(collection) if self._changed[collection, str(row["id"])] > seq
        ]

    def _touch(self, collection: str, row: Row) -> None:
        self.seq += 1
        self._changed[collection, str(row["id"])] = self.seq

    def _table(self, collection: str) -> dict[str, Row]:
        try:
            return self._tables[collection]
        except KeyError:
            msg = f"No collection is named {collection}: there are {', '.join(self._tables)}"
            raise RefusedError(msg) from None
