"""The tap against the simulated account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tap_clickup.tap import TapClickUp

from tests.conftest import Run, run

if TYPE_CHECKING:
    from singer_sandbox.client import ClickUpControl

    from tests.conftest import SharedClock


class RunTap(Protocol):
    """Runs tap-clickup once."""

    def __call__(
        self,
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        """Run with these streams, this state, and settings beside those of the account."""
        ...


@pytest.fixture
def run_tap(clickup: ClickUpControl, clock: SharedClock) -> RunTap:
    """Run the tap within this process, on the sandbox's clock."""
    tap = type("TapClickUp", (TapClickUp,), {"clock": clock})

    def run_it(
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        return run(tap, clickup.config() | settings, select=select, state=state)

    return run_it
