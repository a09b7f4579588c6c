"""The settings, and what can be wrong with them: never told with a value."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema import ValidationError

GZIP: Final = "gzip"
NO_COMPRESSION: Final = "none"

_TABLES: Final = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {
            "partition_by": {"type": "string", "minLength": 1},
            "cluster_by": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "minItems": 1,
                "maxItems": 4,
            },
        },
        "additionalProperties": False,
    },
}

SETTINGS: Final[dict[str, Any]] = th.PropertiesList(
    th.Property(
        "project",
        th.StringType(pattern=r"^[A-Za-z0-9.:-]+$"),
        required=True,
        title="Project",
        description="Google Cloud project that has the dataset, and pays for the jobs.",
    ),
    th.Property(
        "dataset",
        th.StringType(pattern=r"^[A-Za-z0-9_]+$"),
        required=True,
        title="Dataset",
        description="Dataset for the tables; made if it is not there.",
    ),
    th.Property(
        "location",
        th.StringType(min_length=1),
        title="Location",
        description="Region of the dataset, as europe-north1; the project's default if absent.",
    ),
    th.Property(
        "credentials_path",
        th.StringType(min_length=1),
        title="Credentials file",
        description="Key file of a service account; application default credentials if absent.",
    ),
    th.Property(
        "api_endpoint",
        th.StringType(pattern=r"^https?://[^/]+"),
        title="Emulator",
        description="URL of an emulator, used without credentials; the real service if absent.",
    ),
    th.Property(
        "table_prefix",
        th.StringType(pattern=r"^[A-Za-z0-9_]*$"),
        default="",
        title="Table prefix",
        description="What the names of all tables begin with.",
    ),
    th.Property(
        "tables",
        th.CustomType(_TABLES),
        default={},
        title="Tables",
        description="For new tables, by stream: the property by whose day to partition, "
        "partition_by, and up to four to cluster by, cluster_by, instead of the key.",
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
        default=50_000,
        title="Rows per batch",
        description="How many rows to hold in memory, over all streams, before they are stored "
        "and the state is passed on.",
    ),
    th.Property(
        "max_batch_age_seconds",
        th.NumberType(minimum=0),
        default=300,
        title="Age of a batch",
        description="How long rows and state may wait for that, as long as more messages come.",
    ),
    th.Property(
        "retry_seconds",
        th.NumberType(minimum=0),
        default=600,
        title="Time for retries",
        description="How long to repeat a request or job that fails for a passing reason.",
    ),
    th.Property(
        "load_compression",
        th.StringType(allowed_values=[GZIP, NO_COMPRESSION]),
        title="Compression",
        description="gzip or none, for rows on their way; gzip if absent, but none if "
        "api_endpoint is set.",
    ),
).to_dict()


def compresses(config: Mapping[str, object]) -> bool:
    """Tell whether rows are compressed for the way; emulators do not read such loads."""
    default = NO_COMPRESSION if config.get("api_endpoint") else GZIP
    return config.get("load_compression", default) == GZIP


def find_faults(config: Mapping[str, object], schema: Mapping[str, Any]) -> list[str]:
    """List what is wrong with settings, by name.

    Args:
        config: The settings as given, without null.
        schema: JSON schema of all settings, the SDK's own included.
    """
    known: Mapping[str, Any] = schema["properties"]
    errors = list(th.DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(dict(config)))
    return [
        *(f"{name}: missing, and needed" for name in schema["required"] if name not in config),
        *(_unknown(name, list(known)) for name in config if name not in known),
        *(fault for error in errors if error.absolute_path for fault in _wrong(error)),
        *_wrong_file(config.get("credentials_path")),
    ]


def _unknown(name: str, known: list[str]) -> str:
    *_, last = name.rsplit(".", 1)
    close = difflib.get_close_matches(last, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "See --about for the settings"
    return f"{name}: unknown setting. {hint}"


def _wrong(error: ValidationError) -> list[str]:
    name = ".".join(str(part) for part in error.absolute_path)
    expected: Any = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = list(cast("Any", error.schema)["properties"])
            given = cast("dict[str, Any]", error.instance)
            return [_unknown(f"{name}.{each}", known) for each in given if each not in known]
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            wanted = "must be " + " or ".join(kind for kind in kinds if kind != "null")
        case "enum":
            wanted = "must be one of " + ", ".join(str(value) for value in expected if value)
        case "minimum":
            wanted = f"must be at least {expected}"
        case "minLength":
            wanted = "must not be empty"
        case "minItems":
            wanted = f"must name at least {expected}"
        case "maxItems":
            wanted = f"must not name more than {expected}"
        case rule:
            wanted = f"must fit the {rule} {expected}"
    return [f"{name}: {wanted}"]


def _wrong_file(path: object) -> list[str]:
    if isinstance(path, str) and not Path(path).expanduser().is_file():
        return ["credentials_path: there is no such file"]
    return []
