"""The rules that rule files are made of, by the word that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mapper_worklog.rules.calendar import Calendar
from mapper_worklog.rules.durations import Hours
from mapper_worklog.rules.fields import Copy, Drop, Integer, Join, Keep, Rename, Set, Text
from mapper_worklog.rules.hashing import Hash
from mapper_worklog.rules.lookup import Lookup
from mapper_worklog.rules.selection import Flag, Where
from mapper_worklog.rules.shape import Shape
from mapper_worklog.rules.times import Instant, LocalDate, LocalDatetime, LocalTime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mapper_worklog.rules.base import Rule

_CLASSES: Final[tuple[type[Rule], ...]] = (
    Rename,
    Copy,
    Text,
    Integer,
    Drop,
    Keep,
    Set,
    Join,
    Hash,
    Instant,
    LocalDate,
    LocalTime,
    LocalDatetime,
    Hours,
    Calendar,
    Lookup,
    Flag,
    Where,
    Shape,
)

RULES: Final[Mapping[str, type[Rule]]] = {rule.word: rule for rule in _CLASSES}
"""Class of each rule, by its word."""

__all__ = ["RULES"]
