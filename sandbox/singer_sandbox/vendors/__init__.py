"""The simulated vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.clickup import ClickUp
from singer_sandbox.vendors.harvest import Harvest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.vendor import Vendor

VENDORS: Final[Mapping[str, Callable[[SandboxClock, Mapping[str, object]], Vendor]]] = {
    Harvest.name: Harvest,
    ClickUp.name: ClickUp,
}
"""By name: what makes a vendor from a clock and the settings it starts with."""
