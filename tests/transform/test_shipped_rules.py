"""The rule files that come with the mapper."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from tap_harvest.streams.time import TimeEntries

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transform.conftest import Bench, Written

FINISHED: dict[str, Any] = {
    "id": 2894377702,
    "spent_date": "2025-03-04",
    "hours": 2.0,
    "hours_without_timer": 2.0,
    "rounded_hours": 2.25,
    "notes": "Kick-off call",
    "is_billed": True,
    "started_time": "1:30pm",
    "ended_time": "3:30pm",
    "is_running": False,
    "billable": True,
    "created_at": "2025-03-04T19:31:02Z",
    "updated_at": "2025-03-06T08:00:44Z",
    "user": {"id": 4410095, "name": "Tomas Brandt"},
    "client": {"id": 13300940, "name": "Quill Audit", "currency": "EUR"},
    "project": {"id": 40118002, "name": "FY25 advisory", "code": None},
    "task": {"id": 19822314, "name": "Meetings"},
}
RUNNING = FINISHED | {"id": 2, "is_running": True, "ended_time": None, "hours": 0.62}


def mapped(bench: Bench, file: Path, *entries: dict[str, Any]) -> Written:
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
    return bench.feed(rules, [schema, *records], hash_key="pepper", timezone="Europe/Oslo")


def test_harvest_entries_become_work_entries(bench: Bench, shipped: Path) -> None:
    """Every canonical column has its place; the person is a pseudonym."""
    written = mapped(bench, shipped / "harvest-work-entries.yml", FINISHED)

    assert written.records("work_entries") == [
        {
            "key": "harvest:2894377702",
            "source": "harvest",
            "source_id": "2894377702",
            "entry_date": "2025-03-04",
            "started_at": "2025-03-04T12:30:00Z",
            "ended_at": "2025-03-04T14:30:00Z",
            "hours": 2.0,
            "hours_rounded": 2.25,
            "is_running": False,
            "billable": True,
            "is_billed": True,
            "person_id": "4410095",
            "person": hmac.new(b"pepper", b"Tomas Brandt", hashlib.sha256).hexdigest(),
            "client_id": "13300940",
            "client": "Quill Audit",
            "project_id": "40118002",
            "project": "FY25 advisory",
            "task_id": "19822314",
            "task": "Meetings",
            "activity": None,
            "category": None,
            "kind": "work",
            "notes": "Kick-off call",
            "iso_year": 2025,
            "iso_week": 10,
            "month": 3,
            "quarter": 1,
            "weekday": 2,
            "weekday_name": "Tuesday",
            "is_weekend": False,
            "updated_at": "2025-03-06T08:00:44Z",
            "_sdc_deleted_at": None,
        }
    ]
    assert written.schema()["key_properties"] == ["key"]
    assert written.schema()["bookmark_properties"] == ["updated_at"]


def test_a_running_entry_is_flagged(bench: Bench, shipped: Path) -> None:
    """It has no end, and its hours are provisional."""
    written = mapped(bench, shipped / "harvest-work-entries.yml", RUNNING)

    (record,) = written.records()
    assert (record["is_running"], record["ended_at"], record["hours"]) == (True, None, 0.62)


def test_accounts_without_clock_times_are_mapped(bench: Bench, shipped: Path) -> None:
    """They track durations: no start, no end, and no complaint."""
    entry = FINISHED | {"started_time": None, "ended_time": None}

    written = mapped(bench, shipped / "harvest-work-entries.yml", entry)

    (record,) = written.records()
    assert (record["started_at"], record["ended_at"]) == (None, None)


@pytest.mark.parametrize(
    ("task", "notes", "expected"),
    [
        ("Development", None, ("Development", "Deep work", "work")),
        ("Meetings", "call with grandma", ("Meetings", "Collaboration", "work")),
        ("Gym", "legs", ("Exercise", "Health", "life")),
        ("Reading", None, ("Reading", "Growth", "life")),
        ("Sleep", None, ("Sleep", "Health", "life")),
        ("Family", None, ("Family", "Relationships", "life")),
        ("Free time", "Swim, then dinner", ("Exercise", "Health", "life")),
        ("Free time", "groceries", ("Household", "Home", "life")),
        ("Desk", "Invoices for March", ("Administration", "Overhead", "work")),
        ("Free time", None, ("Other", "Unsorted", None)),
    ],
)
def test_personal_time_is_sorted_into_work_and_life(
    bench: Bench, shipped: Path, task: str, notes: str | None, expected: tuple[str, ...]
) -> None:
    """Task to activity to category to kind; keywords of the notes where the task says nothing."""
    entry = FINISHED | {"task": {"id": 1, "name": task}, "notes": notes}

    written = mapped(bench, shipped / "personal-time.yml", entry)

    (record,) = written.records("work_entries")
    assert (record["activity"], record["category"], record["kind"]) == expected


def test_hours_of_other_sources_fit_as_well(bench: Bench) -> None:
    """An export's clock times and a tracker's milliseconds become the same columns."""
    rules = """
        timezone: Europe/Oslo
        streams:
          time_report:
            to: work_entries
            rules:
              - set: {source: report}
              - rename: {row_key: source_id}
              - {join: [source, source_id], with: ":", to: key}
              - {join: [first_name, last_name], with: " ", skip_null: true, to: person}
              - hash: person
              - {instant: {date: date, time: started_at}, to: started_at}
              - {instant: {date: date, time: ended_at, after: started_at}, to: ended_at}
              - rename: {date: entry_date}
              - {calendar: entry_date}
              - shape: work_entries
          tracked:
            to: work_entries
            rules:
              - set: {source: tracker}
              - rename: {id: source_id}
              - {join: [source, source_id], with: ":", to: key}
              - {instant: {epoch_milliseconds: start}, to: started_at}
              - {instant: {epoch_milliseconds: end}, to: ended_at}
              - {local_date: started_at, to: entry_date}
              - {hours: {milliseconds: duration}, to: hours}
              - {flag: {end: {empty: true}}, to: is_running}
              - {copy: {user.email: person}}
              - hash: person
              - {calendar: entry_date}
              - shape: work_entries
        """
    text = {"type": "string"}
    report = bench.schema(
        "time_report",
        {
            "row_key": text,
            "date": {"type": ["string", "null"], "format": "date"},
            "hours": "number",
            "started_at": "string",
            "ended_at": "string",
            "first_name": "string",
            "last_name": "string",
        },
        keys=["row_key"],
    )
    del report["schema"]["required"], report["schema"]["properties"]["id"]
    user = {"type": ["object", "null"], "properties": {"email": {"type": "string"}}}
    tracked = bench.schema(
        "tracked",
        {"id": text, "start": "string", "end": "string", "duration": "string", "user": user},
    )
    row = {"row_key": "r1", "date": "2025-03-04", "hours": 3.5, "first_name": "Ada"}
    entry = {"id": "t1", "start": "1772442000000", "user": {"email": "ada@example.com"}}
    messages = [
        report,
        bench.record("time_report", row | {"started_at": "22:00", "ended_at": "01:30"}),
        tracked,
        bench.record("tracked", entry | {"end": "1772447400000", "duration": "5400000"}),
        bench.record("tracked", entry | {"id": "t2", "end": None, "duration": None}),
    ]

    written = bench.feed(rules, messages, hash_key="pepper")

    columns = ("key", "entry_date", "started_at", "ended_at", "hours", "is_running", "iso_week")
    assert [tuple(record[name] for name in columns) for record in written.records()] == [
        ("report:r1", "2025-03-04", "2025-03-04T21:00:00Z", "2025-03-05T00:30:00Z", 3.5, None, 10),
        (
            "tracker:t1",
            "2026-03-02",
            "2026-03-02T09:00:00.000000Z",
            "2026-03-02T10:30:00.000000Z",
            1.5,
            False,
            10,
        ),
        ("tracker:t2", "2026-03-02", "2026-03-02T09:00:00.000000Z", None, None, True, 10),
    ]
