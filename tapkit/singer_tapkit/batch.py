"""What a stream yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_tapkit.deletions import Listing
    from singer_tapkit.types import Json, Record


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one answer.

    Attributes:
        records: In the order in which they are written.
        newest: A replication key value that the batch brings the stream to, where it is not one
            of its records' own.
        position: Where a later run can go on once this batch is written; it closes a window.
        listings: The days and scopes of which this batch, with those before it, is all there is.
    """

    records: Sequence[Record]
    newest: Json = None
    position: str | None = None
    listings: Sequence[Listing] = ()
