"""Whose time is read, in as few requests as ClickUp permits.

ClickUp returns the time of those it is asked for: of the token's owner if it is asked for nobody.
A list of users is one request, unless one of them is out of reach: then the whole list is refused.
OAuth tokens may not ask for lists at all.

Source: ClickUp API v2, "Get time entries within a date range"; error TIMEENTRY_059.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_tapkit.errors import ParentRefusedError
from singer_tapkit.http import Action, Rule, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_tapkit.errors import StreamUnavailableError
    from singer_tapkit.types import Record

    Answer = list[tuple[Sequence[str], list[Record]]] | StreamUnavailableError

_MOST_IDS: Final = 50
"""Users per request, which keeps addresses short."""

REFUSED: Final = Rule(
    {400, 403, 404},
    Verdict(Action.REFUSE_PARENT, "the time of these users is out of reach"),
    codes=("TIMEENTRY_059", "TIMEENTRY_007"),
)
"""What ClickUp answers when one of the users asked for may not be read."""


class Assignees:
    """The users of one workspace whose time is wanted, and what is known about their reach.

    Args:
        user_ids: Whose time is wanted.

    Attributes:
        refused: Those whose time may not be read.
        closed: Why nobody's may be, once that is known.
    """

    def __init__(self, user_ids: Sequence[str]) -> None:
        self._user_ids = list(dict.fromkeys(user_ids))
        self._one_by_one = False
        self.refused: list[str] = []
        self.closed: StreamUnavailableError | None = None

    @property
    def readable(self) -> list[str]:
        """Those who were not refused so far."""
        return [user_id for user_id in self._user_ids if user_id not in self.refused]

    def read(
        self, fetch: Callable[[Sequence[str]], list[Record]]
    ) -> Iterator[tuple[Sequence[str], list[Record]]]:
        """Fetch something for everybody who can be read.

        Args:
            fetch: Asks for several users at once; raises ParentRefusedError if one is refused.

        Yields:
            Users, and what was fetched for them.
        """
        for pack in self._packs():
            try:
                rows = fetch(pack)
            except ParentRefusedError:
                if len(pack) == 1:
                    self.refused += pack
                else:
                    yield from self._read_one_by_one(pack, fetch)
            else:
                yield pack, rows

    def _read_one_by_one(
        self, pack: Sequence[str], fetch: Callable[[Sequence[str]], list[Record]]
    ) -> Iterator[tuple[Sequence[str], list[Record]]]:
        somebody_refused = False
        for user_id in pack:
            try:
                rows = fetch([user_id])
            except ParentRefusedError:
                self.refused.append(user_id)
                somebody_refused = True
            else:
                yield [user_id], rows
        if not somebody_refused:
            self._one_by_one = True

    def _packs(self) -> Iterator[Sequence[str]]:
        size = 1 if self._one_by_one else _MOST_IDS
        readable = self.readable
        for start in range(0, len(readable), size):
            yield readable[start : start + size]
