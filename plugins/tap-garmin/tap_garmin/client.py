"""Garmin's Personal API: a key that is exchanged for tokens of a day.

Source: Garmin's own client of the Connect Personal API, October 2026.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from singer_tapkit.http import Action, Call, Client, Limiter, Rule, Verdict
from singer_tapkit.http.tokens import Granted
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Record

_PATH: Final = "/personalapitoken-service/personal-api/personal-api-key/token"
_REMEDY: Final = "Make a new key: Garmin Connect on the web > Settings > Personal API"

RULES: Final[Sequence[Rule]] = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Garmin refused the token", _REMEDY)),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the key does not open this data",
            "Deselect it, or make another key",
        ),
    ),
    Rule({404}, Verdict(Action.EMPTY_PARENT, "there is nothing")),
)
_KEY_REFUSED: Final = Rule(
    {400, 401, 403}, Verdict(Action.REAUTHENTICATE, "Garmin refused the API key", _REMEDY)
)


class KeyCredential:
    """Puts the API key on a request.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add it."""
        request.headers["Authorization"] = f"ApiKey {self._key}"
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class KeyExchange(Client):
    """Exchanges the key for a token; Garmin answers with the bare token, and not with JSON.

    Args:
        api_url: Base address.
        key: The API key.
        clock: Source of time.
        user_agent: Sent with each request.
    """

    def __init__(self, api_url: str, key: str, *, clock: Clock, user_agent: str) -> None:
        super().__init__(
            clock=clock, credential=KeyCredential(key), headers={"User-Agent": user_agent}
        )
        self._url = api_url.rstrip("/") + _PATH
        self._limiter = Limiter(10, timedelta(minutes=1), clock=clock, sleep=self.sleep)

    def fetch(self) -> Granted:
        """Obtain a token; raises `RunAbortedError` if the key is refused."""
        answer = self.send(Call("POST", self._url, rules=(_KEY_REFUSED,)), self._limiter)
        token = str(answer["token"])
        return Granted(token, self._life(token))

    @override
    def _attempt(self, call: Call, limiter: Limiter) -> Record:
        answer, verdict = self._exchange(call, limiter)
        if verdict.action is not Action.ACCEPT:
            self._refuse(call, limiter, answer, verdict)
        return {"token": answer.body.decode("ascii", "replace").strip()}

    def _life(self, token: str) -> timedelta | None:
        """Read out of a token when it ends; it is not ours to verify."""
        with suppress(ValueError, IndexError, KeyError, TypeError):
            part = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            return datetime.fromtimestamp(float(claims["exp"]), UTC) - self._clock.now()
        return None
