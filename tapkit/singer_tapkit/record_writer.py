"""Writes RECORD messages a page at a time.

Replaces ``Stream._write_record_message`` of the SDK, which walks through every value of every
record three times: for properties that are not selected, for types that JSON does not have, for
the stream map. Here the schema is compiled once, and rows that need no change go out as they came
in. The SDK's own way is taken for whatever this one does not cover: properties that are not
selected, stream maps, flattening, and values that JSON does not have.

``tests/tapkit/test_record_writer.py`` proves that both ways write the same.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Union

import msgspec
import orjson
from singer_sdk.helpers._typing import conform_record_data_types, is_uniform_list
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.json import serialize_json

from singer_tapkit.drift import Level, has_properties
from singer_tapkit.rows import Raw, Rows, decode_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import singer_sdk

    from singer_tapkit.drift import Drift
    from singer_tapkit.message_writer import MessageWriter
    from singer_tapkit.types import Json, Record

_logger = logging.getLogger(__name__)

_PIECE: Final = 3 * 64
"""Parts, three a record, that are joined at once: few enough for memory that is used again."""
_MADE_FLAGS: Final = frozenset({int, str, dict, list})
_JSON_ONLY: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema says about one level of a record, as far as it matters for writing.

    Attributes:
        declared: The properties.
        open: Whether others may stay.
        kinds: What each property is decoded as, to find out whether it is of its type.
        flags: Properties that are boolean, and so become true or false.
        objects: Properties that are objects with properties of their own.
        lists: Properties that are lists of such objects.
    """

    declared: frozenset[str]
    open: bool
    kinds: tuple[tuple[str, Any], ...]
    flags: tuple[str, ...]
    objects: tuple[tuple[str, Shape], ...]
    lists: tuple[tuple[str, Shape], ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Shape:
        """Compile a schema of an object."""
        properties: Mapping[str, Any] = schema["properties"]
        objects = {name: each for name, each in properties.items() if has_properties(each)}
        lists = {
            name: each["items"]
            for name, each in properties.items()
            if is_uniform_list(each) and has_properties(each["items"])
        }
        return cls(
            frozenset(properties),
            bool(schema.get("additionalProperties")),
            tuple((name, _kind(each)) for name, each in properties.items()),
            tuple(name for name, each in properties.items() if _is_flag(each)),
            tuple((name, cls.of(each)) for name, each in objects.items() if name not in lists),
            tuple((name, cls.of(each)) for name, each in lists.items()),
        )

    def conform(self, record: Record) -> None:
        """Drop what is not declared, and make flags true or false; in place.

        Args:
            record: The record, or an object within.
        """
        if not self.open and not record.keys() <= self.declared:
            for name in record.keys() - self.declared:
                del record[name]
        for name in self.flags:
            value = record.get(name)
            if type(value) in _MADE_FLAGS:
                record[name] = value != 0
        for name, shape in self.objects:
            shape.conform_each([record.get(name)])
        for name, shape in self.lists:
            value = record.get(name)
            if type(value) is list:
                shape.conform_each(value)

    def conform_each(self, values: list[Json]) -> None:
        """Do that with those values that are objects."""
        for value in values:
            if type(value) is dict:
                self.conform(value)

    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Return what decodes a row if it is as declared, and raises if it may not be."""
        return msgspec.json.Decoder(self._struct())

    def _struct(self) -> type[msgspec.Struct]:
        kinds: dict[str, Any] = {**dict(self.kinds), **dict.fromkeys(self.flags, bool | None)}
        kinds |= {name: shape._struct() | None for name, shape in self.objects}  # noqa: SLF001
        kinds |= {name: list[shape._struct()] | None for name, shape in self.lists}  # type: ignore[misc]  # noqa: SLF001
        fields = {name: f"f{number}" for number, name in enumerate(kinds)}
        return msgspec.defstruct(
            "Shape",
            [(fields[name], kind, msgspec.UNSET) for name, kind in kinds.items()],
            rename={field: name for name, field in fields.items()},
            forbid_unknown_fields=not self.open,
            gc=False,
        )

    def note_seen(self, row: msgspec.Struct, drift: Drift, path: str = "") -> None:
        """Take notice of the properties that a decoded row has, and of those of objects within.

        Args:
            row: What :meth:`decoder` made of it.
            drift: Where that is kept.
            path: Where the object is, with a dot at its end.
        """
        values = zip((name for name, _ in self.kinds), msgspec.structs.astuple(row), strict=True)
        sent = {name: value for name, value in values if value is not msgspec.UNSET}
        drift.meet(path, self.declared, sent)
        for name, shape in self.objects:
            if isinstance(value := sent.get(name), msgspec.Struct):
                shape.note_seen(value, drift, f"{path}{name}.")
        for name, shape in self.lists:
            for part in sent.get(name) or ():
                shape.note_seen(part, drift, f"{path}{name}.")


_KINDS: Final[Mapping[str, Any]] = {
    "null": None,
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "object": dict[str, msgspec.Raw],
    "array": list[msgspec.Raw],
}


def _kind(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type
    """Return what a property is decoded as; anything at all if its schema does not say."""
    types = schema.get("type", [])
    kinds = {_KINDS[each] for each in ([types] if isinstance(types, str) else types)}
    return Union[tuple(kinds)] if kinds else msgspec.Raw  # noqa: UP007 - made, not written


def _is_flag(schema: Mapping[str, Any]) -> bool:
    """Find out whether the SDK makes numbers true or false by a schema."""
    if "type" not in schema:
        return False
    record = conform_record_data_types(
        "", {"x": 2}, {"properties": {"x": schema}}, TypeConformanceLevel.RECURSIVE, _logger
    )
    return record["x"] is True


class RecordWriter:
    """Writes the records of one stream.

    Args:
        stream: The stream; its schema and selection are settled.
        writer: Where the messages go.
        version: Version that the records belong to, if there are versions.
        drift: Where differences from the schema are noted, unless the stream does so itself.
    """

    def __init__(
        self,
        stream: singer_sdk.Stream,
        writer: MessageWriter,
        version: int | None,
        drift: Drift | None = None,
    ) -> None:
        self._stream = stream
        self._writer = writer
        self._head = b'{"type":"RECORD","stream":%s,"record":' % orjson.dumps(stream.name)
        self._version = b"" if version is None else b',"version":%d' % version
        self._shape = Shape.of(stream.effective_schema)
        self._unchanged = self._shape.decoder()
        self._level = Level.of(stream.effective_schema)
        self._drift = drift
        self._all_seen = drift is None

    @staticmethod
    def can_write(stream: singer_sdk.Stream) -> bool:
        """Tell whether records go out as they are, with all of their declared properties."""
        maps = stream.stream_maps
        return (
            len(maps) == 1
            and type(maps[0]) is SameRecordTransform
            and not maps[0].flattening_enabled
            and stream.TYPE_CONFORMANCE_LEVEL is TypeConformanceLevel.RECURSIVE
            and "properties" in stream.effective_schema
            and all(stream.mask.values())
        )

    def write(self, records: Sequence[Record], extracted: datetime) -> None:
        """Write the records of a page.

        Args:
            records: Records, which may be changed; or rows that are not decoded.
            extracted: When they were read.
        """
        time_extracted = b',"time_extracted":%s}\n' % orjson.dumps(extracted.isoformat())
        tail = self._version + time_extracted
        if isinstance(records, Rows):
            encoded = map(self._row, records.raw)
        else:
            encoded = map(self._record, records)
        parts = [part for text in encoded for part in (self._head, text, tail)]
        for start in range(0, len(parts), _PIECE):
            self._writer.write_lines(b"".join(parts[start : start + _PIECE]))

    def _row(self, raw: Raw) -> Raw:
        """Return a row as it is, unless something about it has to change."""
        try:
            row = self._unchanged.decode(raw)
        except msgspec.MsgspecError:
            return self._record(decode_row(raw))
        if self._drift is not None and not self._all_seen:
            self._shape.note_seen(row, self._drift)
            self._all_seen = self._drift.all_seen
        return raw

    def _record(self, record: Record) -> bytes:
        """Encode a record, if need be in the SDK's way."""
        if self._drift is not None:
            self._level.look(record, self._drift)
        self._shape.conform(record)
        try:
            return orjson.dumps(record, option=_JSON_ONLY)
        except TypeError:
            (message,) = self._stream._generate_record_messages(record)  # noqa: SLF001
            return serialize_json(message.record).encode()
