"""What passes through: numbers, versions, times, states, streams without rules."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from mapper_worklog.errors import InputError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

RULES = "streams: {e: {to: out, rules: [{set: {source: x}}]}}"
FIELDS = {"n": "number", "s": "string"}


def test_what_surrounds_a_record_stays(bench: Bench) -> None:
    """Version, time of extraction, and words that are nobody's yet."""
    more = {"version": 7, "time_extracted": "2025-03-05T15:38:09.123456+00:00", "x-trace": "t1"}
    record = bench.record("e", {"id": 1}, **more)

    written = bench.feed(RULES, [bench.schema("e", FIELDS, **{"x-trace": "t0"}), record])

    schema, mapped = written.messages
    assert schema["x-trace"] == "t0"
    assert mapped == {"type": "RECORD", "stream": "out", "record": {"id": 1, "source": "x"}, **more}


def test_states_pass_unchanged_and_in_order(bench: Bench) -> None:
    """A state comes after the records that it speaks of, byte for byte."""
    state = b'{"type": "STATE",  "value": {"bookmarks": {"e": {"replication_key_value": "1e2"}}}}'
    messages: list[Any] = [bench.schema("e", FIELDS), bench.record("e", {"id": 1}), state]

    written = bench.feed(RULES, [*messages, bench.record("e", {"id": 2})])

    assert written.lines[2] == state
    assert [m["type"] for m in written.messages] == ["SCHEMA", "RECORD", "STATE", "RECORD"]


def test_streams_without_rules_pass_byte_for_byte(bench: Bench) -> None:
    """Their lines are not encoded again."""
    lines = [
        json.dumps(bench.schema("other", FIELDS)).encode(),
        b'{"record": {"id": 1, "n": 0.10}, "stream": "other",  "type": "RECORD"}',
        b'{"type": "ACTIVATE_VERSION", "stream": "other", "version": 3}',
        b'{"type": "BATCH", "stream": "other", "manifest": []}',
    ]

    written = bench.feed(RULES, lines)

    assert written.lines == lines


def test_streams_without_rules_can_be_dropped(bench: Bench) -> None:
    """All their messages go; states stay."""
    messages = [
        bench.schema("other", FIELDS),
        bench.record("other", {"id": 1}),
        {"type": "ACTIVATE_VERSION", "stream": "other", "version": 3},
        {"type": "STATE", "value": {}},
    ]

    written = bench.feed("unmapped: drop\n" + RULES, messages)

    assert [m["type"] for m in written.messages] == ["STATE"]


@pytest.mark.parametrize("stream", ["e", "other"])
@pytest.mark.parametrize(
    "number",
    [
        "0.1",
        "142.50",
        "-1.5",
        "9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "0.12345678901234567890123",
        "1e400",
    ],
)
def test_numbers_keep_their_value(bench: Bench, stream: str, number: str) -> None:
    """Also beyond what 64 bits or a double can hold."""
    line = f'{{"type":"RECORD","stream":"{stream}","record":{{"id":1,"n":{number}}}}}'

    written = bench.feed(RULES, [bench.schema(stream, FIELDS), line.encode()])

    read = json.loads(written.lines[1], parse_float=Decimal, parse_int=Decimal)
    assert read["record"]["n"] == Decimal(number)


@pytest.mark.parametrize("stream", ["e", "other"])
@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_becomes_null(bench: Bench, stream: str, word: str) -> None:
    """No reader of JSON has to know the word."""
    line = f'{{"type":"RECORD","stream":"{stream}","record":{{"id":1,"n":{word}}}}}'

    written = bench.feed(RULES, [bench.schema(stream, FIELDS), line.encode()])

    assert written.records()[0]["n"] is None
    assert word.encode() not in written.lines[1]


@pytest.mark.parametrize(
    "text", ["Zoë", "日本", "\ud800", "NaN", "line\nbreak", "4931120455810098177"]
)
def test_texts_keep_their_characters(bench: Bench, text: str) -> None:
    """Also half a surrogate pair, and texts that look like numbers."""
    messages = [bench.schema("e", FIELDS), bench.record("e", {"id": 1, "s": text})]

    written = bench.feed(RULES, messages)

    assert written.records()[0]["s"] == text


def test_versions_go_to_every_output(bench: Bench) -> None:
    """A reindex replaces all streams that were made from the input."""
    rules = "streams: {e: [{to: a}, {to: b}]}"
    version = {"type": "ACTIVATE_VERSION", "stream": "e", "version": 3}

    written = bench.feed(rules, [bench.schema("e", FIELDS), version])

    assert written.messages[-2:] == [{**version, "stream": "a"}, {**version, "stream": "b"}]


def test_a_version_is_withheld_from_a_stream_that_others_feed(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It would make the target delete what the other input sent; a warning says so once."""
    rules = "streams: {a: {to: all}, b: {to: all}}"
    version = {"type": "ACTIVATE_VERSION", "stream": "a", "version": 3}

    with caplog.at_level(logging.WARNING):
        written = bench.feed(
            rules, [bench.schema("a", FIELDS), bench.schema("b", FIELDS), version, version]
        )

    assert [m["type"] for m in written.messages] == ["SCHEMA", "SCHEMA"]
    assert len([r for r in caplog.records if "ACTIVATE_VERSION is withheld" in r.message]) == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"Zanzibar", "Line 2 of the input is not a Singer message"),
        (b'{"Zanzibar": 1}', "Line 2 of the input is not a Singer message"),
        (b'["Zanzibar"]', "Line 2 of the input is not a Singer message"),
        (b'{"type": "Zanzibar"}', "Line 2 of the input has a type that no Singer message has"),
        (b'{"type": "RECORD", "record": {"a": "Zanzibar"}}', "does not name a stream"),
        (b'{"type": "RECORD", "stream": "e", "record": "Zanzibar"}', "a stream and a record"),
        (b'{"type": "BATCH", "stream": "e", "manifest": ["Zanzibar"]}', "Remove batch_config"),
        (b'{"type": "RECORD", "stream": "late", "record": {"a": "Zanzibar"}}', "before its schema"),
    ],
)
def test_input_that_cannot_be_mapped_is_an_error_without_its_content(
    bench: Bench, line: bytes, fault: str
) -> None:
    """It says where, and not what."""
    rules = "streams: {e: {}, late: {}}"

    with pytest.raises(InputError, match=fault) as caught:
        bench.feed(rules, [bench.schema("e", FIELDS), line])

    assert "Zanzibar" not in str(caught.value)


def test_empty_lines_are_skipped(bench: Bench) -> None:
    """Files that people edit have them."""
    written = bench.feed(RULES, [b"", bench.schema("e", FIELDS), b"  "])

    assert len(written.messages) == 1
