"""Which adapters there are: those of this package and those of others, by entry point."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tap_hrms.adapters.base import Adapter

GROUP: Final = "tap_hrms.adapters"
"""Entry point group: ``name = "package.module:Class"``, a subclass of ``Adapter``."""


def names() -> list[str]:
    """Name the adapters that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


@cache
def load(name: str) -> type[Adapter]:
    """Return an adapter by name.

    Raises:
        KeyError: If there is none.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            adapter: type[Adapter] = point.load()
            return adapter
    raise KeyError(name)
