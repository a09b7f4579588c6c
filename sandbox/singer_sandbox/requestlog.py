"""What was asked, for tests to look at."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from singer_sandbox.wire import Call

_KEPT: Final = 100_000
_SECRET_PARAMETERS: Final = frozenset({"access_token"})


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request that reached a vendor, without secrets.

    Attributes:
        vendor: Whom it was for.
        method: Upper case.
        path: Below the vendor's mount.
        resource: The path without what all addresses of the vendor share.
        query: Decoded parameters; tokens among them are blanked.
        status: Of the answer; 0 if the connection was cut before one.
        at: When, on the sandbox clock.
        monotonic_seconds: When, on the machine's monotonic clock.
        header_names: Lower case, sorted.
        user_agent: Value of that header.
        token: Fingerprint of the bearer token: the start of its SHA-256.
    """

    vendor: str
    method: str
    path: str
    resource: str
    query: dict[str, str]
    status: int
    at: datetime
    monotonic_seconds: float
    header_names: tuple[str, ...]
    user_agent: str | None
    token: str | None


def fingerprint(token: str) -> str:
    """Return what stands for a token in the log."""
    return sha256(token.encode()).hexdigest()[:12]


class RequestLog:
    """The latest requests, and how many there were in all."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=_KEPT)
        self.count = 0

    def record(self, vendor: str, resource: str, call: Call, status: int, at: datetime) -> None:
        """Note a request that is about to be answered."""
        self.count += 1
        self._entries.append(
            LoggedRequest(
                vendor=vendor,
                method=call.method,
                path=call.path,
                resource=resource,
                query={
                    name: "..." if name in _SECRET_PARAMETERS else value
                    for name, value in call.query.items()
                },
                status=status,
                at=at,
                monotonic_seconds=time.monotonic(),
                header_names=tuple(sorted(call.headers)),
                user_agent=call.headers.get("user-agent"),
                token=fingerprint(call.token) if call.token else None,
            )
        )

    def entries(self) -> Sequence[LoggedRequest]:
        """Return what is kept, oldest first."""
        return tuple(self._entries)

    def clear(self, vendor: str | None = None) -> None:
        """Forget everything, or what one vendor was asked."""
        kept = [entry for entry in self._entries if vendor and entry.vendor != vendor]
        self._entries = deque(kept, maxlen=_KEPT)
        self.count = len(kept)
