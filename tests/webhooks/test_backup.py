"""A backup gives each record back as it last was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from singer_sandbox.warehouses import running_postgres
from tap_webhooks.tap import TapWebhooks

from tests.conftest import Run, run

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import ClickUpControl

VERSIONS = [
    (1, "a", None, {"id": "a", "description": "One", "updated_at": "2026-03-01T00:00:00Z"}),
    (2, "b", None, {"id": "b", "description": "Two", "updated_at": "2026-03-01T00:00:00Z"}),
    (3, "c", None, {"id": "c", "description": "Three", "updated_at": "2026-03-01T00:00:00Z"}),
    (4, "a", None, {"id": "a", "description": "Newer", "updated_at": "2026-03-02T00:00:00Z"}),
    (5, "b", "2026-03-02T08:00:00Z", None),
    (6, "b", None, {"id": "b", "description": "Late", "updated_at": "2026-03-01T00:00:00Z"}),
]
POLLED = [
    {"id": "a", "description": "Older", "updated_at": "2026-03-01T12:00:00Z"},
    {"id": "b", "description": "Older", "updated_at": "2026-03-01T12:00:00Z"},
    {"id": "c", "description": "Newest", "updated_at": "2026-03-02T12:00:00Z"},
    {"id": "d", "description": "Polled", "updated_at": "2026-03-02T12:00:00Z"},
    {"id": "e", "_sdc_deleted_at": "2026-03-02T12:00:00Z"},
]


def version(seq: int, key: str, deleted_at: str | None, record: object) -> dict[str, Any]:
    """Return a row of the backup."""
    return {
        "seq": seq,
        "entry_key": key,
        "stream": "time_entries",
        "deleted_at": deleted_at,
        "record": json.dumps(record) if record else None,
    }


def restored(clickup: ClickUpControl, place: str) -> Run:
    """Read a backup."""
    config = {"inbox_url": "sqlite://", "read_at": {"clickup": clickup.config()}}
    return run(TapWebhooks, config | {"restore_from": place}, select="time_entries")


def check(result: Run) -> None:
    """Compare with what was last."""
    rows = result.rows("time_entries")
    assert {key: row.get("description") for key, row in rows.items()} == {
        "a": "Newer",
        "b": None,
        "c": "Newest",
        "d": "Polled",
        "e": None,
    }
    assert rows["b"]["_sdc_deleted_at"] == "2026-03-02T08:00:00Z"
    assert rows["c"]["updated_at"] == "2026-03-02T12:00:00Z"
    assert result.outcomes["time_entries"].tombstones == 2


def test_from_files(tmp_path: Path, clickup: ClickUpControl) -> None:
    """Those of webhooks and those of polling, whichever is newer."""
    (tmp_path / "entry_versions.jsonl").write_text(
        "\n".join(json.dumps(version(*row)) for row in VERSIONS)
    )
    (tmp_path / "time_entries.jsonl").write_text("\n".join(json.dumps(row) for row in POLLED))

    check(restored(clickup, str(tmp_path)))


def test_from_postgres(tmp_path: Path, clickup: ClickUpControl) -> None:
    """Where times have lost their zone."""
    with running_postgres(tmp_path / "postgres") as postgres:
        with psycopg.connect(postgres.url) as database:
            database.execute(
                "create table entry_versions (seq bigint, entry_key text, stream text,"
                " deleted_at timestamp, record text)"
            )
            database.execute(
                "create table time_entries (id text, description text, updated_at timestamp,"
                " task jsonb, _sdc_deleted_at text)"
            )
            for row in VERSIONS:
                values = version(*row)
                database.execute(
                    "insert into entry_versions values (%(seq)s, %(entry_key)s, %(stream)s,"
                    " %(deleted_at)s, %(record)s)",
                    values,
                )
            for polled in POLLED:
                database.execute(
                    "insert into time_entries values (%s, %s, %s, %s, %s)",
                    [
                        polled["id"],
                        polled.get("description"),
                        polled.get("updated_at"),
                        Jsonb({"id": "t"}),
                        polled.get("_sdc_deleted_at"),
                    ],
                )

        check(restored(clickup, postgres.url))


@pytest.mark.parametrize("place", ["{}/nothing", "sqlite:///{}/empty.db"])
def test_a_backup_that_is_not_there_is_said(
    tmp_path: Path, clickup: ClickUpControl, place: str
) -> None:
    """And the run fails, instead of restoring nothing."""
    result = restored(clickup, place.format(tmp_path))

    assert result.exit_code == 1
    assert "Check restore_from" in result.log
