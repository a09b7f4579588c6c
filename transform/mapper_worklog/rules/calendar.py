"""What a calendar says about a date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Self

from typing_extensions import override

from mapper_worklog.clock import read_date
from mapper_worklog.columns import made
from mapper_worklog.paths import getter
from mapper_worklog.rules.base import Compiled, Rule, tops
from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mapper_worklog.columns import Columns
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SATURDAY: Final = 6
_REMEMBERED: Final = 4096

FEATURES: Final[Mapping[str, tuple[str, str, Callable[[date], object]]]] = {
    "iso_year": ("integer", "Year that the ISO week belongs to.", lambda day: day.isocalendar()[0]),
    "iso_week": ("integer", "ISO week, 1 to 53.", lambda day: day.isocalendar()[1]),
    "month": ("integer", "Month, 1 to 12.", lambda day: day.month),
    "quarter": ("integer", "Quarter, 1 to 4.", lambda day: (day.month + 2) // 3),
    "weekday": ("integer", "Weekday, 1 is Monday, 7 is Sunday.", lambda day: day.isoweekday()),
    "weekday_name": ("string", "Weekday in English.", lambda day: _WEEKDAYS[day.weekday()]),
    "is_weekend": (
        "boolean",
        "Whether it is a Saturday or Sunday.",
        lambda day: day.isoweekday() >= _SATURDAY,
    ),
}
"""Type, description and computation of each field that can be derived."""


@dataclass(frozen=True, slots=True)
class Calendar(Rule):
    """``calendar: path``: ISO year and week, month, quarter, weekday, weekend of a date.

    Attributes:
        path: The date.
        to: Which fields to write, and their names.
    """

    word: ClassVar[str] = "calendar"
    options: ClassVar[Sequence[str]] = ("to",)

    path: str
    to: Mapping[str, str]

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        to = {name: name for name in FEATURES}
        if node := options.get("to"):
            to = node.renames() if node.is_mapping else {name: name for name in node.texts()}
            for name in to:
                if name not in FEATURES:
                    hint = near(name, list(FEATURES)) or f" There are: {', '.join(FEATURES)}"
                    node.fail(f"a date has no {name!r}.{hint}")
        return cls(head.text(), to)

    @override
    def describe(self) -> str:
        return f"{self.path} -> {', '.join(self.to.values())}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return list(self.to.values())

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        hint = "Its day depends on the zone: derive one with local_date first"
        field = columns.typed(self.path, "string", not_format=("date-time", hint))
        for feature, name in self.to.items():
            kind, description, _ = FEATURES[feature]
            columns.add(name, made(kind, description))
        read, names, tally = getter(field.path), tuple(self.to.values()), tools.tally
        functions = [FEATURES[feature][2] for feature in self.to]
        nothing = dict.fromkeys(names)

        @lru_cache(maxsize=_REMEMBERED)
        def derive(text: str) -> dict[str, object] | None:
            day = read_date(text)
            if day is None:
                return None
            return dict(zip(names, [function(day) for function in functions], strict=True))

        def step(record: Record) -> bool:
            value = read(record)
            derived = derive(value) if isinstance(value, str) else None
            record.update(derived or nothing)
            if derived is None and value is not None:
                tally.unreadable += 1
            return derived is not None

        return Compiled(step, needs=tops(field))
