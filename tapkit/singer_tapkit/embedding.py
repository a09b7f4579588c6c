"""Taps within other programs: records as an iterator, state in and out.

No subprocess, no files, no signals, and no state that two readings share: two taps, or one tap
twice, can be read side by side.

Example:
    >>> rows = read(TapHarvest, {"access_token": "...", "account_id": "..."}, "time_entries")
    >>> for row in rows:
    ...     print(row["spent_date"], row["hours"])
    >>> later = read(TapHarvest, config, "time_entries", state=rows.state)
"""

from __future__ import annotations

import copy
import queue
import threading
from contextvars import copy_context
from io import RawIOBase
from typing import TYPE_CHECKING, Any, Final, Self, cast

import orjson
from typing_extensions import override

from singer_tapkit.message_writer import MessageWriter
from singer_tapkit.outcomes import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO

    import pyarrow as pa

    from singer_tapkit.outcomes import Outcome
    from singer_tapkit.tap import Tap
    from singer_tapkit.types import Record

_AHEAD: Final = 16
"""How many pieces of output may wait for whoever reads."""
_END: Final = b""


class ReadError(Exception):
    """A stream did not come to its end; the text says why, and holds no value.

    Attributes:
        outcome: How the stream ended.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.stream}: {outcome.result.value}: {outcome.detail}")
        self.outcome = outcome


def read(
    tap: type[Tap],
    config: Mapping[str, Any],
    stream: str,
    *,
    state: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> Rows:
    """Read one stream of a tap.

    Args:
        tap: The tap's class.
        config: Its settings.
        stream: Name of the stream.
        state: What an earlier reading ended with; everything is read without one.
        partial: Whether a stream that ends partial is taken, as ``on_stream_error`` would.

    Returns:
        The records, in order; tombstones have ``_sdc_deleted_at``. Reading begins with the first.

    Raises:
        ValueError: If there is no such stream.
        singer_sdk.exceptions.ConfigValidationError: If a setting is wrong.
    """
    return Rows(tap, config, stream, state, partial=partial)


class Rows:
    """The records of one stream, as they come; to be iterated over once.

    Ends with :class:`ReadError` if the stream does not come to its end. Whoever stops before, by
    leaving a ``with`` or `close`, ends the reading. Nothing is written anywhere.

    Attributes:
        schema: JSON schema of the records.
        key_properties: Names of their key.
        outcome: How the stream ended; ``None`` until it has.
    """

    def __init__(
        self,
        tap: type[Tap],
        config: Mapping[str, Any],
        stream: str,
        state: Mapping[str, Any] | None,
        *,
        partial: bool,
    ) -> None:
        self._pieces: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._closed = threading.Event()
        output = cast("IO[bytes]", _Output(self._pieces, self._closed))
        self._tap = tap.embedded(
            dict(config), state=copy.deepcopy(state), message_writer=MessageWriter(output)
        )
        if stream not in self._tap.streams:
            known = ", ".join(sorted(self._tap.streams))
            msg = f"{tap.name} has no stream {stream!r}. There are: {known}"
            raise ValueError(msg)
        for name, one in self._tap.streams.items():
            one.selected = name == stream
        self._partial = partial
        self._state: Mapping[str, Any] = copy.deepcopy(state or {})
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._rows = self._read()
        self.schema: Mapping[str, Any] = self._tap.streams[stream].schema
        self.key_properties: Sequence[str] = list(self._tap.streams[stream].primary_keys)
        self.outcome: Outcome | None = None

    @property
    def state(self) -> dict[str, Any]:
        """The state to hand to the next reading: as far as records were taken."""
        return copy.deepcopy(dict(self._state))

    def arrow(self) -> pa.Table:
        """Read all records into an Arrow table, its columns those of the schema.

        Instants are timestamps in UTC, days are dates, and what is not declared in parts is the
        text of its JSON. Needs ``pip install singer-tapkit[arrow]``; ``.to_pandas()`` and
        ``polars.from_arrow`` lead on.
        """
        from singer_tapkit.arrow import table_of  # noqa: PLC0415 - of those who want it

        records = list(self)  # whose schema comes before them
        return table_of(self.schema, records)

    def close(self) -> None:
        """End the reading, and what it holds open."""
        self._closed.set()
        if self._thread:
            while self._thread.is_alive():
                self._drain()
                self._thread.join(0.05)
        self._tap.overlap.close()

    def __iter__(self) -> Iterator[Record]:
        return self._rows

    def __next__(self) -> Record:
        return next(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_arguments: object) -> None:
        self.close()

    def _read(self) -> Iterator[Record]:
        run = copy_context().run
        self._thread = threading.Thread(target=run, args=(self._work,), daemon=True)
        self._thread.start()
        try:
            while piece := self._pieces.get():
                for line in piece.splitlines():
                    message = orjson.loads(line)
                    if message["type"] == "RECORD":
                        yield message["record"]
                    elif message["type"] == "STATE":
                        self._state = message["value"]
                    elif message["type"] == "SCHEMA":
                        self.schema = message["schema"]
            self._end()
        finally:
            self.close()

    def _work(self) -> None:
        try:
            self._tap.sync_all()
        except BaseException as error:  # noqa: BLE001 - is raised where records are read
            self._failure = error
        finally:
            self._put_end()

    def _put_end(self) -> None:
        while True:
            try:
                self._pieces.put(_END, timeout=0.1)
            except queue.Full:
                if self._closed.is_set():
                    return
            else:
                return

    def _drain(self) -> None:
        try:
            while True:
                self._pieces.get_nowait()
        except queue.Empty:
            return

    def _end(self) -> None:
        """Raise what went wrong, if something did."""
        if self._failure is not None:
            raise self._failure
        self.outcome = next(iter(self._tap.outcomes), None)
        if self.outcome is None or self.outcome.result is Result.COMPLETE:
            return
        if not (self._partial and self.outcome.result is Result.PARTIAL):
            raise ReadError(self.outcome)


class _Output(RawIOBase):
    """Hands what a tap writes to whoever reads; blocks while they are behind."""

    def __init__(self, pieces: queue.Queue[bytes], closed: threading.Event) -> None:
        super().__init__()
        self._pieces = pieces
        self._gone = closed

    @override
    def writelines(self, lines: Any) -> None:
        piece = b"".join(lines)
        while piece:
            if self._gone.is_set():
                raise BrokenPipeError
            try:
                self._pieces.put(piece, timeout=0.1)
            except queue.Full:
                continue
            return
