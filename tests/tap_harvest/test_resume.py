"""Killed anywhere and repeated, a run gives the same table as an unbroken one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap


def test_an_interrupted_backfill_goes_on_behind_its_last_window(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Windows that were written are not asked for again, and edits meanwhile are not missed."""
    harvest.fault("status", path="/time_entries", skip=12, times=None, status=500)
    broken = run_tap("time_entries", page_size=5)
    harvest.clear_faults()
    written = broken.records("time_entries")[0]["id"]
    clock.advance(3600 * 48)
    harvest.edit("time_entries", written, notes="edited in between")

    resumed = run_tap("time_entries", broken.state, page_size=5)
    after = run_tap("time_entries", resumed.state, page_size=5)

    assert broken.outcomes["time_entries"].result == "failed"
    assert broken.bookmark("time_entries") is None
    assert 0 < len(broken.records("time_entries")) < 100
    assert len(broken.records("time_entries")) + len(resumed.records("time_entries")) == 100
    table = broken.rows("time_entries") | resumed.rows("time_entries") | after.rows("time_entries")
    assert table == {row["id"]: row for row in harvest.rows("time_entries")}


def test_a_long_list_of_changes_is_resumable_too(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """After months of pause the second run is as large as a first one."""
    first = run_tap("time_entries")
    clock.advance(3600 * 24)
    for row in harvest.rows("time_entries"):
        harvest.edit("time_entries", row["id"], notes="edited")
    harvest.fault("status", path="/time_entries", skip=15, times=None, status=500)
    broken = run_tap("time_entries", first.state, page_size=5)
    harvest.clear_faults()

    resumed = run_tap("time_entries", broken.state, page_size=5)

    assert broken.bookmark("time_entries") == first.bookmark("time_entries")
    table = broken.rows("time_entries") | resumed.rows("time_entries")
    assert table == {row["id"]: row for row in harvest.rows("time_entries")}
    assert len(resumed.records("time_entries")) < 100


@pytest.mark.parametrize("lines", [1, 2, 17, 40, 90])
def test_killed_after_any_line_and_repeated_the_table_is_whole(
    harvest: HarvestControl, tmp_path: Path, lines: int
) -> None:
    """SIGKILL, then again from the last state, until a run comes to its end."""
    state: dict[str, Any] = {}
    table: dict[int, dict[str, Any]] = {}

    finished = False
    for kill_at in (lines, lines, None):
        rows, state, code = _process(harvest, tmp_path, state, kill_at)
        table |= rows
        finished = code == 0

    assert finished
    assert table == {row["id"]: row for row in harvest.rows("time_entries")}


def _process(
    harvest: HarvestControl, folder: Path, state: dict[str, Any], kill_at: int | None
) -> tuple[dict[int, dict[str, Any]], dict[str, Any], int]:
    """Run the command, kill it after some lines; return rows, last state and exit code."""
    paths = {name: folder / f"{name}.json" for name in ("config", "state", "catalog")}
    paths["config"].write_text(json.dumps(harvest.config() | {"page_size": 5}))
    paths["state"].write_text(json.dumps(state))
    paths["catalog"].write_text(json.dumps(_only("time_entries")))
    command = [sys.executable, "-m", "tap_harvest"]
    for name, path in paths.items():
        command += [f"--{name}", str(path)]
    rows: dict[int, dict[str, Any]] = {}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        for number, line in enumerate(process.stdout, 1):
            message = json.loads(line)
            if message["type"] == "RECORD":
                rows[message["record"]["id"]] = message["record"]
            elif message["type"] == "STATE":
                state = message["value"]
            if number == kill_at:
                process.kill()
                break
    return rows, state, process.returncode


def _only(stream: str) -> dict[str, Any]:
    from tap_harvest.tap import TapHarvest  # noqa: PLC0415

    tap = TapHarvest(config={"access_token": "-"})
    catalog = json.loads(tap.catalog_json_text)
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] == []:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] == stream
    return dict(catalog)
