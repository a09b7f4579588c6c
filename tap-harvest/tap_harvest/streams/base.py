"""The ways in which Harvest's collections are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit import Batch, Listing, Stream
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentEmptyError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.rows import column
from singer_tapkit.windows import Days
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

    from tap_harvest.client import HarvestClient
    from tap_harvest.tap import TapHarvest


_GONE: Final = Rule({404}, Verdict(Action.EMPTY_PARENT, "deleted"))


class HarvestStream(Stream):
    """A list that is read to its end, filtered by ``updated_since`` where it can be.

    Deletions are found by reading the list without that filter.

    Attributes:
        path: Path of the list below the API address.
        records_key: Name under which a page holds its records.
        page_size: Records per page, where fewer than configured are wise.
        schema: JSON schema of the records.
    """

    path: ClassVar[str]
    records_key: ClassVar[str]
    page_size: ClassVar[int | None] = None
    schema: ClassVar[dict[str, Any]]
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    replication_key: ClassVar[str | None] = "updated_at"
    deletions_from: ClassVar[DeletionMode] = DeletionMode.SWEEP
    _tap: TapHarvest

    @property
    @override
    def client(self) -> HarvestClient:
        """The tap's one client."""
        return self._tap.client

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        params = self.since_param(reading.since)
        for page in self.client.read_list(
            self.path, self.records_key, params, page_size=self.page_size
        ):
            yield Batch(self.before(reading.until, page.records))

    @override
    def listings(self, days: Days, reading: Reading) -> Iterator[Listing]:
        if self.replication_key is None or reading.whole:
            return
        keys = {
            str(key): None
            for page in self.client.read_list(self.path, self.records_key, page_size=self.page_size)
            for (key,) in column(page.records, "id")
        }
        yield Listing(Days(), keys)

    @override
    def look_again(self, keys: Collection[str]) -> Iterator[Record]:
        for key in keys:
            try:
                yield self.client.read_object(f"{self.path}/{key}", rules=[_GONE])
            except ParentEmptyError:
                continue

    def since_param(self, since: datetime | None) -> dict[str, str]:
        """Return the filter on the time of change, for streams that have one."""
        return {"updated_since": canonical(since)} if since and self.replication_key else {}

    def before(self, until: datetime | None, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out records changed at or after the end of an explicit range."""
        if until is None or self.replication_key is None:
            return records
        key = self.replication_key
        return [row for row in records if parse_instant(str(row[key])) < until]
