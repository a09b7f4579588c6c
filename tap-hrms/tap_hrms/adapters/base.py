"""What an adapter is: it knows one vendor, and speaks in the names of the canonical schema."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from singer_tapkit.bookmarks import canonical, parse_instant

from tap_hrms.canonical import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from singer_tapkit.clock import Clock
    from singer_tapkit.overlap import Overlap
    from singer_tapkit.types import Json, Record
    from singer_tapkit.windows import Days


T = TypeVar("T")


class Support(Enum):
    """How an adapter reads a stream."""

    INCREMENTAL = "what was changed"
    SWEPT = "what was changed or lies in a window, and everything now and then"
    FULL = "everything, each time"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter may rely on.

    Attributes:
        clock: Source of time.
        run_started: When the run began, aware, in UTC.
        start_date: The tap's start date, if it has one.
        lookback: How far behind its cursor an adapter asks again.
        leave_window: How far back and how far ahead leave is read again.
        sweep_every: How often what is read by windows is read in full.
        overlap: Lets an adapter ask several things at a time.
        concurrency: How many requests may be under way at a time.
        user_agent: Sent with each request.
    """

    clock: Clock
    run_started: datetime
    start_date: datetime | None
    lookback: timedelta
    leave_window: tuple[timedelta, timedelta]
    sweep_every: timedelta
    overlap: Overlap
    concurrency: int
    user_agent: str

    @property
    def today(self) -> date:
        """The day on which the run began, in UTC."""
        return self.run_started.date()

    @property
    def started(self) -> str:
        """The start of the run, as a cursor: from where the next run has to ask."""
        return canonical(self.run_started)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stream wants to know.

    Attributes:
        stream: Its name.
        cursor: What the adapter left at the end of its last complete reading; ``None`` if there
            was none, and everything is asked for.
        fields: The properties that are wanted; the policy on privacy has taken out others.
    """

    stream: str
    cursor: Json
    fields: Collection[str]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the answer.

    Attributes:
        records: By canonical names, with ``remote_id``; references are ids of the source. Values
            may still be written as the source does.
        listed: Spans of which this page, with those before it, holds all there is; records are
            placed by their ``end_date`` where they have one.
        cursor: From where the next run goes on; on the last page.
        missing: What could not be read, a sentence each.
    """

    records: Sequence[Record] = ()
    listed: Sequence[Days] = ()
    cursor: Json = None
    missing: Sequence[str] = field(default=())


class Adapter(abc.ABC):
    """One instance of an HR system.

    Third parties add their own: a subclass, named in the entry point group
    ``tap_hrms.adapters``.

    Args:
        settings: Those of this instance, checked against the schema.
        around: What it may rely on.

    Attributes:
        name: Of the system, in lower case: the value of the setting ``system``.
        settings_schema: JSON schema of its settings.
    """

    name: ClassVar[str]
    settings_schema: ClassVar[dict[str, Any]]

    def __init__(self, settings: Mapping[str, Any], around: Surroundings) -> None:
        self.settings = settings
        self.around = around

    @classmethod
    def faults(cls, settings: Mapping[str, Any]) -> list[str]:  # noqa: ARG003 - for adapters that need it
        """List what is wrong with the settings beyond their schema: name, fault, remedy."""
        return []

    @classmethod
    @abc.abstractmethod
    def instance_of(cls, settings: Mapping[str, Any]) -> str:
        """Return which customer of the vendor it is: a part of every key."""

    @property
    def instance(self) -> str:
        """Which customer of the vendor it is."""
        return self.instance_of(self.settings)

    @property
    @abc.abstractmethod
    def streams(self) -> Mapping[str, Support]:
        """What it can read, and how; sends no request."""

    @abc.abstractmethod
    def read(self, asked: Asked) -> Iterator[Page]:
        """Read a stream.

        Raises:
            StreamError: If it cannot be read to its end.
            RunAbortedError: If nothing can be read from this system at all.
        """

    def lists(self, stream: str) -> bool:
        """Tell whether readings say which records are all there are, so that others are gone."""
        return self.streams[stream] is not Support.INCREMENTAL

    def keys(self, stream: str, days: Days) -> Iterator[tuple[str, date | None]]:  # noqa: ARG002
        """List what there is, where :meth:`read` did not: all ids of some days, with their days."""
        return iter(())

    def find(self, stream: str, remote_ids: Collection[str]) -> Iterator[Record]:  # noqa: ARG002
        """Look once more for records that were not listed, and return those that are there."""
        return iter(())

    def sweep_due(self, asked: Asked) -> bool:
        """Tell whether it is time to read everything: ``swept`` in the cursor says when it was."""
        swept = asked.cursor.get("swept") if isinstance(asked.cursor, dict) else None
        return (
            swept is None
            or date.fromisoformat(str(swept)) + self.around.sweep_every <= self.around.today
        )

    def swept(self, asked: Asked, *, now: bool) -> str:
        """Return the day of the last sweep, for the cursor."""
        if now or not isinstance(asked.cursor, dict):
            return self.around.today.isoformat()
        return str(asked.cursor["swept"])

    def since(self, asked: Asked) -> datetime | None:
        """Return from when to ask for changes: lookback before the cursor, or the start date."""
        if isinstance(asked.cursor, dict) and isinstance(asked.cursor.get("since"), str):
            return parse_instant(str(asked.cursor["since"])) - self.around.lookback
        return self.around.start_date


_BLANK: Final = ("", None)


def mapped(raw: Json, meanings: Mapping[str, str]) -> str | None:
    """Translate a value of the source.

    Args:
        raw: What it says.
        meanings: By what it says, in lower case.

    Returns:
        ``UNKNOWN`` for what is not in the list, ``None`` for nothing.
    """
    if raw in _BLANK:
        return None
    return meanings.get(str(raw).strip().lower(), UNKNOWN)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a list into parts of at most some size."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def objects(value: Json) -> list[Record]:
    """Return the objects of a list; a single object counts as a list of one, nothing as none."""
    if isinstance(value, dict):
        return [value] if value else []
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
