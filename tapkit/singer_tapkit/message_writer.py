"""Where messages go: a buffer that is written out at each state."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Final

import orjson
from singer_sdk.singerlib.encoding.base import GenericSingerWriter, SingerMessageType
from singer_sdk.singerlib.encoding.simple import Message
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

_BUFFER_BYTES: Final = 256 * 1024


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages as lines.

    Replaces the SDK's writer, which encodes in Python and flushes after every record. Nobody waits
    for a record; what counts is that all records are out before the state that speaks of them.

    Args:
        output: Where to write; standard output if absent.
    """

    def __init__(self, output: IO[bytes] | None = None) -> None:
        self._output = output
        self._parts: list[bytes] = []
        self._size = 0
        self._flushing = False
        self._when_idle: Callable[[], None] | None = None

    @override
    def serialize_message(self, message: Message) -> bytes:
        fields = message.to_dict()
        try:
            return orjson.dumps(fields)
        except TypeError:  # integers beyond 64 bits, dates of Python, ...
            return serialize_json(fields).encode()

    @override
    def write_message(self, message: Message) -> None:
        self.write_lines(self.serialize_message(message) + b"\n")
        if message.type is not SingerMessageType.RECORD:
            self.flush()

    def write_lines(self, lines: bytes) -> None:
        """Write whole lines, each with its end."""
        self._parts.append(lines)
        self._size += len(lines)
        if self._size >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand on what was written so far."""
        parts, self._parts, self._size = self._parts, [], 0
        self._flushing = True
        output = self._output or getattr(sys.stdout, "buffer", None)
        if output is not None:
            output.writelines(parts)
            output.flush()
        else:  # somebody has put a text file in the place of standard output
            sys.stdout.write(b"".join(parts).decode())
            sys.stdout.flush()
        self._flushing = False
        if self._when_idle is not None:
            self._when_idle()

    def when_idle(self, action: Callable[[], None]) -> None:
        """Do something now, or as soon as what is being written is out; for signal handlers."""
        if self._flushing:
            self._when_idle = action
        else:
            action()
