"""Steering a sandbox: data, triggers, log, clock, settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from singer_sandbox.client import SandboxError

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl, Sandbox

    from tests.sandbox.conftest import Api

NOW = "2026-03-02T09:00:00Z"


@pytest.mark.parametrize(
    "collection", ["time_entries", "clients", "projects", "expenses", "invoices", "users", "roles"]
)
def test_added_rows_are_complete_and_served(api: Api, collection: str) -> None:
    """A row added without any field looks like the others and is on the first page."""
    usual = set(api.harvest.rows(collection)[0])

    added = api.harvest.add(collection)

    assert set(added) == usual
    assert (added["created_at"], added["updated_at"]) == (NOW, NOW)
    assert api.get(f"/{collection}/{added['id']}") == added
    assert added in api.get(f"/{collection}", per_page=2000)[collection]


def test_added_rows_keep_what_they_are_given(harvest: HarvestControl) -> None:
    """Known fields, ids of parents, stamps in any spelling and unknown fields are taken over."""
    project = harvest.rows("projects")[0]

    entry = harvest.add(
        "time_entries",
        project_id=project["id"],
        spent_date="2019-05-06",
        hours=7.25,
        created_at="2019-05-06T10:00:00+02:00",
        mood="fine",
    )

    assert entry["project"]["id"] == project["id"]
    assert (entry["spent_date"], entry["hours"], entry["mood"]) == ("2019-05-06", 7.25, "fine")
    assert entry["created_at"] == entry["updated_at"] == "2019-05-06T08:00:00Z"


def test_edits_stamp_the_row(api: Api, sandbox: Sandbox) -> None:
    """An edit sets updated_at to the sandbox's now, unless it is given."""
    entry = api.harvest.rows("time_entries")[10]
    sandbox.advance(60)

    stamped = api.harvest.edit("time_entries", entry["id"], hours=3)
    given = api.harvest.edit(
        "time_entries", entry["id"], hours=4, updated_at="2025-01-01T00:00:00Z"
    )

    assert (stamped["hours"], stamped["updated_at"]) == (3, "2026-03-02T09:01:00Z")
    assert (given["hours"], given["updated_at"]) == (4, "2025-01-01T00:00:00Z")
    assert api.get(f"/time_entries/{entry['id']}") == given


def test_an_edited_date_moves_the_entry(api: Api) -> None:
    """Lists and filters follow an edit at once."""
    entry = api.get("/time_entries")["time_entries"][5]

    api.harvest.edit("time_entries", entry["id"], spent_date="2019-01-01", is_billed=True)

    rows = api.get("/time_entries", per_page=2000)["time_entries"]
    assert rows[-1]["id"] == entry["id"]
    found = api.get("/time_entries", to="2019-12-31", is_billed="true")["time_entries"]
    assert [row["id"] for row in found] == [entry["id"]]


def test_deleted_rows_leave_no_trace(api: Api) -> None:
    """A deleted row is in no list, and its address is empty."""
    entry = api.harvest.rows("time_entries")[7]

    api.harvest.delete("time_entries", entry["id"])

    assert api.ask(f"/time_entries/{entry['id']}").status == 404
    listed = api.get("/time_entries")
    assert listed["total_entries"] == 299
    assert entry["id"] not in {row["id"] for row in listed["time_entries"]}


def test_deleting_a_project_deletes_its_work(api: Api) -> None:
    """Entries, expenses and assignments of a project go with it."""
    project_id = api.harvest.rows("expenses")[0]["project"]["id"]

    api.harvest.delete("projects", project_id)

    for name in ("time_entries", "expenses", "task_assignments", "user_assignments"):
        rows = api.get(f"/{name}", per_page=2000)[name]
        assert rows
        assert project_id not in {row["project"]["id"] for row in rows}
    assert api.get("/reports/project_budget")["results"]


def test_deleting_an_invoice_unbills_its_entries(api: Api) -> None:
    """Entries outlive their invoice; messages and payments do not."""
    entry = next(row for row in api.harvest.rows("time_entries") if row["invoice"])

    api.harvest.delete("invoices", entry["invoice"]["id"])

    read = api.get(f"/time_entries/{entry['id']}")
    assert (read["invoice"], read["is_billed"]) == (None, False)
    assert read["updated_at"] == entry["updated_at"]


def test_deleting_an_invoice_unbills_its_expenses(api: Api) -> None:
    """Expenses, too, outlive their invoice."""
    expense = next(row for row in api.harvest.rows("expenses") if row["invoice"])

    api.harvest.delete("invoices", expense["invoice"]["id"])

    read = api.get(f"/expenses/{expense['id']}")
    assert (read["invoice"], read["is_billed"]) == (None, False)


def test_a_new_invoice_stamps_its_client_and_entries(api: Api) -> None:
    """As live accounts showed, the client and the billed entries get the invoice's second."""
    entry = next(row for row in api.harvest.rows("time_entries") if not row["invoice"])
    client_id = entry["client"]["id"]

    invoice = api.harvest.add("invoices", client_id=client_id, time_entry_ids=[entry["id"]])

    assert api.get(f"/clients/{client_id}")["updated_at"] == invoice["created_at"]
    billed = api.get(f"/time_entries/{entry['id']}")
    assert billed["invoice"]["id"] == invoice["id"]
    assert billed["updated_at"] == invoice["created_at"]


def test_a_new_payment_stamps_its_invoice(api: Api) -> None:
    """So that payments are found by way of changed invoices."""
    invoice = api.harvest.rows("invoices")[-1]

    api.harvest.add("invoice_payments", invoice_id=invoice["id"])

    assert api.get(f"/invoices/{invoice['id']}")["updated_at"] == NOW


@pytest.mark.parametrize(
    ("collection", "fields", "reason"),
    [
        ("time_entrys", {}, "No collection is named time_entrys"),
        ("clients", {"id": "seven"}, "ids are whole numbers"),
        ("time_entries", {"project_id": 1}, "projects has no row 1"),
        ("contacts", {"client_id": 1}, "client_id 1 leads to no row of clients"),
        ("time_entries", {"spent_date": "soon"}, "soon is no date"),
    ],
)
def test_impossible_rows_are_refused_with_a_reason(
    harvest: HarvestControl, collection: str, fields: dict[str, object], reason: str
) -> None:
    """A mistake in a test's set-up is told at once."""
    with pytest.raises(SandboxError, match=reason):
        harvest.add(collection, **fields)


def test_refused_changes_change_nothing(harvest: HarvestControl) -> None:
    """Entries are as they were when one could not be edited or added as wished."""
    before = harvest.rows("time_entries")

    with pytest.raises(SandboxError):
        harvest.edit("time_entries", before[30]["id"], spent_date="soon")
    with pytest.raises(SandboxError):
        harvest.add("time_entries", spent_date="soon")

    assert harvest.rows("time_entries") == before


def test_a_trigger_changes_data_between_two_pages(api: Api) -> None:
    """The change is in force right after the answer that it waits for."""
    rows = api.get("/time_entries", per_page=10)["time_entries"]
    doomed, edited = rows[8]["id"], rows[9]["id"]
    api.harvest.trigger(
        "/time_entries",
        after=2,
        add=[("clients", {"name": "Added"})],
        edit=[("time_entries", edited, {"hours": 9})],
        delete=[("time_entries", doomed)],
    )

    totals = [page["total_entries"] for page in api.pages("/time_entries", per_page=100)]

    assert totals == [300, 300, 299]
    assert api.get(f"/time_entries/{edited}")["hours"] == 9
    assert api.get("/clients")["clients"][0]["name"] == "Added"


def test_a_trigger_fires_once_and_counts_only_what_it_describes(api: Api) -> None:
    """Other paths, other pages and refusals do not count."""
    api.harvest.trigger("/tasks", page=2, add=[("tasks", {"name": "Added"})])

    api.get("/tasks", per_page=2)
    api.get("/clients", page=2, per_page=2)
    api.ask("/tasks", {"page": 2}, headers={"Authorization": None})
    before = api.get("/tasks")["total_entries"]
    api.get("/tasks", page=2, per_page=2)
    api.get("/tasks", page=2, per_page=2)

    assert api.get("/tasks")["total_entries"] == before + 1


def test_the_log_tells_what_was_asked_without_secrets(api: Api) -> None:
    """Method, path, query, status and times are kept; of tokens only a fingerprint."""
    api.get("/time_entries", per_page=3, user_id=1)
    api.ask("/nowhere", {"access_token": "planted-secret"})

    first, second = api.harvest.requests()

    assert (first.method, first.path, first.resource) == (
        "GET",
        "/v2/time_entries",
        "/time_entries",
    )
    assert first.query == {"per_page": "3", "user_id": "1"}
    assert (first.status, second.status) == (200, 404)
    assert first.at == datetime.fromisoformat(NOW)
    assert first.monotonic_seconds <= second.monotonic_seconds
    assert {"authorization", "user-agent", "harvest-account-id"} <= set(first.header_names)
    assert first.user_agent == "tests (tests@example.com)"
    assert first.token == second.token
    assert "sandbox-admin" not in repr((first, second))
    assert "planted-secret" not in repr((first, second))


def test_the_log_can_be_cleared(api: Api) -> None:
    """A test can look at what happens from now on."""
    api.get("/tasks")

    api.harvest.clear_requests()

    assert api.harvest.requests() == []


def test_the_clock_stands_still_moves_and_runs(sandbox: Sandbox) -> None:
    """A frozen clock moves only when told to, and goes on from where it stands."""
    sandbox.freeze("2030-01-01T00:00:00Z")
    frozen = [sandbox.now(), sandbox.now()]

    sandbox.advance(90)
    moved = sandbox.now()
    sandbox.unfreeze()
    running = sandbox.now()
    sandbox.advance(-90)

    start = datetime(2030, 1, 1, tzinfo=UTC)
    assert frozen == [start, start]
    assert moved == start + timedelta(seconds=90)
    assert moved < running < moved + timedelta(seconds=60)
    assert sandbox.now() < moved


def test_reset_makes_new_data_of_another_size(api: Api) -> None:
    """Settings and data are replaced without a restart, and what was planted is gone."""
    api.harvest.settings(paging="cursor")
    api.harvest.fault("status", times=None)
    api.harvest.add("clients", name="Planted")

    api.harvest.reset(entries=120, seed=5)

    assert api.get("/time_entries")["total_entries"] == 120
    assert "Planted" not in {row["name"] for row in api.harvest.rows("clients")}
    assert api.harvest.settings()["paging"] == "documented"
    assert len(api.harvest.requests()) == 1


def test_resetting_everything_returns_to_real_time(sandbox: Sandbox) -> None:
    """The clock, too, is as it was at the start."""
    sandbox.freeze("2030-01-01T00:00:00Z")

    sandbox.reset()

    assert abs(sandbox.now() - datetime.now(UTC)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pagin": "cursor"}, "did you mean paging"),
        ({"paging": "sideways"}, "one of documented, page, cursor"),
        ({"max_per_page": "100"}, "takes int, not str"),
        ({"general_limit": 0}, "has to be positive"),
        ({"entries": 5}, "only a reset"),
    ],
)
def test_wrong_settings_are_refused_with_a_reason(
    harvest: HarvestControl, changes: dict[str, object], reason: str
) -> None:
    """A misspelt setting is not silently ignored."""
    with pytest.raises(SandboxError, match=reason):
        harvest.settings(**changes)


def test_configs_for_the_tap(harvest: HarvestControl, sandbox: Sandbox) -> None:
    """The client makes the settings that lead a tap here, by token or by app."""
    addresses = {
        "account_id": harvest.account_id,
        "api_url": f"{sandbox.url}/harvest/v2",
        "identity_url": f"{sandbox.url}/harvest/id",
    }

    assert harvest.config() == addresses | {"access_token": "sandbox-admin"}
    assert harvest.config("member")["access_token"] == "sandbox-member"
    assert harvest.oauth_config() == addresses | dict(harvest.app)
