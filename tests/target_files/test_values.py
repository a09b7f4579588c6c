"""Values land as they are, in the type that holds them, or are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from singer_tapkit.targets.errors import RecordError, SchemaError

from tests.target_files.loading import deleted, keyed, lines, record, schema

if TYPE_CHECKING:
    from tests.target_files.loading import Loader

INTEGER = {"type": ["integer", "null"]}
NUMBER = {"type": ["number", "null"]}
TEXT = {"type": ["string", "null"]}
BOOLEAN = {"type": ["boolean", "null"]}
DATE = {"type": ["string", "null"], "format": "date"}
MOMENT = {"type": ["string", "null"], "format": "date-time"}
OBJECT = {"type": ["object", "null"]}
ANYTHING: dict[str, Any] = {}

DIGITS = "0.12345678901234567890123"
BEYOND = 2**70


def test_a_column_has_the_type_that_holds_all_values(duck: Loader) -> None:
    """Text with a format becomes a date or an instant; mixed types become JSON."""
    declared: list[tuple[dict[str, Any], str]] = [
        (INTEGER, "BIGINT"),
        (NUMBER, "DOUBLE"),
        ({"type": ["integer", "number"]}, "DOUBLE"),
        (BOOLEAN, "BOOLEAN"),
        (DATE, "DATE"),
        (MOMENT, "TIMESTAMP"),
        ({"anyOf": [MOMENT, {"type": "null"}]}, "TIMESTAMP"),
        ({"anyOf": [MOMENT, DATE]}, "VARCHAR"),
        ({"type": "string", "format": "time"}, "VARCHAR"),
        (TEXT, "VARCHAR"),
        (OBJECT, "JSON"),
        ({"type": "array", "items": TEXT}, "JSON"),
        ({"anyOf": [OBJECT, TEXT]}, "JSON"),
        ({"type": ["string", "integer"]}, "JSON"),
        ({"type": "null"}, "JSON"),
        ({"enum": [1, "a"]}, "JSON"),
        (ANYTHING, "JSON"),
    ]

    duck.load(schema(**{f"c{n}": kind for n, (kind, _) in enumerate(declared)}))

    types = _types(duck)
    assert [types[f"c{n}"] for n in range(len(declared))] == [kind for _, kind in declared]


def test_instants_are_the_same_whatever_their_offset(duck: Loader) -> None:
    """They land in UTC; one without an offset is in UTC already."""
    moments = [
        "2024-01-01T10:00:00+02:00",
        "2024-01-01T08:00:00Z",
        "2024-01-01T08:00:00",
        "2024-01-01 03:00:00.000-05:00",
    ]

    duck.load(schema(at=MOMENT), *(record(id=n, at=text) for n, text in enumerate(moments)))

    assert {row["at"] for row in duck.rows()} == {"2024-01-01T08:00:00"}


def test_instants_keep_their_microseconds(duck: Loader) -> None:
    """All that a DuckDB timestamp can hold."""
    duck.load(schema(at=MOMENT), record(id=1, at="2024-01-01T08:00:00.123456Z"))

    assert duck.rows() == [{"id": 1, "at": "2024-01-01T08:00:00.123456"}]


def test_equal_instants_are_equal_keys(duck: Loader) -> None:
    """Also within one batch, and however they are written."""
    day = {"at": {"type": "string", "format": "date-time"}}

    duck.load(
        keyed(schema(**day), "at"),
        record(at="2024-01-01T10:00:00+02:00", name="a"),
        record(at="2024-01-01T08:00:00Z", name="b"),
    )

    assert [row["name"] for row in duck.rows()] == ["b"]


def test_dates_are_dates(duck: Loader) -> None:
    """Nothing of a time zone touches them."""
    duck.load(schema(day=DATE), record(id=1, day="2024-02-29"))

    assert duck.rows() == [{"id": 1, "day": "2024-02-29"}]


def test_jsonl_holds_values_as_they_came(jsonl: Loader) -> None:
    """Digits of decimals, large integers, nested values, dates with their offset."""
    line = (
        f'{{"id":1,"value":{DIGITS},"large":{BEYOND},"nested":{{"list":[1.5,null,{{"deep":{DIGITS}}}]}},'
        '"at":"2024-01-01T10:00:00+02:00","undeclared":true,"empty":{},"tiny":1E-400}'
    )
    message = f'{{"type":"RECORD","stream":"items","record":{line}}}\n'
    before = schema(value=NUMBER, large=INTEGER, nested=OBJECT, at=MOMENT)

    jsonl.load_bytes(lines([before]) + message.encode())

    assert (jsonl.folder / "items.jsonl").read_text() == line + "\n"


def test_json_columns_hold_nested_values_as_they_came(duck: Loader) -> None:
    """Digits included; text stays text, and null is null."""
    nested = f'{{"list":[1.5,null,{{"deep":{DIGITS}}}],"large":{BEYOND},"zero":"\\u0000"}}'
    messages = [
        f'{{"type":"RECORD","stream":"items","record":{{"id":{number},"value":{value}}}}}\n'.encode()
        for number, value in enumerate([nested, '"bare"', "7", "null", "[]"])
    ]

    duck.load_bytes(lines([schema(value=ANYTHING)]) + b"".join(messages))

    found = duck.query("SELECT id, value FROM items ORDER BY id")
    assert [row["value"] for row in found] == [nested, '"bare"', "7", None, "[]"]


def test_a_mark_keeps_nested_values(duck: Loader) -> None:
    """What was JSON before it is so after it, and so are instants and dates."""
    columns = {"value": OBJECT, "at": MOMENT, "day": DATE, "note": TEXT}
    row = {"value": {"a": [1]}, "at": "2024-01-01T08:00:00Z", "day": "2024-01-01", "note": "x"}
    duck.load(schema(**columns), record(id=1, **row))

    duck.load(schema(value=OBJECT, at=MOMENT, note=TEXT), deleted(id=1, note="y"))

    (found,) = duck.rows()
    assert found == {
        "id": 1,
        "value": '{"a":[1]}',
        "at": "2024-01-01T08:00:00",
        "day": "2024-01-01",
        "note": "y",
        "_sdc_deleted_at": "2026-01-02T03:04:05",
    }


def test_sixty_four_bits_fit(loader: Loader) -> None:
    """The largest and the smallest integer of that size land exactly."""
    ends = [2**63 - 1, -(2**63)]

    loader.load(schema(value=INTEGER), *(record(id=n, value=end) for n, end in enumerate(ends)))

    assert [row["value"] for row in loader.by_id().values()] == ends


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        (INTEGER, BEYOND, "beyond 64 bits.*string or number"),
        (INTEGER, -BEYOND, "beyond 64 bits"),
        (INTEGER, 2**63, "beyond 64 bits"),
        (INTEGER, 1.5, "no integer"),
        (INTEGER, True, "no integer"),
        (NUMBER, "1", "no number"),
        (NUMBER, 10**400, "too large"),
        (BOOLEAN, 1, "neither true nor false"),
        (DATE, "0000-00-00", "no date"),
        (DATE, "2024-01-01T10:00:00Z", "no date"),
        (MOMENT, "0000-00-00", "no date-time.*null"),
        (MOMENT, "", "no date-time"),
        (MOMENT, "0001-01-01T00:00:00+02:00", "no date-time"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused(
    duck: Loader, declared: dict[str, Any], value: object, said: str
) -> None:
    """Also without validation; the message names the field, and not the value."""
    duck.settings["validate_records"] = False

    with pytest.raises(RecordError, match=f"Record 2 of stream 'items'.*'value'.*{said}") as caught:
        duck.load(schema(value=declared), record(id=1), record(id=2, value=value))

    assert not str(value) or str(value) not in str(caught.value).replace("2", "", 1)


def test_a_column_widens_when_its_property_changes(duck: Loader) -> None:
    """What is stored stays what it was, and new values of either type fit beside it."""
    changes: list[tuple[dict[str, Any], object, dict[str, Any], str, object]] = [
        (INTEGER, 7, TEXT, "VARCHAR", "7"),
        (INTEGER, 7, NUMBER, "DOUBLE", 7.0),
        (INTEGER, 2**53 + 1, NUMBER, "VARCHAR", str(2**53 + 1)),
        (NUMBER, 1.5, INTEGER, "DOUBLE", 1.5),
        (NUMBER, 1.5, TEXT, "VARCHAR", "1.5"),
        (BOOLEAN, True, TEXT, "VARCHAR", "true"),
        (DATE, "2024-01-01", TEXT, "VARCHAR", "2024-01-01"),
        (DATE, "2024-01-01", MOMENT, "VARCHAR", "2024-01-01"),
        (MOMENT, "2024-01-01T10:00:00+02:00", TEXT, "VARCHAR", "2024-01-01T08:00:00.000000Z"),
        (MOMENT, "2024-01-01T08:00:00Z", OBJECT, "JSON", '"2024-01-01T08:00:00.000000Z"'),
        (TEXT, 'a "b"', OBJECT, "JSON", '"a \\"b\\""'),
        (INTEGER, 7, OBJECT, "JSON", "7"),
        (OBJECT, {"a": 1}, TEXT, "JSON", '{"a":1}'),
        (TEXT, "x", INTEGER, "VARCHAR", "x"),
    ]
    names = [f"c{n}" for n in range(len(changes))]
    before = dict(zip(names, (change[0] for change in changes), strict=True))
    values = dict(zip(names, (change[1] for change in changes), strict=True))
    after = dict(zip(names, (change[2] for change in changes), strict=True))
    duck.load(schema(**before), record(id=1, **values), record(id=2))

    duck.load(schema(**after), record(id=3), schema(**before), record(id=4, **values))

    types, rows = _types(duck), duck.by_id()
    assert [types[name] for name in names] == [change[3] for change in changes]
    assert [rows[1][name] for name in names] == [change[4] for change in changes]
    assert rows[2] == {"id": 2}
    assert rows[4].keys() == {"id", *names}


def test_a_column_that_somebody_has_made_keeps_its_type(duck: Loader) -> None:
    """A table with a tighter type is a decision of its owner."""
    duck.load(schema("other"))
    _execute(duck, "CREATE TABLE items (id INTEGER, value DECIMAL(9, 2))")

    duck.load(schema(value=NUMBER), record(id=1, value=1.25))

    assert _types(duck)["value"] == "DECIMAL(9,2)"
    assert str(duck.rows()[0]["value"]) == "1.25"


def test_a_view_in_the_way_is_refused(duck: Loader) -> None:
    """The message says what to do."""
    duck.load(schema("other"))
    _execute(duck, "CREATE VIEW items AS SELECT 1 AS id")

    with pytest.raises(SchemaError, match=r"a view 'items'.*__alias__"):
        duck.load(schema())


def test_columns_that_differ_by_case_alone_are_refused(duck: Loader) -> None:
    """DuckDB would take them for one."""
    with pytest.raises(SchemaError, match="'name' and 'Name' differ by upper and lower case"):
        duck.load(schema(Name=TEXT))


def test_a_stream_without_properties_is_refused_for_tables_only(
    duck: Loader, jsonl: Loader
) -> None:
    """A table needs a column; a file does not."""
    empty = keyed(schema())
    empty["schema"]["properties"] = {}

    jsonl.load(empty, record(id=1))
    with pytest.raises(SchemaError, match="declares no properties"):
        duck.load(empty)

    assert jsonl.rows() == [{"id": 1}]


def test_undeclared_fields_are_named_once(duck: Loader, caplog: pytest.LogCaptureFixture) -> None:
    """They have no column, which an operator should know."""
    duck.load(schema(), record(id=1, extra="a"), record(id=2, extra="b"))

    warnings = [entry.getMessage() for entry in caplog.records if entry.levelname == "WARNING"]
    assert warnings == ["items: its schema does not declare extra, so there is no column for it"]


def test_names_can_hold_any_character(duck: Loader) -> None:
    """Columns and schemas as well as tables; a schema may be named like the database."""
    duck.settings["schema"] = "worktaps"
    odd = "a\"b'c;-- d"

    duck.load(schema(**{odd: TEXT}), record(id=1, **{odd: "x"}))
    duck.load(schema(**{odd: TEXT}), record(id=1, **{odd: "y"}), deleted(id=1))

    (row,) = duck.query('SELECT * FROM "worktaps"."worktaps".items')
    assert row[odd] == "y"


def test_a_record_can_be_large(loader: Loader) -> None:
    """Beyond what DuckDB reads as one line unless told otherwise."""
    text = "x" * (17 << 20)

    loader.load(schema(), record(id=1, name=text))

    assert len(loader.rows()[0]["name"]) == len(text)


def _types(duck: Loader) -> dict[str, str]:
    found = duck.query("SELECT column_name, data_type FROM information_schema.columns")
    return {row["column_name"]: row["data_type"] for row in found}


def _execute(duck: Loader, sql: str) -> None:
    with duckdb.connect(str(duck.database)) as connection:
        connection.execute(sql)
