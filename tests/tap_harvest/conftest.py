"""The tap against the simulated account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tap_harvest.tap import TapHarvest

from tests.conftest import Run, run

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock


class RunTap(Protocol):
    """Runs tap-harvest once."""

    def __call__(
        self,
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        """Run with these streams, this state, and settings beside those of the account."""
        ...


@pytest.fixture
def run_tap(harvest: HarvestControl, clock: SharedClock) -> RunTap:
    """Run the tap within this process, on the sandbox's clock."""
    tap = type("TapHarvest", (TapHarvest,), {"clock": clock})

    def run_it(
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        return run(tap, harvest.config() | settings, select=select, state=state)

    return run_it
