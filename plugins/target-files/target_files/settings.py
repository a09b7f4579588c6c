"""The settings."""

from __future__ import annotations

from typing import Any, Final

from singer_sdk import typing as th

JSONL: Final = "jsonl"
DUCKDB: Final = "duckdb"
BATCH_ROWS: Final = 10_000

SETTINGS: Final[dict[str, Any]] = th.PropertiesList(
    th.Property(
        "path",
        th.StringType(min_length=1),
        default="output",
        title="Folder",
        description="Folder for the files; made if it is not there.",
    ),
    th.Property(
        "format",
        th.StringType(allowed_values=[JSONL, DUCKDB]),
        default=JSONL,
        title="Format",
        description="jsonl - a file per stream, one line per key; duckdb - a table per stream.",
    ),
    th.Property(
        "database",
        th.StringType(pattern=r"^[^/\\]*[^/\\.][^/\\]*$"),
        default="worktaps.duckdb",
        title="DuckDB file",
        description="Name of the DuckDB file within the folder.",
    ),
    th.Property(
        "schema",
        th.StringType(min_length=1),
        default="main",
        title="DuckDB schema",
        description="Schema of the DuckDB tables; made if it is not there.",
    ),
    th.Property(
        "hard_delete",
        th.BooleanType,
        default=False,
        title="Remove deleted rows",
        description="Remove rows that the source has deleted, instead of marking them with the "
        "time in _sdc_deleted_at.",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        default=BATCH_ROWS,
        title="Rows per batch",
        description="How many rows to hold in memory, over all streams, before they are stored "
        "and the state is passed on.",
    ),
).to_dict()
SETTINGS["properties"]["database"]["$comment"] = "must be the name of a file, without a folder"
