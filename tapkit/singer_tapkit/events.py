"""What a webhook tells a tap: which records of one of its streams may have changed.

A tap offers that as an entry point of the group :data:`GROUP`, under the name of its vendor::

    [project.entry-points."worktaps.webhooks"]
    clickup = "tap_clickup.events:TIME_ENTRIES"
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_tapkit.tap import Tap
    from singer_tapkit.types import Json

GROUP: Final = "worktaps.webhooks"


@dataclass(frozen=True, slots=True)
class Hint:
    """Says that a record may have changed.

    Attributes:
        key: The properties of its key.
        gone: Whether the event says that it was deleted; there is then nothing to read any more.
        at: When that happened, canonical, if the event says so.
    """

    key: Mapping[str, Json]
    gone: bool = False
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """Webhooks that tell of one stream of a tap.

    Attributes:
        tap: The tap.
        stream: Name of the stream, which can read its records one by one (``look_again``).
        hints: Reads the body of a webhook, decoded; empty if it tells of something else.
    """

    tap: type[Tap]
    stream: str
    hints: Callable[[Mapping[str, Any]], Sequence[Hint]]


def events_of(vendor: str) -> Events | None:
    """Return the events of a vendor; ``None`` if no tap that is installed knows them."""
    for point in entry_points(group=GROUP, name=vendor):
        events: Events = point.load()
        return events
    return None


def known_vendors() -> list[str]:
    """Name the vendors whose events some tap that is installed knows."""
    return sorted({point.name for point in entry_points(group=GROUP)})
