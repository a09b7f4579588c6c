"""A stream that yields batches; the rest is one policy for all."""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import singer_sdk
from singer_sdk.exceptions import SyncLifecycleSignal
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from singer_tapkit.bookmarks import Bookmark, Reading
from singer_tapkit.deletions import DELETED_AT, DELETED_AT_SCHEMA, DeletionMode
from singer_tapkit.drift import Differences, Drift, Level
from singer_tapkit.errors import (
    RunAbortedError,
    StreamError,
    StreamUnavailableError,
    WrongAccountError,
)
from singer_tapkit.http import Usage, current_usage
from singer_tapkit.http.redaction import whereabouts
from singer_tapkit.message_writer import MessageWriter
from singer_tapkit.outcomes import Outcome, Result
from singer_tapkit.reconcile import ReconciledStream
from singer_tapkit.record_writer import RecordWriter
from singer_tapkit.rows import column
from singer_tapkit.schema import copy_marks
from singer_tapkit.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
    from datetime import timedelta

    from singer_sdk.helpers import types as sdk_types
    from singer_sdk.singerlib import SchemaMessage

    from singer_tapkit.batch import Batch
    from singer_tapkit.http import Client
    from singer_tapkit.overlap import Ahead
    from singer_tapkit.types import Record

_HEARTBEAT_SECONDS: Final = 60.0


class Begun(NamedTuple):
    """A reading under way.

    Attributes:
        bookmark: The bookmark that it moves, if any.
        reading: What is asked for.
        batches: What comes of it.
    """

    bookmark: Bookmark | None
    reading: Reading
    batches: Ahead[Batch]


class Stream(ReconciledStream):
    """Base of all streams.

    A subclass yields batches for a reading. This class writes them, keeps the bookmark (forward
    only, never past the start of the run, moved when the stream is complete), lets an interrupted
    reading resume, finds deletions, stamps rows with the version of the table they belong to, and
    turns every error into an outcome, so that the other streams go on.

    Attributes:
        holds_everything: Whether a reading from the start, once complete, is all there is.
        left_out: Patterns of fields that the stream leaves out on purpose, as ``*.images``.
        notes_drift: Whether the stream takes notice of drift itself, before it shapes its records.
    """

    holds_everything: ClassVar[bool] = True
    left_out: ClassVar[Collection[str]] = ()
    notes_drift: ClassVar[bool] = False
    _records: int = 0
    _begun: Begun | None = None
    _usage: Usage
    _from_start: bool = False

    @cached_property
    def drift(self) -> Drift:
        """Where the vendor's records differ from the schema, in this run."""
        return Drift()

    @property
    def client(self) -> Client | None:
        """The client that the stream reads with; ``None`` if it sends no requests."""
        return None

    @property
    def lookback(self) -> timedelta:
        """How far behind its bookmark the stream asks again."""
        return self._tap.lookback

    def completed(self) -> None:
        """Note what a later run needs to know, now that everything was read and written."""

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
        """Let the stream be read.

        Replaces the SDK's loop, which stops the whole run at the first error, moves a bookmark
        backwards when only older records are read again, and never resumes within a stream.
        Nothing is yielded: the SDK only waits for the end.
        """
        self.read_through(write_messages=write_messages)
        yield from ()

    def read_through(self, *, write_messages: bool = True) -> None:
        """Write the stream's messages, and record its outcome instead of raising."""
        self._records = 0
        self.tombstones = 0
        if self._begun is None:
            self._usage = Usage()
        result, detail = Result.FAILED, "interrupted"
        cut_short = wrong_account = False
        try:
            self._run(write_messages=write_messages)
            result = Result.PARTIAL if self.missing else Result.COMPLETE
            detail = "; ".join(self.missing)
        except (SyncLifecycleSignal, GeneratorExit):
            result, detail, cut_short = Result.COMPLETE, "", True
            raise
        except BrokenPipeError:
            detail = "the receiving end has closed the pipe"
            raise
        except StreamUnavailableError as error:
            result, detail = Result.UNAVAILABLE, str(error)
        except StreamError as error:
            detail, wrong_account = str(error), isinstance(error, WrongAccountError)
        except RunAbortedError as error:
            self._tap.aborted = detail = str(error)
            wrong_account = True
        except Exception as error:  # noqa: BLE001 - becomes the outcome; the others go on
            detail = f"a defect of this tap: {whereabouts(error)}. Please report it"
        finally:
            bookmark = self.stream_state.get("replication_key_value")
            outcome = Outcome(
                stream=self.name,
                result=result,
                detail=detail,
                records=self._records,
                tombstones=self.tombstones,
                requests=self._usage.requests,
                waited_seconds=self._usage.waited_seconds,
                response_seconds=self._usage.response_seconds,
                bookmark=str(bookmark) if bookmark else None,
                drift=self._differences(),
                cut_short=cut_short,
                wrong_account=wrong_account,
            )
            self._tap.outcomes.append(outcome)
            log = self.logger.info if result is Result.COMPLETE else self.logger.warning
            log("Stream '%s': %s, %d records", self.name, result.value, self._records)
        if isinstance(self._tap.message_writer, MessageWriter):
            self._tap.message_writer.flush()  # what came before an error is of use, too

    def _differences(self) -> Differences:
        """Return where the vendor's records differ from the schema, and say what was never seen."""
        deselected = [".".join(path[1::2]) for path, taken in self.mask.items() if not taken]
        found = self.drift.differences(
            everything=self._from_start and bool(self._records),
            left_out=[*self.left_out, *deselected],
        )
        if found.never_seen:
            self.logger.info("Stream '%s': never seen: %s", self.name, ", ".join(found.never_seen))
        return found

    def begin(self) -> Begun:
        """Settle what to read, and begin to read ahead if this run does so."""
        self.missing = []
        bookmark, reading = self._opened()
        self.deletions = self._search()
        with self._accounted():
            batches = self._tap.overlap.ahead(self.batches(reading))
        return Begun(bookmark, reading, batches)

    def next_reading(self) -> Reading:
        """Return what a run would ask for now; nothing is asked, and the state stays as it is.

        Raises:
            StreamFailedError: If the state cannot be read.
        """
        return self._opened()[1]

    def least_requests(self, reading: Reading) -> int:  # noqa: ARG002 - for those that need more
        """Return how many requests a reading needs if nothing was changed; nothing is asked.

        Args:
            reading: What is asked for.
        """
        return 1 if self.client else 0

    def _opened(self) -> tuple[Bookmark | None, Reading]:
        bookmark = self._bookmark()
        if bookmark is None:
            return None, Reading(self._tap.start_date, self._tap.end_date)
        return bookmark, bookmark.open(start=self._tap.start_date, lookback=self.lookback)

    def read_ahead(self) -> None:
        """Begin before it is this stream's turn; what goes wrong is said when it is."""
        self._usage = Usage()
        with suppress(StreamError):
            self._begun = self.begin()

    @contextmanager
    def _accounted(self) -> Iterator[None]:
        """Count the requests that are sent meanwhile as this stream's."""
        token = current_usage.set(self._usage)
        try:
            yield
        finally:
            current_usage.reset(token)

    def _run(self, *, write_messages: bool) -> None:
        if self._tap.aborted:
            raise RunAbortedError(self._tap.aborted)
        if self.ABORT_AT_RECORD_COUNT is None:
            self._tap.read_ahead()
        begun, self._begun = self._begun or self.begin(), None
        bookmark, reading = begun.bookmark, begun.reading
        version = version_of(
            reading,
            self.stream_state,
            new=int(self._tap.run_started.timestamp() * 1000),
            bookmarked=bookmark is not None,
            again=self.replication_key is not None,
        )
        self._stream_version = version.number or None
        self._from_start = not reading.incremental and reading.position is None
        self.logger.info("Reading '%s' %s", self.name, reading)
        self._last_heartbeat = self._tap.clock.monotonic()
        write = self._writer() if write_messages else None
        with (
            self.get_record_counter() as counter,
            self.get_sync_timer(),
            closing(begun.batches),
            self._accounted(),
        ):
            for batch in self._reconciled(begun.batches, reading):
                self._check_max_record_limit(self._records)  # before the second page
                records = self._processed(batch, bookmark)
                if write:
                    write(records)
                counter.increment(len(records))
                self._records += len(records)
                if bookmark:
                    self._keep_place(bookmark, batch)
                self._log_heartbeat(batch)
        if version.replaces and self.holds_everything and not self.missing:
            self._activate(version.number, write_messages=write_messages)
        self.completed()
        if bookmark:
            bookmark.close()
        if reading.until is None:
            self._write_state()

    def _writer(self) -> Callable[[Sequence[Record]], None]:
        """Return what writes the records of a batch: the fast way where it does the same."""
        output = self._tap.message_writer
        drift = None if self.notes_drift else self.drift
        if isinstance(output, MessageWriter) and RecordWriter.can_write(self):
            writer = RecordWriter(self, output, self._stream_version, drift)
            return lambda records: writer.write(records, self._tap.clock.now())
        level = Level.of(self.schema)

        def write(records: Sequence[Record]) -> None:
            for record in records:
                if drift is not None:
                    level.look(record, drift)
                self._write_record_message(record)

        return write

    def _activate(self, version: int, *, write_messages: bool) -> None:
        self.stream_state["version"] = version
        if write_messages:
            self._write_activate_version_message(version)

    def _processed(self, batch: Batch, bookmark: Bookmark | None) -> Sequence[Record]:
        """Let the stream change its records, and take notice of how new they are."""
        records = batch.records
        if type(self).post_process is not singer_sdk.Stream.post_process:
            processed = map(self.post_process, records)
            records = [record for record in processed if record is not None]
        if bookmark and batch.newest is None:
            bookmark.saw(*(value for (value,) in column(records, bookmark.replication_key)))
        return records

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

    @override
    def _write_state_message(self) -> None:
        """Write the state, without streams that it says nothing of: they may not be read yet."""
        if not self.state_manager.is_flushed:
            bookmarks = self.tap_state.get("bookmarks", {})
            told = {name: state for name, state in bookmarks.items() if state}
            self._tap.state_writer.write_state({**self.tap_state, "bookmarks": told})
            self.state_manager.is_flushed = True

    def _write_state(self) -> None:
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _log_heartbeat(self, batch: Batch) -> None:
        """Say once a minute how far a long reading has come."""
        now = self._tap.clock.monotonic()
        if now - self._last_heartbeat < _HEARTBEAT_SECONDS:
            return
        self._last_heartbeat = now
        self.logger.info(
            "Reading '%s': %d records so far, %d requests, waited %.0f s%s",
            self.name,
            self._records,
            self._usage.requests,
            self._usage.waited_seconds,
            f", at {batch.position}" if batch.position else "",
        )
