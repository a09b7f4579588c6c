"""A secret and a person's name, planted everywhere, appear in no log, error, state or metric."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.tap_harvest.conftest import RunTap

NAME = "Wilhelmina Featherstonehaugh"
SECRET = "1234567.pt.planted-secret"
LEAKY = json.dumps({"error": f"{NAME} may not", "message": f"{NAME} {SECRET}", "token": SECRET})

FAULTS: list[dict[str, Any]] = [
    *(
        {"kind": "status", "status": status, "body": "text", "text": LEAKY}
        for status in (302, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503)
    ),
    {"kind": "status", "status": 200, "body": "text", "text": f"<html>{NAME} {SECRET}"},
    {"kind": "status", "status": 200, "body": "text", "text": json.dumps([NAME, SECRET])},
    {"kind": "truncate"},
    {"kind": "drop"},
    {"kind": "reset"},
    {"kind": "foreign_link", "host": "http://localhost:1"},
    {"kind": "patch", "merge": {"links": {"next": [NAME, SECRET]}}},
    {"kind": "patch", "merge": {"total_entries": NAME}},
    {"kind": "patch", "merge": {"users": [{"id": 1, "updated_at": NAME}]}},
    {"kind": "patch", "merge": {"users": [{"id": NAME}]}},
    {"kind": "patch", "merge": {"users": [NAME]}},
    {"kind": "patch", "merge": {"time_entries": [{"id": 1, "spent_date": NAME}]}},
    {"kind": "patch", "merge": {"time_entries": NAME}},
]


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}"
)
def test_nothing_planted_leaks_on_any_failure_path(
    harvest: HarvestControl, run_tap: RunTap, fault: dict[str, Any]
) -> None:
    """Every fault, at every log level, on lists, children and windows."""
    for user in harvest.rows("users"):
        harvest.edit("users", user["id"], first_name=NAME, email=f"{NAME}@example.com")
    for entry in harvest.rows("time_entries")[:20]:
        harvest.edit("time_entries", entry["id"], notes=f"{NAME} {SECRET}")
    kind = fault["kind"]
    options = {name: value for name, value in fault.items() if name != "kind"}
    harvest.fault(kind, times=None, skip=2, **options)

    result = run_tap(["users", "time_entries", "cost_rates", "time_report_team"], page_size=5)

    told = result.log + json.dumps(result.state)
    told += " ".join(f"{outcome}" for outcome in result.outcomes.values())
    for planted in (NAME, SECRET, *harvest.tokens.values()):
        assert planted not in told


def test_a_clean_run_tells_nothing_either(harvest: HarvestControl, run_tap: RunTap) -> None:
    """Ordinary log lines, at every level, hold counts and ids."""
    for user in harvest.rows("users"):
        harvest.edit("users", user["id"], first_name=NAME)

    result = run_tap()

    assert NAME in json.dumps(result.records("users"))
    assert NAME not in result.log
    assert harvest.tokens["administrator"] not in result.log
