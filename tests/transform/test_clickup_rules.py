"""ClickUp's time entries as a fact table, and beside Harvest's in work_entries."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tap_clickup.streams.time import TimeEntries

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transform.conftest import Bench, Written

ENTRY: dict[str, Any] = {
    "id": "4931120455810098177",
    "workspace_id": "9013700001",
    "task": {"id": "86dxk4q2p", "name": "Draft tariff model"},
    "task_id": "86dxk4q2p",
    "user": {"id": "61230417", "username": "Mara Lindqvist", "email": "mara@example.com"},
    "user_id": "61230417",
    "billable": True,
    "start": 1774740600000,
    "end": 1774746000000,
    "duration": 5_400_000,
    "started_at": "2026-03-28T23:30:00Z",
    "ended_at": "2026-03-29T01:00:00Z",
    "is_running": False,
    "description": "peak split",
    "source": "clickup",
    "at": 1774746004000,
    "updated_at": "2026-03-29T01:00:04Z",
    "task_location": {"list_id": "l1", "space_id": "s1", "list_name": "2026", "space_name": "Acme"},
    "list_id": "l1",
    "space_id": "s1",
    "task_url": "https://app.clickup.com/t/86dxk4q2p",
}
RUNNING = ENTRY | {"id": "5", "end": None, "duration": None, "ended_at": None, "is_running": True}


def mapped(bench: Bench, file: Path, *entries: dict[str, Any], zone: str) -> Written:
    """Map time entries as the tap describes them."""
    schema = {
        "type": "SCHEMA",
        "stream": "time_entries",
        "schema": TimeEntries.schema,
        "key_properties": ["id"],
        "bookmark_properties": ["updated_at"],
    }
    records = [bench.record("time_entries", entry) for entry in entries]
    rules = file.read_text(encoding="utf-8")
    return bench.feed(rules, [schema, *records], hash_key="pepper", timezone=zone)


def test_the_fact_table_comes_out_column_by_column(bench: Bench, shipped: Path) -> None:
    """Local dates are those of the zone, over the change of clocks."""
    file = shipped / "clickup-fact-time-entries.yml"

    (row,) = mapped(bench, file, ENTRY, zone="Europe/Oslo").records("fact_time_entries")

    assert row == {
        "id": "4931120455810098177",
        "task_id": "86dxk4q2p",
        "task_name": "Draft tariff model",
        "user_id": 61230417,
        "user_username": "Mara Lindqvist",
        "user_email_hash": hashlib.sha256(b"mara@example.com").hexdigest(),
        "start": 1774740600000,
        "end": 1774746000000,
        "time": 5_400_000,
        "source": "clickup",
        "at": 1774746004000,
        "task_url": "https://app.clickup.com/t/86dxk4q2p",
        "start_date_oslo": "2026-03-29",
        "start_datetime_oslo": "2026-03-29T00:30:00+01:00",
        "end_datetime_oslo": "2026-03-29T03:00:00+02:00",
        "duration_hours": 1.5,
    }


def test_the_zone_is_part_of_the_columns_names(bench: Bench, shipped: Path) -> None:
    """Another zone, other dates and names."""
    file = shipped / "clickup-fact-time-entries.yml"

    (row,) = mapped(bench, file, ENTRY, zone="America/New_York").records("fact_time_entries")

    assert row["start_date_new_york"] == "2026-03-28"
    assert row["start_datetime_new_york"] == "2026-03-28T19:30:00-04:00"


def test_a_running_timer_has_neither_end_nor_hours(bench: Bench, shipped: Path) -> None:
    """It comes again when it has stopped."""
    file = shipped / "clickup-fact-time-entries.yml"

    (row,) = mapped(bench, file, RUNNING, zone="Europe/Oslo").records("fact_time_entries")

    assert row["time"] is row["end"] is row["end_datetime_oslo"] is row["duration_hours"] is None


def test_a_tombstone_keeps_its_key(bench: Bench, shipped: Path) -> None:
    """So that the loader finds the row."""
    stone = {
        "id": ENTRY["id"],
        "updated_at": "2026-03-30T00:00:00Z",
        "_sdc_deleted_at": "2026-03-30T00:00:00Z",
    }

    facts = mapped(bench, shipped / "clickup-fact-time-entries.yml", stone, zone="Europe/Oslo")
    hours = mapped(bench, shipped / "clickup-work-entries.yml", stone, zone="Europe/Oslo")

    (fact,) = facts.records("fact_time_entries")
    (entry,) = hours.records("work_entries")
    assert fact["id"] == ENTRY["id"]
    assert entry["key"] == f"clickup:{ENTRY['id']}"
    assert fact["_sdc_deleted_at"] == entry["_sdc_deleted_at"] == "2026-03-30T00:00:00Z"


def test_entries_stand_beside_those_of_harvest(bench: Bench, shipped: Path) -> None:
    """The key says which system a row is from."""
    file = shipped / "clickup-work-entries.yml"

    (row,) = mapped(bench, file, ENTRY, zone="Europe/Oslo").records("work_entries")

    assert row["key"] == "clickup:4931120455810098177"
    assert (row["client"], row["project"], row["task"]) == ("Acme", "2026", "Draft tariff model")
    assert (row["entry_date"], row["hours"]) == ("2026-03-29", 1.5)
    assert row["person"] != "Mara Lindqvist"
    assert row["notes"] == "peak split"
