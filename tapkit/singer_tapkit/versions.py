"""Which version of its table a reading writes.

Every row says which version of the table it belongs to. Reading a stream from the start, because
there is no state, begins a new version; when the stream is complete, ACTIVATE_VERSION tells the
target that only rows of that version are left at the source. Until then readers of the table see
the old rows, updated; if the reading fails, nothing is taken away. Later runs stamp their rows
with the same version, which is kept in state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Json


@dataclass(frozen=True, slots=True)
class Version:
    """The version that one reading writes.

    Attributes:
        number: Stamped on each row; 0 for tables begun before rows had versions.
        replaces: Whether the reading, once complete, is all there is.
    """

    number: int
    replaces: bool


def version_of(
    reading: Reading, state: MutableMapping[str, Json], *, new: int, bookmarked: bool, again: bool
) -> Version:
    """Decide which version a reading writes.

    Args:
        reading: What is asked for.
        state: The stream's part of the Singer state; a version begun here is noted in it.
        new: Number of a new version, higher than all before.
        bookmarked: Whether the reading moves a bookmark.
        again: Whether a reading without a bookmark starts anew even if there is state.
    """
    stored = state.get("version")
    number = stored if isinstance(stored, int) else 0
    if reading.until is not None:
        return Version(number or new, replaces=False)
    if not bookmarked:
        fresh = not number or again
        return Version(new if fresh else number, replaces=fresh)
    if reading.incremental:
        return Version(number, replaces=False)
    if reading.position is not None:
        return Version(number, replaces=number > 0)
    state["version"] = new
    return Version(new, replaces=True)
