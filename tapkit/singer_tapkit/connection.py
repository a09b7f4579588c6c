"""``--test``: asks for the first page of each stream, and says what each one would bring."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from singer_sdk.exceptions import SyncLifecycleSignal
from typing_extensions import override

from singer_tapkit.message_writer import MessageWriter
from singer_tapkit.outcomes import Outcome, Result, columns
from singer_tapkit.overlap import Overlap
from singer_tapkit.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from singer_tapkit.tap import Tap

_CALL: Final = re.compile(r"^[A-Z]+ /\S*( \([^)]*\))?: ")
"""What a cause begins with that is not the same for all streams it stops."""


class Finding(StrEnum):
    """What a connection test finds out about a stream."""

    OK = "ok"
    EMPTY = "empty"
    NO_PERMISSION = "no permission"
    WRONG_ACCOUNT = "wrong account"
    FAILED = "failed"

    @classmethod
    def of(cls, outcome: Outcome) -> Finding:
        """Return what the outcome of a stream amounts to."""
        if outcome.wrong_account:
            return cls.WRONG_ACCOUNT
        if outcome.result is Result.UNAVAILABLE:
            return cls.NO_PERMISSION
        if outcome.result is Result.FAILED:
            return cls.FAILED
        return cls.OK if outcome.records else cls.EMPTY


class Nowhere(MessageWriter):
    """Takes messages, and writes none."""

    @override
    def write_lines(self, lines: bytes) -> None:
        """Let them go."""


def probe(tap: Tap) -> None:
    """Read each stream, selected or not, up to its second page.

    Args:
        tap: Writes its messages to nowhere.
    """
    tap.overlap = Overlap(1)  # asks for nothing ahead
    with _quiet():
        for stream in tap.streams.values():
            if isinstance(stream, Stream):
                stream.ABORT_AT_RECORD_COUNT = 1
                stream.selected = True
                with suppress(SyncLifecycleSignal):
                    stream.read_through()


def findings(outcomes: Sequence[Outcome], selected: Collection[str]) -> str:
    """Lay out what was found, one line a stream, causes below.

    Args:
        outcomes: One per stream.
        selected: Names of the streams that a run reads.

    Returns:
        Lines of a fixed-width table, without a trailing line break.
    """
    rows = [
        (
            outcome.stream,
            Finding.of(outcome).value,
            _count(outcome),
            "yes" if outcome.stream in selected else "no",
        )
        for outcome in outcomes
    ]
    causes: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.detail:
            causes.setdefault(_cause(outcome), []).append(outcome.stream)
    told = [
        f"{', '.join(streams) if len(streams) < len(outcomes) else 'all streams'}: {cause}"
        for cause, streams in causes.items()
    ]
    told += [f"{one.stream}: drift: {one.drift}" for one in outcomes if any(one.drift[:2])]
    return "\n".join([*columns(("stream", "finding", "records", "selected"), rows), *told])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the log of a run back; what it says is found out, and printed."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _cause(outcome: Outcome) -> str:
    finding = Finding.of(outcome)
    why = outcome.detail if finding is Finding.FAILED else _CALL.sub("", outcome.detail)
    return f"{finding}: {why}"


def _count(outcome: Outcome) -> str:
    if Finding.of(outcome) not in {Finding.OK, Finding.EMPTY}:
        return "-"
    return f"{outcome.records:,}" + (" or more" if outcome.cut_short else "")
