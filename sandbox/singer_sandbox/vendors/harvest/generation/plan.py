"""Size and time frame of made-up data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.times import EPOCH_ORDINAL, seconds_of

if TYPE_CHECKING:
    from random import Random

DAY_SECONDS: Final = 86_400
_HISTORY_DAYS: Final = 3 * 365
_SETTING_UP_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to make up, and for which time.

    Attributes:
        random: The one source of chance.
        entries: How many time entries.
        now: When history ends, in seconds since 1970.
    """

    random: Random
    entries: int
    now: int

    @property
    def people(self) -> int:
        """How many users there are; at least one of each role."""
        return 6 + min(42, self.entries // 20_000)

    @property
    def clients(self) -> int:
        """How many clients there are."""
        return 5 + min(15, self.entries // 50_000)

    @property
    def today(self) -> int:
        """The day of now, in UTC, as a proleptic day number."""
        return self.now // DAY_SECONDS + EPOCH_ORDINAL

    @property
    def first_day(self) -> int:
        """The first day on which anybody worked."""
        return self.today - _HISTORY_DAYS

    def setting_up(self, part: float) -> int:
        """Return a moment before the first day of work.

        Args:
            part: 0.0 for the start of setting up the account, 1.0 for its end.
        """
        start = self.first_day - _SETTING_UP_DAYS - EPOCH_ORDINAL
        return int((start + part * _SETTING_UP_DAYS) * DAY_SECONDS) + 9 * 3600

    def later(self, moment: int, days: float) -> int:
        """Return a moment some days later, but not after now."""
        return min(self.now, moment + int(days * DAY_SECONDS))


def month_starts(first_day: int, last_day: int) -> list[int]:
    """Return the first days of all months that a span touches, and of the month after it."""
    start = date.fromordinal(first_day).replace(day=1)
    starts = [start.toordinal()]
    while starts[-1] <= last_day:
        start = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        starts.append(start.toordinal())
    return starts


def morning(day: int) -> int:
    """Return nine o'clock UTC of a day, in seconds since 1970."""
    return seconds_of(date.fromordinal(day).isoformat()) + 9 * 3600
