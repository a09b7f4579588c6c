"""Rules that move whole fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapper_worklog.errors import RuleError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

USER = {
    "type": ["object", "null"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
    "required": ["id", "name"],
}


def test_rename_moves_a_field_and_its_schema(bench: Bench) -> None:
    """The new name has the type and format of the old one, which is gone."""
    spent = {"type": ["string", "null"], "format": "date", "description": "Day worked."}

    written = bench.run(
        "- rename: {spent_date: entry_date}",
        {"spent_date": "2025-03-05"},
        properties={"spent_date": spent},
    )

    assert written.records() == [{"id": 1, "entry_date": "2025-03-05"}]
    assert written.properties() == {"id": {"type": "integer"}, "entry_date": spent}


def test_rename_takes_a_nested_field_to_the_top(bench: Bench) -> None:
    """It leaves its object, in records and in the schema, and can be null from then on."""
    written = bench.run(
        "- rename: {user.name: person}",
        {"user": {"id": 7, "name": "Ada"}},
        {"user": None},
        properties={"user": USER},
    )

    assert written.records() == [
        {"id": 1, "user": {"id": 7}, "person": "Ada"},
        {"id": 2, "user": None, "person": None},
    ]
    assert written.properties()["person"] == {"type": ["string", "null"]}
    assert written.properties()["user"]["properties"] == {"id": {"type": "integer"}}
    assert written.properties()["user"]["required"] == ["id"]


def test_a_nested_field_can_take_the_place_of_its_object(bench: Bench) -> None:
    """What else the object held is gone."""
    written = bench.run(
        """
        - text: {user.id: user_id}
        - copy: {user.name: user}
        """,
        {"user": {"id": 7, "name": "Ada"}},
        properties={"user": USER},
    )

    assert written.records() == [{"id": 1, "user": "Ada", "user_id": "7"}]


def test_rename_does_not_add_what_a_record_lacks(bench: Bench) -> None:
    """An absent field stays absent."""
    written = bench.run("- rename: {a: b}", {}, {"a": 1}, properties={"a": "integer"})

    assert written.records() == [{"id": 1}, {"id": 2, "b": 1}]


def test_objects_within_alternatives_are_found(bench: Bench) -> None:
    """A nullable object may also be spelled with anyOf."""
    schema = {"anyOf": [{"type": "object", "properties": USER["properties"]}, {"type": "null"}]}

    written = bench.run("- drop: user.name", {"user": {"name": "Ada"}}, properties={"user": schema})

    assert written.records() == [{"id": 1, "user": {}}]
    assert written.properties()["user"]["anyOf"][0]["properties"] == {"id": {"type": "integer"}}


def test_a_name_with_dots_is_found_before_a_path(bench: Bench) -> None:
    """Some vendors put dots into names."""
    written = bench.run("- drop: user.name", {"user.name": "x"}, properties={"user.name": "string"})

    assert written.records() == [{"id": 1}]


def test_drop_takes_fields_from_records_and_schema(bench: Bench) -> None:
    """Nothing of them is left."""
    written = bench.run(
        "- drop: [notes, user.name]",
        {"notes": "x", "user": {"id": 7, "name": "Ada"}},
        properties={"notes": "string", "user": USER},
    )

    assert written.records() == [{"id": 1, "user": {"id": 7}}]
    assert set(written.properties()) == {"id", "user"}


def test_keep_leaves_what_it_lists_and_the_fields_of_singer(bench: Bench) -> None:
    """Fields that the schema does not declare go as well."""
    written = bench.run(
        "- keep: [id, hours]",
        {"hours": 1, "notes": "x", "undeclared": 1, "_sdc_batched_at": "2025-03-05T00:00:00Z"},
        properties={"hours": "number", "notes": "string", "_sdc_batched_at": "string"},
    )

    assert written.records() == [{"id": 1, "hours": 1, "_sdc_batched_at": "2025-03-05T00:00:00Z"}]
    assert set(written.properties()) == {"id", "hours", "_sdc_batched_at"}


def test_set_writes_constants_of_their_types(bench: Bench) -> None:
    """Plain words are text, also those that YAML once took for a flag or a time."""
    written = bench.run(
        "- set: {source: harvest, country: no, start: 8:30, share: 0.1, n: 3, ok: true}",
        {},
        properties={},
    )

    assert written.records() == [
        {
            "id": 1,
            "source": "harvest",
            "country": "no",
            "start": "8:30",
            "share": 0.1,
            "n": 3,
            "ok": True,
        }
    ]
    types = {name: schema["type"] for name, schema in written.properties().items()}
    assert types["share"] == ["number"]
    assert types["n"] == ["integer"]
    assert types["ok"] == ["boolean"]


def test_text_writes_values_as_json_does(bench: Bench) -> None:
    """Ids become text without a decimal point or capital letters."""
    written = bench.run(
        "- text: {a: a_text, b: b_text, c: c}",
        {"a": 12345678901234567890123, "b": True, "c": 0.1},
        {"a": None, "b": None, "c": None},
        properties={"a": "integer", "b": "boolean", "c": "number"},
    )

    assert [(r["a_text"], r["b_text"], r["c"]) for r in written.records()] == [
        ("12345678901234567890123", "true", "0.1"),
        (None, None, None),
    ]


def test_join_needs_every_part(bench: Bench) -> None:
    """A key made of half its parts would be wrong."""
    written = bench.run(
        "- {join: [source, id], with: ':', to: key}",
        {"source": "a"},
        {"source": None},
        properties={"source": "string"},
    )

    assert [r["key"] for r in written.records()] == ["a:1", None]
    assert written.properties()["key"]["type"] == ["string", "null"]


def test_join_can_skip_null(bench: Bench) -> None:
    """A person may have one name only."""
    written = bench.run(
        "- {join: [first, last], with: ' ', skip_null: true, to: person}",
        {"first": "Ada", "last": "Lovelace"},
        {"first": None, "last": "Plato"},
        {},
        properties={"first": "string", "last": "string"},
    )

    assert [r["person"] for r in written.records()] == ["Ada Lovelace", "Plato", None]


def test_rules_work_in_order(bench: Bench) -> None:
    """Each rule sees what the one before it left."""
    written = bench.run(
        """
        - rename: {a: b}
        - copy: {b: c}
        - drop: b
        """,
        {"a": 1},
        properties={"a": "integer"},
    )

    assert written.records() == [{"id": 1, "c": 1}]


@pytest.mark.parametrize("rule", ["rename: {a: b}", "copy: {a: b}", "set: {b: 1}", "text: {a: b}"])
def test_no_rule_writes_over_another_field(bench: Bench, rule: str) -> None:
    """A field that would be lost has to be dropped by name."""
    with pytest.raises(RuleError, match=r"rule 1 .*there is a field 'b' already"):
        bench.run(f"- {rule}", properties={"a": "integer", "b": "integer"})
