"""One audit, from the command line's words to the report."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.audit.ledger import Entry, Ledger, compare, report
from singer_tapkit.audit.tables import read_table
from singer_tapkit.bookmarks import Reading
from singer_tapkit.deletions import DELETED_AT
from singer_tapkit.errors import AuditError, RunAbortedError, StreamError
from singer_tapkit.stream import Stream
from singer_tapkit.windows import Days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_tapkit.tap import Tap

VENDOR: Final = "vendor"
"""What ``--audit`` compares with unless told otherwise."""


class AuditedStream(Stream):
    """A stream of dated hours that ``--audit`` can check."""

    @abc.abstractmethod
    def entry(self, row: Mapping[str, Any], *, reported: bool = False) -> Entry:
        """Take from a record, or from a row of a table loaded with it, what an audit compares.

        Args:
            row: The record or row.
            reported: Whether to take the hours as the vendor's own reports count them.

        Raises:
            KeyError: If a column is not there.
            ValueError: If a column is not what it should be.
        """

    @abc.abstractmethod
    def vendor_ledger(self, days: Days) -> Ledger:
        """Ask the vendor by another route than the one that the stream is read by.

        Args:
            days: The days that the audit is about; sides can be open.
        """


@dataclass(frozen=True, slots=True)
class Audit:
    """What to compare with what the tap reads.

    Attributes:
        source: ``vendor``, a path or a database's address.
        table: Name of the table, or a SELECT; that of the stream by default.
        columns: Names of the columns with key, day and hours, where the table has other ones than
            the stream.
    """

    source: str = VENDOR
    table: str | None = None
    columns: Sequence[str] = ()

    def run(self, tap: Tap, say: Callable[[str], object]) -> bool:
        """Audit every selected stream that has hours.

        Args:
            tap: The tap, with its settings.
            say: Prints a report.

        Returns:
            Whether both sides agree.

        Raises:
            AuditError: If there is nothing to audit, or one side cannot be read.
        """
        streams = [
            stream
            for stream in tap.streams.values()
            if isinstance(stream, AuditedStream) and stream.selected
        ]
        if not streams:
            msg = "--audit: no selected stream has hours to compare. Select time_entries"
            raise AuditError(msg)
        agree = [self._agree(tap, stream, say) for stream in streams]
        return all(agree)

    def _agree(self, tap: Tap, stream: AuditedStream, say: Callable[[str], object]) -> bool:
        days = Days(tap.start_day, tap.end_day)
        read = self._read(tap, stream, reported=self.source == VENDOR)
        try:
            mine = Ledger.of("tap", self._within(days, read))
            theirs = (
                stream.vendor_ledger(days)
                if self.source == VENDOR
                else Ledger.of("table", self._within(days, self._rows(stream)))
            )
        except (StreamError, RunAbortedError) as error:
            msg = f"--audit: {stream.name}: {error}"
            raise AuditError(msg) from None
        difference = compare(mine, theirs)
        say(f"{stream.name}, tap and {theirs.name}, by month\n" + report(mine, theirs, difference))
        for missing in stream.missing:
            say(f"not complete: {missing}")
        return not difference and not stream.missing

    @staticmethod
    def _read(tap: Tap, stream: AuditedStream, *, reported: bool) -> Iterator[Entry]:
        stream.missing = []
        for batch in stream.batches(Reading(tap.start_date, tap.end_date)):
            for raw in batch.records:
                record = stream.post_process(raw)
                if record is not None:
                    yield stream.entry(record, reported=reported)

    def _rows(self, stream: AuditedStream) -> Iterator[Entry]:
        for row in read_table(self.source, self.table or stream.name):
            if row.get(DELETED_AT) is not None:
                continue
            try:
                yield self._by_columns(row) if self.columns else stream.entry(row)
            except (KeyError, TypeError, ValueError):
                msg = (
                    "--audit: the table lacks the columns of this stream. Name those with key, "
                    "day and hours: --audit-columns source_id,entry_date,hours"
                )
                raise AuditError(msg) from None

    def _by_columns(self, row: Mapping[str, Any]) -> Entry:
        key, day, hours = (row[name] for name in self.columns)
        running = hours is None
        return Entry(str(key), date.fromisoformat(str(day)[:10]), float(hours or 0), running)

    @staticmethod
    def _within(days: Days, entries: Iterator[Entry]) -> Iterator[Entry]:
        return (entry for entry in entries if entry.day in days)
