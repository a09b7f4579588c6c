"""The rows of a page, decoded as late as possible, or not at all.

Most rows go out as they came in. Cutting them out of the page costs a tenth of decoding them.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, overload

import msgspec
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_tapkit.types import Json, Record

Raw = bytes | msgspec.Raw
_BRACE: Final = ord("{")
_STRIDE: Final = 64 * 1024


class Rows(Sequence["Record"]):
    """JSON objects that were cut out of a page; each access decodes.

    Args:
        raw: The text of each, without line breaks.

    Attributes:
        raw: The text of each; a view of the page.
    """

    def __init__(self, raw: Sequence[Raw]) -> None:
        self.raw = raw
        self._read: dict[str, list[Json]] = {}

    def fields(self, *names: str) -> list[tuple[Json, ...]]:
        """Return some fields of each row; what was read before is not read again."""
        missing = tuple(name for name in names if name not in self._read)
        if missing:
            decode = _decoder(missing).decode
            rows = [msgspec.structs.astuple(decode(raw)) for raw in self.raw]
            columns = zip(*rows, strict=True) if rows else ((),) * len(missing)
            self._read |= {
                name: list(values) for name, values in zip(missing, columns, strict=True)
            }
        return list(zip(*(self._read[name] for name in names), strict=True))

    @override
    def __len__(self) -> int:
        return len(self.raw)

    @override
    def __iter__(self) -> Iterator[Record]:
        return map(decode_row, self.raw)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    @override
    def __getitem__(self, index: int | slice) -> Record | Rows:
        if isinstance(index, slice):
            return Rows(self.raw[index])
        return decode_row(self.raw[index])


def decode_row(raw: Raw) -> Record:
    """Decode one row; halves of surrogate pairs and integers of any length are no obstacle."""
    try:
        row: Record = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        row = json.loads(bytes(raw))
    return row


def column(records: Sequence[Record], *names: str) -> list[tuple[Json, ...]]:
    """Return some fields of each record, null where they are missing.

    Args:
        records: Records, or rows that are not decoded, of which only these fields will be.
        names: The fields.
    """
    if isinstance(records, Rows):
        return records.fields(*names)
    return [tuple(row.get(name) for name in names) for row in records]


@cache
def _decoder(names: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return what decodes some fields of an object, and skips the others."""
    fields = [f"f{number}" for number, _ in enumerate(names)]
    some = msgspec.defstruct(
        "Some",
        [(field, Any, None) for field in fields],
        rename=dict(zip(fields, names, strict=True)),
        gc=False,
    )
    return msgspec.json.Decoder(some)


def split_page(body: bytes, name: str) -> dict[str, Json | Rows] | None:
    """Decode a page, but for the rows of one list.

    Args:
        body: A JSON object.
        name: Name of the list.

    Returns:
        The page, with :class:`Rows` under that name; ``None`` if it cannot be read in this way:
        it is no such object, or it is spread over several lines.
    """
    if b"\n" in body or b"\r" in body:
        return None
    try:
        _check_text(body)
        page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        rows = msgspec.json.decode(page.pop(name), type=list[msgspec.Raw])
        rest = {field: msgspec.json.decode(value) for field, value in page.items()}
    except (KeyError, ValueError, msgspec.MsgspecError):
        return None
    if any(memoryview(row)[0] != _BRACE for row in rows):
        return None
    return {**rest, name: Rows(rows)}


def _check_text(body: bytes) -> None:
    """Make sure that it is UTF-8, without a second copy of it in memory."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    for start in range(0, len(body), _STRIDE):
        decoder.decode(view[start : start + _STRIDE])
    decoder.decode(b"", final=True)
