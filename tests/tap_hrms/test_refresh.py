"""A first run, changes of every kind, a second run: a table would hold what the source has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.tap_hrms.conftest import DAY, by_remote_id

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.conftest import Run, SharedClock
    from tests.tap_hrms.conftest import RunTap


def table(stream: str, *runs: Run) -> dict[str, dict[str, Any]]:
    """What a table holds after several runs: the last record of each key that is not deleted."""
    rows: dict[str, dict[str, Any]] = {}
    for result in runs:
        rows |= by_remote_id(result, stream)
    return {key: row for key, row in rows.items() if not row["is_deleted"]}


def facts(system: AppControl) -> dict[str, tuple[Any, ...]]:
    """Employees as the source has them."""
    return {
        row["id"]: (row["first"], row["title"], row["state"], row["hired"], row["terminated"])
        for row in system.rows("employees")
    }


def found(rows: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """The same, as records have them."""
    states = {"ACTIVE": "active", "LEAVE": "leave", "INACTIVE": "inactive"}
    return {
        key: (
            row["first_name"],
            row["job_title"],
            states[row["employment_status"]],
            row["start_date"],
            row["termination_date"],
        )
        for key, row in rows.items()
    }


def test_employees_follow_edits_terminations_and_rehires(
    system: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """In every system; and nothing else is read again where the system can be asked for changes."""
    first = run_tap(system.config(), "employees")
    assert first.exit_code == 0, first.outcomes
    assert found(table("employees", first)) == facts(system)
    people = [row["id"] for row in system.rows("employees")]
    clock.advance(DAY)
    system.edit("employees", people[1], title="Head of Care", first="Renée")
    system.edit("employees", people[2], state="inactive", terminated="2026-03-02")
    system.edit("employees", people[6], state="active", terminated=None, hired="2026-03-01")
    new = system.add("employees", hired="2026-02-15")["id"]

    second = run_tap(system.config(), "employees", first.state)

    assert second.exit_code == 0, second.outcomes
    assert found(table("employees", first, second)) == facts(system)
    assert {people[1], people[2], people[6], new} <= by_remote_id(second, "employees").keys()
    assert len(second.records("employees")) <= 6


def test_leave_follows_decisions_and_deletions(
    system: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Cancelled leave stays with its status, deleted leave becomes a tombstone."""
    first = run_tap(system.config(), "leave_requests")
    assert first.exit_code == 0, first.outcomes
    assert table("leave_requests", first).keys() == {
        row["id"] for row in system.rows("leave_requests")
    }
    clock.advance(DAY)
    employee = system.rows("employees")[0]["id"]
    kind = system.rows("leave_types")[0]["id"]
    ours = {"employee_id": employee, "type_id": kind}
    coming = system.add("leave_requests", start="2026-03-20", end="2026-03-22", **ours)["id"]
    doomed = system.add("leave_requests", start="2026-03-10", end="2026-03-11", **ours)["id"]
    kept = system.add("leave_requests", start="2026-04-10", end="2026-04-11", **ours)["id"]
    second = run_tap(system.config(), "leave_requests", first.state)
    clock.advance(DAY)
    system.edit("leave_requests", coming, state="approved")
    system.edit("leave_requests", kept, state="cancelled")
    system.delete("leave_requests", doomed)

    third = run_tap(system.config(), "leave_requests", second.state)

    assert third.exit_code == 0, third.outcomes
    rows = table("leave_requests", first, second, third)
    assert rows.keys() == {row["id"] for row in system.rows("leave_requests")}
    assert (rows[coming]["status"], rows[kept]["status"]) == ("APPROVED", "CANCELLED")
    gone = by_remote_id(third, "leave_requests")[doomed]
    assert gone["is_deleted"] is True
    assert gone["remote_deleted_at"] == gone["_sdc_deleted_at"]
    assert third.outcomes["leave_requests"].tombstones == 1


def test_everything_again_with_a_state_that_is_reset(system: AppControl, run_tap: RunTap) -> None:
    """And the table is then exchanged."""
    first = run_tap(system.config())

    again = run_tap(system.config())

    assert first.exit_code == again.exit_code == 0
    for stream in first.outcomes:
        assert len(again.records(stream)) == len(first.records(stream))
    activated = {
        message["stream"] for message in again.messages if message["type"] == "ACTIVATE_VERSION"
    }
    assert activated == set(first.outcomes)


def test_hiring_follows_its_changes(
    system: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Candidates, applications and interviews, as far as a system has them."""
    first = run_tap(system.config())
    clock.advance(DAY)
    application = system.rows("applications")[2]["id"]
    system.edit("applications", application, stage="Hired")
    system.edit("candidates", system.rows("candidates")[0]["id"], first="Amélie")
    for interview in system.rows("interviews")[:1]:
        system.edit("interviews", interview["id"], state="completed")
        system.edit("applications", interview["application_id"])

    second = run_tap(system.config(), state=first.state)

    assert second.exit_code == 0, second.outcomes
    streams = first.outcomes.keys()
    if "applications" in streams:
        assert by_remote_id(second, "applications")[application]["outcome"] == "HIRED"
        assert by_remote_id(second, "applications")[application]["hired_at"]
    if "interviews" in streams:
        assert "COMPLETE" in {row["status"] for row in second.records("interviews")} | {
            row["status_raw"].upper()[:8] for row in second.records("interviews")
        }
    if "candidates" in streams:
        assert "Amélie" in {row["first_name"] for row in second.records("candidates")}
