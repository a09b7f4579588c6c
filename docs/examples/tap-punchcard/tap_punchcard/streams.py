"""Punchcard's collections.

Source: Punchcard API v1, "People" and "Punches"; made up for this example.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch
from singer_tapkit.deletions import DeletionMode, Listing, key_of
from singer_tapkit.keysets import Place
from singer_tapkit.schema import Pii, embedded, field, flag, number, record, text
from singer_tapkit.shaped import ShapedStream
from singer_tapkit.windows import ONE_DAY, Days, split
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.http.api import ApiClient
    from singer_tapkit.types import Record

    from tap_punchcard.tap import TapPunchcard

_FIRST_DAY: Final = date(2024, 1, 1)
"""Punchcard has been there since then."""
_KEY: Final = field("id", th.StringType, "Id that Punchcard gave it.", required=True)


class PunchcardStream(ShapedStream):
    """A collection of Punchcard's."""

    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    _tap: TapPunchcard

    @property
    @override
    def client(self) -> ApiClient:
        """The tap's one client."""
        return self._tap.client

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[list[Record]]:
        """Read a list, page by page, by the cursor that each answer brings."""
        cursor: object = None
        while True:
            asked = {**params, "cursor": str(cursor)} if cursor else params
            answer = self.client.get(path, asked)
            yield self.client.rows(path, answer, "items")
            following = answer.get("cursor")
            if not following or following == cursor:
                return
            cursor = following


class People(PunchcardStream):
    """Everybody, those who have left too. Read in full; what is gone is found by that."""

    name = "people"
    schema = record(
        _KEY,
        text("email", "E-mail address.", pii=Pii.DIRECT),
        text("name", "Name.", pii=Pii.DIRECT),
        flag("active", "Whether they still work here."),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for rows in self.pages("/people", {}):
            yield Batch([self.shaped(row) for row in rows])


class Punches(PunchcardStream):
    """Hours worked. Punchcard does not say what was changed, so days are read again.

    Requests: one per page and 31 days.
    """

    name = "punches"
    replication_key = "day"
    left_out = ("person.avatar",)
    schema = record(
        _KEY,
        field("day", th.DateType, "Day worked, in the person's calendar.", required=True),
        number("hours", "Decimal hours."),
        text("note", "What the person wrote.", pii=Pii.SENSITIVE),
        embedded("person", "Who worked.", text("id", "Id of the person.")),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for days in self._windows(reading):
            asked = {"from": str(days.start), "to": str(days.last)}
            rows = [self.shaped(row) for page in self.pages("/punches", asked) for row in page]
            keys = {key_of(row, self.primary_keys): self.place(row).day for row in rows}
            yield Batch(rows, position=str(days.end), listings=[Listing(days, keys)])

    @override
    def place(self, record: Record) -> Place:
        return Place(date.fromisoformat(str(record["day"])))

    @override
    def least_requests(self, reading: Reading) -> int:
        return len([*self._windows(reading)])

    def _windows(self, reading: Reading) -> Iterator[Days]:
        start = date.fromisoformat(reading.position) if reading.position else _FIRST_DAY
        if reading.since and not reading.position:
            start = reading.since.date()
        end = reading.until.date() if reading.until else self._tap.today + ONE_DAY
        yield from split(Days(min(start, end), end), at_most=31)


STREAMS: Final = (People, Punches)
