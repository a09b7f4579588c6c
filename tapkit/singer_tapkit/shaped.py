"""A stream whose records are brought into the shape of the schema that it declares."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_tapkit.shaping import instants, shape_of
from singer_tapkit.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_tapkit.shaping import Shape
    from singer_tapkit.types import Record


class ShapedStream(Stream):
    """Base of streams that declare their schema.

    Attributes:
        leaves: How the vendor writes plain values, as for :func:`singer_tapkit.shaping.shape_of`.
    """

    schema: ClassVar[dict[str, Any]]
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    replication_key: ClassVar[str | None] = None
    notes_drift: ClassVar[bool] = True
    leaves: ClassVar[Mapping[str, Shape]] = {"date-time": instants()}

    @cached_property
    def shaped(self) -> Callable[[Record], Record]:
        """What brings records into the shape of the schema."""
        return shape_of(self.schema, self.leaves, self.drift)  # type: ignore[return-value]  # of an object: one
