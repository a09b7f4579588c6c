"""The settings, and what can be wrong with them: never told with a value."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema import ValidationError

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


def find_faults(config: Mapping[str, object], schema: Mapping[str, Any]) -> list[str]:
    """List what is wrong with settings, by name.

    Args:
        config: The settings as given, without null.
        schema: JSON schema of all settings, the SDK's own included.
    """
    known: Mapping[str, Any] = schema["properties"]
    errors = th.DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(dict(config))
    return [
        *(_unknown(name, list(known)) for name in config if name not in known),
        *(_wrong(error) for error in errors if error.absolute_path),
    ]


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "See --about for the settings"
    return f"{name}: unknown setting. {hint}"


def _wrong(error: ValidationError) -> str:
    name = ".".join(str(part) for part in error.absolute_path)
    expected: Any = error.validator_value
    match error.validator:
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            wanted = "must be " + " or ".join(kind for kind in kinds if kind != "null")
        case "enum":
            wanted = "must be one of " + ", ".join(str(value) for value in expected if value)
        case "minimum":
            wanted = f"must be at least {expected}"
        case "minLength":
            wanted = "must not be empty"
        case "pattern":
            wanted = "must be the name of a file, without a folder"
        case rule:
            wanted = f"breaks the rule {rule} {expected}"
    return f"{name}: {wanted}"
