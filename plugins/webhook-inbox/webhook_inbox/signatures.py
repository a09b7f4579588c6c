"""Who sent a body: signatures over its bytes, by vendor.

Source: ClickUp, "Webhook signature"; Timely, "Webhooks": both sign the raw body with HMAC-SHA256,
and send the hex of that in ``X-Signature``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Hint:
    """What a body says of itself.

    Attributes:
        delivery: Tells deliveries apart; the same again is a repeat. ``None`` if nothing does.
        sent_at: When it happened, UTC, if it says.
        event: Kind of event, if it says.
    """

    delivery: str | None = None
    sent_at: datetime | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a vendor signs.

    Attributes:
        header: Lower-case name of the header with the signature.
        algorithm: Of the HMAC.
        refusal: Status for those who are not let in; ClickUp takes 401 and 410 for a farewell.
        hint: Reads a body that is decoded.
    """

    header: str = "x-signature"
    algorithm: str = "sha256"
    refusal: int = 401
    hint: Callable[[Mapping[str, Any]], Hint] = lambda content: Hint(_whole(content))

    def accepts(self, body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Tell whether a body is signed with a secret; takes the same time if it is not."""
        given = headers.get(self.header, "").strip().removeprefix(f"{self.algorithm}=").lower()
        wanted = hmac.new(secret.encode(), body, self.algorithm).hexdigest()
        return hmac.compare_digest(given.encode(), wanted.encode())

    def read(self, body: bytes) -> Hint | None:
        """Return what a body says of itself; ``None`` if it is no JSON object."""
        try:
            content = json.loads(body)
        except ValueError:
            return None
        return self.hint(content) if isinstance(content, dict) else None


def _clickup(content: Mapping[str, Any]) -> Hint:
    """Read ClickUp's: the item of history is the delivery, its date when it happened."""
    items = content.get("history_items")
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    event = str(content.get("event") or "")
    parts = [content.get("webhook_id"), event, first.get("id")]
    delivery = "/".join(str(part) for part in parts) if first.get("id") else _whole(content)
    return Hint(delivery, _instant(first.get("date")), event or None)


def _timely(content: Mapping[str, Any]) -> Hint:
    """Read Timely's: thin bodies say nothing that tells two changes of one entry apart.

    Whole ones have a stamp, but in seconds, within which an entry may change twice: so only what is
    the same in all its parts is a repeat.
    """
    payload = content.get("payload")
    entity = payload if isinstance(payload, dict) else {}
    event = content.get("event_type") or content.get("event")
    delivery = _whole(content) if entity.get("updated_at") else None
    return Hint(delivery, None, str(event) if event else None)


def _whole(content: Mapping[str, Any]) -> str:
    """Tell deliveries apart by all that they hold."""
    return fingerprint(json.dumps(content, sort_keys=True).encode())


def _instant(milliseconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


SCHEMES: Final[Mapping[str, Scheme]] = {
    "clickup": Scheme(refusal=403, hint=_clickup),
    "timely": Scheme(hint=_timely),
    "github": Scheme(header="x-hub-signature-256"),
    "hmac-sha256": Scheme(),
}
"""By name; the last one suits whoever signs as they do, and says no more."""


def fingerprint(body: bytes) -> str:
    """Return a short text that stands for a body."""
    return hashlib.sha256(body).hexdigest()[:32]
