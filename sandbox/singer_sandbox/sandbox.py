"""Everything one server holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sandbox.clock import SandboxClock
from singer_sandbox.faults import FaultBook
from singer_sandbox.requestlog import RequestLog
from singer_sandbox.triggers import TriggerBook
from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors import vendors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from singer_sandbox.vendor import Vendor


class Sandbox:
    """The vendors with their data, and what is done to them.

    Args:
        settings: By vendor, then by name; vendors not named start with their defaults.
        now: Where the clock stands still; the machine's running time if absent.

    Raises:
        RefusedError: If a vendor or a setting is unknown, or a value is wrong.
    """

    def __init__(
        self, settings: Mapping[str, Mapping[str, object]], now: datetime | None = None
    ) -> None:
        self.clock = SandboxClock()
        if now is not None:
            self.clock.freeze(now)
        self.faults = FaultBook()
        self.triggers = TriggerBook()
        self.log = RequestLog()
        for name in settings:
            self._check(name)
        self._now = now
        self.vendors: dict[str, Vendor] = {
            name: make(self.clock, settings.get(name, {})) for name, make in vendors().items()
        }

    def vendor(self, name: str) -> Vendor:
        """Return a vendor by name.

        Raises:
            RefusedError: If there is none of that name.
        """
        self._check(name)
        return self.vendors[name]

    def reset(self) -> None:
        """Return everything, the clock too, to how it started."""
        self.clock.reset()
        if self._now is not None:
            self.clock.freeze(self._now)
        for name in self.vendors:
            self.reset_vendor(name, {})

    def reset_vendor(self, name: str, changes: Mapping[str, object]) -> None:
        """Make new data for a vendor and forget its faults, triggers and requests.

        Args:
            name: Of the vendor.
            changes: Settings that differ from those of the start.

        Raises:
            RefusedError: If the vendor or a setting is unknown, or a value is wrong.
        """
        self.vendor(name).reset(changes)
        self.faults.clear(name)
        self.triggers.clear(name)
        self.log.clear(name)

    def _check(self, name: str) -> None:
        if name not in vendors():
            msg = f"No vendor is named {name}: there are {', '.join(vendors())}"
            raise RefusedError(msg)
