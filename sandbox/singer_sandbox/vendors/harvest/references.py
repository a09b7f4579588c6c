"""External references of made-up time entries, each known by a number.

Source: Harvest API v2, "The time entry object": all ids are texts, some look like numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from singer_sandbox.wire import Row

_PREFIX: Final = "acme-ops:worklog:"
_PLACES: Final = (
    ("sandbox-org", "https://github.com/sandbox-org/site/issues/{}"),
    ("5b0dbe4bd1d5a3a5c83a3c2e", "https://trello.com/c/{}"),
    ("acme-ops", "https://tickets.acme.example/t/{}"),
)


def external_reference(number: int) -> Row:
    """Return the reference of a number; positive."""
    group_id, permalink = _PLACES[number % len(_PLACES)]
    reference = {
        "id": f"{_PREFIX}{number}" if number % 2 else str(number),
        "group_id": group_id,
        "account_id": str(70 + number % 5),
        "permalink": permalink.format(number),
    }
    return with_service(reference)


def reference_number(reference_id: str) -> int:
    """Return the number of the reference with that id, or 0 if no number has it."""
    digits = reference_id.removeprefix(_PREFIX)
    number = int(digits) if digits.isascii() and digits.isdigit() else 0
    return number if number and external_reference(number)["id"] == reference_id else 0


def with_service(reference: Row) -> Row:
    """Add what Harvest derives from the host of the permalink."""
    service = urlsplit(str(reference.get("permalink") or "")).hostname
    icon = service and f"https://proxy.sandbox.example/icons/{service}.png"
    return {**reference, "service": service, "service_icon_url": icon}
