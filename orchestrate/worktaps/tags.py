"""Tags of Dagster's runs, and how names look in Dagster."""

from __future__ import annotations

from typing import Final

ENVIRONMENT: Final = "meltano/environment"
FULL_REFRESH: Final = "meltano/full_refresh"
SCHEDULE: Final = "meltano/schedule"
BACKFILL: Final = "meltano/backfill"
"""Of windows, with the name of their job."""
STARTED_AS: Final = "meltano/started_as"
"""``refresh`` or ``full_reindex``, of runs that were started by HTTP."""


def safe_name(name: str) -> str:
    """Return a name that Dagster allows."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)
