"""The inbox as streams: what came, the entries that it tells of, and each of their versions."""

from __future__ import annotations

import json
from abc import abstractmethod
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch, Stream
from singer_tapkit.bookmarks import canonical
from singer_tapkit.deletions import DELETED_AT, DELETED_AT_SCHEMA, key_of, record_of
from singer_tapkit.errors import StreamFailedError
from singer_tapkit.schema import Pii, field, record, text
from typing_extensions import override
from webhook_inbox.inbox import InboxError

from tap_webhooks.backup import newest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.events import Hint
    from singer_tapkit.types import Record
    from webhook_inbox.inbox import Event

    from tap_webhooks.sources import Source
    from tap_webhooks.tap import TapWebhooks

_PAGE: Final = 1000


class InboxStream(Stream):
    """Reads the inbox from the number in its state, and tells it what the state before had."""

    replication_key: ClassVar[str | None] = None
    holds_everything = False
    _tap: TapWebhooks

    @abstractmethod
    def page(self, events: Sequence[Event]) -> list[Record]:
        """Return what is to be written for some events, in their order."""

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        at = int(str(self.stream_state.get("seq") or 0))
        try:
            if at:
                self._tap.inbox.mark(self._tap.reader(self.name), at)
            while events := list(self._tap.inbox.read(at, most=_PAGE)):
                wanted = [one for one in events if self.wants(one.source)]
                yield Batch(self.page(wanted))
                at = events[-1].seq
                self.stream_state["seq"] = at
                self._write_state()
        except InboxError as error:
            raise StreamFailedError(str(error)) from None

    def read(self, source: Source, keys: Iterable[str]) -> tuple[dict[str, Record], set[str]]:
        """Read records at their vendor, and note how many of them it does not show."""
        found, closed = source.read(keys)
        if closed:
            what = f"{len(closed)} records of {source.vendor} that events tell of may not be read"
            self.missing.append(f"{what}. Use the token of an administrator, then read all again")
        return found, closed

    def wants(self, source: str) -> bool:
        """Tell whether events of a route are read."""
        chosen = self.config.get("sources")
        return not chosen or source in chosen


class WebhookEvents(InboxStream):
    """Everything that came, oldest first. The number of an event is its place in the inbox."""

    name = "webhook_events"
    primary_keys: ClassVar[Sequence[str]] = ("seq",)
    schema: ClassVar[dict[str, Any]] = record(
        field("seq", th.IntegerType, "Its number; later ones are larger.", required=True),
        field("source", th.StringType, "Name of the route that it came by.", required=True),
        field("received_at", th.DateTimeType, "When it was stored. UTC.", required=True),
        text("delivery", "Tells deliveries apart, where the vendor says."),
        text("event", "Kind of event, where the vendor says."),
        text("body", "What was sent, as the text of its JSON.", pii=Pii.SENSITIVE),
    )

    @override
    def page(self, events: Sequence[Event]) -> list[Record]:
        return [
            {
                "seq": event.seq,
                "source": event.source,
                "received_at": canonical(event.received_at),
                "delivery": event.delivery,
                "event": event.event,
                "body": json.dumps(json.loads(event.body), ensure_ascii=False),
            }
            for event in events
        ]


class Entries(InboxStream):
    """The records that events tell of, read at the vendor; one that is gone is a tombstone.

    An event says that something changed, not what: it may come twice, late or out of order. So all
    events of a record in one page are one reading of it, in the place of the last of them.

    Args:
        tap: The tap.
        source: Whose events.
    """

    _tap: TapWebhooks

    def __init__(self, tap: TapWebhooks, source: Source) -> None:
        self._source = source
        inner = source.stream
        schema = {
            **inner.schema,
            "properties": {**inner.schema["properties"], DELETED_AT: dict(DELETED_AT_SCHEMA)},
        }
        super().__init__(tap, schema=schema, name=source.stream_name)
        self.primary_keys = tuple(inner.primary_keys)

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        place = self.config.get("restore_from")
        if not place:
            yield from super().batches(reading)
            return
        rows = newest(place, self)
        while page := list(islice(rows, _PAGE)):
            self.tombstones += sum(DELETED_AT in row for row in page)
            yield Batch(page)

    @override
    def wants(self, source: str) -> bool:
        return source in self._source.routes

    @override
    def page(self, events: Sequence[Event]) -> list[Record]:
        gone: dict[str, str | None] = {}
        for event, hint in self._source.hints(events):
            key = key_of(hint.key, self.primary_keys)
            known = gone.pop(key, None)  # so that it takes the place of its last event
            gone[key] = known or _deleted_at(event, hint)
        now = canonical(self._tap.clock.now())
        found, closed = self.read(self._source, (key for key, at in gone.items() if at is None))
        self.tombstones += len(gone) - len(found) - len(closed)
        return [
            found.get(key)
            or {**record_of(key, self.primary_keys, self.schema), DELETED_AT: at or now}
            for key, at in gone.items()
            if key not in closed
        ]


class EntryVersions(InboxStream):
    """Each event with the record that it tells of, as it was when the event was read: for backups.

    Key: seq and entry_key. Versions are never changed or folded, so nothing that was seen is lost.
    """

    name = "entry_versions"
    primary_keys: ClassVar[Sequence[str]] = ("seq", "entry_key")
    schema: ClassVar[dict[str, Any]] = record(
        field("seq", th.IntegerType, "Number of the event.", required=True),
        field("entry_key", th.StringType, "Key of the record at its source.", required=True),
        field("source", th.StringType, "Name of the route.", required=True),
        field("stream", th.StringType, "Stream that the record belongs to.", required=True),
        field("received_at", th.DateTimeType, "When the event was stored. UTC.", required=True),
        text("event", "Kind of event, where the vendor says."),
        field("deleted_at", th.DateTimeType, "When it was deleted; else null. UTC."),
        text("event_body", "What was sent, as the text of its JSON.", pii=Pii.SENSITIVE),
        text("record", "The record as the text of its JSON; null if gone.", pii=Pii.SENSITIVE),
    )

    @override
    def page(self, events: Sequence[Event]) -> list[Record]:
        return [row for source in self._tap.entry_sources for row in self._of(source, events)]

    def _of(self, source: Source, events: Sequence[Event]) -> Iterator[Record]:
        keys = tuple(source.stream.primary_keys)
        hinted = list(source.hints([one for one in events if one.source in source.routes]))
        wanted = {key_of(hint.key, keys): None for _, hint in hinted if not hint.gone}
        found, closed = self.read(source, wanted)
        now = canonical(self._tap.clock.now())
        for event, hint in hinted:
            key = key_of(hint.key, keys)
            row = None if hint.gone else found.get(key)
            missing = None if row or key in closed else now
            yield {
                "seq": event.seq,
                "entry_key": key,
                "source": event.source,
                "stream": source.stream_name,
                "received_at": canonical(event.received_at),
                "event": event.event,
                "deleted_at": _deleted_at(event, hint) or missing,
                "event_body": _json(json.loads(event.body)),
                "record": _json(row) if row else None,
            }


def _deleted_at(event: Event, hint: Hint) -> str | None:
    """Return when a record was deleted, if an event says that it was."""
    return (hint.at or canonical(event.received_at)) if hint.gone else None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
