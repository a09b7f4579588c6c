"""The target for BigQuery."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_tapkit.targets import StoringTarget
from singer_tapkit.targets.errors import SchemaError
from typing_extensions import override

from target_bigquery.layout import Layout
from target_bigquery.names import to_table
from target_bigquery.settings import SETTINGS, compresses
from target_bigquery.table import StreamTable

if TYPE_CHECKING:
    from target_bigquery.warehouse import Warehouse


class TargetBigQuery(StoringTarget):
    """Singer target for BigQuery: a staging table and one MERGE per batch and stream.

    A state is passed on only when all records before it, of every stream, are in their tables.
    """

    name = "target-bigquery"
    package_name = "worktaps-target-bigquery"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(SETTINGS)  # the SDK adds to it
    streams_at_once = 4  # each waits for BigQuery more than it works
    _stores: dict[str, StreamTable]  # type: ignore[assignment]  # of this target

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - the SDK's own
        super().__init__(**arguments)
        self.longest_wait_seconds = self.setting("max_batch_age_seconds")
        self._streams: dict[str, str] = {}

    @cached_property
    def _warehouse(self) -> Warehouse:
        from target_bigquery.warehouse import Warehouse  # noqa: PLC0415 - slow to load

        credentials_path = self.config.get("credentials_path")
        return Warehouse(
            self.config["project"],
            self.config["dataset"],
            location=self.config.get("location"),
            credentials_path=credentials_path and str(Path(credentials_path).expanduser()),
            api_endpoint=self.config.get("api_endpoint"),
            compress=compresses(self.config),
            retry_seconds=self.setting("retry_seconds"),
        )

    @override
    def make_store(self, stream: str) -> StreamTable:
        name = to_table(stream, self.setting("table_prefix"))
        other = self._streams.setdefault(name, stream)
        if other != stream:
            msg = (
                f"Streams {other!r} and {stream!r} would share the table {name}. Rename one "
                "with __alias__ in stream_maps"
            )
            raise SchemaError(msg)
        return StreamTable(
            self._warehouse,
            stream,
            name,
            hard_delete=self.setting("hard_delete"),
            layout=self._layout(stream),
        )

    def _layout(self, stream: str) -> Layout | None:
        asked = self.setting("tables").get(stream)
        if asked is None:
            return None
        return Layout(asked.get("partition_by"), tuple(asked.get("cluster_by", ())))

    @override
    def more_faults(self) -> list[str]:
        """Find out whether the credentials file is there."""
        path = self._config.get("credentials_path")
        if isinstance(path, str) and not Path(path).expanduser().is_file():
            return ["credentials_path: there is no such file"]
        return []

    @override
    def process_endofpipe(self) -> None:
        """Store what is left, and tell what has landed and which settings were of no use."""
        super().process_endofpipe()
        for table in self._stores.values():
            table.report()
        unknown = sorted(self.setting("tables").keys() - self._stores.keys())
        if unknown:
            self.logger.warning(
                "The setting tables names %s, which did not come", ", ".join(unknown)
            )
