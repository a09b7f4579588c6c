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
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from singer_sdk.helpers._typing import conform_record_data_types, is_object_type, is_uniform_list
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.json import serialize_json

from singer_tapkit.rows import Raw, Rows, decode_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import singer_sdk

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
        flags: Properties that are boolean, and so become true or false.
        objects: Properties that are objects with properties of their own.
        lists: Properties that are lists of such objects.
    """

    declared: frozenset[str]
    open: bool
    flags: tuple[str, ...]
    objects: tuple[tuple[str, Shape], ...]
    lists: tuple[tuple[str, Shape], ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Shape:
        """Compile a schema of an object."""
        properties: Mapping[str, Any] = schema["properties"]
        objects = {name: each for name, each in properties.items() if _has_properties(each)}
        lists = {
            name: each["items"]
            for name, each in properties.items()
            if is_uniform_list(each) and _has_properties(each["items"])
        }
        return cls(
            frozenset(properties),
            bool(schema.get("additionalProperties")),
            tuple(name for name, each in properties.items() if _is_flag(each)),
            tuple((name, cls.of(each)) for name, each in objects.items() if name not in lists),
            tuple((name, cls.of(each)) for name, each in lists.items()),
        )

    def conform(self, record: Record, undeclared: Counter[str], path: str = "") -> None:
        """Drop what is not declared, and make flags true or false; in place.

        Args:
            record: The record, or an object within.
            undeclared: Counts what was dropped, by path.
            path: Where the object is, with a dot at its end.
        """
        if not self.open and not record.keys() <= self.declared:
            for name in record.keys() - self.declared:
                del record[name]
                undeclared[path + name] += 1
        for name in self.flags:
            value = record.get(name)
            if type(value) in _MADE_FLAGS:
                record[name] = value != 0
        for name, shape in self.objects:
            shape.conform_each([record.get(name)], undeclared, f"{path}{name}.")
        for name, shape in self.lists:
            value = record.get(name)
            if type(value) is list:
                shape.conform_each(value, undeclared, f"{path}{name}.")

    def conform_each(self, values: list[Json], undeclared: Counter[str], path: str) -> None:
        """Do that with those values that are objects."""
        for value in values:
            if type(value) is dict:
                self.conform(value, undeclared, path)

    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Return what decodes a row if it needs no change, and raises if it may need one."""
        return msgspec.json.Decoder(self._struct())

    def _struct(self) -> type[msgspec.Struct]:
        kinds: dict[str, Any] = dict.fromkeys(self.declared, msgspec.Raw)
        kinds |= dict.fromkeys(self.flags, bool | None)
        kinds |= {name: shape._struct() | None for name, shape in self.objects}  # noqa: SLF001
        kinds |= {name: list[shape._struct()] | None for name, shape in self.lists}  # type: ignore[misc]  # noqa: SLF001
        fields = {name: f"f{number}" for number, name in enumerate(kinds)}
        return msgspec.defstruct(
            "Shape",
            [(fields[name], kind, None) for name, kind in kinds.items()],
            rename={field: name for name, field in fields.items()},
            forbid_unknown_fields=not self.open,
            gc=False,
        )


def _has_properties(schema: dict[str, Any]) -> bool:
    return bool(is_object_type(schema)) and "properties" in schema


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
    """

    def __init__(
        self, stream: singer_sdk.Stream, writer: MessageWriter, version: int | None
    ) -> None:
        self._stream = stream
        self._writer = writer
        self._head = b'{"type":"RECORD","stream":%s,"record":' % orjson.dumps(stream.name)
        self._version = b"" if version is None else b',"version":%d' % version
        self._shape = Shape.of(stream.effective_schema)
        self._unchanged = self._shape.decoder()
        self._undeclared: Counter[str] = Counter()

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
        known = len(self._undeclared)
        time_extracted = b',"time_extracted":%s}\n' % orjson.dumps(extracted.isoformat())
        tail = self._version + time_extracted
        if isinstance(records, Rows):
            encoded = map(self._row, records.raw)
        else:
            encoded = map(self._record, records)
        parts = [part for text in encoded for part in (self._head, text, tail)]
        for start in range(0, len(parts), _PIECE):
            self._writer.write_lines(b"".join(parts[start : start + _PIECE]))
        if len(self._undeclared) > known:
            self._stream.logger.warning(
                "'%s': the schema does not declare %s; left out",
                self._stream.name,
                ", ".join(sorted(self._undeclared)),
            )

    def _row(self, raw: Raw) -> Raw:
        """Return a row as it is, unless something about it has to change."""
        try:
            self._unchanged.decode(raw)
        except msgspec.MsgspecError:
            return self._record(decode_row(raw))
        return raw

    def _record(self, record: Record) -> bytes:
        """Encode a record, if need be in the SDK's way."""
        self._shape.conform(record, self._undeclared)
        try:
            return orjson.dumps(record, option=_JSON_ONLY)
        except TypeError:
            (message,) = self._stream._generate_record_messages(record)  # noqa: SLF001
            return serialize_json(message.record).encode()
