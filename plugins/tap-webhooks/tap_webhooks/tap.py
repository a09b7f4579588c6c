"""The tap: its settings and its streams."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from singer_tapkit import Stream, Tap
from singer_tapkit.settings import outcome_settings
from typing_extensions import override
from webhook_inbox.inbox import Inbox

from tap_webhooks.sources import Source, SourceError
from tap_webhooks.streams import Entries, EntryVersions, WebhookEvents

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapWebhooks(Tap):
    """Singer tap for the webhook inbox: what came, in order, and the records it tells of."""

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
            "read_at",
            th.ObjectType(additional_properties=True),
            secret=True,
            title="Read at",
            description="By vendor, the settings of its tap, as {clickup: {api_token: ...}}: the "
            "records that events tell of are read there, and are streams of their own. Events come "
            "by the route of the vendor's name, or those in routes.",
        ),
        th.Property(
            "restore_from",
            th.StringType,
            secret=True,
            title="Restore from",
            description="Folder or database of a backup, whose entry_versions are read instead of "
            "the inbox: each record as it last was.",
        ),
        *outcome_settings(),
    ).to_dict()

    @override
    def config_faults(self) -> list[str]:
        """Say what is wrong with the settings of the vendors' taps."""
        given = self.config.get("read_at") or {}
        if not isinstance(given, dict):
            return []  # its type is a fault already
        faults = []
        for vendor, settings in given.items():
            if not isinstance(settings, dict):
                faults.append(f"read_at.{vendor}: the settings of its tap, as an object")
                continue
            try:
                Source.of(vendor, settings, self.clock)
            except SourceError as error:
                faults.append(str(error))
        return faults

    @override
    def discover_streams(self) -> Sequence[Stream]:
        streams: list[Stream] = [WebhookEvents(self)]
        if self.entry_sources:
            streams.append(EntryVersions(self))
        return [*streams, *(Entries(self, source) for source in self.entry_sources)]

    @cached_property
    def entry_sources(self) -> list[Source]:
        """Whose records are read again."""
        given = self.config.get("read_at") or {}
        sources = [Source.of(vendor, settings, self.clock) for vendor, settings in given.items()]
        names = [source.stream_name for source in sources]
        for source in sources:
            if names.count(source.stream_name) > 1:
                source.stream_name = f"{source.vendor}_{source.stream_name}"
        return sources

    def reader(self, stream: str) -> str:
        """Return the name under which the inbox knows how far a stream has come."""
        return f"{self.config['reader']}/{stream}"

    @cached_property
    def inbox(self) -> Inbox:
        """The inbox."""
        return Inbox(self.config["inbox_url"])
