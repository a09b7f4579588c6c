"""The simulated vendors."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, Protocol

from singer_sandbox.vendors.clickup import ClickUp
from singer_sandbox.vendors.harvest import Harvest
from singer_sandbox.vendors.hr import BambooHR, CustomHR, SuccessFactors, Workday
from singer_sandbox.vendors.personal import Garmin, Spotify, Strava, Todoist
from singer_sandbox.vendors.timebook import Timebook
from singer_sandbox.vendors.timely import Timely

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.vendor import Vendor


class Maker(Protocol):
    """Makes a vendor from a clock and the settings it starts with."""

    @property
    def common(self) -> frozenset[str]:
        """See :class:`Vendor`."""

    def __call__(self, clock: SandboxClock, settings: Mapping[str, object], /) -> Vendor:
        """Make one."""


_OWN: Final[Mapping[str, Maker]] = {
    Harvest.name: Harvest,
    ClickUp.name: ClickUp,
    BambooHR.name: BambooHR,
    SuccessFactors.name: SuccessFactors,
    Workday.name: Workday,
    CustomHR.name: CustomHR,
    Spotify.name: Spotify,
    Strava.name: Strava,
    Garmin.name: Garmin,
    Todoist.name: Todoist,
    Timebook.name: Timebook,
    Timely.name: Timely,
}


@cache
def vendors() -> Mapping[str, Maker]:
    """Return all vendors by name; other packages bring theirs as entry points."""
    others = entry_points(group="singer_sandbox.vendors")
    return {**_OWN, **{found.name: found.load() for found in others}}
