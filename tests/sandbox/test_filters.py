"""Filters narrow lists down, and order is as documented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Api


def _entries(api: Api, **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get("/time_entries", **params)["time_entries"]
    return rows


def test_entries_come_newest_day_first_then_highest_id(api: Api) -> None:
    """Time entries are ordered by the day worked, not by change."""
    keys = [(row["spent_date"], row["id"]) for row in _entries(api)]

    assert keys == sorted(keys, reverse=True)


def test_from_and_to_belong_to_the_span(api: Api) -> None:
    """Both dates are inclusive."""
    everything = _entries(api)
    last, first = everything[50]["spent_date"], everything[150]["spent_date"]

    found = _entries(api, **{"from": first, "to": last})

    assert found == [row for row in everything if first <= row["spent_date"] <= last]
    assert {first, last} <= {row["spent_date"] for row in found}


@pytest.mark.parametrize("inclusive", [True, False])
def test_updated_since_can_be_read_both_ways(api: Api, *, inclusive: bool) -> None:
    """Whether the very second belongs to it is undocumented, so it is a setting."""
    api.harvest.settings(updated_since_inclusive=inclusive)
    everything = _entries(api)
    since = sorted(row["updated_at"] for row in everything)[200]

    found = _entries(api, updated_since=since)

    expected = [
        row
        for row in everything
        if row["updated_at"] > since or (inclusive and row["updated_at"] == since)
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("name", "value_of"),
    [
        ("user_id", lambda row: row["user"]["id"]),
        ("client_id", lambda row: row["client"]["id"]),
        ("project_id", lambda row: row["project"]["id"]),
        ("task_id", lambda row: row["task"]["id"]),
        ("is_billed", lambda row: str(row["is_billed"]).lower()),
        ("is_running", lambda row: str(row["is_running"]).lower()),
        ("approval_status", lambda row: "approved" if row["is_closed"] else "not approved"),
    ],
)
def test_entries_are_filtered_by_what_they_show(
    api: Api, name: str, value_of: Callable[[dict[str, Any]], object]
) -> None:
    """A filter returns the rows that have the value, and no others."""
    everything = _entries(api)
    wanted = value_of(everything[-1])

    found = _entries(api, **{name: wanted})

    assert found == [row for row in everything if value_of(row) == wanted]
    assert 0 < len(found) < len(everything)


def test_entries_are_found_by_external_reference(api: Api) -> None:
    """Ids of references are texts; some look like numbers, and many entries share one."""
    everything = _entries(api)
    ids = {row["external_reference"]["id"] for row in everything if row["external_reference"]}
    numeric = next(text for text in sorted(ids) if text.isdigit())
    word = next(text for text in sorted(ids) if not text.isdigit())
    added = api.harvest.add("time_entries", external_reference={"id": word, "group_id": "acme"})

    for text in (numeric, word):
        found = _entries(api, external_reference_id=text)
        assert {row["external_reference"]["id"] for row in found} == {text}
    assert added["id"] in {row["id"] for row in found}
    assert _entries(api, external_reference_id="unheard of") == []


def test_filters_work_together(api: Api) -> None:
    """Several filters at once have to hold all."""
    everything = _entries(api)
    user_id = everything[0]["user"]["id"]

    found = _entries(api, user_id=user_id, is_billed="true", **{"from": "2025-01-01"})

    assert found == [
        row
        for row in everything
        if row["user"]["id"] == user_id and row["is_billed"] and row["spent_date"] >= "2025-01-01"
    ]


@pytest.mark.parametrize(
    ("path", "name", "value_of"),
    [
        ("/users", "is_active", lambda row: str(row["is_active"]).lower()),
        ("/clients", "is_active", lambda row: str(row["is_active"]).lower()),
        ("/tasks", "is_active", lambda row: str(row["is_active"]).lower()),
        ("/projects", "client_id", lambda row: row["client"]["id"]),
        ("/contacts", "client_id", lambda row: row["client"]["id"]),
        ("/user_assignments", "user_id", lambda row: row["user"]["id"]),
        ("/expenses", "project_id", lambda row: row["project"]["id"]),
        ("/expenses", "client_id", lambda row: row["client"]["id"]),
        ("/invoices", "state", lambda row: row["state"]),
        ("/estimates", "state", lambda row: row["state"]),
        ("/estimates", "client_id", lambda row: row["client"]["id"]),
    ],
)
def test_other_lists_are_filtered_too(
    api: Api, path: str, name: str, value_of: Callable[[dict[str, Any]], object]
) -> None:
    """Each list knows the filters that are documented for it."""
    key = path.removeprefix("/")
    everything = api.get(path, per_page=2000)[key]
    wanted = value_of(everything[0])

    found = api.get(path, per_page=2000, **{name: wanted})[key]

    assert found == [row for row in everything if value_of(row) == wanted]
    assert 0 < len(found) < len(everything)


def test_invoices_are_filtered_by_issue_date_and_project(api: Api) -> None:
    """Invoices have dates of their own, and projects on their lines."""
    everything = api.get("/invoices", per_page=2000)["invoices"]
    project_id = everything[0]["line_items"][0]["project"]["id"]

    found = api.get("/invoices", per_page=2000, project_id=project_id, **{"from": "2025-06-01"})

    assert found["invoices"] == [
        row
        for row in everything
        if row["issue_date"] >= "2025-06-01"
        and project_id in [line["project"]["id"] for line in row["line_items"]]
    ]


@pytest.mark.parametrize("path", ["/users", "/clients", "/projects", "/tasks", "/roles"])
def test_other_lists_come_newest_first(api: Api, path: str) -> None:
    """Lists without a date of their own are ordered by creation."""
    stamps = [row["created_at"] for row in api.get(path)[path.removeprefix("/")]]

    assert stamps == sorted(stamps, reverse=True)


def test_rates_come_oldest_first(api: Api) -> None:
    """Rates are ordered by the day they start, the one from the beginning first."""
    user_id = api.harvest.rows("users")[0]["id"]

    rates = api.get(f"/users/{user_id}/cost_rates")["cost_rates"]

    assert [rate["start_date"] for rate in rates] == [None, "2025-03-02"]
    assert [rate["end_date"] for rate in rates] == ["2025-03-01", None]


def test_unknown_parameters_are_ignored(api: Api) -> None:
    """A filter that a list lacks returns everything, without a word."""
    everything = api.get("/roles")["roles"]

    found = api.get("/roles", updated_since="2999-01-01T00:00:00Z", colour="red")["roles"]

    assert found == everything


@pytest.mark.parametrize(
    "params",
    [
        {"from": "yesterday"},
        {"to": "2025-02-30"},
        {"updated_since": "2025-03-01 00:00:00+00:00"},
        {"updated_since": "2025-03-01T00:00:00 00:00"},
        {"user_id": "me"},
        {"is_billed": "perhaps"},
    ],
)
def test_malformed_filters_are_bad(api: Api, params: dict[str, str]) -> None:
    """A value that cannot be read is refused, not skipped."""
    assert api.ask("/time_entries", params).status == 400
