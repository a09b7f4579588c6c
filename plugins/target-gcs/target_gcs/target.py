"""The target for Google Cloud Storage."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import uuid4

from singer_sdk import typing as th
from singer_tapkit.targets import StoringTarget
from typing_extensions import override

from target_gcs.bucket import Bucket, ObjectStore

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTINGS: Final[Mapping[str, Any]] = th.PropertiesList(
    th.Property(
        "bucket",
        th.StringType(min_length=3),
        required=True,
        title="Bucket",
        description="Name of the bucket; it has to be there.",
    ),
    th.Property(
        "prefix",
        th.StringType,
        default="",
        title="Prefix",
        description="Before the names of all objects, as raw/spotify.",
    ),
    th.Property(
        "credentials_path",
        th.StringType,
        default="",
        title="Credentials file",
        description="Key file of a service account; application default credentials if absent.",
    ),
    th.Property(
        "credentials_json",
        th.StringType,
        default="",
        secret=True,
        title="Credentials",
        description="The content of such a file, or base64 of it, where there are no files.",
    ),
    th.Property(
        "api_endpoint",
        th.StringType,
        default="",
        title="Emulator",
        description="Address of an emulator, which needs no credentials.",
    ),
    th.Property(
        "compression",
        th.StringType,
        default="gzip",
        allowed_values=["gzip", "none"],
        title="Compression",
        description="gzip for .jsonl.gz, none for .jsonl.",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        default=100_000,
        title="Rows per batch",
        description="How many records of all streams are collected before they become objects.",
    ),
).to_dict()


class TargetGCS(StoringTarget):
    """Singer target for Google Cloud Storage: JSONL objects per stream and day.

    A state is passed on only when all records before it are in objects that are complete. Nothing
    is ever overwritten: each run adds objects, and a run that fails leaves none that is half.
    """

    name = "target-gcs"
    package_name = "worktaps-target-gcs"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(dict(_SETTINGS))
    longest_wait_seconds: float = 300.0
    _stores: dict[str, ObjectStore]  # type: ignore[assignment]  # of this target

    @cached_property
    def _bucket(self) -> Bucket:
        return Bucket(
            self.config["bucket"],
            prefix=self.setting("prefix"),
            credentials=self.setting("credentials_json"),
            credentials_path=self.setting("credentials_path"),
            api_endpoint=self.setting("api_endpoint"),
            compress=self.setting("compression") == "gzip",
        )

    @cached_property
    def _started(self) -> tuple[datetime, str]:
        return datetime.now(UTC), uuid4().hex[:8]

    @override
    def make_store(self, stream: str) -> ObjectStore:
        started, run = self._started
        return ObjectStore(stream, self._bucket, started=started, run=run)

    @override
    def finish(self) -> None:
        """Leave what is left, and say what came of it."""
        for stream, store in self._stores.items():
            store.flush()
            self.logger.info("%s: %d records in %s", stream, store.records, store.objects or "-")
