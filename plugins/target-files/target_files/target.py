"""The target for files."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_tapkit.targets import StoringTarget
from typing_extensions import override

from target_files.settings import DUCKDB, SETTINGS

if TYPE_CHECKING:
    from target_files.store import Destination, Store


class TargetFiles(StoringTarget):
    """Singer target for files: one current JSONL snapshot per stream, or a DuckDB database.

    A state is passed on only when all records before it, of every stream, are on disk. After a
    signal, what is stored already is not shown to readers of JSONL files before the next run, since
    who sends a signal does not wait for long.
    """

    name = "target-files"
    package_name = "worktaps-target-files"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(SETTINGS)  # the SDK adds to it
    _stores: dict[str, Store]  # type: ignore[assignment]  # of this target

    @cached_property
    def _destination(self) -> Destination:
        folder = Path(self.setting("path")).expanduser()
        hard_delete = self.setting("hard_delete")
        if self.setting("format") == DUCKDB:
            from target_files.database import DuckDBFile  # noqa: PLC0415 - DuckDB is slow to load

            file = folder / self.setting("database")
            return DuckDBFile(file, schema=self.setting("schema"), hard_delete=hard_delete)
        from target_files.jsonl import JsonlFolder  # noqa: PLC0415

        return JsonlFolder(folder, hard_delete=hard_delete)

    @override
    def make_store(self, stream: str) -> Store:
        return self._destination.store(stream)

    @override
    def finish(self) -> None:
        """Store what is left, show it to readers, and let go of the database."""
        for stream, store in self._stores.items():
            landed = store.finish()
            self.logger.info(
                "%s: %d records read, %d rows in %s",
                stream,
                landed.records,
                landed.rows,
                landed.place,
            )
        self._destination.close()
