"""``--audit`` finds what differs, names it, and says so by its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from singer_tapkit.audit.run import Audit
from singer_tapkit.errors import AuditError
from tap_harvest.tap import TapHarvest

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock


def audit(
    harvest: HarvestControl, clock: SharedClock, given: Audit, **settings: object
) -> tuple[bool, str]:
    """Audit time entries; return whether both sides agree, and what was printed."""
    tap = type("TapHarvest", (TapHarvest,), {"clock": clock})(config=harvest.config() | settings)
    for name, stream in tap.streams.items():
        stream.selected = name == "time_entries"
    said: list[str] = []
    return given.run(tap, said.append), "\n".join(said)


def jsonl(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write rows as a loader would have."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_the_vendor_agrees_by_another_route(harvest: HarvestControl, clock: SharedClock) -> None:
    """Counts from per-month lists, hours from the time report."""
    agree, said = audit(harvest, clock, Audit(), start_date="2024-01-01")

    assert agree, said
    assert said.endswith("The two agree.")
    assert any(request.path.endswith("/reports/time/clients") for request in harvest.requests())


def test_a_loaded_table_is_compared_entry_by_entry(
    harvest: HarvestControl, clock: SharedClock, tmp_path: Path
) -> None:
    """One lost, one that should be gone, one with old hours: each named by its id."""
    rows = harvest.rows("time_entries")
    lost, changed = rows[3], rows[5]
    kept = [{**row} for row in rows if row["id"] != lost["id"]]
    next(row for row in kept if row["id"] == changed["id"])["hours"] += 1
    kept.append({**rows[0], "id": 999})
    kept.append({**rows[0], "id": 998, "_sdc_deleted_at": "2026-01-01T00:00:00Z"})

    agree, said = audit(harvest, clock, Audit(jsonl(tmp_path / "time_entries.jsonl", kept)))

    assert not agree
    assert f"only in tap (1): {lost['id']}" in said
    assert "only in table (1): 999" in said
    assert f"different day or hours (1): {changed['id']}" in said


def test_a_database_is_read_by_table_or_by_select(
    harvest: HarvestControl, clock: SharedClock, tmp_path: Path
) -> None:
    """Columns of a mapped table are named by the one who asks."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("create table facts (source_id text, entry_date date, worked double)")
        database.executemany(
            "insert into facts values (?, ?, ?)",
            [
                (str(row["id"]), row["spent_date"], row["hours"])
                for row in harvest.rows("time_entries")
            ],
        )
    columns = ["source_id", "entry_date", "worked"]

    by_name = audit(harvest, clock, Audit(str(path), "facts", columns))
    by_select = audit(
        harvest, clock, Audit(str(path), "select * from facts where worked < 2", columns)
    )

    assert by_name[0], by_name[1]
    assert not by_select[0]


def test_only_the_range_of_the_settings_is_compared(
    harvest: HarvestControl, clock: SharedClock, tmp_path: Path
) -> None:
    """What the table holds of other years is not the tap's business."""
    table = jsonl(tmp_path / "t.jsonl", harvest.rows("time_entries"))

    agree, said = audit(
        harvest, clock, Audit(table), start_date="2025-01-01", end_date="2025-07-01"
    )

    assert agree, said
    assert "2024" not in said
    assert "2025-08" not in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Audit("table.xlsx"), "write vendor, the path of"),
        (Audit("missing.jsonl"), "cannot read missing.jsonl"),
        (Audit("missing.duckdb"), "there is no file"),
        (Audit("x.duckdb", "a; drop table b"), "neither the name of a table nor a SELECT"),
        (Audit("postgresql://me:planted@127.0.0.1:1/db"), "cannot connect to Postgres"),
    ],
)
def test_what_cannot_be_compared_is_said_plainly(
    harvest: HarvestControl, clock: SharedClock, given: Audit, words: str
) -> None:
    """And without the password that an address may hold."""
    with pytest.raises(AuditError, match=words) as raised:
        audit(harvest, clock, given)

    assert "planted" not in str(raised.value)


def test_the_command_prints_the_report_and_its_exit_code_says_the_rest(
    harvest: HarvestControl, tmp_path: Path
) -> None:
    """0 if both agree, 1 if they differ, 2 if they could not be compared."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(harvest.config() | {"requests_per_period": 10_000}))
    table = jsonl(tmp_path / "t.jsonl", harvest.rows("time_entries"))
    less = jsonl(tmp_path / "less.jsonl", harvest.rows("time_entries")[1:])
    command = [sys.executable, "-m", "tap_harvest", "--config", str(config)]

    same, different, unclear = (
        subprocess.run([*command, f"--audit={source}"], capture_output=True, text=True, check=False)
        for source in (table, less, "?")
    )

    assert (same.returncode, different.returncode, unclear.returncode) == (0, 1, 2)
    assert same.stdout.endswith("The two agree.\n")
    assert "only in tap (1)" in different.stdout
    assert "write vendor" in unclear.stderr
