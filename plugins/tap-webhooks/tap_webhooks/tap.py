"""The tap: its settings, and the inbox as a stream."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch, Stream, Tap
from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import StreamFailedError
from singer_tapkit.outcomes import OnStreamError
from singer_tapkit.schema import Pii, field, record, text
from typing_extensions import override
from webhook_inbox.inbox import Inbox, InboxError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_tapkit.bookmarks import Reading
    from webhook_inbox.inbox import Event

_PAGE: Final = 1000


class WebhookEvents(Stream):
    """Everything that came, oldest first. The number of an event is its place in the inbox."""

    name = "webhook_events"
    primary_keys: ClassVar[Sequence[str]] = ("seq",)
    replication_key: ClassVar[str | None] = None
    holds_everything = False
    schema: ClassVar[dict[str, Any]] = record(
        field("seq", th.IntegerType, "Its number; later ones are larger.", required=True),
        field("source", th.StringType, "Name of the route that it came by.", required=True),
        field("received_at", th.DateTimeType, "When it was stored. UTC.", required=True),
        text("delivery", "Tells deliveries apart, where the vendor says."),
        text("event", "Kind of event, where the vendor says."),
        text("body", "What was sent, as the text of its JSON.", pii=Pii.SENSITIVE),
    )
    _tap: TapWebhooks

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        """Read on from the number in the state; tell the inbox what the state before had."""
        at = int(str(self.stream_state.get("seq") or 0))
        wanted = self._tap.config.get("sources")
        try:
            if at:
                self._tap.inbox.mark(self._tap.config["reader"], at)
            while events := list(self._tap.inbox.read(at, most=_PAGE)):
                yield Batch([_row(one) for one in events if not wanted or one.source in wanted])
                at = events[-1].seq
                self.stream_state["seq"] = at
                self._write_state()
        except InboxError as error:
            raise StreamFailedError(str(error)) from None


class TapWebhooks(Tap):
    """Singer tap for the webhook inbox: what came, in order."""

    name = "tap-webhooks"
    package_name = "worktaps-tap-webhooks"

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "inbox_url",
            th.StringType,
            required=True,
            secret=True,
            title="Inbox",
            description="Database of the inbox: sqlite:///inbox.db or postgresql://...",
        ),
        th.Property(
            "reader",
            th.StringType,
            default="tap-webhooks",
            title="Reader",
            description="Name under which the inbox knows how far this pipeline has come; one per "
            "pipeline. Events that a reader does not have yet are never removed.",
        ),
        th.Property(
            "sources",
            th.ArrayType(th.StringType),
            title="Sources",
            description="Names of the routes to read; all if absent.",
        ),
        th.Property(
            "on_stream_error",
            th.StringType,
            default=OnStreamError.FAIL.value,
            allowed_values=[mode.value for mode in OnStreamError],
            title="On stream error",
            description="What makes the exit code 1, as in all taps.",
        ),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [WebhookEvents(self)]

    @cached_property
    def inbox(self) -> Inbox:
        """The inbox."""
        return Inbox(self.config["inbox_url"])


def _row(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "source": event.source,
        "received_at": canonical(event.received_at),
        "delivery": event.delivery,
        "event": event.event,
        "body": json.dumps(json.loads(event.body), ensure_ascii=False),
    }
