"""Strava's API: what its errors mean, and its two budgets.

Source: Strava API v3, "Rate limits" and "Authentication", 2026.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.api import ApiClient
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests
    from singer_tapkit.http import Answer, Call, Limiter
    from singer_tapkit.types import Record

_QUARTER: Final = 900
_SPARE_SECONDS: Final = 3.0
"""Waited longer than the quarter of an hour lasts, should the clocks differ."""
_BUDGETS: Final = ("ReadRateLimit", "RateLimit")
_AGAIN: Final = "Run `tap-strava login`"

RULES: Final[Sequence[Rule]] = (
    Rule(
        {401, 403},
        Verdict(Action.UNAVAILABLE, "a scope is missing", f"{_AGAIN}, and leave all boxes ticked"),
        codes=("missing",),
    ),
    Rule(
        {403},
        Verdict(
            Action.REAUTHENTICATE,
            "the app is inactive",
            "Its owner needs a Strava subscription; see strava.com/settings/api",
        ),
        codes=("Inactive",),
    ),
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Strava refused the token", _AGAIN)),
    Rule(
        {402, 403},
        Verdict(Action.UNAVAILABLE, "Strava shows this to subscribers only", "Deselect the stream"),
    ),
    Rule({404}, Verdict(Action.EMPTY_PARENT, "there is none, or it is not visible")),
)


class StravaClient(ApiClient):
    """Reads one athlete's account.

    When the requests of a quarter of an hour are spent, it waits for the next one. When those of
    the day are, nothing is asked any more: each stream ends where it is, and the next run goes on.
    """

    code_field: ClassVar[str] = "code"
    _day_is_spent = False

    @override
    def send(self, call: Call, limiter: Limiter) -> Record:
        if self._day_is_spent:
            msg = (
                "Strava's daily limit is spent. Nothing is lost: run again after midnight UTC, and "
                "it goes on from here"
            )
            raise StreamFailedError(msg)
        return super().send(call, limiter)

    @override
    def code_of(self, body: Mapping[str, Any]) -> str | None:
        errors = body.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else {}
        return super().code_of(first) if isinstance(first, dict) else None

    @override
    def heed(self, response: requests.Response) -> None:
        for budget in _BUDGETS:
            limits = _pair(response.headers.get(f"X-{budget}-Limit"))
            used = _pair(response.headers.get(f"X-{budget}-Usage"))
            if limits and used:
                self._day_is_spent |= used[1] >= limits[1]
                if used[0] >= limits[0]:
                    self.limiter.pause(self._until_next_quarter())

    @override
    def verdict(self, call: Call, answer: Answer) -> Verdict:
        found = super().verdict(call, answer)
        if answer.head.status_code == HTTPStatus.TOO_MANY_REQUESTS and self._day_is_spent:
            return Verdict(
                Action.FAIL,
                "the daily limit is spent",
                "Nothing is lost: run again after midnight UTC",
            )
        return found

    @override
    def wait_asked(self, response: requests.Response) -> float | None:
        """Wait for the next quarter of an hour: Strava does not say how long."""
        asked = super().wait_asked(response)
        spent = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        return self._until_next_quarter() if asked is None and spent else asked

    def _until_next_quarter(self) -> float:
        now = self._clock.now().timestamp()
        return _QUARTER - now % _QUARTER + _SPARE_SECONDS


def _pair(text: str | None) -> tuple[int, int] | None:
    parts = (text or "").split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):  # noqa: PLR2004
        return None
    return int(parts[0]), int(parts[1])
