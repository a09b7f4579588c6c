"""Writing time entries by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

    from tests.sandbox.conftest import Api


@pytest.fixture
def place(api: Api) -> dict[str, Any]:
    """A project and task on which the administrator may write, and a day."""
    mine = api.get("/users/me/project_assignments")["project_assignments"][0]
    return {
        "project_id": mine["project"]["id"],
        "task_id": mine["task_assignments"][0]["task"]["id"],
        "spent_date": "2026-03-01",
    }


@pytest.fixture
def durations(api: Api) -> None:
    """An account that tracks durations."""
    api.harvest.settings(timestamp_timers=False)


def _post(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    reply = api.ask("/time_entries", method="POST", body=body)
    assert reply.status == 201, reply.body
    entry: dict[str, Any] = reply.json
    return entry


@pytest.mark.usefixtures("durations")
def test_an_entry_is_created_with_hours(api: Api, place: dict[str, Any]) -> None:
    """The answer is the whole entry, and lists show it at once."""
    entry = _post(api, place | {"hours": 2.5, "notes": "By hand"})

    assert (entry["hours"], entry["is_running"], entry["notes"]) == (2.5, False, "By hand")
    assert entry["user"]["id"] == api.get("/users/me")["id"]
    assert api.get(f"/time_entries/{entry['id']}") == entry


@pytest.mark.usefixtures("durations")
@pytest.mark.parametrize("hours", [{}, {"hours": 0}, {"started_time": "8:00am"}])
def test_without_hours_a_timer_starts(
    api: Api, place: dict[str, Any], hours: dict[str, object]
) -> None:
    """No hours, zero hours, or the other way's fields start a timer instead of failing."""
    assert _post(api, place | hours)["is_running"] is True


@pytest.mark.parametrize(("start", "end"), [("9:00am", "10:30am"), ("09:00", "10:30")])
def test_an_entry_is_created_with_start_and_end(
    api: Api, place: dict[str, Any], start: str, end: str
) -> None:
    """Accounts with start and end work out the hours."""
    entry = _post(api, place | {"started_time": start, "ended_time": end})

    assert (entry["hours"], entry["is_running"]) == (1.5, False)
    assert (entry["started_time"], entry["ended_time"]) == ("9:00am", "10:30am")


def test_hours_in_an_account_with_times_start_a_timer(api: Api, place: dict[str, Any]) -> None:
    """The body of the other way of tracking is not refused."""
    assert _post(api, place | {"hours": 3})["is_running"] is True


def test_missing_fields_are_told_together(api: Api) -> None:
    """One message names all faults, joined by commas."""
    reply = api.ask("/time_entries", method="POST", body={})

    assert reply.status == 422
    assert reply.json["message"] == (
        "Project can't be blank, Task must exist, Spent date can't be blank"
    )


def test_a_body_that_is_no_object_is_bad(api: Api) -> None:
    """Broken JSON is refused before anything else."""
    assert api.ask("/time_entries", method="POST", body=b"{").status == 400
    assert api.ask("/time_entries", method="POST", body=[1]).status == 400


def test_references_are_kept_and_completed(api: Api, place: dict[str, Any]) -> None:
    """Harvest adds the service by the host of the permalink; ids need not be unique."""
    reference = {
        "id": "ns:stream:1",
        "group_id": "ns",
        "account_id": "7",
        "permalink": "https://tickets.example.org/1",
    }

    twins = [_post(api, place | {"external_reference": reference}) for _ in range(2)]

    found = api.get("/time_entries", external_reference_id="ns:stream:1")["time_entries"]
    assert {row["id"] for row in found} == {row["id"] for row in twins}
    assert twins[0]["external_reference"]["service"] == "tickets.example.org"
    assert reference.items() <= twins[0]["external_reference"].items()
    url = f"/time_entries/{twins[0]['id']}/external_reference"
    assert api.ask(url, method="DELETE").status == 200
    assert api.get(f"/time_entries/{twins[0]['id']}")["external_reference"] is None


@pytest.mark.usefixtures("durations")
def test_a_patch_changes_what_is_given(api: Api, sandbox: Sandbox, place: dict[str, Any]) -> None:
    """Omitted fields stay, the user cannot be changed, the stamp moves."""
    entry = _post(api, place | {"hours": 1, "notes": "Before"})
    other_user = api.harvest.rows("users")[0]["id"]
    sandbox.advance(60)

    reply = api.ask(
        f"/time_entries/{entry['id']}",
        method="PATCH",
        body={"hours": 2.25, "user_id": other_user},
    )

    assert reply.status == 200
    assert (reply.json["hours"], reply.json["notes"]) == (2.25, "Before")
    assert reply.json["user"] == entry["user"]
    assert reply.json["updated_at"] > entry["updated_at"]


def test_locked_entries_cannot_be_patched(api: Api) -> None:
    """Billed or approved entries refuse changes."""
    locked = next(row for row in api.harvest.rows("time_entries") if row["is_locked"])

    reply = api.ask(f"/time_entries/{locked['id']}", method="PATCH", body={"notes": "x"})

    assert reply.status == 422


@pytest.mark.usefixtures("durations")
def test_a_deleted_entry_is_gone(api: Api, place: dict[str, Any]) -> None:
    """Deleting answers with an empty body."""
    entry = _post(api, place | {"hours": 1})

    reply = api.ask(f"/time_entries/{entry['id']}", method="DELETE")

    assert (reply.status, reply.body) == (200, b"")
    assert api.ask(f"/time_entries/{entry['id']}").status == 404
    assert api.ask(f"/time_entries/{entry['id']}", method="DELETE").status == 404


def test_a_timer_is_stopped_once(api: Api, sandbox: Sandbox, place: dict[str, Any]) -> None:
    """Stopping keeps what ran; a stopped timer cannot be stopped."""
    entry = _post(api, place)
    sandbox.advance(1800)
    url = f"/time_entries/{entry['id']}/stop"

    stopped = api.ask(url, method="PATCH").json

    assert (stopped["hours"], stopped["is_running"]) == (0.5, False)
    assert (stopped["started_time"], stopped["ended_time"]) == ("9:00am", "9:30am")
    assert api.ask(url, method="PATCH").json == {"message": "can't stop a stopped timer"}


@pytest.mark.parametrize("timestamp_timers", [True, False])
def test_a_restart_may_make_another_entry(
    api: Api, place: dict[str, Any], *, timestamp_timers: bool
) -> None:
    """With start and end times, a restarted timer is a new entry; with durations it is the same."""
    api.harvest.settings(timestamp_timers=timestamp_timers)
    entry = _post(api, place | {"hours": 1, "started_time": "8:00am", "ended_time": "9:00am"})

    restarted = api.ask(f"/time_entries/{entry['id']}/restart", method="PATCH").json

    assert restarted["is_running"] is True
    assert (restarted["id"] != entry["id"]) is timestamp_timers


@pytest.mark.usefixtures("durations")
def test_members_write_their_own_time_only(api: Api) -> None:
    """A member may not write for somebody else, nor touch somebody else's entry."""
    member = api.as_role("member")
    foreign = api.get("/time_entries", user_id=api.get("/users/me")["id"])["time_entries"][0]

    body = {"user_id": foreign["user"]["id"], "hours": 1}

    assert member.ask("/time_entries", method="POST", body=body).status == 403
    assert member.ask(f"/time_entries/{foreign['id']}", method="DELETE").status == 403


def test_clients_projects_and_tasks_are_made_and_changed(api: Api) -> None:
    """Each with what it needs; what is lacking is said."""
    client = api.ask("/clients", method="POST", body={"name": "Acme"})
    assert (client.status, client.json["name"]) == (201, "Acme")
    lacking = api.ask("/projects", method="POST", body={"name": "Site", "bill_by": "none"})
    assert lacking.status == 422
    assert "Client_id can't be blank" in str(lacking.json)
    needed = {"is_billable": True, "bill_by": "none", "budget_by": "none"}
    project = {"name": "Site", "client_id": client.json["id"], **needed}
    made = api.ask("/projects", method="POST", body=project).json
    assert made["client"] == {"id": client.json["id"], "name": "Acme", "currency": "EUR"}
    path = f"/projects/{made['id']}"
    assert api.ask(path, method="PATCH", body={"is_active": False}).json["is_active"] is False
    assert api.ask("/tasks", method="POST", body={"name": "Design"}).status == 201
    assert api.ask("/tasks/1", method="PATCH", body={"name": "x"}).status == 404
