"""A stream that finds out which of its records are gone at the source.

How keys are compared is in :mod:`singer_tapkit.deletions`; this is when, and what follows.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar, Final

import singer_sdk
from singer_sdk import singerlib

from singer_tapkit.batch import Batch
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.deletions import (
    DELETED_AT,
    DeletionMode,
    Deletions,
    Gone,
    Listing,
    key_of,
    record_of,
)
from singer_tapkit.keysets import Place
from singer_tapkit.windows import Days

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.tap import Tap
    from singer_tapkit.types import Record

_REST_FACTOR: Final = 20
"""How much longer than storing keys took to wait until they are stored again."""


class ReconciledStream(singer_sdk.Stream):
    """What a stream does beside reading: compare keys, write tombstones.

    Attributes:
        deletions_from: The least setting of ``deletions`` with which the stream looks for them.
        deletions: The search for deletions of this run, if there is one.
        missing: What the reading had to leave out, a sentence each; makes the outcome partial.
        tombstones: How many tombstones this run has written.
    """

    deletions_from: ClassVar[DeletionMode] = DeletionMode.OFF
    deletions: Deletions | None = None
    missing: list[str]
    tombstones: int = 0
    _keys_rest_until: float = 0.0
    _tap: Tap

    @abc.abstractmethod
    def batches(self, reading: Reading) -> Iterator[Batch]:
        """Read what a run asks for.

        Args:
            reading: From when, up to when, and from which place on.

        Yields:
            Batches; those that close a window, oldest window first, say so by their position.
        """

    def place(self, record: Record) -> Place:  # noqa: ARG002 - for streams whose records have one
        """Return the day and the scope that a record belongs to, as its listings have them."""
        return Place()

    def listings(self, days: Days, reading: Reading) -> Iterator[Listing]:  # noqa: ARG002
        """List what the source has, where the reading did not do so already.

        Args:
            days: The span that is searched for deletions.
            reading: What was read before.
        """
        return iter(())

    def look_again(self, keys: Collection[str]) -> Iterator[Record]:  # noqa: ARG002
        """Read records one by one that were not listed.

        Args:
            keys: As :func:`singer_tapkit.deletions.key_of` writes them.

        Yields:
            Those that exist after all, such as one that was moved to a day far away.
        """
        return iter(())

    def _reconciled(self, batches: Iterator[Batch], reading: Reading) -> Iterator[Batch]:
        """Yield what is read, then what turns out to be deleted or to have moved."""
        deletions = self.deletions
        if deletions is None:
            yield from batches
            return
        for batch in batches:
            for listing in batch.listings:
                deletions.saw(listing)
            if not batch.listings:
                for record in batch.records:
                    deletions.wrote(key_of(record, self.primary_keys), self.place(record))
            yield batch
        if (reading.whole or not self.replication_key) and not self.missing:
            deletions.saw(Listing(Days(), {}))
        for listing in self.listings(deletions.span, reading):
            deletions.relisted(listing)
        for gone in deletions.gone():
            if gone.held:
                self._hold(gone)
            else:
                yield from self._delete(gone, deletions)
        deletions.store()

    def _hold(self, gone: Gone) -> None:
        """Leave alone what is missing in suspicious numbers, and say what it is."""
        self.logger.warning(
            "'%s' %s: no longer listed, and not deleted: %s",
            self.name,
            gone.days,
            ", ".join(gone.keys),
        )
        self.missing.append(
            f"{len(gone.keys)} of {gone.known} records of {gone.days} are no longer listed, more "
            "than max_deletion_share allows; none of them was deleted, the log names their keys. "
            "If they are really gone, run once with max_deletion_share 1"
        )

    def _delete(self, gone: Gone, deletions: Deletions) -> Iterator[Batch]:
        """Write tombstones, but for records that have only moved out of what was listed."""
        alive: dict[str, Record] = {}
        for record in self.look_again(gone.keys):
            place = self.place(record)
            elsewhere = place.day is None or deletions.listed_span(place.day) is None
            if elsewhere or self._changed_during_run(record):
                key = key_of(record, self.primary_keys)
                alive[key] = record
                deletions.wrote(key, place)
        if alive:
            yield Batch(list(alive.values()))
        for key in gone.keys:
            if key not in alive:
                self._write_tombstone(record_of(key, self.primary_keys, self.schema))
                deletions.forget(key)

    def _changed_during_run(self, record: Record) -> bool:
        changed = record.get(self.replication_key) if self.replication_key else None
        return changed is not None and parse_instant(str(changed)) >= self._tap.run_started

    def tombstone(self, key: Record, noticed: str) -> Record:
        """Return the record that says that another one is gone.

        Args:
            key: The primary key properties.
            noticed: When that was noticed.
        """
        tombstone = {**key, DELETED_AT: noticed}
        if self.replication_key:
            tombstone[self.replication_key] = noticed
        return tombstone

    def _write_tombstone(self, key: Record) -> None:
        noticed = canonical(self._tap.clock.now())
        tombstone = self.tombstone(key, noticed)
        for stream_map in self.stream_maps:
            mapped = stream_map.transform(dict(tombstone))
            if mapped is not None:
                message = singerlib.RecordMessage(
                    stream=stream_map.stream_alias,
                    record={**mapped, DELETED_AT: noticed},
                    version=self._stream_version,
                    time_extracted=self._tap.clock.now(),
                )
                self._tap.write_message(message)
        self.tombstones += 1

    @property
    def _deletion_mode(self) -> DeletionMode:
        """How far back this stream looks for deletions in this run."""
        if self._tap.end_date or self.deletions_from is DeletionMode.OFF:
            return DeletionMode.OFF
        mode = self._tap.deletion_mode
        if mode is DeletionMode.WINDOW and self.deletions_from is DeletionMode.SWEEP:
            return DeletionMode.OFF
        return mode

    def _search(self) -> Deletions | None:
        mode = self._deletion_mode
        if mode is DeletionMode.OFF:
            return None
        start = self._tap.start_day
        if mode is DeletionMode.WINDOW:
            first = self._tap.today - self._tap.deletion_window
            start = max(first, start) if start else first
        return Deletions(
            self.stream_state, span=Days(start), max_share=self._tap.max_deletion_share
        )

    def span_of_deletions(self) -> Days | None:
        """Return the days in which a run would look for deletions now; ``None`` if in none."""
        search = self._search()
        return search.span if search else None

    def _store_keys(self) -> bool:
        """Put the keys seen so far into the state, unless that would be done too often.

        The place and the keys are stored together or not at all: a run that goes on at a place
        must know the keys of what lies before it.
        """
        if self.deletions is None:
            return True
        started = self._tap.clock.monotonic()
        if started < self._keys_rest_until:
            return False
        self.deletions.store()
        done = self._tap.clock.monotonic()
        self._keys_rest_until = done + _REST_FACTOR * (done - started)
        return True
