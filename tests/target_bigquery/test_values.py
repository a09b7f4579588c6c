"""Values arrive as they are, or the run says which one cannot."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from singer_tapkit.targets.errors import NoKeyError, RecordError, SchemaError

from tests.target_files.loading import deleted, keyed, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.target_bigquery.loading import Loader
    from tests.target_files.loading import Message

MOMENT = {"type": "string", "format": "date-time"}
ANYTHING = {"anyOf": [{"type": "object"}, {"type": "string"}, {"type": "null"}]}


def test_every_type_has_its_column(loader: Loader) -> None:
    """Null is no type."""
    properties: dict[str, Any] = {
        "number": {"type": ["null", "number"]},
        "either": {"type": ["integer", "number"]},
        "money": {"type": "number", "multipleOf": 0.01},
        "decimal": {"type": "string", "format": "singer.decimal"},
        "flag": {"type": "boolean"},
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "clock": {"type": "string", "format": "time"},
        "moment": MOMENT,
        "dated": {"anyOf": [MOMENT, {"type": "string"}]},
        "thing": {"type": "object"},
        "list": {"type": "array"},
        "mixture": ANYTHING,
        "unknown": {},
    }

    loader.load(schema(**properties))

    assert loader.types() == {
        "id": "INT64",
        "name": "STRING",
        "number": "FLOAT64",
        "either": "FLOAT64",
        "money": "NUMERIC",
        "decimal": "NUMERIC",
        "flag": "BOOL",
        "day": "DATE",
        "clock": "TIME",
        "moment": "TIMESTAMP",
        "dated": "STRING",
        "thing": "JSON",
        "list": "JSON",
        "mixture": "JSON",
        "unknown": "JSON",
    }


@pytest.mark.parametrize(
    ("declared", "sent", "found"),
    [
        ({"type": "string"}, 'ø 😀 \u0000 "quoted"\n\\', 'ø 😀 \u0000 "quoted"\n\\'),
        ({"type": "string"}, "", ""),
        ({"type": "integer"}, -(2**63), -(2**63)),
        ({"type": "integer"}, 3.0, 3),
        ({"type": "number"}, 0.1, 0.1),
        (
            {"type": "number", "multipleOf": 0.01},
            1234567890123456.78,
            Decimal("1234567890123456.8"),
        ),
        (
            {"type": "string", "format": "singer.decimal"},
            "12345678901234567890.123456789",
            Decimal("12345678901234567890.123456789"),
        ),
        ({"type": "boolean"}, False, False),
        ({"type": "string", "format": "date"}, "2024-02-29", date(2024, 2, 29)),
        ({"type": "string", "format": "time"}, "23:59:59.5", time(23, 59, 59, 500000)),
        (MOMENT, "2026-01-01T10:00:00+02:00", datetime(2026, 1, 1, 8, tzinfo=UTC)),
        (MOMENT, "2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (MOMENT, "2026-01-01 10:00:00.123456", datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ({"type": "object"}, {"a": [1, None, {"b": "ø"}]}, {"a": [1, None, {"b": "ø"}]}),
        ({"type": "array"}, [1, "a", []], [1, "a", []]),
        (ANYTHING, {"a": 1}, {"a": 1}),
        (ANYTHING, "bare text", "bare text"),
        (ANYTHING, '{"looks": "like an object"}', '{"looks": "like an object"}'),
    ],
)
def test_a_value_arrives_as_it_is(
    loader: Loader, declared: dict[str, Any], sent: object, found: object
) -> None:
    """Times in UTC."""
    loader.load(schema(value=declared), record(id=1, value=sent), record(id=2))

    assert loader.by_id() == {1: {"id": 1, "value": found}, 2: {"id": 2}}


@pytest.mark.parametrize(
    ("declared", "sent", "said"),
    [
        ({"type": "integer"}, 2**70, "an integer beyond 64 bits"),
        ({"type": "string", "format": "date"}, "0000-00-00", "no date"),
        (MOMENT, "0000-00-00T00:00:00Z", "no date-time"),
        ({"type": "string", "format": "time"}, "10:00:00+02:00", "a time with an offset"),
        ({"type": "string", "format": "singer.decimal"}, "1e-10", "a number with more than 29"),
        ({"type": "string", "format": "singer.decimal"}, "much", "no decimal number"),
        ({"type": "integer"}, "secret text", "does not fit the schema at value: type integer"),
    ],
)
def test_a_value_that_cannot_be_stored_ends_the_run(
    loader: Loader, declared: dict[str, Any], sent: object, said: str
) -> None:
    """With exit code 1, no state and no rows; stream, record and field are named, no value."""
    ended = loader.run(
        schema(value=declared), record(id=1), state(1), record(id=2, value=sent), state(2)
    )

    assert ended.exit_code == 1
    assert ended.states == []
    assert loader.rows() == []
    assert "Record 2 of stream 'items'" in ended.log
    assert "value" in ended.log
    assert said in ended.log
    assert str(sent) not in ended.log


def test_validation_can_be_left_out(loader: Loader) -> None:
    """Values that do not fit their column still end the run."""
    loader.settings["validate_records"] = False

    with pytest.raises(RecordError, match=r"'value' that is no integer"):
        loader.load(schema(value={"type": "integer"}), record(id=1, value="x"))


@pytest.mark.parametrize("fields", [{"id": None}, {}])
@pytest.mark.parametrize("message", [record, deleted])
def test_a_record_without_its_key_is_refused(
    loader: Loader, fields: dict[str, Any], message: Callable[..., Message]
) -> None:
    """It would come again with each run."""
    with pytest.raises(NoKeyError, match=r"Record 2 of stream 'items' has nothing in 'id'"):
        loader.load(schema(), record(id=1), message(name="secret", **fields))

    assert loader.rows() == []


def test_another_type_is_refused_with_what_to_do(loader: Loader) -> None:
    """The table stays as it is."""
    loader.load(schema(size={"type": "integer"}), record(id=1, size=5))

    with pytest.raises(SchemaError) as caught:
        loader.load(schema(size={"type": "string"}), record(id=2, size="L"))

    assert "Property 'size' of stream 'items' is STRING now" in str(caught.value)
    assert f"`lab.{loader.dataset}.items` RENAME COLUMN size TO size_before" in str(caught.value)
    assert loader.by_id() == {1: {"id": 1, "size": 5}}


@pytest.mark.parametrize(
    ("before", "now", "sent", "found"),
    [
        ({"type": "number"}, {"type": "integer"}, 5, 5.0),
        ({"type": "string"}, {"type": "integer"}, 5, "5"),
        ({"type": "object"}, {"type": "string"}, "text", "text"),
    ],
)
def test_a_column_that_holds_the_new_type_stays(
    loader: Loader, before: object, now: object, sent: object, found: object
) -> None:
    """Nothing has to be done then."""
    loader.load(schema(value=before))

    loader.load(schema(value=now), record(id=1, value=sent))

    assert loader.by_id() == {1: {"id": 1, "value": found}}


def test_names_are_made_fit_for_columns(loader: Loader) -> None:
    """The same way each time, and without regard to case as far as a table is there."""
    odd = {"Ærlig rate (kr)": {"type": "integer"}, "2nd": {"type": "integer"}}
    values = {"Ærlig rate (kr)": 1, "2nd": 2}

    loader.load(schema(**odd), record(id=1, **values))
    loader.load(schema(**odd, NOTE={"type": "string"}), record(id=2, NOTE="a", **values))
    loader.load(schema(note={"type": "string"}), record(id=3, note="b"))

    assert loader.by_id() == {
        1: {"id": 1, "_rlig_rate__kr_": 1, "c_2nd": 2},
        2: {"id": 2, "_rlig_rate__kr_": 1, "c_2nd": 2, "NOTE": "a"},
        3: {"id": 3, "NOTE": "b"},
    }


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (schema(**{"a-b": {}, "A_B": {}}), "Properties 'a-b' and 'A_B' of stream 'items' would"),
        (keyed(schema(), "uid"), "has 'uid' in its key but not among its properties"),
        (keyed(schema(o={"type": "object"}), "o"), "BigQuery cannot compare those"),
        (schema("x" * 1000), "cannot name a table"),
        (schema(**{"x" * 301: {}}), "a name of 301 characters"),
        (schema() | {"schema": {"properties": {}}, "key_properties": []}, "declares no properties"),
    ],
)
def test_a_stream_that_cannot_have_a_table_is_explained(
    loader: Loader, message: dict[str, Any], said: str
) -> None:
    """Before it is made."""
    with pytest.raises(SchemaError, match=said):
        loader.load(message)

    assert loader.tables() == set()


def test_two_streams_cannot_share_a_table(loader: Loader) -> None:
    """Else they would overwrite each other's rows."""
    with pytest.raises(SchemaError, match="'a-b' and 'a_b' would share the table a_b"):
        loader.load(schema("a-b"), schema("a_b"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"partition_by": "name"}, "partition_by names 'name', which is no property of type DATE"),
        ({"partition_by": "nmae"}, "partition_by names 'nmae'"),
        ({"cluster_by": ["rate"]}, "cluster_by names 'rate', which is no property of type BOOL"),
    ],
)
def test_a_layout_that_cannot_be_is_explained(
    loader: Loader, settings: dict[str, Any], said: str
) -> None:
    """Before the table is made."""
    loader.settings["tables"] = {"items": settings}

    with pytest.raises(SchemaError, match=said):
        loader.load(schema(rate={"type": "number"}))

    assert loader.tables() == set()


def test_fields_that_the_schema_does_not_declare_are_told_of_once(
    loader: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    """They have no column."""
    loader.load(schema(), record(id=1, extra=1), record(id=2, extra=2))

    assert loader.by_id() == {1: {"id": 1}, 2: {"id": 2}}
    assert caplog.text.count("does not declare extra") == 1
