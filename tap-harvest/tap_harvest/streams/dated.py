"""Lists whose records have a date of their own, read in windows of at most one page.

Time entries and expenses come by page number, newest date first. A row that is deleted meanwhile
pulls an unread row over to a page that was read already, and it would never be offered again. So
the list is cut into spans of days that fit on one page each. A span is one answer, hence all of
one moment, and once it is written a later run can go on behind it.
"""

from __future__ import annotations

from datetime import date
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Final

from singer_tapkit import Batch, Listing, Place
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import StreamFailedError
from singer_tapkit.rows import column
from singer_tapkit.windows import Days, cut
from typing_extensions import override

from tap_harvest.streams.base import HarvestStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

    from tap_harvest.client import Page

_FILL: Final = 0.7
"""How full a window is aimed to be: days are uneven, and one that overflows costs a request."""

_PAGES_AHEAD: Final = 4
"""How many windows to ask for before the first is written: each may hold a page of megabytes."""


class DatedStream(HarvestStream):
    """A list with ``from`` and ``to`` filters, both inclusive, on a date that is never null.

    The first reading asks by that date, from ``start_date`` on, oldest first. Later readings ask
    for what was changed since the bookmark, whatever its date; that usually fits on one page.

    Requests: one per window of days that fits on a page.

    Attributes:
        date_field: The field that ``from`` and ``to`` filter on.
    """

    date_field: ClassVar[str] = "spent_date"
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        params: dict[str, str] = {}
        start = end = None
        if reading.incremental:
            params = self.since_param(reading.since)
        else:
            self.client.warn_unless_administrator()
            start = reading.since.date() if reading.since else None
            end = reading.until.date() if reading.until else None
        if reading.position:
            start = date.fromisoformat(reading.position)
        days = Days(start, end)
        if not days.empty:
            yield from self._read(days, params)

    @override
    def place(self, record: Record) -> Place:
        return Place(date.fromisoformat(str(record[self.date_field])))

    @override
    def listings(self, days: Days, reading: Reading) -> Iterator[Listing]:
        if reading.incremental or reading.position:
            for batch in self._read(days, {}):
                yield from batch.listings

    def _read(self, days: Days, params: Mapping[str, str]) -> Iterator[Batch]:
        query = {**params, "per_page": str(self.client.page_size)}
        if days.start is not None:
            query["from"] = days.start.isoformat()
        if days.last is not None:
            query["to"] = days.last.isoformat()
        page = self.client.read_page(self.path, self.records_key, query)
        dates = self._dates(page, days)
        if page.next_url is not None and not page.records:
            msg = f"GET {self.path}: Harvest names a next page behind an empty one"
            raise StreamFailedError(msg)
        position = days.end.isoformat() if days.end else None
        if page.next_url is None:
            listed = self.deletions is not None and not params
            listings = [self._listing(days, page.records)] if listed else []
            yield Batch(page.records, position=position, listings=listings)
        elif days.last is not None and days.start == days.last:
            yield from self._read_day(days, query, position, listed=not params)
        else:
            parts = self._cut(days, page, dates)
            for batches in self._tap.overlap.ordered(
                lambda part: [*self._read(part, params)], parts, ahead=_PAGES_AHEAD
            ):
                yield from batches

    def _read_day(
        self, day: Days, query: Mapping[str, str], position: str | None, *, listed: bool
    ) -> Iterator[Batch]:
        """Read a day that has more records than a page holds."""
        keys: dict[str, date | None] = {}
        for page in self.client.read_list(self.path, self.records_key, query):
            if listed:
                keys.update(self._listing(day, page.records).keys)
            yield Batch(page.records)
        listings = [Listing(day, keys)] if listed else []
        yield Batch([], position=position, listings=listings)

    def _listing(self, days: Days, records: Sequence[Record]) -> Listing:
        rows = column(records, "id", self.date_field)
        return Listing(days, {str(key): date.fromisoformat(str(day)) for key, day in rows})

    def _cut(self, days: Days, page: Page, dates: set[date]) -> list[Days]:
        """Cut a span with too many records, by where its records are known to lie."""
        low = days.start
        if page.last_url is not None and (days.start is None or days.end is None):
            oldest = self.client.read_page(page.last_url, self.records_key)
            dates |= self._dates(oldest, days)
            low = min(dates)
        low, high = low or min(dates), max(dates)
        total = page.total_entries or 2 * len(page.records)
        return cut(days, low=low, high=high, pieces=ceil(total / (len(page.records) * _FILL)))

    def _dates(self, page: Page, days: Days) -> set[date]:
        """Return the days that records of a page lie on.

        Raises:
            StreamFailedError: If the filters were not obeyed: unknown ones are silently ignored.
        """
        fields = (
            self.date_field,
            "id",
            "updated_at",
        )  # the others are asked for later, decoded once
        texts = {str(day) for day, *_ in column(page.records, *fields)}
        try:
            dates = {date.fromisoformat(text) for text in texts}
        except ValueError:
            msg = f"GET {self.path}: a record's {self.date_field} is not a date"
            raise StreamFailedError(msg) from None
        if any(day not in days for day in dates):
            msg = f"GET {self.path}: Harvest ignored the filters from and to"
            raise StreamFailedError(msg)
        return dates
