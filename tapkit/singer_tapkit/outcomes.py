"""How each stream ended, and what that makes of the run.

*complete*     everything asked for was read
*partial*      read, but for something that is named
*unavailable*  the account may not read it: plan, role or module
*failed*       it broke; the bookmark has not moved
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from singer_tapkit.drift import Differences

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Result(StrEnum):
    """How the reading of one stream ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


class OnStreamError(StrEnum):
    """What a stream that is not complete means for the exit code."""

    FAIL = "fail"
    ALLOW_UNAVAILABLE = "allow_unavailable"
    CONTINUE = "continue"


class OnDrift(StrEnum):
    """What drift means for the exit code."""

    REPORT = "report"
    FAIL = "fail"
    STRICT = "strict"


_ALLOWED: Final = {
    OnStreamError.FAIL: {Result.COMPLETE},
    OnStreamError.ALLOW_UNAVAILABLE: {Result.COMPLETE, Result.UNAVAILABLE},
    OnStreamError.CONTINUE: set(Result),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one stream ended, with its figures.

    Attributes:
        stream: Name of the stream.
        result: How it ended.
        detail: What is missing, why, and what can be done; empty if complete.
        records: Records written.
        tombstones: Records found to be gone at the source.
        requests: Requests sent, repeats included.
        waited_seconds: Time spent waiting on rate limits and before repeats.
        response_seconds: Time that the source took to answer, summed over all requests.
        bookmark: Replication key value after the run, or ``None``.
        drift: Where the source differs from the schema.
        cut_short: Whether there may be more records than were read, as in a connection test.
        wrong_account: Whether the login is refused, or does not open the account.
    """

    stream: str
    result: Result
    detail: str = ""
    records: int = 0
    tombstones: int = 0
    requests: int = 0
    waited_seconds: float = 0.0
    response_seconds: float = 0.0
    bookmark: str | None = None
    drift: Differences = field(default_factory=Differences)
    cut_short: bool = False
    wrong_account: bool = False


def exit_code(
    outcomes: Sequence[Outcome],
    on_stream_error: OnStreamError,
    on_drift: OnDrift = OnDrift.REPORT,
) -> int:
    """Tell whether the run counts as a success.

    Args:
        outcomes: One per selected stream.
        on_stream_error: What is tolerated.
        on_drift: Whether drift is.

    Returns:
        0 if every outcome is tolerated and at least one stream could be read, else 1. A run
        without any selected stream is a success.
    """
    for outcome in outcomes:
        if on_drift is not OnDrift.REPORT and (outcome.drift.undeclared or outcome.drift.mistyped):
            return 1
        if on_drift is OnDrift.STRICT and outcome.drift.never_seen:
            return 1
    readable = {Result.COMPLETE, Result.PARTIAL}
    allowed = _ALLOWED[on_stream_error]
    fine = all(outcome.result in allowed for outcome in outcomes)
    something = not outcomes or any(outcome.result in readable for outcome in outcomes)
    return 0 if fine and something else 1


def table(outcomes: Sequence[Outcome]) -> str:
    """Lay the outcomes out as text, one line a stream, causes below.

    Returns:
        Lines of a fixed-width table, without a trailing line break.
    """
    headings = ("stream", "outcome", "records", "tombstones", "requests", "waited", "bookmark")
    rows = [
        (
            outcome.stream,
            outcome.result.value,
            f"{outcome.records:,}",
            f"{outcome.tombstones:,}",
            str(outcome.requests),
            f"{outcome.waited_seconds:.1f} s",
            outcome.bookmark or "-",
        )
        for outcome in outcomes
    ]
    causes = [
        f"{outcome.stream}: {outcome.result.value}: {outcome.detail}"
        for outcome in outcomes
        if outcome.detail
    ]
    causes += [
        f"{outcome.stream}: drift: {outcome.drift}" for outcome in outcomes if any(outcome.drift)
    ]
    return "\n".join([*columns(headings, rows, right={2, 3, 4, 5}), *causes])


def columns(
    headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], right: Collection[int] = ()
) -> list[str]:
    """Line cells up.

    Args:
        headings: Names of the columns.
        rows: As many cells each.
        right: Numbers of the columns that end at the right, from 0.

    Returns:
        A line for the headings and one for each row.
    """
    widths = [max(map(len, cells)) for cells in zip(headings, *rows, strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        return "  ".join(
            cell.rjust(widths[i]) if i in right else cell.ljust(widths[i])
            for i, cell in enumerate(cells)
        ).rstrip()

    return [line(headings), *map(line, rows)]
