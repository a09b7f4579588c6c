"""How many requests each system takes; the README has the figures for 20,000 people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tap_hrms.conftest import DAY

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

    from tests.conftest import SharedClock
    from tests.tap_hrms.conftest import RunTap

PEOPLE = 2000
CHANGED = 250
EXPECTED = {
    # in full: departments and one report. Changes: their list, departments, a report for each 200.
    "bamboohr": (2, 4),
    # one report, whatever it holds
    "workday": (1, 1),
    # token, picklists, 500 a page. Changes: eight lists of ids of which one has two pages less
    # than 1000 each, the changed ones by hundreds, by user and by person
    "successfactors": (6, 16),
    # login, and 100 a page, the last of which says that it is the last
    "customhr": (21, 4),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_requests_for_employees(
    name: str, sandbox_server: Sandbox, run_tap: RunTap, clock: SharedClock
) -> None:
    """The first time, and when an eighth was changed."""
    system = getattr(sandbox_server, name)
    system.reset(employees=PEOPLE)
    system.clear_requests()
    first = run_tap(system.config(), "employees")
    in_full = len(system.requests())
    clock.advance(DAY)
    for row in system.rows("employees")[:CHANGED]:
        system.edit("employees", row["id"], title="Someone else")
    system.clear_requests()

    second = run_tap(system.config(), "employees", first.state)

    assert first.exit_code == second.exit_code == 0
    assert len(first.records("employees")) == PEOPLE
    assert CHANGED <= len(second.records("employees")) <= CHANGED + 1
    assert (in_full, len(system.requests())) == EXPECTED[name]
