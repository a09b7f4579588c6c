"""A client of one JSON API with one budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.http.client import Call, Client
from singer_tapkit.http.limits import Limiter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from singer_tapkit.clock import Clock
    from singer_tapkit.http.client import Credential
    from singer_tapkit.http.verdicts import Rule
    from singer_tapkit.types import Record


class ApiClient(Client):
    """Reads an API below one address.

    Args:
        api_url: Base address.
        credential: Goes with each request.
        clock: Source of time.
        user_agent: Sent with each request.
        rules: What the vendor's refusals mean.
        concurrency: How many requests may be under way at a time.
        limit: Most requests per period.
        period: Of the budget.
    """

    def __init__(  # noqa: PLR0913 - one argument per aspect
        self,
        api_url: str,
        *,
        credential: Credential,
        clock: Clock,
        user_agent: str,
        rules: Sequence[Rule],
        limit: int,
        period: timedelta,
        concurrency: int = 1,
    ) -> None:
        super().__init__(
            clock=clock,
            credential=credential,
            headers={"User-Agent": user_agent},
            rules=rules,
            concurrency=concurrency,
        )
        self._api_url = api_url.rstrip("/")
        self.limiter = Limiter(limit, period, clock=clock, sleep=self.sleep)

    def get(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        rules: Sequence[Rule] = (),
        wrap: str | None = None,
    ) -> Record:
        """Read one answer.

        Args:
            path: Below the API address.
            params: Query parameters.
            rules: Rows of the verdict table that come first.
            wrap: Name to return an array under.
        """
        call = Call("GET", self._api_url + path, params, rules=rules, wrap=wrap)
        return self.send(call, self.limiter)

    def rows(self, path: str, answer: Record, name: str) -> list[Record]:
        """Return a list of objects out of an answer.

        Raises:
            StreamFailedError: If there is none of that name.
        """
        rows = answer.get(name)
        if not isinstance(rows, list):
            msg = f"GET {path}: the answer holds no list named {name}. Check api_url"
            raise StreamFailedError(msg)
        return [row for row in rows if isinstance(row, dict)]
