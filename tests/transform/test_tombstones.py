"""Deletions: records that hold little more than a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transform.conftest import Bench

AT = {"type": ["string", "null"], "format": "date-time"}
USER = {"type": ["object", "null"], "properties": {"name": {"type": "string"}}}
FIELDS = {"user": USER, "day": "string", "begin": "string", "hours": "number", "updated_at": AT}
TOMBSTONE = {
    "id": 7,
    "updated_at": "2025-03-05T15:38:09Z",
    "_sdc_deleted_at": "2025-03-06T00:00:00Z",
}


def test_every_rule_copes_with_a_tombstone(bench: Bench) -> None:
    """What a rule would read and is not there, it does not write: nulls would erase values."""
    written = bench.run(
        """
        - where: {hours: {above: 0}}
        - rename: {user.name: person}
        - copy: {person: name}
        - hash: person
        - drop: user
        - {join: [day, id], to: label}
        - {instant: {date: day, time: begin}, to: started_at}
        - {local_date: started_at, to: local_day}
        - {hours: {minutes: hours}, to: minutes}
        - {calendar: day}
        - {lookup: begin, table: {exact: {a: b}}, default: c, to: kind}
        - {flag: {hours: 0}, to: is_empty}
        - {text: {hours: hours_text}}
        - {local_date: updated_at, to: updated_on}
        """,
        TOMBSTONE,
        properties=FIELDS,
        hash_key="pepper",
    )

    assert written.records() == [{**TOMBSTONE, "updated_on": "2025-03-05"}]


def test_a_tombstone_reaches_every_output_with_its_mapped_key(bench: Bench) -> None:
    """Filters do not stop it: the row may have been let on when it was alive."""
    rules = """
        streams:
          e:
            - {to: renamed, rules: [{rename: {id: entry_id}}, {keep: entry_id}]}
            - {to: hashed, rules: [{hash: id}]}
            - to: work_entries
              rules:
                - where: {hours: {above: 0}}
                - set: {source: x}
                - text: {id: source_id}
                - {join: [source, source_id], with: ":", to: key}
                - shape: work_entries
        """

    written = bench.feed(
        rules, [bench.schema("e", FIELDS), bench.record("e", TOMBSTONE)], hash_key="pepper"
    )

    deleted = {"_sdc_deleted_at": TOMBSTONE["_sdc_deleted_at"]}
    assert written.records("renamed") == [{"entry_id": 7, **deleted}]
    assert len(written.records("hashed")[0]["id"]) == 64
    assert written.records("work_entries") == [
        {
            "key": "x:7",
            "source": "x",
            "source_id": "7",
            "updated_at": TOMBSTONE["updated_at"],
            **deleted,
        }
    ]


def test_a_tombstone_is_valid_where_fields_are_required(bench: Bench) -> None:
    """Only keys are required of mapped records."""
    schema = bench.schema("e", FIELDS)
    schema["schema"]["required"] = ["id", "hours", "updated_at"]

    written = bench.feed(
        "streams: {e: {rules: [{set: {source: x}}]}}", [schema, bench.record("e", TOMBSTONE)]
    )

    assert written.schema()["schema"]["required"] == ["id"]
    assert written.records() == [{**TOMBSTONE, "source": "x"}]


def test_a_deletion_that_holds_the_whole_row_is_mapped_whole(bench: Bench) -> None:
    """Some sources say what they deleted."""
    written = bench.run(
        "- {local_date: updated_at, to: updated_on}",
        {**TOMBSTONE, "hours": 1},
        properties=FIELDS,
    )

    assert written.records() == [{**TOMBSTONE, "hours": 1, "updated_on": "2025-03-05"}]


def test_the_shipped_rules_cope_with_a_tombstone(bench: Bench, shipped: Path) -> None:
    """The key is the one that the living row had."""
    properties = {
        "spent_date": {"type": ["string", "null"], "format": "date"},
        "rounded_hours": "number",
        "started_time": "string",
        "ended_time": "string",
        "notes": "string",
        "updated_at": AT,
        **{
            name: {
                "type": ["object", "null"],
                "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
            }
            for name in ("user", "client", "project", "task")
        },
    }
    messages = [bench.schema("time_entries", properties), bench.record("time_entries", TOMBSTONE)]

    for file in (shipped / "harvest-work-entries.yml", shipped / "personal-time.yml"):
        rules = file.read_text(encoding="utf-8")
        written = bench.feed(rules, messages, hash_key="pepper")

        (record,) = written.records("work_entries")
        assert record["key"] == "harvest:7"
        assert record["_sdc_deleted_at"] == TOMBSTONE["_sdc_deleted_at"]
        assert "hours" not in record
