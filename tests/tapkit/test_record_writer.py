"""The fast way of writing records and the SDK's own say the same."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk import Stream, Tap
from singer_sdk.singerlib import StateMessage
from singer_tapkit.drift import Differences, Drift
from singer_tapkit.message_writer import MessageWriter
from singer_tapkit.record_writer import RecordWriter
from singer_tapkit.rows import Rows, column, split_page
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = st.sampled_from(["id", "a", "b c", "class", "é", "_d"])
TYPES = ["string", "integer", "number", "boolean", "object", "array"]
LEAVES = st.builds(
    lambda types, null: {
        "type": [*types, "null"] if null else types[0] if len(types) == 1 else types
    },
    st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True),
    st.booleans(),
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of objects and lists of them."""
    properties = st.dictionaries(NAMES, inner, max_size=4)
    return st.builds(
        lambda found, more, null: {
            "type": ["object", "null"] if null else "object",
            "properties": found,
            **({"additionalProperties": True} if more else {}),
        },
        properties,
        st.booleans(),
        st.booleans(),
    )


def lists(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of lists."""
    return st.builds(lambda items: {"type": ["array", "null"], "items": items}, inner)


SCHEMAS = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: objects(inner) | lists(objects(inner)), max_leaves=6),
    max_size=5,
).map(lambda properties: {"type": "object", "properties": properties})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(NAMES, JSON, max_size=6), min_size=1, max_size=4)


class Records(Stream):
    """A stream with any schema."""

    name = "records"

    @override
    def get_records(self, context: object) -> Iterable[dict[str, Any]]:
        """Have none."""
        return []


class AnyTap(Tap):
    """A tap with one stream of any schema."""

    name = "tap-any"
    config_jsonschema = {"properties": {}}  # noqa: RUF012

    @override
    def discover_streams(self) -> list[Stream]:
        """Have one stream."""
        return [Records(self, schema={"properties": {"id": {}}})]


def stream_of(schema: dict[str, Any]) -> Stream:
    """A stream with this schema, its maps settled."""
    tap = type("ATap", (AnyTap,), {"discover_streams": lambda self: [Records(self, schema)]})()
    stream: Stream = tap.streams["records"]
    stream.selected = True
    return stream


def by_the_sdk(stream: Stream, records: list[dict[str, Any]]) -> list[Any]:
    """What the SDK writes."""
    copies = [json.loads(json.dumps(record)) for record in records]
    messages = [m for record in copies for m in stream._generate_record_messages(record)]  # noqa: SLF001
    return [json.loads(MessageWriter().serialize_message(message)) for message in messages]


def by_the_writer(
    stream: Stream,
    records: Any,  # noqa: ANN401 - rows, decoded or not
    version: int | None = None,
    drift: Drift | None = None,
) -> list[Any]:
    """What the writer writes."""
    output = io.BytesIO()
    writer = MessageWriter(output)
    RecordWriter(stream, writer, version, drift).write(records, NOW)
    writer.flush()
    return [json.loads(line) for line in output.getvalue().splitlines()]


def values(messages: list[Any]) -> list[Any]:
    """The messages without their time stamp."""
    return [{**message, "time_extracted": None} for message in messages]


@settings(max_examples=400, deadline=None)
@given(SCHEMAS, RECORDS)
def test_both_ways_write_the_same(schema: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """Whatever the schema, and whatever is in the records; decoded or not."""
    stream = stream_of(schema)
    expected = by_the_sdk(stream, records)
    raw = [json.dumps(record, ensure_ascii=False).encode() for record in records]

    assert RecordWriter.can_write(stream)
    assert values(by_the_writer(stream, Rows(raw), drift=Drift())) == values(expected)
    assert values(by_the_writer(stream, [json.loads(row) for row in raw])) == values(expected)


def odd_records() -> list[dict[str, Any]]:
    """Values that JSON does not have, or that orjson does not write."""
    return [
        {"id": 2**70, "a": Decimal("1.10"), "_d": float("nan")},
        {"id": 1, "a": date(2026, 1, 31), "_d": timedelta(hours=3)},
        {"id": 2, "a": datetime(2026, 1, 31, 8, tzinfo=UTC), "class": b"\x00"},
        {"id": 3, "a": "\ud800", "class": 0, "left out": "\ud800"},
    ]


def test_odd_values_are_written_as_the_sdk_writes_them() -> None:
    """In their place among the others."""
    text = {"type": ["string", "null"]}
    number = {"type": ["number", "null"]}
    flag = {"type": ["boolean", "null"]}
    schema = {
        "type": "object",
        "properties": {"id": number, "a": text, "_d": number, "class": flag},
    }
    stream = stream_of(schema)
    expected = [
        json.loads(MessageWriter().serialize_message(message))
        for record in odd_records()
        for message in stream._generate_record_messages(record)  # noqa: SLF001
    ]

    written = by_the_writer(stream, odd_records())

    assert values(written) == values(expected)
    assert written[0]["record"]["id"] == 2**70


@settings(max_examples=200, deadline=None)
@given(SCHEMAS, RECORDS)
def test_both_ways_notice_the_same_drift(
    schema: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    """Decoded or not; a row that went out as it came has nothing undeclared or wrongly typed."""
    stream = stream_of(schema)
    raw = [json.dumps(record, ensure_ascii=False).encode() for record in records]
    quick, slow = Drift(), Drift()

    by_the_writer(stream, Rows(raw), drift=quick)
    by_the_writer(stream, [json.loads(row) for row in raw], drift=slow)

    noticed = [drift.differences(everything=True, left_out=()) for drift in (quick, slow)]
    assert noticed[0] == noticed[1]


def test_what_is_not_declared_is_named_once() -> None:
    """By its path, not with its value; nested things too, whichever way a page is written."""
    inner = {"type": "object", "properties": {"id": {"type": "integer"}}}
    properties = {"a": inner, "b": {"type": "array", "items": inner}, "c": {"type": "string"}}
    stream = stream_of({"type": "object", "properties": properties})
    rows = [b'{"a":{"id":"one","x":"secret"},"b":[{"id":1},{"y":"secret"}]}'] * 3
    drift = Drift()

    written = by_the_writer(stream, Rows(rows), drift=drift)

    assert written[0]["record"] == {"a": {"id": "one"}, "b": [{"id": 1}, {}]}
    found = drift.differences(everything=True, left_out=["b.*"])
    assert found == Differences(["a.x"], ["a.id"], ["c"])
    assert str(found) == (
        "undeclared, left out: a.x; wrongly typed: a.id; never seen: 1 of the declared fields"
    )
    assert drift.differences(everything=False, left_out=["a.*", "b.*"]).never_seen == []


@pytest.mark.parametrize(
    ("config", "selected"),
    [({"stream_maps": {"records": {"a": "str(a)"}}}, True), ({}, False)],
)
def test_the_sdks_way_is_taken_where_records_are_changed(
    config: dict[str, Any], *, selected: bool
) -> None:
    """By stream maps, or because a property is deselected."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    tap = type("ATap", (AnyTap,), {"discover_streams": lambda self: [Records(self, schema)]})(
        config=config
    )
    stream = tap.streams["records"]
    stream.metadata["properties", "a"].selected = selected
    stream.selected = True

    assert not RecordWriter.can_write(stream)


def test_a_version_is_said_with_each_record() -> None:
    """And the time of reading, in UTC."""
    stream = stream_of({"type": "object", "properties": {"id": {"type": "integer"}}})

    (message,) = by_the_writer(stream, Rows([b'{"id":1}']), version=7)

    assert message == {
        "type": "RECORD",
        "stream": "records",
        "record": {"id": 1},
        "version": 7,
        "time_extracted": "2026-03-02T09:00:00+00:00",
    }


def test_a_page_is_cut_into_rows() -> None:
    """The rest of it is decoded; some fields can be had without decoding the others."""
    page = split_page(b'{"n":[1],"rows":[{"id":1,"a":"x"},{"id":2}],"next":null}', "rows")

    assert page is not None
    rows = page["rows"]
    assert isinstance(rows, Rows)
    assert [*rows] == [{"id": 1, "a": "x"}, {"id": 2}]
    assert [*rows[1:]] == [rows[1]] == [{"id": 2}]
    assert column(rows, "id", "a") == column([*rows], "id", "a") == [(1, "x"), (2, None)]
    assert (page["n"], page["next"]) == ([1], None)


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows": [\n{"id": 1}]}',
        b'{"rows": [1]}',
        b'{"rows": {"id": 1}}',
        b'{"other": []}',
        b"[]",
        b"<html>",
        b'{"rows": [{"id": 1}',
        b'{"rows": [{"id": "\xff"}]}',
    ],
)
def test_other_answers_are_not_cut(body: bytes) -> None:
    """They are read in the plain way, which knows what to say about them."""
    assert split_page(body, "rows") is None


def test_nothing_is_out_before_a_state_says_so() -> None:
    """And everything is, when it does."""
    output = io.BytesIO()
    writer = MessageWriter(output)

    writer.write_lines(b'{"type":"RECORD"}\n')
    before = output.getvalue()
    writer.write_message(StateMessage({"at": 1}))

    assert before == b""
    assert [json.loads(line)["type"] for line in output.getvalue().splitlines()] == [
        "RECORD",
        "STATE",
    ]


def test_a_signal_waits_until_the_lines_are_whole() -> None:
    """A state in the middle of a record would be read by nobody."""
    happened: list[str] = []

    class Slow(io.BytesIO):
        @override
        def flush(self) -> None:
            writer.when_idle(lambda: happened.append("left"))
            happened.append("flushed")

    writer = MessageWriter(Slow())
    writer.write_lines(b"{}\n")
    writer.flush()
    writer.when_idle(lambda: happened.append("left at once"))

    assert happened == ["flushed", "left", "left at once"]
