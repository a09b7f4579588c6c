"""Filters of a request, decoded.

Source: Harvest API v2, the parameters of each "List all ...". Unknown ones are ignored, as
Harvest does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendors.harvest.errors import plain_refusal
from singer_sandbox.vendors.harvest.times import ordinal_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DATES: Final = ("from", "to")
SINCE: Final = "updated_since"
_IDS: Final = frozenset({"user_id", "client_id", "project_id", "task_id"})
_FLAGS: Final = frozenset({"is_active", "is_billed", "is_running"})


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request narrows a list down to.

    Attributes:
        first_day: Proleptic day number, inclusive.
        last_day: Likewise, inclusive.
        since: Rows changed at or after this, in seconds since 1970.
        equal: Values that fields have to have.
    """

    first_day: int | None = None
    last_day: int | None = None
    since: int | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)


def read_filters(
    query: Mapping[str, str], known: Collection[str], *, since_inclusive: bool
) -> Filters:
    """Decode the filters that a list knows.

    Args:
        query: Parameters of the request; empty ones are ignored.
        known: Names of the filters of this list.
        since_inclusive: Whether the second of ``updated_since`` belongs to it.

    Raises:
        ApiError: If a value is malformed.
    """
    given = {name: text for name, text in query.items() if name in known and text}
    try:
        since = seconds_of(given.pop(SINCE)) if SINCE in given else None
        days = [ordinal_of(given.pop(name)) if name in given else None for name in DATES]
        equal = {name: _value(name, text) for name, text in given.items()}
    except ValueError:
        raise plain_refusal(HTTPStatus.BAD_REQUEST) from None
    if since is not None and not since_inclusive:
        since += 1
    return Filters(days[0], days[1], since, equal)


def _value(name: str, text: str) -> int | bool | str:
    if name in _IDS:
        return int(text)
    if name in _FLAGS:
        return ("false", "true").index(text) == 1
    return text
