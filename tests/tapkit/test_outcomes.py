"""What the outcomes of streams make of a run."""

from __future__ import annotations

import pytest
from singer_tapkit.drift import Differences
from singer_tapkit.outcomes import OnDrift, OnStreamError, Outcome, Result, exit_code, table

COMPLETE = Outcome(
    "users", Result.COMPLETE, records=1234, requests=2, bookmark="2025-01-01T00:00:00Z"
)
PARTIAL = Outcome("rates", Result.PARTIAL, "3 of 9 parents refused")
UNAVAILABLE = Outcome("invoices", Result.UNAVAILABLE, "module off")
FAILED = Outcome("roles", Result.FAILED, "HTTP 500")


@pytest.mark.parametrize(
    ("outcomes", "fail", "allow_unavailable", "proceed"),
    [
        ([COMPLETE], 0, 0, 0),
        ([COMPLETE, UNAVAILABLE], 1, 0, 0),
        ([COMPLETE, PARTIAL], 1, 1, 0),
        ([COMPLETE, FAILED], 1, 1, 0),
        ([UNAVAILABLE], 1, 1, 1),
        ([FAILED, FAILED], 1, 1, 1),
        ([], 0, 0, 0),
    ],
)
def test_exit_code(
    outcomes: list[Outcome], fail: int, allow_unavailable: int, proceed: int
) -> None:
    """Tolerance is the user's choice; a run in which nothing was readable always fails."""
    codes = [exit_code(outcomes, mode) for mode in OnStreamError]

    assert codes == [fail, allow_unavailable, proceed]


@pytest.mark.parametrize(
    ("drift", "report", "fail", "strict"),
    [
        (Differences(), 0, 0, 0),
        (Differences(undeclared=["a"]), 0, 1, 1),
        (Differences(mistyped=["a"]), 0, 1, 1),
        (Differences(never_seen=["a"]), 0, 0, 1),
    ],
)
def test_drift_fails_a_run_that_is_told_so(
    drift: Differences, report: int, fail: int, strict: int
) -> None:
    """Fields that were never seen only if they are meant, too: many vendors leave some out."""
    outcome = Outcome("users", Result.COMPLETE, drift=drift)

    codes = [exit_code([outcome], OnStreamError.FAIL, mode) for mode in OnDrift]

    assert codes == [report, fail, strict]


def test_the_table_is_lined_up_and_names_the_causes() -> None:
    """An operator reads it at a glance."""
    assert table([COMPLETE, UNAVAILABLE]).splitlines() == [
        "stream    outcome      records  tombstones  requests  waited  bookmark",
        "users     complete       1,234           0         2   0.0 s  2025-01-01T00:00:00Z",
        "invoices  unavailable        0           0         0   0.0 s  -",
        "invoices: unavailable: module off",
    ]
