"""Lookup tables: exact first, then keywords in order, then the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapper_worklog.errors import RuleError
from singer_sdk.exceptions import ConfigValidationError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

FIELDS = {"task": "string", "notes": "string"}
RULE = """
    - lookup: task
      search: [task, notes]
      table:
        exact: {Gym: Exercise, Sauna: Rest}
        keywords:
          - {word: [sauna visit, gym], is: Rest}
          - {contains: medit, is: Mind}
          - {word: walk, is: Exercise}
      default: Other
      to: activity
"""


@pytest.mark.parametrize(
    ("task", "notes", "expected"),
    [
        ("Gym", "a walk before", "Exercise"),
        ("gym", None, "Rest"),
        ("Evening", "SAUNA\tVisit", "Rest"),
        ("Evening", "gymnastics", "Other"),
        ("Evening", "premeditated", "Mind"),
        ("Evening", "a walk, then meditation", "Mind"),
        ("Evening walk", None, "Exercise"),
        ("sauna", "visit", "Other"),
        (None, "walk", "Exercise"),
        (None, None, "Other"),
        ("", "", "Other"),
    ],
)
def test_exact_then_keywords_in_order_then_default(
    bench: Bench, task: str | None, notes: str | None, expected: str
) -> None:
    """Exact entries mind case; keywords do not, and `word` means whole words of one field."""
    written = bench.run(RULE, {"task": task, "notes": notes}, properties=FIELDS)

    assert written.records()[0]["activity"] == expected
    assert written.properties()["activity"]["type"] == ["string"]


def test_tables_are_chained(bench: Bench) -> None:
    """Task to activity to category to work or life, as three rules."""
    rules = """
        tables:
          activities: {exact: {Dev: Development, Run: Exercise}}
          categories: {exact: {Development: Deep work, Exercise: Health}}
          kinds: {exact: {Deep work: work, Health: life}}
        streams:
          entries:
            rules:
              - {lookup: task, table: activities, to: activity}
              - {lookup: activity, table: categories, to: category}
              - {lookup: category, table: kinds, to: kind}
        """
    messages = [
        bench.schema("entries", FIELDS),
        *(bench.record("entries", {"id": 1, "task": task}) for task in ("Dev", "Run", "Nap")),
    ]

    written = bench.feed(rules, messages)

    assert [r["kind"] for r in written.records()] == ["work", "life", None]
    assert written.properties()["kind"]["type"] == ["string", "null"]


def test_the_default_can_be_the_field_itself(bench: Bench) -> None:
    """What no entry knows keeps its name."""
    written = bench.run(
        "- {lookup: task, table: {exact: {Dev: Development}}, default: {field: task}, to: task}",
        *({"task": task} for task in ("Dev", "Nap", None)),
        properties=FIELDS,
    )

    assert [r["task"] for r in written.records()] == ["Development", "Nap", None]


def test_numbers_are_looked_up_as_text_and_values_keep_their_types(bench: Bench) -> None:
    """An id finds its entry; whole and decimal numbers together are numbers."""
    written = bench.run(
        "- {lookup: project, table: {exact: {101: 95, 102: 87.5}}, default: 0, to: rate}",
        *({"project": project} for project in (101, 102, 103)),
        properties={"project": "integer"},
    )

    assert [r["rate"] for r in written.records()] == [95, 87.5, 0]
    assert written.properties()["rate"]["type"] == ["number"]


def test_a_table_can_be_a_csv_file_beside_the_rules(bench: Bench) -> None:
    """Columns from and to; others are for people. A byte order mark does not matter."""
    bench.write("tasks.csv", "\ufefffrom,to,remark\nDev,Development,\nNo,Nothing,really\n")

    written = bench.run(
        "- {lookup: task, table: {file: tasks.csv}, to: activity}",
        *({"task": task} for task in ("Dev", "No")),
        properties=FIELDS,
    )

    assert [r["activity"] for r in written.records()] == ["Development", "Nothing"]


def test_a_table_can_be_a_yaml_file_beside_the_rules(bench: Bench) -> None:
    """It holds what a table in the rule file would hold."""
    bench.write("tasks.yml", "exact: {Dev: Development}\nkeywords: [{word: nap, is: Rest}]\n")

    written = bench.run(
        "- {lookup: task, table: {file: tasks.yml}, to: activity}",
        *({"task": task} for task in ("Dev", "A nap")),
        properties=FIELDS,
    )

    assert [r["activity"] for r in written.records()] == ["Development", "Rest"]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("t.csv", "task,activity\nDev,Development\n", r"t\.csv:1: needs a heading row"),
        ("t.csv", "from,to\nDev,a\nDev,b\n", r"t\.csv:3: 'Dev' stands twice"),
        ("t.csv", "from,to\nDev\n", r"t\.csv:2: 'Dev' has no value under 'to'"),
        ("t.yml", "exacts: {Dev: a}\n", r"t\.yml:1: unknown word 'exacts'\. Did you mean 'exact'"),
        ("t.txt", "Dev a\n", r"rules\.yml:4: a table file ends in \.csv, \.yml or \.yaml"),
    ],
)
def test_a_fault_in_a_table_file_is_named_there(
    bench: Bench, name: str, text: str, fault: str
) -> None:
    """File and line, before any record."""
    bench.write(name, text)

    with pytest.raises(ConfigValidationError, match=fault):
        bench.run(f"- {{lookup: task, table: {{file: {name}}}, to: x}}", properties=FIELDS)


def test_a_missing_table_file_is_named(bench: Bench) -> None:
    """With the path that was tried."""
    with pytest.raises(ConfigValidationError, match=r"gone\.csv: cannot be read: No such file"):
        bench.run("- {lookup: task, table: {file: gone.csv}, to: x}", properties=FIELDS)


def test_a_keyword_that_says_nothing_is_a_fault(bench: Bench) -> None:
    """It would match everything."""
    with pytest.raises(ConfigValidationError, match="an empty keyword would match everything"):
        bench.run(
            "- {lookup: task, table: {keywords: [{word: '', is: x}]}, to: x}", properties=FIELDS
        )


def test_objects_cannot_be_looked_up(bench: Bench) -> None:
    """The rule has to name the field within."""
    with pytest.raises(RuleError, match="'task' can be object"):
        bench.run(
            "- {lookup: task, table: {exact: {a: b}}, to: x}",
            properties={"task": {"type": "object", "properties": {}}},
        )
