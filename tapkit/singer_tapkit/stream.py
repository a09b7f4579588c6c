"""A stream that yields batches; the rest is one policy for all."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import singer_sdk
from singer_sdk import singerlib
from singer_sdk.exceptions import SyncLifecycleSignal
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from singer_tapkit.bookmarks import Bookmark, Reading, canonical, parse_instant
from singer_tapkit.deletions import (
    DELETED_AT,
    DELETED_AT_SCHEMA,
    DeletionMode,
    Deletions,
    Gone,
    Listing,
    key_of,
    record_of,
)
from singer_tapkit.errors import RunAbortedError, StreamError, StreamUnavailableError
from singer_tapkit.http.redaction import whereabouts
from singer_tapkit.keysets import Place
from singer_tapkit.outcomes import Outcome, Result
from singer_tapkit.schema import copy_marks
from singer_tapkit.versions import version_of
from singer_tapkit.windows import Days

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Sequence

    from singer_sdk.helpers import types as sdk_types
    from singer_sdk.singerlib import SchemaMessage

    from singer_tapkit.http import Client
    from singer_tapkit.tap import Tap
    from singer_tapkit.types import Json, Record

_HEARTBEAT_SECONDS: Final = 60.0
_REST_FACTOR: Final = 20
"""How much longer than storing keys took to wait until they are stored again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one answer.

    Attributes:
        records: In the order in which they are written.
        newest: A replication key value that the batch brings the stream to, where it is not one
            of its records' own.
        position: Where a later run can go on once this batch is written; it closes a window.
        listings: The days and scopes of which this batch, with those before it, is all there is.
    """

    records: Sequence[Record]
    newest: Json = None
    position: str | None = None
    listings: Sequence[Listing] = ()


class Stream(singer_sdk.Stream):
    """Base of all streams.

    A subclass yields batches for a reading. This class writes them, keeps the bookmark (forward
    only, never past the start of the run, moved when the stream is complete), lets an interrupted
    reading resume, finds deletions, stamps rows with the version of the table they belong to, and
    turns every error into an outcome, so that the other streams go on.

    Attributes:
        holds_everything: Whether a reading from the start, once complete, is all there is.
        deletions_from: The least setting of ``deletions`` with which the stream looks for them.
        missing: What the reading had to leave out, a sentence each; makes the outcome partial.
        deletions: The search for deletions of this run, if there is one.
    """

    holds_everything: ClassVar[bool] = True
    deletions_from: ClassVar[DeletionMode] = DeletionMode.OFF
    _tap: Tap
    missing: list[str]
    deletions: Deletions | None = None

    @property
    def client(self) -> Client | None:
        """The client that the stream reads with; ``None`` if it sends no requests."""
        return None

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

    @override
    def get_records(self, context: sdk_types.Context | None) -> Iterable[sdk_types.Record]:
        """Yield all records since the start date, without a bookmark."""
        for batch in self.batches(Reading(self._tap.start_date, self._tap.end_date)):
            yield from batch.records

    @override
    def get_replication_key_signpost(self, context: sdk_types.Context | None = None) -> None:
        """Return nothing: the bookmark itself is capped at the start of the run."""

    @override
    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        for message in super()._generate_schema_messages():
            copy_marks(self.schema, message.schema)
            if self._deletion_mode is not DeletionMode.OFF:
                message.schema["properties"][DELETED_AT] = dict(DELETED_AT_SCHEMA)
            yield message

    @override
    def _sync_records(
        self, context: sdk_types.Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, None, None]:
        """Write the stream's messages, and record its outcome instead of raising.

        Replaces the SDK's loop, which stops the whole run at the first error, moves a bookmark
        backwards when only older records are read again, and never resumes within a stream.
        """
        self.missing = []
        self._tombstones = 0
        self._keys_rest_until = 0.0
        client = self.client
        requests, waited = (client.requests_sent, client.waited_seconds) if client else (0, 0.0)
        records = 0
        result, detail = Result.FAILED, "interrupted"
        try:
            for record in self._write(write_messages=write_messages):
                records += 1
                yield record
            result = Result.PARTIAL if self.missing else Result.COMPLETE
            detail = "; ".join(self.missing)
        except (SyncLifecycleSignal, GeneratorExit):
            result, detail = Result.COMPLETE, ""
            raise
        except BrokenPipeError:
            detail = "the receiving end has closed the pipe"
            raise
        except StreamUnavailableError as error:
            result, detail = Result.UNAVAILABLE, str(error)
        except StreamError as error:
            detail = str(error)
        except RunAbortedError as error:
            self._tap.aborted = detail = str(error)
        except Exception as error:  # noqa: BLE001 - becomes the outcome; the others go on
            detail = f"a defect of this tap: {whereabouts(error)}. Please report it"
        finally:
            bookmark = self.stream_state.get("replication_key_value")
            outcome = Outcome(
                stream=self.name,
                result=result,
                detail=detail,
                records=records,
                tombstones=self._tombstones,
                requests=client.requests_sent - requests if client else 0,
                waited_seconds=client.waited_seconds - waited if client else 0.0,
                bookmark=str(bookmark) if bookmark else None,
            )
            self._tap.outcomes.append(outcome)
            log = self.logger.info if result is Result.COMPLETE else self.logger.warning
            log("Stream '%s': %s, %d records", self.name, result.value, records)

    def _write(self, *, write_messages: bool) -> Iterator[Record]:
        if self._tap.aborted:
            raise RunAbortedError(self._tap.aborted)
        bookmark = self._bookmark()
        if bookmark:
            reading = bookmark.open(start=self._tap.start_date, lookback=self._tap.lookback)
        else:
            reading = Reading(self._tap.start_date, self._tap.end_date)
        version = version_of(
            reading,
            self.stream_state,
            new=int(self._tap.run_started.timestamp() * 1000),
            bookmarked=bookmark is not None,
            again=self.replication_key is not None,
        )
        self._stream_version = version.number or None
        self.deletions = self._search()
        self.logger.info("Reading '%s' %s", self.name, reading)
        written = 0
        self._last_heartbeat = self._tap.clock.monotonic()
        with self.get_record_counter() as counter, self.get_sync_timer():
            for batch in self._all_batches(reading):
                for record in self._processed(batch, bookmark):
                    self._check_max_record_limit(written)
                    if write_messages:
                        self._write_record_message(record)
                    counter.increment()
                    written += 1
                    yield record
                if bookmark:
                    self._keep_place(bookmark, batch)
                self._log_heartbeat(written, batch)
        if version.replaces and self.holds_everything and not self.missing:
            self._activate(version.number, write_messages=write_messages)
        if bookmark:
            bookmark.close()
        if reading.until is None:
            self._write_state()

    def _activate(self, version: int, *, write_messages: bool) -> None:
        self.stream_state["version"] = version
        if write_messages:
            self._write_activate_version_message(version)

    def _all_batches(self, reading: Reading) -> Iterator[Batch]:
        """Yield what is read, then what turns out to be deleted or to have moved."""
        deletions = self.deletions
        if deletions is None:
            yield from self.batches(reading)
            return
        for batch in self.batches(reading):
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

    def _write_tombstone(self, key: Record) -> None:
        noticed = canonical(self._tap.clock.now())
        tombstone = {**key, DELETED_AT: noticed}
        if self.replication_key:
            tombstone[self.replication_key] = noticed
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
        self._tombstones += 1

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

    def _processed(self, batch: Batch, bookmark: Bookmark | None) -> Iterator[Record]:
        for raw in batch.records:
            record = self.post_process(raw)
            if record is None:
                continue
            if bookmark and batch.newest is None:
                bookmark.saw(record.get(bookmark.replication_key))
            yield record

    def _bookmark(self) -> Bookmark | None:
        """Return the stream's bookmark, or ``None`` for a reading that leaves bookmarks alone."""
        key = self.replication_key
        if key is None or self.replication_method != REPLICATION_INCREMENTAL or self._tap.end_date:
            return None
        return Bookmark(self.stream_state, replication_key=key, not_after=self._tap.run_started)

    def _keep_place(self, bookmark: Bookmark, batch: Batch) -> None:
        bookmark.saw(batch.newest)
        if self.client and self.client.vendor_time:
            bookmark.not_after = min(bookmark.not_after, self.client.vendor_time)
        if batch.position is not None and self._store_keys():
            bookmark.keep_place(batch.position)
            self._write_state()

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

    def _write_state(self) -> None:
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _log_heartbeat(self, written: int, batch: Batch) -> None:
        """Say once a minute how far a long reading has come."""
        now = self._tap.clock.monotonic()
        if now - self._last_heartbeat < _HEARTBEAT_SECONDS:
            return
        self._last_heartbeat = now
        self.logger.info(
            "Reading '%s': %d records so far, %d requests, waited %.0f s%s",
            self.name,
            written,
            self.client.requests_sent if self.client else 0,
            self.client.waited_seconds if self.client else 0,
            f", at {batch.position}" if batch.position else "",
        )
