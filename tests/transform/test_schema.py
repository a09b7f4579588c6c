"""The SCHEMA that comes out, and what is wrong when none can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapper_worklog.canonical import WORK_ENTRIES
from mapper_worklog.errors import RuleError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

FIELDS = {"hours": "number", "notes": "string", "updated_at": "string"}
KEYED = """
    - set: {source: x}
    - text: {id: source_id}
    - {join: [source, source_id], with: ":", to: key}
"""


def test_keys_and_bookmarks_follow_renames(bench: Bench) -> None:
    """The target merges on the new names."""
    rules = "streams: {e: {rules: [{rename: {id: entry_id, updated_at: changed_at}}]}}"
    schema = bench.schema("e", FIELDS, bookmark_properties=["updated_at"])

    written = bench.feed(rules, [schema])

    assert written.schema()["key_properties"] == ["entry_id"]
    assert written.schema()["bookmark_properties"] == ["changed_at"]
    assert written.schema()["schema"]["required"] == ["entry_id"]


def test_a_dropped_bookmark_is_no_bookmark(bench: Bench) -> None:
    """Nothing else is lost with it."""
    rules = "streams: {e: {rules: [{drop: updated_at}]}}"

    written = bench.feed(rules, [bench.schema("e", FIELDS, bookmark_properties=["updated_at"])])

    assert written.schema()["bookmark_properties"] == []


@pytest.mark.parametrize("rule", ["drop: id", "keep: hours"])
def test_taking_away_a_key_is_an_error(bench: Bench, rule: str) -> None:
    """It names stream, file, line and rule."""
    word = rule.split(":", maxsplit=1)[0]

    with pytest.raises(RuleError) as caught:
        bench.run(f"- {rule}", properties=FIELDS)

    assert "Stream entries cannot be mapped" in str(caught.value)
    assert f"rules.yml:4: rule 1 ({word}): takes away the key property 'id'" in str(caught.value)


def test_other_keys_can_be_named(bench: Bench) -> None:
    """Then the old one may go, and the new one is never null."""
    rules = "streams: {e: {key: uid, rules: [{join: [hours, id], to: uid}, {drop: id}]}}"
    messages = [bench.schema("e", FIELDS), bench.record("e", {"id": 7, "hours": 1})]

    written = bench.feed(rules, messages)

    assert written.schema()["key_properties"] == ["uid"]
    assert written.properties()["uid"]["type"] == ["string"]
    assert written.records() == [{"hours": 1, "uid": "17"}]


def test_a_key_that_no_rule_makes_is_an_error(bench: Bench) -> None:
    """With what may have been meant."""
    rules = "streams: {e: {key: hour}}"

    with pytest.raises(RuleError, match=r"'key' names 'hour', .* Did you mean 'hours'"):
        bench.feed(rules, [bench.schema("e", FIELDS)])


def test_a_record_whose_new_key_is_null_ends_the_run(bench: Bench) -> None:
    """A target would merge all such records into one; the message holds no value."""
    rules = "streams: {e: {key: uid, rules: [{join: [notes, id], to: uid}]}}"
    messages = [bench.schema("e", FIELDS), bench.record("e", {"id": 7, "notes": None, "hours": 99})]

    with pytest.raises(RuleError, match=r"null in its key 'uid'") as caught:
        bench.feed(rules, messages)

    assert "99" not in str(caught.value)


def test_every_missing_field_is_named_at_once(bench: Bench) -> None:
    """File, line, stream, rule, field, and a near name; what follows from a fault is not one."""
    with pytest.raises(RuleError) as caught:
        bench.run(
            """
            - drop: note
            - name: my own
              copy: {user.name: person}
            - hash: person
            """,
            properties={**FIELDS, "user": {"type": "object", "properties": {"nam": {}}}},
            hash_key="pepper",
        )

    first, *faults = str(caught.value).split("\n  ")
    assert first == "Stream entries cannot be mapped:"
    assert [fault.split("rules.yml:")[1] for fault in faults] == [
        "4: rule 1 (drop): the schema has no field 'note'. Did you mean 'notes'?",
        "5: rule 2 (my own): the schema has no field 'user.name'. Did you mean 'user.nam'?",
    ]


def test_an_optional_rule_does_without_its_field(bench: Bench) -> None:
    """Of several fields, those that are there are used."""
    written = bench.run(
        """
        - {drop: [gone, notes], optional: true}
        - {local_date: gone, to: day, optional: true}
        """,
        {"hours": 1, "notes": "x"},
        properties=FIELDS,
    )

    assert written.records() == [{"id": 1, "hours": 1}]
    assert "day" not in written.properties()


def test_one_input_feeds_several_outputs(bench: Bench) -> None:
    """Each has its own schema and its own view of the records."""
    rules = """
        streams:
          e:
            - {to: long, rules: [{where: {hours: {above: 1}}}, {drop: notes}]}
            - {to: all, rules: [{rename: {hours: h}}]}
        """
    messages = [
        bench.schema("e", FIELDS),
        bench.record("e", {"id": 1, "hours": 1, "notes": "x"}),
        bench.record("e", {"id": 2, "hours": 2, "notes": "y"}),
    ]

    written = bench.feed(rules, messages)

    assert written.records("long") == [{"id": 2, "hours": 2}]
    assert written.records("all") == [
        {"id": 1, "h": 1, "notes": "x"},
        {"id": 2, "h": 2, "notes": "y"},
    ]
    assert "hours" in written.properties("long")
    assert "h" in written.properties("all")


def test_several_inputs_feed_one_canonical_stream(bench: Bench) -> None:
    """Whatever they had, the schema they share is the same."""
    rules = f"""
        streams:
          a:
            to: work_entries
            rules: &keyed
              {KEYED.strip().replace(chr(10), chr(10) + "          ")}
              - shape: work_entries
          b: {{to: work_entries, rules: *keyed}}
        """
    messages = [
        bench.schema("a", FIELDS | {"updated_at": {"type": "string", "format": "date-time"}}),
        bench.schema("b", {"hours": "integer", "extra": "string"}),
        bench.record("a", {"id": 1, "hours": 0.1, "updated_at": "2025-03-05T00:00:00Z"}),
        bench.record("b", {"id": 1, "hours": 2, "extra": "gone"}),
    ]

    written = bench.feed(rules, messages)

    first, second = (m for m in written.messages if m["type"] == "SCHEMA")
    assert first["schema"] == second["schema"]
    assert first["key_properties"] == ["key"]
    assert [list(record) for record in written.records()] == [list(WORK_ENTRIES)] * 2
    assert [record["hours"] for record in written.records()] == [0.1, 2]


def test_different_columns_for_one_output_are_an_error(bench: Bench) -> None:
    """The target would switch to and fro between two tables."""
    rules = "streams: {a: {to: all}, b: {to: all}}"

    with pytest.raises(RuleError, match="'all' is fed by 'a' and by 'b' with different columns"):
        bench.feed(rules, [bench.schema("a", FIELDS), bench.schema("b", {})])


def test_descriptions_do_not_make_columns_different(bench: Bench) -> None:
    """What a target makes tables of is the same."""
    rules = "streams: {a: {to: all}, b: {to: all}}"
    one, other = ({"n": {"type": "number", "description": text}} for text in ("One.", "Other."))

    written = bench.feed(rules, [bench.schema("a", one), bench.schema("b", other)])

    assert len(written.messages) == 2


def test_an_output_cannot_collide_with_a_stream_that_passes(bench: Bench) -> None:
    """The input already has a stream of the name that rules give another."""
    with pytest.raises(RuleError, match="'b' is fed by 'a' and by 'b'"):
        bench.feed("streams: {a: {to: b}}", [bench.schema("a", FIELDS), bench.schema("b", {})])


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("- shape: work_entries", "needs the column 'key'"),
        (KEYED + "    - set: {hours: long}\n    - shape: work_entries", "'hours' .* is number"),
        (
            KEYED + "    - rename: {any: task}\n    - shape: work_entries",
            "not say which type 'task'",
        ),
        (KEYED + "    - copy: {notes: entry_date}\n    - shape: work_entries", "is a date"),
    ],
)
def test_what_does_not_fit_the_canonical_stream_is_an_error(
    bench: Bench, rules: str, fault: str
) -> None:
    """Missing keys, other types and other formats show when the schema arrives."""
    with pytest.raises(RuleError, match=fault):
        bench.run(rules, properties={"notes": "string", "any": {}})


def test_a_changed_schema_is_mapped_anew(bench: Bench) -> None:
    """A tap may send a wider schema in the middle of a run."""
    messages = [
        bench.schema("entries", FIELDS),
        bench.schema("entries", FIELDS | {"more": "string"}),
        bench.record("entries", {"id": 1, "more": "x"}),
    ]

    written = bench.feed("streams: {entries: {rules: [{set: {source: x}}]}}", messages)

    assert "more" in written.properties()
    assert written.records() == [{"id": 1, "more": "x", "source": "x"}]
