"""Canonical timestamps, and bookmarks that only move forward.

State of one stream, as it stands in a Singer STATE message::

    {"replication_key": "updated_at",
     "replication_key_value": "2026-11-20T10:00:00Z",
     "version": 1763708400000, "keys": "eJxr...",
     "resume": {"since": null, "started_at": "2026-11-21T07:00:00Z",
                "newest": "2026-11-20T10:00:00Z", "position": "2024-06-01"}}

``resume`` is filled only while a reading that spans several windows is under way. A run that
finds it goes on at ``position``; when the last window is done, ``newest`` becomes the bookmark,
``resume`` null. A reading never moves the bookmark past ``started_at``, so whatever was edited
while it lasted, or while it was interrupted, is asked for by the next one. ``version`` and ``keys``
are explained in the modules ``versions`` and ``keysets``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from singer_tapkit.errors import StreamFailedError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from singer_tapkit.types import Json

_CANONICAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SMALLEST_LOOKBACK: Final = timedelta(seconds=1)
"""Vendors do not say whether their filters are inclusive; one second makes it not matter."""


def canonical(moment: datetime) -> str:
    """Write an instant in the one spelling that all state uses.

    Args:
        moment: Aware, any zone.

    Returns:
        UTC with ``Z``: whole seconds, or six decimals where the instant has a fraction.

    Raises:
        ValueError: If ``moment`` is naive.
    """
    if moment.tzinfo is None:
        msg = "a bookmark needs an aware datetime"
        raise ValueError(msg)
    precision = "microseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or date-time; without an offset it means UTC.

    Args:
        text: ``2026-01-31``, ``2026-01-31T08:00:00Z``, ``2026-01-31T08:00:00+02:00``, ...

    Returns:
        The instant, aware and in UTC.

    Raises:
        ValueError: If the text is neither.
    """
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run of a stream asks for.

    Attributes:
        since: Ask for what is of this instant or later; ``None`` for everything.
        until: Leave out what is of this instant or later. Set for an explicit range only.
        position: Where an interrupted reading stopped, in the stream's own words.
        incremental: Whether ``since`` comes from a bookmark, and not from a start date.
    """

    since: datetime | None = None
    until: datetime | None = None
    position: str | None = None
    incremental: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything is asked for, and nothing was read by an earlier run."""
        return self.since is None and self.until is None and self.position is None

    @override
    def __str__(self) -> str:
        """Say what is read, for the log."""
        since = f"since {canonical(self.since)}" if self.since else "from the beginning"
        until = f" until {canonical(self.until)}" if self.until else ""
        position = f", going on at {self.position}" if self.position else ""
        return since + until + position


class Bookmark:
    """The bookmark of one stream during one run.

    Args:
        state: The stream's part of the Singer state; changed in place.
        replication_key: Name of the field that the bookmark is a value of.
        not_after: The start of the run: no bookmark it writes is later. It can be moved to an
            earlier instant while the run lasts, when the vendor's clock turns out to be behind.
    """

    def __init__(
        self, state: MutableMapping[str, Json], *, replication_key: str, not_after: datetime
    ) -> None:
        self._state = state
        self.replication_key = replication_key
        self.not_after = not_after
        self._newest: datetime | None = None
        self._since: datetime | None = None

    @property
    def value(self) -> datetime | None:
        """The stored bookmark, if there is one.

        Raises:
            StreamFailedError: If the stored text is not a timestamp.
        """
        return self._instant(self._state, "replication_key_value")

    def open(self, *, start: datetime | None, lookback: timedelta) -> Reading:
        """Begin a reading, or go on with the one that a previous run had to leave.

        Args:
            start: Never ask for anything older; inclusive.
            lookback: How far behind the bookmark to ask again.

        Returns:
            From where to read: ``max(start, bookmark - lookback)``.

        Raises:
            StreamFailedError: If the stored state is not readable.
        """
        bookmark = self.value
        resume = self._state.get("resume")
        if isinstance(resume, dict):
            self._since = self._instant(resume, "since")
            self._newest = self._instant(resume, "newest")
            started_at = self._instant(resume, "started_at")
            self.not_after = min(self.not_after, started_at or self.not_after)
            position = str(resume.get("position"))
            return Reading(self._since, position=position, incremental=bookmark is not None)
        if bookmark is not None:
            asked = bookmark - max(lookback, _SMALLEST_LOOKBACK)
            self._since = asked if start is None else max(asked, start)
        else:
            self._since = start
        return Reading(self._since, incremental=bookmark is not None)

    def saw(self, *values: Json) -> None:
        """Take notice of replication key values; ``None`` is no news.

        Raises:
            StreamFailedError: If a value is not a timestamp.
        """
        texts = {str(value) for value in values if value is not None}
        if all(_CANONICAL.fullmatch(text) for text in texts):
            texts = {max(texts)} if texts else texts  # they compare like the instants that they are
        for text in texts:
            try:
                moment = parse_instant(text)
            except ValueError:
                msg = f"a record's {self.replication_key} is not a timestamp"
                raise StreamFailedError(msg) from None
            if self._newest is None or moment > self._newest:
                self._newest = moment

    def keep_place(self, position: str) -> None:
        """Store how far the reading has come, so that the next run can go on from there."""
        self._state["resume"] = {
            "since": None if self._since is None else canonical(self._since),
            "started_at": canonical(self.not_after),
            "newest": None if self._newest is None else canonical(self._newest),
            "position": position,
        }

    def close(self) -> None:
        """End a reading that came to its end: move the bookmark forward, if at all."""
        if "resume" in self._state:
            # Not removed: state stores that merge (Meltano's do) would bring an old one back.
            self._state["resume"] = None
        if self._newest is None:
            return
        reached = min(self._newest, self.not_after)
        stored = self.value
        if stored is None or reached > stored:
            self._state["replication_key"] = self.replication_key
            self._state["replication_key_value"] = canonical(reached)

    def _instant(self, holder: MutableMapping[str, Json], name: str) -> datetime | None:
        text = holder.get(name)
        if text is None:
            return None
        try:
            return parse_instant(str(text))
        except ValueError:
            msg = (
                f"the state holds no timestamp in {name}. Correct it, or remove this stream's "
                "bookmark from the state to read the stream from the start"
            )
            raise StreamFailedError(msg) from None
