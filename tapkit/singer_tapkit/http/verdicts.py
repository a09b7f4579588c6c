"""From an answer to what happens next: one table, first match wins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Action(Enum):
    """What to do about an answer."""

    ACCEPT = "accept"
    RETRY = "retry"
    REAUTHENTICATE = "reauthenticate"
    REFUSE_PARENT = "refuse parent"
    EMPTY_PARENT = "empty parent"
    UNAVAILABLE = "unavailable"
    WRONG_ACCOUNT = "wrong account"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means.

    Attributes:
        action: What to do.
        meaning: What happened, as half a sentence for the reader.
        remedy: What the reader can do about it; a sentence without its full stop.
        wait_seconds: How long to wait at least before a repeat, unless the server says.
    """

    action: Action
    meaning: str = ""
    remedy: str = ""
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a verdict table.

    Attributes:
        statuses: HTTP statuses that it speaks of.
        verdict: What such an answer means.
        codes: Vendor codes that it is limited to; empty for any.
    """

    statuses: Collection[int]
    verdict: Verdict
    codes: Collection[str] = ()


GENERAL_RULES: Final[Sequence[Rule]] = (
    Rule(range(200, 300), Verdict(Action.ACCEPT)),
    Rule(range(300, 400), Verdict(Action.FAIL, "it redirects elsewhere", "Check the API URL")),
    Rule({401}, Verdict(Action.REAUTHENTICATE, "the credentials were refused")),
    Rule({403}, Verdict(Action.UNAVAILABLE, "access was refused")),
    Rule({408, 425}, Verdict(Action.RETRY, "the server timed out")),
    Rule({429}, Verdict(Action.RETRY, "the rate limit was reached", wait_seconds=15.0)),
    Rule(range(400, 500), Verdict(Action.FAIL, "the request was refused")),
    Rule(range(500, 600), Verdict(Action.RETRY, "the server failed")),
)
"""What statuses mean where the vendor says nothing else."""


def judge(status: int, code: str | None, rules: Sequence[Rule]) -> Verdict:
    """Find what an answer means.

    Args:
        status: HTTP status.
        code: The vendor's error code, if the answer has one.
        rules: The vendor's own rows; :data:`GENERAL_RULES` follow.

    Returns:
        The verdict of the first rule that fits.
    """
    for rule in (*rules, *GENERAL_RULES):
        if status in rule.statuses and (not rule.codes or code in rule.codes):
            return rule.verdict
    return Verdict(Action.FAIL, "the answer has no known meaning")
