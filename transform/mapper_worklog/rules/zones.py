"""Which zone a rule speaks of: one by name, or each record's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mapper_worklog.clock import zone_named
from mapper_worklog.columns import MisfitError
from mapper_worklog.paths import getter
from mapper_worklog.rules.base import tops
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from mapper_worklog.columns import Columns
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record


@dataclass(frozen=True, slots=True)
class Zone:
    """Which zone a rule speaks of.

    Attributes:
        name: Its name; none for the default of the file or the settings.
        path: Field that names it for each record; where that is null or unknown, ``name`` holds.
    """

    name: str | None
    path: str | None

    @classmethod
    def parse(cls, options: Mapping[str, Node], scope: Scope) -> Zone:
        """Read ``zone`` and ``zone_from``.

        Raises:
            Fault: If the zone is unknown.
        """
        name = check_zone(options["zone"]) if "zone" in options else scope.zone
        return cls(name, options["zone_from"].text() if "zone_from" in options else None)

    def compile(
        self, columns: Columns, tools: Tools
    ) -> tuple[Callable[[Record], ZoneInfo], frozenset[str], str]:
        """Return how to find the zone of a record, what that needs, and how to describe it.

        Raises:
            MissingFieldError: If the field is not there.
            MisfitError: If it is no text, or the default zone is unknown.
        """
        name = self.name or tools.zone
        default = zone_named(name)
        if default is None:
            msg = f"unknown zone {name!r}"
            raise MisfitError(msg)
        if self.path is None:
            return lambda _: default, frozenset(), name
        field = columns.typed(self.path, "string")
        read = getter(field.path)
        named = tools.counted(lambda value: zone_named(value) if isinstance(value, str) else None)

        def find(record: Record) -> ZoneInfo:
            zone = named(read(record))
            return zone if zone is not None else default  # type: ignore[return-value]

        return find, tops(field), f"the zone in {self.path}, else {name}"


def check_zone(node: Node) -> str:
    """Return the name of a zone.

    Raises:
        Fault: If there is none of that name.
    """
    name = node.text()
    if zone_named(name) is None:
        from zoneinfo import available_timezones  # noqa: PLC0415 - lists files

        hint = near(name, sorted(available_timezones())) or " Write it as Europe/Oslo"
        node.fail(f"unknown zone {name!r}.{hint}")
    return name
