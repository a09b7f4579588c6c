"""Exported reports as a stream."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tap_harvest.tap import TapHarvest

from tests.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = [
    "Date",
    "Client",
    "Project",
    "Task",
    "Notes",
    "Hours",
    "First Name",
    "Last Name",
    "Mood",
]
ROWS = [
    ["2025-03-03", "Birch", "Website", "Development", "", "1.5", "Ines", "Okafor", "fine"],
    ["2025-03-03", "Birch", "Website", "Development", "", "1.5", "Ines", "Okafor", "fine"],
    ["2025-03-04", "Birch", "Website", "Meetings", "Kick-off", "2", "Ines", "Okafor", ""],
]


def export(path: Path, rows: list[list[str]]) -> str:
    """Write a report as Harvest exports it."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    return str(path)


def test_rows_come_out_without_an_account_or_a_request(tmp_path: Path) -> None:
    """Only the file is needed, and only its stream is there."""
    config = {"report_files": [export(tmp_path / "report.csv", ROWS)]}

    result = run(TapHarvest, config)

    assert list(result.outcomes) == ["time_report"]
    assert result.exit_code == 0
    assert len(result.rows("time_report", "row_key")) == 3
    record = result.records("time_report")[2]
    assert (record["date"], record["hours"], record["notes"]) == ("2025-03-04", 2.0, "Kick-off")
    assert result.records("time_report")[0]["mood"] == "fine"


def test_a_newer_export_duplicates_nothing(tmp_path: Path) -> None:
    """Rows that were there keep their keys, wherever they stand now."""
    older = export(tmp_path / "older.csv", ROWS)
    newer = export(tmp_path / "newer.csv", [["2025-03-05", *ROWS[2][1:]], *reversed(ROWS)])

    table = run(TapHarvest, {"report_files": [older, newer]}).rows("time_report", "row_key")

    assert len(table) == 4


def test_an_unreadable_file_fails_the_stream_and_names_the_file(tmp_path: Path) -> None:
    """The cell's place is named, its content is not."""
    bad = export(tmp_path / "bad.csv", [["not a day", *ROWS[0][1:]]])

    result = run(TapHarvest, {"report_files": [bad]})

    assert result.outcomes["time_report"].result == "failed"
    assert "bad.csv" in result.outcomes["time_report"].detail
    assert "not a day" not in result.log
    assert result.exit_code == 1
