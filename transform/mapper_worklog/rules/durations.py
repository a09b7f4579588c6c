"""Decimal hours, from whatever a source counts in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self

from typing_extensions import override

from mapper_worklog.clock import read_clock, read_instant, read_number
from mapper_worklog.columns import MisfitError, format_of, made
from mapper_worklog.paths import getter
from mapper_worklog.rules.base import Compiled, Rule, target, tops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mapper_worklog.columns import Columns
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record

_PER_HOUR: Final = {"seconds": 3_600, "milliseconds": 3_600_000, "minutes": 60}
_HOUR: Final = timedelta(hours=1)
_DAY_SECONDS: Final = 86_400
_DECIMALS: Final = 4
"""Enough to get every whole second back from hours."""


@dataclass(frozen=True, slots=True)
class Hours(Rule):
    """``hours: ...``: decimal hours from seconds, milliseconds, minutes, or start and end.

    Rounded to ``round`` decimals; a half goes to the even neighbour. Two clock times without a date
    are less than a day apart: an end before its start is on the next day.

    Attributes:
        source: Paths by word: one unit, or ``start`` and ``end``.
    """

    word: ClassVar[str] = "hours"
    options: ClassVar[Sequence[str]] = ("to", "round")

    source: Mapping[str, str]
    to: str
    decimals: int

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        words = head.options([*_PER_HOUR, "start", "end"])
        if set(words) not in ({"start", "end"}, *({word} for word in _PER_HOUR)):
            head.fail(f"needs 'start' and 'end', or one of {', '.join(_PER_HOUR)}")
        decimals = options["round"].whole() if "round" in options else _DECIMALS
        paths = {word: node.text() for word, node in words.items()}
        return cls(paths, target(head, options), decimals)

    @override
    def describe(self) -> str:
        source = ", ".join(f"{word} {path}" for word, path in self.source.items())
        return f"{source} -> {self.to}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return [self.to]

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        return self._between(columns, tools) if "start" in self.source else self._of(columns, tools)

    def _of(self, columns: Columns, tools: Tools) -> Compiled:
        ((unit, path),) = self.source.items()
        field = columns.typed(path, "integer", "number", "string")
        columns.add(self.to, self._schema(f"from {unit} in {field}"), instead_of=[field])
        to, read, per_hour, decimals = self.to, getter(field.path), _PER_HOUR[unit], self.decimals

        def convert(value: object) -> float | None:
            number = read_number(value)
            try:
                return None if number is None else round(number / per_hour, decimals)
            except OverflowError:
                return None

        counted = tools.counted(convert)

        def step(record: Record) -> bool:
            record[to] = result = counted(read(record))
            return result is not None

        return Compiled(step, needs=tops(field))

    def _between(self, columns: Columns, tools: Tools) -> Compiled:
        start = columns.typed(self.source["start"], "string")
        end = columns.typed(self.source["end"], "string")
        forms = {format_of(start.schema), format_of(end.schema)}
        if forms not in ({"date-time"}, {None}):
            msg = "'start' and 'end' must both be instants, or both clock times"
            raise MisfitError(msg)
        between = _between_instants if forms == {"date-time"} else _between_clocks
        columns.add(self.to, self._schema(f"from {start} to {end}"), instead_of=[start, end])
        read_start, read_end = getter(start.path), getter(end.path)
        to, decimals, tally = self.to, self.decimals, tools.tally

        def step(record: Record) -> bool:
            first, last = read_start(record), read_end(record)
            record[to] = None
            if first is None or last is None:
                return False
            hours = between(first, last)
            if hours is None:
                tally.unreadable += 1
                return False
            record[to] = round(hours, decimals)
            return True

        return Compiled(step, needs=tops(start, end))

    def _schema(self, source: str) -> dict[str, object]:
        return made("number", f"Decimal hours, {source}, to {self.decimals} decimals.")


def _between_instants(start: object, end: object) -> float | None:
    first, last = read_instant(start), read_instant(end)
    return None if first is None or last is None else (last - first) / _HOUR


def _between_clocks(start: object, end: object) -> float | None:
    if not isinstance(start, str) or not isinstance(end, str):
        return None
    first, last = read_clock(start), read_clock(end)
    if first is None or last is None:
        return None
    seconds = [(at.hour * 60 + at.minute) * 60 + at.second for at in (first, last)]
    return (seconds[1] - seconds[0]) % _DAY_SECONDS / _HOUR.total_seconds()
