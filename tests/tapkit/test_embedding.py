"""Taps within other programs: iterators, states, tables, side by side and without a trace."""

from __future__ import annotations

import gc
import os
import signal
import threading
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from singer_tapkit import ReadError, read
from tap_clickup.tap import TapClickUp
from tap_harvest.tap import TapHarvest

from tests.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import ClickUpControl, HarvestControl


def test_records_come_one_by_one_and_the_state_with_them(harvest: HarvestControl) -> None:
    """The same ones as by the command; the next reading asks for what was changed since."""
    config = harvest.config()

    rows = read(TapHarvest, config, "time_entries")
    records = list(rows)

    assert records == run(TapHarvest, config, select="time_entries").records("time_entries")
    assert rows.outcome
    assert rows.outcome.records == len(records)
    assert rows.key_properties == ["id"]
    harvest.edit("time_entries", str(records[3]["id"]), notes="Changed")
    later = [row["id"] for row in read(TapHarvest, config, "time_entries", state=rows.state)]
    assert records[3]["id"] in later
    assert len(later) < len(records)


def test_two_taps_side_by_side(harvest: HarvestControl, clickup: ClickUpControl) -> None:
    """And one of them twice."""
    one = read(TapHarvest, harvest.config(), "users")
    two = read(TapClickUp, clickup.config(), "members")
    three = read(TapHarvest, harvest.config(), "clients")

    first = [next(one), next(two), next(three)]

    assert {len(row) > 1 for row in first} == {True}
    assert len(list(one)) == len(harvest.rows("users")) - 1
    assert len(list(three)) == len(harvest.rows("clients")) - 1
    assert list(two)


def test_whoever_stops_ends_the_reading(harvest: HarvestControl) -> None:
    """No thread goes on, and the state is as far as records were taken."""
    before = threading.active_count()

    with read(TapHarvest, harvest.config(), "time_entries") as rows:
        next(rows)
    left = read(TapHarvest, harvest.config(), "time_entries")
    next(left)
    del left
    gc.collect()

    assert threading.active_count() <= before
    assert "replication_key_value" not in str(rows.state)


def test_a_stream_that_fails_raises(harvest: HarvestControl) -> None:
    """With what the table of outcomes would say, and without a secret."""
    harvest.fault("status", "/time_entries", status=401, times=None)

    with pytest.raises(ReadError, match=r"time_entries: failed: .*Check access_token") as caught:
        list(read(TapHarvest, harvest.config(), "time_entries"))

    assert harvest.config()["access_token"] not in str(caught.value)


def test_what_is_partial_is_taken_if_that_is_said(clickup: ClickUpControl) -> None:
    """Else it raises, after the records."""
    space = clickup.rows("spaces")[0]["id"]
    clickup.fault("status", f"/space/{space}/folder", status=403, times=None)

    with pytest.raises(ReadError, match="folders: partial"):
        list(read(TapClickUp, clickup.config(), "folders"))
    assert list(read(TapClickUp, clickup.config(), "folders", partial=True))


def test_wrong_settings_and_streams_are_said_at_once(harvest: HarvestControl) -> None:
    """Before anything is asked."""
    with pytest.raises(ConfigValidationError, match="access_tokn"):
        read(TapHarvest, {"access_tokn": "x"}, "users")
    with pytest.raises(ValueError, match=r"tap-harvest has no stream 'user'\. There are: .*users"):
        read(TapHarvest, harvest.config(), "user")


def test_nothing_else_in_the_process_is_touched(
    harvest: HarvestControl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Signals, the folder, the environment, standard output."""
    monkeypatch.chdir(tmp_path)
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), dict(os.environ))
    config = harvest.config()
    given = dict(config)

    list(read(TapHarvest, config, "users"))

    after = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), dict(os.environ))
    assert after == before
    assert config == given
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().out == ""


def test_an_arrow_table_has_the_types_of_the_schema(harvest: HarvestControl) -> None:
    """Days, instants, numbers, objects; a column for each property, also where it is null."""
    table = read(TapHarvest, harvest.config(), "time_entries").arrow()

    assert table.num_rows == len(harvest.rows("time_entries"))
    kinds: dict[str, Any] = {field.name: str(field.type) for field in table.schema}
    assert kinds["spent_date"] == "date32[day]"
    assert kinds["updated_at"] == "timestamp[us, tz=UTC]"
    assert kinds["hours"] == "double"
    assert kinds["id"] == "int64"
    assert kinds["is_billed"] == "bool"
    assert kinds["project"].startswith("struct<id: int64")
    first = table.slice(0, 1).to_pylist()[0]
    row = harvest.get("time_entries", first["id"])
    assert first["spent_date"] == date.fromisoformat(row["spent_date"])
    assert first["updated_at"] == datetime.fromisoformat(row["updated_at"]).astimezone(UTC)
    assert first["project"]["name"] == row["project"]["name"]


def test_tombstones_are_rows_of_the_table(clickup: ClickUpControl) -> None:
    """With their key, and when."""
    config = clickup.config() | {"start_date": "2025-01-01", "deletion_window": "900d"}
    rows = read(TapClickUp, config, "time_entries")
    gone = str(max(rows, key=lambda row: str(row["started_at"]))["id"])
    clickup.delete("time_entries", gone)

    table = read(TapClickUp, config, "time_entries", state=rows.state).arrow()

    deleted = [row["id"] for row in table.to_pylist() if row["_sdc_deleted_at"]]
    assert deleted == [gone]
