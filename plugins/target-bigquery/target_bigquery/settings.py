"""The settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

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
