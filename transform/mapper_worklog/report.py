"""What the rules did: the table of ``--explain``, and what to complain about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mapper_worklog.flow import Flow
    from mapper_worklog.rulefile import PlacedRule
    from mapper_worklog.rules.base import Tally

_NOTHING = "matched nothing"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the table."""

    count: str
    text: str
    remark: str = ""


def table(flows: Iterable[Flow]) -> str:
    """Return a table of what each rule did, mapping by mapping."""
    return "\n".join(line for flow in flows for line in _section(flow))


def unmatched(flows: Iterable[Flow], *, keywords: bool) -> list[str]:
    """List rules that matched nothing, though records reached them, and are not optional.

    Args:
        flows: The mappings.
        keywords: Whether to judge keywords of lookup tables, too.
    """
    return [
        f"{placed.place}: {flow.mapping}: {placed} {_NOTHING} in {reached} records"
        + (f": {label}" if label else "")
        for flow in flows
        for placed, tally, reached in _judged(flow)
        for label in _silent(placed, tally, keywords=keywords)
    ]


def unread(flows: Iterable[Flow]) -> list[str]:
    """List rules that could make nothing of some values."""
    return [
        f"{placed.place}: {flow.mapping}: {placed} could not read some values: {tally.unreadable}"
        for flow in flows
        for placed, tally in zip(flow.mapping.rules, flow.tallies, strict=True)
        if tally.unreadable
    ]


def absent(flows: Iterable[Flow], others: Iterable[str]) -> list[str]:
    """List mappings whose stream did not come, and which other stream may be meant.

    Args:
        flows: The mappings.
        others: Streams that came, and have no rules.
    """
    names = sorted(others)
    return [
        f"{flow.mapping.file}: {flow.mapping}: the input has no stream {flow.mapping.stream!r}."
        f"{near(flow.mapping.stream, names)}"
        for flow in flows
        if not flow.came and not flow.mapping.optional
    ]


def _judged(flow: Flow) -> Iterator[tuple[PlacedRule, Tally, int]]:
    """Yield rules that can be judged, with the number of records that reached them."""
    for placed, tally, reached in _reached(flow):
        if reached and not placed.optional:
            yield placed, tally, reached


def _reached(flow: Flow) -> Iterator[tuple[PlacedRule, Tally, int]]:
    reached = flow.records
    for placed, tally in zip(flow.mapping.rules, flow.tallies, strict=True):
        yield placed, tally, reached
        if placed.rule.word == "where":
            reached = tally.touched


def _silent(placed: PlacedRule, tally: Tally, *, keywords: bool) -> Iterator[str]:
    """Yield what matched nothing: an empty label for the rule itself, or labels of its parts."""
    if not tally.touched:
        yield ""
    elif keywords:
        yield from (
            part.label
            for part in placed.rule.parts
            if not part.optional and not tally.parts[part.label]
        )


def _section(flow: Flow) -> Iterator[str]:
    yield f"{flow.mapping.file}: {flow.mapping}"
    if not flow.came:
        yield "  the stream did not come"
        yield ""
        return
    yield f"  {flow.records} records, {flow.tombstones} tombstones"
    lines = [*_lines(flow)]
    width = max((len(line.text) for line in lines), default=0)
    for line in lines:
        yield f"{line.count:>10}  {line.text:<{width}}  {line.remark}".rstrip()
    yield ""


def _lines(flow: Flow) -> Iterator[_Line]:
    for placed, tally, reached in _reached(flow):
        silent = [*_silent(placed, tally, keywords=True)] if reached else []
        label = f"{placed.number:>2} {placed.rule.word}: {placed.name or placed.rule.describe()}"
        count = "skipped" if tally.skipped else str(tally.touched)
        remark = _remark(silent=not tally.skipped and "" in silent, optional=placed.optional)
        if tally.unreadable:
            remark = f"{remark} unreadable values: {tally.unreadable}".strip()
        yield _Line(count, label, remark)
        for part in placed.rule.parts:
            quiet = part.label in silent
            remark = _remark(silent=quiet, optional=placed.optional)
            yield _Line(str(tally.parts[part.label]), f"     {part.label}", remark)


def _remark(*, silent: bool, optional: bool) -> str:
    if not silent:
        return ""
    return f"{_NOTHING} (optional)" if optional else _NOTHING
