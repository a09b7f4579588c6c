"""Messages are read exactly, or refused without telling what is in them."""

from __future__ import annotations

import logging
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_tapkit.targets.errors import InputError, RecordError, TargetError
from singer_tapkit.targets.messages import decode, encode
from target_files.rows import key_of

from tests.target_files.loading import activate, deleted, keyed, lines, record, schema, state

if TYPE_CHECKING:
    from tests.target_files.loading import Loader, Message

SECRET = "Featherstonehaugh"
PLAIN_NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | PLAIN_NUMBERS | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\u20ac\U0001f600"), inner),
)


@given(JSON_VALUES)
def test_reading_and_writing_changes_nothing(value: object) -> None:
    """Whatever the number of digits, at any depth."""
    line = encode(value)

    assert encode(decode(line)) == encode(decode(encode(decode(line))))
    assert _exactly(decode(line)) == _exactly(value)


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
)
def test_any_number_keeps_its_value(digits: str) -> None:
    """No way of writing it is rounded."""
    for line in (f'{{"a": {digits}}}', f'{{"a":[{digits}]}}'):
        written = encode(decode(line.encode())).decode()

        number = written.split(":")[1].strip("[]}")
        assert math.isclose(Decimal(number), Decimal(digits), rel_tol=0, abs_tol=0)


def test_a_key_is_the_same_as_number_and_as_text() -> None:
    """Parts of a key do not run into each other."""
    keys = ("a", "b")

    assert key_of({"a": 1, "b": "x"}, keys) == key_of({"a": "1", "b": "x"}, keys)
    assert key_of({"a": 1.0, "b": Decimal(2)}, keys) == key_of({"a": 1, "b": 2}, keys)
    assert key_of({"a": "1,2", "b": ""}, keys) != key_of({"a": "1", "b": "2"}, keys)
    assert key_of({"a": True, "b": 0.5}, keys) == '["true","0.5"]'
    assert key_of({"a": 1, "b": None}, keys) is None


def test_empty_lines_are_skipped(jsonl: Loader) -> None:
    """Some taps end their output with one."""
    states = jsonl.load_bytes(b"\n" + lines([schema(), record(id=1), state(1)]) + b" \n\n")

    assert states == [{"at": 1}]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(jsonl: Loader, word: str) -> None:
    """It is not JSON, and would spoil every reader of the file."""
    bad = f'{{"type":"RECORD","stream":"items","record":{{"id":2,"value":{word}}}}}\n'.encode()

    with pytest.raises(InputError, match="Line 3 of the input holds NaN or Infinity"):
        jsonl.load_bytes(lines([schema(value={}), record(id=1)]) + bad)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"INFO hello {SECRET}".encode(), "Line 2 of the input is not a Singer message"),
        (f'["{SECRET}"]'.encode(), "Line 2 of the input is not a Singer message"),
        (f'{{"type":"{SECRET}"}}'.encode(), "Line 2 of the input has a type"),
        (b'{"type":"RECORD"\xff}', "Line 2 of the input is not a Singer message"),
        (f'{{"type":"RECORD","stream":"items","{SECRET}":1}}'.encode(), "lacks record"),
        (f'{{"type":"RECORD","record":"{SECRET}"}}'.encode(), "lacks stream"),
        (f'{{"type":"RECORD","stream":"items","record":"{SECRET}"}}'.encode(), "JSON object"),
        (f'{{"type":"STATE","{SECRET}":1}}'.encode(), "lacks value"),
        (b'{"type":"SCHEMA","stream":"items","schema":{}}', "lacks properties"),
        (b'{"type":"ACTIVATE_VERSION","stream":"items","version":"x"}', "is not an integer"),
    ],
)
def test_a_line_that_is_no_message_is_refused(jsonl: Loader, line: bytes, said: str) -> None:
    """The message says where, and what to look at, but not what stands there."""
    with pytest.raises(InputError, match=said) as caught:
        jsonl.load_bytes(lines([schema()]) + line)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("message", [record(id=1), activate(1), deleted(id=1)])
def test_what_comes_before_its_schema_is_refused(jsonl: Loader, message: Message) -> None:
    """Nobody knows its key."""
    with pytest.raises(RecordsWithoutSchemaException, match="'items'"):
        jsonl.load(message)


def test_batches_of_files_are_refused(jsonl: Loader) -> None:
    """The message says which setting to remove; nothing is acknowledged."""
    batch = {
        "type": "BATCH",
        "stream": "items",
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "manifest": ["file://nowhere.jsonl.gz"],
    }

    ended = jsonl.run(schema(), batch, state(1))

    assert (ended.exit_code, ended.states) == (1, [])
    assert "Stream 'items' comes as BATCH" in ended.log
    assert "Remove batch_config" in ended.log


@pytest.mark.parametrize(
    ("declared", "fields", "said"),
    [
        ({"type": ["null", "number"]}, {"value": SECRET}, "at value: type null, number"),
        ({"type": "array", "items": {"type": "integer"}}, {"value": [1, SECRET]}, r"value\[\]"),
        ({"properties": {"x": {"type": "integer"}}}, {"value": {"x": SECRET}}, "at value.x: type"),
        ({"additionalProperties": {"type": "integer"}}, {"value": {SECRET: ""}}, r"at value\.\*"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"value": SECRET}, "at value: anyOf"),
        ({"enum": ["a", "b"]}, {"value": SECRET}, "at value: enum a, b"),
        ({"type": "string", "maxLength": 3}, {"value": SECRET}, "at value: maxLength 3"),
        ({"not": {"type": "string"}}, {"value": SECRET}, "at value: not"),
        ({}, {"id": None, "name": SECRET}, "has nothing in 'id', a part of its key"),
        ({}, {"id": SECRET, "name": SECRET}, "at id: type integer"),
    ],
)
def test_a_bad_record_is_named_but_not_told(
    loader: Loader,
    caplog: pytest.LogCaptureFixture,
    declared: dict[str, Any],
    fields: dict[str, Any],
    said: str,
) -> None:
    """Which record of which stream, which field, what was expected: no value, not even a name."""
    messages = [schema(value=declared), record(id=1), record(**({"id": 2} | fields))]

    with pytest.raises(RecordError, match=f"Record 2 of stream 'items'.*{said}") as caught:
        loader.load(*messages)

    assert SECRET not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


def test_a_key_that_is_missing_is_refused(loader: Loader) -> None:
    """Names the field, and the whole key."""
    with pytest.raises(RecordError, match=r"nothing in 'part', a part of its key \(id, part\)"):
        loader.load(keyed(schema(part={}), "id", "part"), record(id=1))


def test_validation_can_be_switched_off(jsonl: Loader) -> None:
    """Then a file takes what comes."""
    jsonl.settings["validate_records"] = False

    jsonl.load(schema(), record(id=1, name=5))

    assert jsonl.rows() == [{"id": 1, "name": 5}]


def test_formats_are_not_validated(jsonl: Loader) -> None:
    """As in the SDK: many sources take them lightly, and a text stays what it is."""
    jsonl.load(schema(at={"type": "string", "format": "date-time"}), record(id=1, at="0000-00-00"))

    assert jsonl.rows() == [{"id": 1, "at": "0000-00-00"}]


@pytest.mark.parametrize("kind", [{"type": "str"}, {"$ref": "http://127.0.0.1:9/schema.json"}])
def test_a_schema_that_is_none_is_refused(jsonl: Loader, kind: dict[str, Any]) -> None:
    """Nothing is fetched from where it points to."""
    with pytest.raises(TargetError, match="The schema of stream 'items' is not JSON Schema"):
        jsonl.load(schema(value=kind))


def test_a_failing_stream_map_does_not_tell_values(
    jsonl: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    """Python's own message would quote the text that is no number."""
    jsonl.settings["stream_maps"] = {"items": {"name": "int(name)"}}

    with pytest.raises(RecordError, match=r"stream map for 'items' fails.*ValueError") as caught:
        jsonl.load(schema(), record(id=1, name=SECRET))

    assert SECRET not in str(caught.value) + caplog.text


def test_the_log_of_a_whole_run_holds_no_values(
    loader: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    """Counts and places only, at any level; a line per stream closes it."""
    caplog.set_level(logging.DEBUG)

    loader.load(schema(), record(id=1, name=SECRET), record(id=1, name=SECRET), state(1))

    place = "items.jsonl" if loader.form == "jsonl" else "table main.items of"
    assert "items: 2 records read, 1 rows in " in caplog.text
    assert place in caplog.text
    assert SECRET not in caplog.text


def _exactly(value: object) -> object:
    """Turn numbers into decimals, so that no comparison rounds."""
    match value:
        case bool():
            return value
        case int() | float():
            return Decimal(str(value))
        case list():
            return [_exactly(item) for item in value]
        case dict():
            return {name: _exactly(item) for name, item in value.items()}
    return value
