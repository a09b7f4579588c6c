"""Decimal hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapper_worklog.errors import RuleError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

AT = {"type": ["string", "null"], "format": "date-time"}


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("seconds", 5400, 1.5),
        ("milliseconds", 5_400_000, 1.5),
        ("milliseconds", "5400000", 1.5),
        ("minutes", 90, 1.5),
        ("minutes", 0, 0),
        ("seconds", 1, 0.0003),
        ("seconds", -742, -0.2061),
        ("seconds", 10**400, None),
        ("seconds", "NaN", None),
        ("seconds", "an hour", None),
        ("seconds", None, None),
    ],
)
def test_hours_come_from_any_unit(
    bench: Bench, unit: str, value: object, expected: float | None
) -> None:
    """Four decimals unless the rule says otherwise; a text that is a number counts as one."""
    kind = "string" if isinstance(value, str) else "integer"

    written = bench.run(
        f"- {{hours: {{{unit}: span}}, to: hours}}", {"span": value}, properties={"span": kind}
    )

    assert written.records()[0]["hours"] == expected
    assert written.properties()["hours"]["type"] == ["number", "null"]


def test_every_second_can_be_had_back(bench: Bench) -> None:
    """Four decimals of an hour are finer than half a second."""
    seconds = [0, 1, 59, 61, 3599, 3601, 86_399]

    written = bench.run(
        "- {hours: {seconds: span}, to: hours}",
        *({"span": span} for span in seconds),
        properties={"span": "integer"},
    )

    assert [round(r["hours"] * 3600) for r in written.records()] == seconds


def test_the_rule_says_how_to_round(bench: Bench) -> None:
    """A half goes to the even neighbour."""
    written = bench.run(
        "- {hours: {minutes: span}, round: 0, to: hours}",
        *({"span": span} for span in (30, 90, 150)),
        properties={"span": "integer"},
    )

    assert [r["hours"] for r in written.records()] == [0, 2, 2]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("8:00am", "5:30pm", 9.5),
        ("22:00", "1:30", 3.5),
        ("8:00", "8:00", 0),
        ("8:00", None, None),
        ("8:00", "later", None),
    ],
)
def test_clock_times_cross_midnight(
    bench: Bench, start: str, end: str | None, expected: float | None
) -> None:
    """An end before its start is on the next day."""
    written = bench.run(
        "- {hours: {start: begin, end: end}, to: hours}",
        {"begin": start, "end": end},
        properties={"begin": "string", "end": "string"},
    )

    assert written.records()[0]["hours"] == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-03-05T22:00:00Z", "2025-03-06T01:30:00Z", 3.5),
        ("2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", 1),
        ("2025-03-06T01:30:00Z", "2025-03-05T22:00:00Z", -3.5),
    ],
)
def test_instants_know_their_days(bench: Bench, start: str, end: str, expected: float) -> None:
    """The difference is exact, across midnight and the end of summer time, and keeps its sign."""
    written = bench.run(
        "- {hours: {start: begin, end: end}, to: hours}",
        {"begin": start, "end": end},
        properties={"begin": AT, "end": AT},
    )

    assert written.records()[0]["hours"] == expected


def test_an_instant_and_a_clock_time_have_no_difference(bench: Bench) -> None:
    """The schema shows it before the first record."""
    with pytest.raises(RuleError, match="must both be instants, or both clock times"):
        bench.run(
            "- {hours: {start: begin, end: end}, to: hours}",
            properties={"begin": AT, "end": "string"},
        )
