"""Conditions: which records go on, and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from mapper_worklog.errors import RuleError
from singer_sdk.exceptions import ConfigValidationError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

FIELDS = {"hours": "number", "task": "string", "billable": "boolean"}
ROWS: tuple[dict[str, Any], ...] = (
    {"hours": 0, "task": "Lunch", "billable": False},
    {"hours": 1.5, "task": "Dev", "billable": True},
    {"hours": None, "task": "", "billable": None},
    {},
)


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("billable: true", [2]),
        ("billable: null", [3, 4]),
        ("task: [Dev, Lunch]", [1, 2]),
        ("task: {not: Lunch}", [2, 3, 4]),
        ("task: {not: [Lunch, null]}", [2, 3]),
        ("task: {empty: true}", [3, 4]),
        ("task: {empty: false}", [1, 2]),
        ("hours: {above: 0}", [2]),
        ("hours: {at_least: 0}", [1, 2]),
        ("hours: {below: 1.5}", [1]),
        ("hours: {at_most: 1.5, at_least: 1}", [2]),
        ("task: {at_least: E}", [1]),
        ("hours: 0", [1]),
        ("hours: {above: 0}, billable: false", []),
    ],
)
def test_where_lets_records_on_for_which_all_conditions_hold(
    bench: Bench, condition: str, ids: list[int]
) -> None:
    """Null has no order; false is not zero."""
    written = bench.run(f"- where: {{{condition}}}", *ROWS, properties=FIELDS)

    assert [record["id"] for record in written.records()] == ids


def test_flag_writes_whether_conditions_hold(bench: Bench) -> None:
    """It is true or false, never null."""
    written = bench.run("- {flag: {task: {empty: true}}, to: nameless}", *ROWS, properties=FIELDS)

    assert [r["nameless"] for r in written.records()] == [False, False, True, True]
    assert written.properties()["nameless"]["type"] == ["boolean"]


def test_rules_after_where_see_only_what_it_let_on(bench: Bench) -> None:
    """A rule that no record reached is not blamed."""
    output = bench.run(
        """
        - where: {task: Dev}
        - {lookup: task, table: {exact: {Lunch: Break}}, to: kind, optional: true}
        """,
        *ROWS,
        properties=FIELDS,
        strict_rules=True,
    )

    assert [r["kind"] for r in output.records()] == [None]


@pytest.mark.parametrize(
    "condition", ["hours: Lunch", "task: 5", "billable: 1", "task: {above: 5}"]
)
def test_a_condition_that_can_never_hold_is_an_error(bench: Bench, condition: str) -> None:
    """The schema shows it before the first record."""
    with pytest.raises(RuleError, match="never"):
        bench.run(f"- where: {{{condition}}}", properties=FIELDS)


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("{}", "needs at least one 'field: condition'"),
        ("{hours: {over: 5}}", "unknown word 'over'"),
        ("{hours: {above: null}}", "'above' compares with a number or a text"),
        ("{hours: {empty: 1}}", "needs true or false here"),
    ],
)
def test_a_condition_that_cannot_be_read_is_a_fault(
    bench: Bench, condition: str, fault: str
) -> None:
    """Before any message."""
    with pytest.raises(ConfigValidationError, match=fault):
        bench.run(f"- where: {condition}", properties=FIELDS)
