"""Who sends, and how to read at its API what its events tell of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_sdk.exceptions import ConfigValidationError
from singer_tapkit.deletions import key_of
from singer_tapkit.errors import StreamUnavailableError
from singer_tapkit.events import events_of, known_vendors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from singer_tapkit import Stream
    from singer_tapkit.clock import Clock
    from singer_tapkit.events import Events, Hint
    from singer_tapkit.types import Record
    from webhook_inbox.inbox import Event


class SourceError(Exception):
    """A source is set up wrong; the text says what to do."""


@dataclass
class Source:
    """A vendor whose records are read again.

    Attributes:
        vendor: Its name, as clickup.
        events: What its webhooks tell.
        settings: Of its tap.
        clock: Source of time.
        stream_name: Of the stream that comes of it.
        routes: Names of the routes that its events come by.
    """

    vendor: str
    events: Events
    settings: Mapping[str, Any] = field(repr=False)
    clock: Clock
    stream_name: str = ""
    routes: Collection[str] = ()

    @classmethod
    def of(cls, vendor: str, given: Mapping[str, Any], clock: Clock) -> Source:
        """Read a source's settings.

        Raises:
            SourceError: If no installed tap knows it, or its tap does not accept the settings.
        """
        events = events_of(vendor)
        if events is None:
            known = ", ".join(known_vendors()) or "none"
            msg = (
                f"read_at.{vendor}: no tap that is installed knows its webhooks. Known: {known}; "
                "install the tap beside this one"
            )
            raise SourceError(msg)
        settings = {name: value for name, value in given.items() if name != "routes"}
        source = cls(
            vendor, events, settings, clock, events.stream, given.get("routes") or [vendor]
        )
        try:
            _ = source.stream
        except ConfigValidationError as error:
            msg = f"read_at.{vendor}: {error}"
            raise SourceError(msg) from None
        return source

    @cached_property
    def stream(self) -> Stream:
        """The stream that can read the records again."""
        tap = self.events.tap.embedded(self.settings, clock=self.clock)
        return cast("Stream", tap.streams[self.events.stream])

    def hints(self, events: Sequence[Event]) -> Iterator[tuple[Event, Hint]]:
        """Yield which records events tell of, in their order."""
        for event in events:
            for hint in self.events.hints(json.loads(event.body)):
                yield event, hint

    def read(self, keys: Iterable[str]) -> tuple[dict[str, Record], set[str]]:
        """Read records at the vendor.

        Returns:
            Those that are there, by key; and the keys of those that the vendor does not show.
        """
        found: dict[str, Record] = {}
        closed: set[str] = set()
        for key in keys:
            try:
                rows = list(self.stream.look_again([key]))
            except StreamUnavailableError:
                closed.add(key)
            else:
                found |= {key_of(row, self.stream.primary_keys): row for row in rows}
        return found, closed
