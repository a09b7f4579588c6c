"""What can be wrong with BigQuery."""

from __future__ import annotations

from singer_tapkit.targets.errors import TargetError


class WarehouseError(TargetError):
    """BigQuery cannot be reached, or refuses what the target asks of it."""
