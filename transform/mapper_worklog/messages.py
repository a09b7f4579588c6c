"""Singer messages as bytes: read, changed and written without harm to their numbers."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final

import orjson
from singer_sdk.singerlib import Message
from singer_sdk.singerlib.encoding import GenericSingerReader, GenericSingerWriter
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

from mapper_worklog.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS: Final = bytes.maketrans(b"0123456789.", b"0" * 11)
_MANY_DIGITS: Final = b"0" * 17
_LONG_NUMBER: Final = re.compile(rb"[:\[,]\s*-?(?:\d{19}|(?=[\d.]{17})\d+\.\d)")
_BUFFER_BYTES: Final = 1 << 16


def decode(line: bytes) -> object:
    """Read one JSON value exactly.

    orjson rounds integers above 64 bits and decimals of more than 15 digits to a double. Lines that
    may hold such a number take the slower way, where they become ``int`` and ``Decimal``. So do
    lines with NaN or Infinity, which JSON does not know: they become null.

    Raises:
        ValueError: If it is not JSON.
    """
    if _MANY_DIGITS in line.translate(_DIGITS) and _LONG_NUMBER.search(line):
        return _decode_exactly(line)
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _decode_exactly(line)


def encode(value: object) -> bytes:
    """Write one JSON value, without white space; the inverse of :func:`decode`."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a number or a text that orjson cannot write
        return serialize_json(value).encode()


def _decode_exactly(line: bytes) -> object:
    return json.loads(line, parse_float=Decimal, parse_constant=lambda _: None)


def stream_of(message: dict[str, Any], *needs: str) -> str:
    """Return the stream that a message is about.

    Args:
        message: The message.
        needs: Words under which it must hold an object.

    Raises:
        InputError: If it names no stream, or lacks such an object.
    """
    stream = message.get("stream")
    if not isinstance(stream, str) or not all(isinstance(message.get(n), dict) for n in needs):
        what = " and ".join(["a stream", *(f"a {word}" for word in needs)])
        msg = f"A {message['type']} message of the input does not name {what}"
        raise InputError(msg)
    return stream


@dataclass(slots=True)
class MappedMessage(Message):
    """A message that keeps every key it came with, known to the SDK or not.

    Attributes:
        content: The whole message.
        line: The line that it was read from, if it is to be written as it was.
    """

    content: dict[str, Any]
    line: bytes | None = None

    def __post_init__(self) -> None:
        self.type = self.content["type"]

    @override
    def to_dict(self) -> dict[str, Any]:
        return self.content


class ByteReader(GenericSingerReader[bytes]):
    """Reads messages line by line, and says where the input is wrong without saying what it is."""

    def __init__(self) -> None:
        super().__init__()
        self._line = b""
        self._message: dict[str, Any] = {}
        self._number = 0

    def line_of(self, message: dict[str, Any]) -> bytes | None:
        """Return the line that a message was read from, if it can be written again.

        Args:
            message: The message that was read last; there is no line of any other.
        """
        if message is not self._message or b"NaN" in self._line or b"Infinity" in self._line:
            return None
        return self._line

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    @override
    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Read one message.

        Raises:
            InputError: If it is none; says where, not what.
        """
        try:
            message = decode(line)
        except ValueError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            msg = (
                f"Line {self._number} of the input is not a Singer message. "
                "See what else the tap writes to its standard output"
            )
            raise InputError(msg)
        return message

    @override
    def process_lines(
        self,
        file_input: IO[bytes] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Hand each message to the callback of its type; empty lines are skipped.

        Args:
            file_input: Where to read; standard input if absent.
            callbacks: What to call, by type of message.

        Returns:
            How many messages of each type there were.

        Raises:
            InputError: If a line is no message, or of a type without a callback.
        """
        counts: Counter[str] = Counter()
        for line in file_input or self.default_input:
            self._number += 1
            if line.isspace():
                continue
            message = self.deserialize_json(line)
            self._line, self._message = line, message
            callback = callbacks.get(message["type"])
            if callback is None:
                msg = f"Line {self._number} of the input has a type that no Singer message has"
                raise InputError(msg)
            callback(message)
            counts[message["type"]] += 1
        return counts


class ByteWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages through a buffer of its own.

    Args:
        output: Where to write; standard output if absent, opened at the first message.
    """

    def __init__(self, output: BinaryIO | None = None) -> None:
        self._output = output

    @override
    def serialize_message(self, message: Message) -> bytes:
        """Encode a message, or return the line that it was read from."""
        if isinstance(message, MappedMessage) and message.line is not None:
            return message.line.rstrip(b"\r\n") + b"\n"
        return encode(message.to_dict()) + b"\n"

    @override
    def write_message(self, message: Message) -> None:
        if self._output is None:
            self._output = open(  # noqa: SIM115 - open as long as the process is
                sys.stdout.fileno(), "wb", buffering=_BUFFER_BYTES, closefd=False
            )
        self._output.write(self.serialize_message(message))

    def flush(self) -> None:
        """Hand over what is in the buffer."""
        if self._output is not None:
            self._output.flush()


class SilentWriter(ByteWriter):
    """Writes nothing, where only what the rules do is of interest."""

    @override
    def write_message(self, message: Message) -> None:
        """Forget the message."""
