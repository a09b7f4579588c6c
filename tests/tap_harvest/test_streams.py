"""Every stream holds what Harvest shows, for as few requests as its API allows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import jsonschema
import pytest
from singer_tapkit.schema import Pii
from tap_harvest.streams import API_STREAMS
from tap_harvest.tap import TapHarvest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.tap_harvest.conftest import RunTap

LISTS = [
    "clients",
    "contacts",
    "estimate_item_categories",
    "estimates",
    "expense_categories",
    "expenses",
    "invoice_item_categories",
    "invoices",
    "projects",
    "roles",
    "task_assignments",
    "tasks",
    "time_entries",
    "user_assignments",
    "users",
]
ALL = [vars(stream)["name"] for stream in API_STREAMS]
REPORTS = [name for name in ALL if "report" in name]


@pytest.mark.parametrize("stream", LISTS)
@pytest.mark.parametrize("paging", ["page", "cursor"])
def test_a_list_is_read_whole_in_both_kinds_of_paging(
    harvest: HarvestControl, run_tap: RunTap, stream: str, paging: str
) -> None:
    """Every row, every declared field, archived rows included."""
    harvest.settings(paging=paging)

    result = run_tap(stream, page_size=4)

    expected = {row["id"]: row for row in harvest.rows(stream)}
    assert result.rows(stream) == expected
    assert result.exit_code == 0


def test_every_stream_ends_complete_and_matches_its_schema(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """All streams at once, reports included; no field of the API goes undeclared."""
    result = run_tap(ALL)

    assert {outcome.result for outcome in result.outcomes.values()} == {"complete"}
    assert "were present in the" not in result.log
    schemas = {m["stream"]: m["schema"] for m in result.messages if m["type"] == "SCHEMA"}
    for name, schema in schemas.items():
        records = result.records(name)
        assert records, name
        validator = jsonschema.Draft7Validator(schema)
        for record in records:
            assert not list(validator.iter_errors(json.loads(json.dumps(record)))), name
    assert harvest.requests()


def test_a_second_reading_of_everything_costs_one_request_a_list(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Nothing changed for weeks: no children of invoices, one page of each list."""
    first = run_tap(LISTS)
    harvest.clear_requests()

    run_tap(LISTS, first.state)

    assert len(harvest.requests()) == len(LISTS)


@pytest.mark.parametrize(
    ("stream", "parents", "key"),
    [
        ("invoice_messages", "invoices", "invoice_id"),
        ("invoice_payments", "invoices", "invoice_id"),
        ("estimate_messages", "estimates", "estimate_id"),
        ("cost_rates", "users", "user_id"),
        ("billable_rates", "users", "user_id"),
        ("project_assignments", "users", "user_id"),
    ],
)
def test_children_carry_their_parent(
    harvest: HarvestControl, run_tap: RunTap, stream: str, parents: str, key: str
) -> None:
    """One request for each parent, beside those that list the parents."""
    result = run_tap(stream)

    ids = {row["id"] for row in harvest.rows(parents)}
    assert result.records(stream)
    assert {record[key] for record in result.records(stream)} <= ids
    assert result.outcomes[stream].requests == len(ids) + 1


def test_two_kinds_of_children_list_their_parents_once(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """The list of parents serves both."""
    run_tap(["cost_rates", "billable_rates", "teammates"])

    assert sum(request.path.endswith("/users") for request in harvest.requests()) == 1


def test_only_changed_invoices_are_asked_for_children(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Recording a payment touches its invoice."""
    first = run_tap("invoice_payments")
    invoice = harvest.rows("invoices")[0]
    harvest.edit("invoices", invoice["id"], notes="paid")
    harvest.clear_requests()

    run_tap("invoice_payments", first.state)

    paths = {request.path.split("/invoices")[-1] for request in harvest.requests()}
    assert f"/{invoice['id']}/payments" in paths
    assert len(paths) < len(harvest.rows("invoices"))


def test_only_managers_are_asked_for_teammates(harvest: HarvestControl, run_tap: RunTap) -> None:
    """The API refuses the question for anybody else."""
    result = run_tap("teammates")

    managers = [row for row in harvest.rows("users") if "manager" in row["access_roles"]]
    assert result.records("teammates")
    assert result.outcomes["teammates"].requests == len(managers) + 1
    assert [request.status for request in harvest.requests() if request.status == 422] == []


def test_one_refused_parent_makes_the_stream_partial(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """The others' children arrive, and the outcome names the parent."""
    user = harvest.rows("users")[0]["id"]
    harvest.fault("status", path=f"/users/{user}/cost_rates", status=403, times=None)

    result = run_tap("cost_rates")

    assert result.outcomes["cost_rates"].result == "partial"
    assert f"user_id {user}" in result.outcomes["cost_rates"].detail
    assert result.records("cost_rates")
    assert result.exit_code == 1


def test_a_parent_deleted_meanwhile_is_no_loss(harvest: HarvestControl, run_tap: RunTap) -> None:
    """404 for one parent means that it is gone."""
    user = harvest.rows("users")[0]["id"]
    harvest.fault("status", path=f"/users/{user}/cost_rates", status=404, times=None)

    assert run_tap("cost_rates").outcomes["cost_rates"].result == "complete"


@pytest.mark.parametrize("stream", [name for name in REPORTS if name != "project_budget_report"])
def test_reports_cover_every_day_once_in_spans_of_365_days_at_the_most(
    harvest: HarvestControl, run_tap: RunTap, stream: str
) -> None:
    """Both ends are inclusive at Harvest, so spans must not share a day; leap years count."""
    run_tap(stream, start_date="2023-05-01")

    spans = sorted(
        tuple(
            datetime.strptime(request.query[end], "%Y%m%d").replace(tzinfo=UTC)
            for end in ("from", "to")
        )
        for request in harvest.requests()
        if "from" in request.query
    )
    assert spans[0][0] == datetime(2023, 5, 1, tzinfo=UTC)
    assert all((end - start).days <= 364 for start, end in spans)
    assert all((b[0] - a[1]).days == 1 for a, b in pairwise(spans))
    assert spans[-1][1] == datetime(2026, 12, 31, tzinfo=UTC)


def test_reports_begin_with_the_year_of_the_oldest_entry(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Without a start date nothing is left out, and the keys stay the same from day to day."""
    oldest = min(row["spent_date"] for row in harvest.rows("time_entries"))

    result = run_tap("time_report_team")

    starts = sorted(record["report_from"] for record in result.records("time_report_team"))
    assert starts[0] == f"{oldest[:4]}-01-01"


def test_hours_of_a_report_add_up_to_those_of_the_entries(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """The report is another way to the same hours."""
    result = run_tap("time_report_team", start_date="2019-01-01")

    hours = sum(row["rounded_hours"] for row in harvest.rows("time_entries"))
    assert sum(row["total_hours"] for row in result.records("time_report_team")) == pytest.approx(
        hours, abs=0.5
    )


def test_streams_that_cost_much_are_read_only_when_selected(run_tap: RunTap) -> None:
    """Reports and project_assignments repeat what other streams hold."""
    outcomes = run_tap().outcomes

    assert "project_assignments" not in outcomes
    assert not [name for name in REPORTS if name in outcomes]
    assert len(API_STREAMS) - len(outcomes) == len(REPORTS) + 1


def test_every_property_says_how_private_it_is(run_tap: RunTap) -> None:
    """In the catalog as well as in the messages that a mapper sees."""
    result = run_tap("users")
    catalog = TapHarvest(config={"access_token": "-"}).catalog_dict

    schemas = [message["schema"] for message in result.messages if message["type"] == "SCHEMA"]
    schemas += [entry["schema"] for entry in catalog["streams"]]
    for schema in schemas:
        for name, definition in schema["properties"].items():
            assert definition.get("x-pii") in set(Pii), name
    assert schemas[0]["properties"]["email"]["x-pii"] == "direct"
