"""Instants, and what the clocks and calendars of a zone show at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self

from typing_extensions import override

from mapper_worklog.clock import (
    in_zone,
    on_the_clock,
    read_clock,
    read_date,
    read_epoch,
    read_instant,
    write_instant,
)
from mapper_worklog.columns import made
from mapper_worklog.paths import getter
from mapper_worklog.rules.base import Compiled, Rule, target, tops
from mapper_worklog.rules.zones import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mapper_worklog.columns import Columns, Field
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools
    from mapper_worklog.types import Record

_EPOCHS: Final = {
    "epoch_seconds": timedelta(seconds=1),
    "epoch_milliseconds": timedelta(milliseconds=1),
}
_MINUTE: Final = timedelta(minutes=1)
_NOT_A_DATE: Final = ("date", "A date alone is no instant, so it has no zone: copy it instead")


@dataclass(frozen=True, slots=True)
class _Local(Rule):
    """Base of rules that show an instant as clocks of a zone do."""

    options: ClassVar[Sequence[str]] = ("to", "zone", "zone_from")
    form: ClassVar[str | None]
    shows: ClassVar[str]

    path: str
    to: str
    zone: Zone

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        return cls(head.text(), target(head, options), Zone.parse(options, scope))

    @override
    def describe(self) -> str:
        return f"{self.path} -> {self.to}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return [self.to]

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        field = columns.typed(self.path, "string", not_format=_NOT_A_DATE)
        zone_of, needs, zone = self.zone.compile(columns, tools)
        schema = made("string", f"{self.shows} of {field} in {zone}.", form=self.form)
        columns.add(self.to, schema, instead_of=[field])
        read, to, write, tally = getter(field.path), self.to, self._write, tools.tally

        def step(record: Record) -> bool:
            value = read(record)
            if value is None:
                record[to] = None
                return False
            moment = read_instant(value)
            local = in_zone(moment, zone_of(record)) if moment else None
            record[to] = text = write(local) if local else None
            if text is None:
                tally.unreadable += 1
            return text is not None

        return Compiled(step, needs=needs | tops(field))

    @staticmethod
    def _write(local: datetime) -> str | None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class LocalDate(_Local):
    """``local_date: path``: the day on which an instant falls in a zone."""

    word: ClassVar[str] = "local_date"
    form: ClassVar[str | None] = "date"
    shows: ClassVar[str] = "Date"

    @staticmethod
    @override
    def _write(local: datetime) -> str:
        return local.date().isoformat()


@dataclass(frozen=True, slots=True)
class LocalTime(_Local):
    """``local_time: path``: what clocks of a zone show at an instant, as HH:MM:SS."""

    word: ClassVar[str] = "local_time"
    form: ClassVar[str | None] = None  # the JSON schema format "time" asks for an offset
    shows: ClassVar[str] = "Clock time HH:MM:SS"

    @staticmethod
    @override
    def _write(local: datetime) -> str:
        return local.time().isoformat("seconds")


@dataclass(frozen=True, slots=True)
class LocalDatetime(_Local):
    """``local_datetime: path``: date and clock time in a zone, with the zone's offset."""

    word: ClassVar[str] = "local_datetime"
    form: ClassVar[str | None] = "date-time"
    shows: ClassVar[str] = "Date and clock time"

    @staticmethod
    @override
    def _write(local: datetime) -> str | None:
        offset = local.utcoffset()
        if offset is None or offset % _MINUTE:  # old local mean time, which RFC 3339 cannot write
            return None
        return local.isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Instant(Rule):
    """``instant: ...``: a point in time in UTC, from a text, a count since 1970, or date and clock.

    Attributes:
        source: Paths by word: ``text``, ``epoch_seconds``, ``epoch_milliseconds``, or ``date`` and
            ``time`` with, maybe, ``after``.
    """

    word: ClassVar[str] = "instant"
    options: ClassVar[Sequence[str]] = ("to", "zone", "zone_from")

    source: Mapping[str, str]
    to: str
    zone: Zone

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        zone, to = Zone.parse(options, scope), target(head, options)
        if not head.is_mapping:
            _refuse_zone(options)
            return cls({"text": head.text()}, to, zone)
        words = head.options([*_EPOCHS, "date", "time", "after"])
        if set(words) - {"after"} not in ({"date", "time"}, *({word} for word in _EPOCHS)):
            head.fail(f"needs a path, 'date' and 'time', or one of {', '.join(_EPOCHS)}")
        if "date" not in words:
            _refuse_zone({**options, **words})
        return cls({word: node.text() for word, node in words.items()}, to, zone)

    @override
    def describe(self) -> str:
        return f"{', '.join(self.source.values())} -> {self.to}"

    @property
    @override
    def makes(self) -> Sequence[str]:
        return [self.to]

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        if "date" in self.source:
            return self._from_clock(columns, tools)
        ((word, path),) = self.source.items()
        if word == "text":
            field = columns.typed(path, "string", not_format=_NOT_A_DATE)
            convert: Callable[[object], datetime | None] = read_instant
        else:
            field, unit = columns.typed(path, "integer", "number", "string"), _EPOCHS[word]

            def convert(value: object) -> datetime | None:
                return read_epoch(value, unit)

        self._add(columns, [field])
        micros, to, read = word != "epoch_seconds", self.to, getter(field.path)

        def write(value: object) -> str | None:
            moment = convert(value)
            return write_instant(moment, micros=micros) if moment else None

        counted = tools.counted(write)

        def step(record: Record) -> bool:
            record[to] = result = counted(read(record))
            return result is not None

        return Compiled(step, needs=tops(field))

    def _from_clock(self, columns: Columns, tools: Tools) -> Compiled:
        no_instant = ("date-time", "It is an instant already")
        day = columns.typed(self.source["date"], "string", not_format=no_instant)
        clock = columns.typed(self.source["time"], "string", not_format=no_instant)
        after = columns.typed(self.source["after"], "string") if "after" in self.source else None
        zone_of, needs, _ = self.zone.compile(columns, tools)
        self._add(columns, [day, clock])
        read_day, read_time = getter(day.path), getter(clock.path)
        read_after = getter(after.path) if after else None
        to, tally = self.to, tools.tally

        def step(record: Record) -> bool:
            date, time = read_day(record), read_time(record)
            if date is None or time is None:
                record[to] = None
                return False
            on = read_date(date) if isinstance(date, str) else None
            at = read_clock(time) if isinstance(time, str) else None
            moment = None
            if on is not None and at is not None:
                start = read_instant(read_after(record)) if read_after else None
                moment = on_the_clock(on, at, zone_of(record), not_before=start)
            if moment is None:
                record[to] = None
                tally.unreadable += 1
                return False
            record[to] = write_instant(moment, micros=False)
            return True

        return Compiled(step, needs=needs | tops(day, clock, after))

    def _add(self, columns: Columns, fields: list[Field]) -> None:
        description = f"Instant in UTC, from {', '.join(map(str, fields))}."
        columns.add(self.to, made("string", description, form="date-time"), instead_of=fields)


def _refuse_zone(words: Mapping[str, Node]) -> None:
    """Refuse what only a date and a clock time can have."""
    for word in ("zone", "zone_from", "after"):
        if word in words:
            words[word].fail(f"{word!r} goes with 'date' and 'time': the rest have a zone already")
