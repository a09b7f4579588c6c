"""One HTTP client per system."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.http import Call, Client, Limiter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_tapkit.http import Credential, RetryPolicy, Rule
    from singer_tapkit.types import Json

    from tap_hrms.adapters.base import Surroundings

_UNBOUNDED: Final = 10_000
"""Requests per second, for systems that publish no limit; what they answer with 429 is obeyed."""


class SystemClient(Client):
    """Reads from one base address.

    Args:
        base_url: Address that paths are below.
        around: Clock, concurrency, user agent.
        credential: Asked for each attempt.
        rules: The vendor's own rows of the verdict table.
        headers: Sent with each request.
        timeout_seconds: How long to wait for a connection, and for an answer.
        per_second: Most requests per second; no bound if absent.
        retry: Bounds of repeating.
    """

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        base_url: str,
        around: Surroundings,
        *,
        credential: Credential | None = None,
        rules: Sequence[Rule] = (),
        headers: Mapping[str, str] | None = None,
        timeout_seconds: tuple[float, float] = (30.0, 300.0),
        per_second: float | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(
            clock=around.clock,
            credential=credential,
            headers={
                "Accept": "application/json",
                "User-Agent": around.user_agent,
                **(headers or {}),
            },
            rules=rules,
            retry=retry,
            concurrency=around.concurrency,
            timeout_seconds=timeout_seconds,
        )
        self.base_url = base_url.rstrip("/")
        whole_seconds = 1 if per_second is None or per_second >= 1 else round(1 / per_second)
        self.limiter = Limiter(
            max(1, int(per_second)) if per_second else _UNBOUNDED,
            timedelta(seconds=whole_seconds),
            clock=around.clock,
            sleep=self.sleep,
        )

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        wrap: str | None = None,
        rows: str | None = None,
        rules: Sequence[Rule] = (),
    ) -> dict[str, Any]:
        """Read one answer.

        Args:
            path: Below the base address, or a whole address.
            params: Query parameters.
            wrap: Name to return an array under.
            rows: Name of a list whose rows are decoded late.
            rules: Rows of the verdict table that come first.
        """
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        return self.send(Call("GET", url, params, wrap=wrap, rows=rows, rules=rules), self.limiter)

    def post(
        self,
        path: str,
        body: Mapping[str, Json],
        params: Mapping[str, str] | None = None,
        *,
        wrap: str | None = None,
        rows: str | None = None,
    ) -> dict[str, Any]:
        """Ask a question that has a body."""
        call = Call("POST", self.base_url + path, params, body=body, wrap=wrap, rows=rows)
        return self.send(call, self.limiter)
