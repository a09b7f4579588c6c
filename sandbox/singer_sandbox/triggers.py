"""Changes of data at a chosen point of somebody's reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sandbox.patterns import Pattern
    from singer_sandbox.vendor import Vendor
    from singer_sandbox.wire import Call, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Changes that happen once, right after an answer was made and before it is sent.

    Attributes:
        pattern: Which answers count; only those with a status below 300 do.
        after: After how many of them.
        add: Rows to add: collection and fields.
        edit: Rows to edit: collection, id and fields.
        delete: Rows to delete: collection and id.
    """

    pattern: Pattern
    after: int = 1
    add: Sequence[tuple[str, Row]] = ()
    edit: Sequence[tuple[str, int, Row]] = ()
    delete: Sequence[tuple[str, int]] = ()

    def apply(self, vendor: Vendor) -> None:
        """Make the changes: first additions, then edits, then deletions."""
        for collection, fields in self.add:
            vendor.add(collection, fields)
        for collection, row_id, fields in self.edit:
            vendor.edit(collection, row_id, fields)
        for collection, row_id in self.delete:
            vendor.delete(collection, row_id)


class TriggerBook:
    """The triggers that have not fired yet."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Trigger, int]] = []

    def add(self, trigger: Trigger) -> None:
        """Wait for its answers from now on."""
        self._waiting.append((trigger, 0))

    def answered(self, vendor: Vendor, resource: str, call: Call) -> None:
        """Count an answer, and fire what it completes."""
        due: list[Trigger] = []
        waiting: list[tuple[Trigger, int]] = []
        for trigger, seen in self._waiting:
            matched = seen + trigger.pattern.matches(vendor.name, resource, call)
            if matched == trigger.after:
                due.append(trigger)
            else:
                waiting.append((trigger, matched))
        self._waiting = waiting
        for trigger in due:
            trigger.apply(vendor)

    def clear(self, vendor: str | None = None) -> None:
        """Call off all triggers, or those of one vendor."""
        self._waiting = [
            (trigger, seen)
            for trigger, seen in self._waiting
            if vendor and trigger.pattern.vendor != vendor
        ]
