"""Singer messages as bytes, read and written without harm to their numbers."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

import orjson
from singer_sdk.singerlib.encoding import GenericSingerReader
from typing_extensions import override

from singer_tapkit.targets.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS: Final = bytes.maketrans(b"0123456789.", b"0" * 11)
_MANY_DIGITS: Final = b"0" * 17
_LONG_NUMBER: Final = re.compile(rb"(?:^|[:\[,])\s*-?(?:\d{19}|(?=[\d.]{17})\d+[.eE])")
_INT64: Final = range(-(2**63), 2**63)


class NotANumberError(ValueError):
    """There is NaN or Infinity, which JSON does not know."""


def decode(line: bytes) -> object:
    """Read one JSON value exactly.

    orjson turns integers beyond 64 bits and decimals of more than 15 digits into a double. Lines
    that may hold such a number take a slower way, on which they become ``Decimal``. Half of a
    surrogate pair, which is no character, becomes U+FFFD.

    Raises:
        NotANumberError: If there is NaN or Infinity.
        ValueError: If it is not JSON.
    """
    if not (_MANY_DIGITS in line.translate(_DIGITS) and _LONG_NUMBER.search(line)):
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            pass  # perhaps a number or a text that only orjson refuses
    value = json.loads(line, parse_float=Decimal, parse_int=_integer, parse_constant=_refuse)
    return _changed(value, _whole_characters)


def encode(value: object) -> bytes:
    """Write one JSON value without white space; the inverse of :func:`decode`."""
    try:
        return orjson.dumps(value, default=_number)
    except TypeError:  # an integer that did not come from decode() may be beyond 64 bits
        return orjson.dumps(_changed(value, _long_as_decimal), default=_number)


def _integer(digits: str) -> int | Decimal:
    value = int(digits)
    return value if value in _INT64 else Decimal(digits)


def _refuse(_constant: str) -> NoReturn:
    raise NotANumberError


def _changed(value: object, change: Callable[[object], object]) -> object:
    """Apply a change to everything that a value consists of."""
    match value:
        case list():
            return [_changed(item, change) for item in value]
        case dict():
            return {change(name): _changed(item, change) for name, item in value.items()}
    return change(value)


def _whole_characters(value: object) -> object:
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _long_as_decimal(value: object) -> object:
    return Decimal(value) if type(value) is int and value not in _INT64 else value


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError


class MessageReader(GenericSingerReader[bytes]):
    """Reads messages line by line, and can be stopped between two of them.

    Attributes:
        number: How many lines were read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self._handling = False
        self._stop: Callable[[], None] | None = None

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    def stop(self, leave: Callable[[], None]) -> None:
        """Leave at once if no message is being handled, else as soon as it is handled."""
        if self._handling:
            self._stop = leave
        else:
            leave()

    @override
    def deserialize_json(self, line: bytes | str) -> dict[str, Any]:
        """Read one message.

        Args:
            line: Text is taken too, since programs that embed a target hand over text files.

        Raises:
            InputError: If it is none; says where, not what.
        """
        fault = "is not a Singer message. See what else the tap writes to its standard output"
        try:
            message = decode(line.encode() if isinstance(line, str) else line)
        except NotANumberError:
            fault = "holds NaN or Infinity, which JSON does not know. The tap has to send null"
            message = None
        except ValueError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            msg = f"Line {self.number} of the input {fault}"
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
            self.number += 1
            if line.isspace():
                continue
            self._handling = True
            message = self.deserialize_json(line)
            callback = callbacks.get(message["type"])
            if callback is None:
                msg = f"Line {self.number} of the input has a type that no Singer message has"
                raise InputError(msg)
            callback(message)
            counts[message["type"]] += 1
            self._handling = False
            if self._stop is not None:
                self._stop()
        return counts

    @staticmethod
    @override
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        """Check that a message or a schema has certain keys.

        Raises:
            InputError: If it has not. Unlike the SDK's own it does not quote the message.
        """
        missing = requires - line_dict.keys()
        if missing:
            what = f"A {line_dict['type']} message" if "stream" in line_dict else "A message"
            msg = f"{what} of the input lacks {' and '.join(sorted(missing))}"
            raise InputError(msg)
