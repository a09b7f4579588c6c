"""Timely's API: what its errors mean, and its two ways of paging.

Source: Timely API 1.1, "Errors"; its rate limits are not documented.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.api import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.types import Record

_AGAIN: Final = "Run `tap-timely login`"
PAGE: Final = 100
"""What Timely gives if nothing is asked for; it may cut larger pages without saying so."""

RULES: Final[Sequence[Rule]] = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Timely refused the token", _AGAIN)),
    Rule(
        {402, 403},
        Verdict(
            Action.UNAVAILABLE,
            "the user's role or the plan does not show this",
            "Let an administrator log in, or deselect the stream",
        ),
    ),
    Rule({404}, Verdict(Action.EMPTY_PARENT, "there is none, or it was deleted")),
)


class TimelyClient(ApiClient):
    """Reads one account.

    Attributes:
        wanted: Number of the account; the token's only one if ``None``.
    """

    wanted: str | None = None

    @cached_property
    def account(self) -> Record:
        """The account to read.

        Raises:
            RunAbortedError: If the token opens none, or several and none is set.
        """
        answer = self.get("/accounts", wrap="rows")
        found = {str(row["id"]): row for row in self.rows("/accounts", answer, "rows")}
        if self.wanted is None and len(found) == 1:
            return next(iter(found.values()))
        if self.wanted in found:
            return found[str(self.wanted)]
        msg = f"Set account_id to one that the token opens: {', '.join(found) or 'it opens none'}"
        raise RunAbortedError(msg)

    def pages(
        self, path: str, params: Mapping[str, str], *, by_offset: bool
    ) -> Iterator[list[Record]]:
        """Yield the pages of a list, until one of them is empty or brings nothing new.

        Args:
            path: Below the account.
            params: Query parameters.
            by_offset: Whether the list is paged by ``offset`` and ``limit``, or else by ``page``
                and ``per_page``.
        """
        seen: set[str] = set()
        place = f"/{self.account['id']}{path}"
        number = 0
        while True:
            at = (
                {"offset": str(len(seen)), "limit": str(PAGE)}
                if by_offset
                else {"page": str(number + 1), "per_page": str(PAGE)}
            )
            answer = self.get(place, {**params, **at}, wrap="rows")
            rows = [
                row for row in self.rows(place, answer, "rows") if str(row.get("id")) not in seen
            ]
            if not rows:
                return
            yield rows
            seen |= {str(row.get("id")) for row in rows}
            number += 1
