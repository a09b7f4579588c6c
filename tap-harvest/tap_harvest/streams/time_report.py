"""Rows of time reports that a person exported from Harvest."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_tapkit import Batch, Stream
from singer_tapkit.errors import StreamFailedError
from typing_extensions import override

from tap_harvest.report_file import ReportFileError, read_report, schema_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_tapkit.bookmarks import Reading

    from tap_harvest.tap import TapHarvest


class TimeReport(Stream):
    """Rows of the detailed time report, from exported Excel or CSV files.

    Key: row_key, made from the row; see :mod:`tap_harvest.report_file`. Replication: full table,
    each run reads the files again. Requests: none. Needs no account.

    Source: Harvest, "Reports", "Detailed time report", "Export".
    """

    name = "time_report"
    primary_keys = ("row_key",)
    replication_key = None
    holds_everything = False  # a newer export may be of other months
    _tap: TapHarvest

    @cached_property
    @override
    def schema(self) -> dict[str, Any]:
        """Known columns, and whatever further headings the configured files have."""
        try:
            return schema_for(self._paths)
        except ReportFileError:
            return schema_for(())

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for path in self._paths:
            try:
                for row in read_report(path):
                    yield Batch([{**row}])
            except ReportFileError as error:
                raise StreamFailedError(str(error)) from None

    @property
    def _paths(self) -> list[Path]:
        return [Path(path) for path in self.config.get("report_files") or ()]
