"""Records as Arrow tables."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_tapkit.types import Record


def table_of(schema: Mapping[str, Any], records: Sequence[Record]) -> pa.Table:
    """Make a table of records.

    Args:
        schema: JSON schema of the records: a column for each property, also if no record has it.
        records: They.
    """
    columns = schema["properties"].items()
    fields = [pa.field(name, type_of(definition)) for name, definition in columns]
    arrays = [
        pa.array([_value(record.get(field.name), field.type) for record in records], field.type)
        for field in fields
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def type_of(definition: Mapping[str, Any]) -> pa.DataType:
    """Return the Arrow type of a property; JSON texts for what is not declared in parts."""
    kinds = definition.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if definition.get("format") == "date-time":
        return pa.timestamp("us", tz="UTC")
    if definition.get("format") == "date":
        return pa.date32()
    if "object" in kinds and definition.get("properties"):
        parts = definition["properties"].items()
        return pa.struct([pa.field(name, type_of(part)) for name, part in parts])
    if "array" in kinds and definition.get("items"):
        return pa.list_(type_of(definition["items"]))
    plain = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    return next((plain[kind] for kind in kinds if kind in plain), pa.string())


def _value(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - whatever a record holds
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: _value(value.get(field.name), field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_value(part, kind.value_type) for part in value]
    return _plain(value, kind)


def _plain(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - whatever a record holds
    if pa.types.is_timestamp(kind):
        moment = datetime.fromisoformat(str(value))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if pa.types.is_date32(kind):
        return date.fromisoformat(str(value)[:10])
    if pa.types.is_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return float(value) if pa.types.is_float64(kind) else value
