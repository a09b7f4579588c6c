"""Tokens that end: fetched when they are needed, renewed in good time, never twice at once."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from requests.auth import HTTPBasicAuth

from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http.client import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import requests

    from singer_tapkit.clock import Clock
    from singer_tapkit.http.client import Client
    from singer_tapkit.http.limits import Limiter
    from singer_tapkit.http.verdicts import Rule
    from singer_tapkit.types import Json

logger = logging.getLogger(__name__)

_RENEW_BEFORE_END: Final = timedelta(minutes=5)
_SHARE_OF_LIFE: Final = 10
"""A token that lives shortly is renewed when a tenth of its life is left."""


class Granted(NamedTuple):
    """A token that was just issued.

    Attributes:
        value: The token.
        life: How long it is good for; ``None`` if the issuer did not say.
    """

    value: str
    life: timedelta | None = None


class Token(Protocol):
    """Owns the only copy of a token."""

    def value(self) -> str:
        """Return the token, fresh enough to be used now."""
        ...

    def renew(self) -> bool:
        """Obtain another one after a refusal; false if this kind cannot be renewed."""
        ...


class FixedToken:
    """A token that only the user can replace."""

    def __init__(self, token: str) -> None:
        self._token = token

    def value(self) -> str:
        """Return the token."""
        return self._token

    def renew(self) -> bool:
        """Tell that it cannot be renewed."""
        return False


class RenewedToken:
    """A token that is fetched before its first use, before it ends, and after a refusal.

    Args:
        fetch: Obtains one; raises :class:`RunAbortedError` if that is refused.
        clock: Measures the token's life.
    """

    def __init__(self, fetch: Callable[[], Granted], *, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: str | None = None
        self._renew_at: datetime | None = None
        self._lock = RLock()

    def value(self) -> str:
        """Return a token that is not about to end.

        Raises:
            RunAbortedError: If none is issued.
        """
        with self._lock:
            ending = self._renew_at is not None and self._clock.now() >= self._renew_at
            if self._token is None or ending:
                self.renew()
            return self._token or ""

    def renew(self) -> bool:
        """Obtain a fresh token.

        Raises:
            RunAbortedError: If none is issued.
        """
        with self._lock:
            granted = self._fetch()
            self._token = granted.value
            self._renew_at = None
            if granted.life is not None:
                spare = min(_RENEW_BEFORE_END, granted.life / _SHARE_OF_LIFE)
                self._renew_at = self._clock.now() + granted.life - spare
            return True


class BearerCredential:
    """Puts a token on each request.

    Args:
        token: Owns the secret.
    """

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token."""
        request.headers["Authorization"] = f"Bearer {self._token.value()}"
        return request

    def renew(self) -> bool:
        """Obtain a fresh token, if this kind can be renewed."""
        return self._token.renew()


class BasicCredential:
    """Puts a user name and a password on each request.

    Args:
        username: Or an API key, for APIs that take it as one.
        password: May be any text for those.
    """

    def __init__(self, username: str, password: str) -> None:
        self._basic = HTTPBasicAuth(username.encode(), password.encode())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add both."""
        self._basic(request)
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace them."""
        return False


class TokenEndpoint:
    """Where an OAuth2 server issues tokens.

    A refresh token that it replaces is used from then on, and the user is told.

    Args:
        url: Address of the endpoint.
        client: Sends the requests.
        limiter: Their budget.
        refused: Rows of the verdict table: what a refusal means and which settings to check.
        issuer: Who issues the tokens, for log lines.

    Source: RFC 6749, sections 4.4, 5 and 6.
    """

    def __init__(
        self, url: str, *, client: Client, limiter: Limiter, refused: Sequence[Rule], issuer: str
    ) -> None:
        self._url = url
        self._client = client
        self._limiter = limiter
        self._refused = refused
        self._issuer = issuer
        self._rotated: str | None = None

    def grant(self, form: Mapping[str, str]) -> Granted:
        """Ask for a token.

        Args:
            form: Fields of the request, ``grant_type`` among them.

        Raises:
            RunAbortedError: If it is refused.
        """
        if self._rotated is not None:
            form = {**form, "refresh_token": self._rotated}
        call = Call("POST", self._url, form=form, rules=self._refused)
        answer = self._client.send(call, self._limiter)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            msg = f"{call}: the answer holds no access_token. Check the address"
            raise RunAbortedError(msg)
        rotated = answer.get("refresh_token")
        if "refresh_token" in form and isinstance(rotated, str):
            self._rotate(form["refresh_token"], rotated)
        return Granted(token, life_of(answer.get("expires_in")))

    def _rotate(self, used: str, rotated: str) -> None:
        if rotated and rotated != used:
            self._rotated = rotated
            logger.warning(
                "%s has replaced the refresh token. The configured one may stop working; "
                "authorize the app again when a later run is refused",
                self._issuer,
            )


def life_of(seconds: Json) -> timedelta | None:
    """Read how long a token lives, from a number or a text; ``None`` if it does not say."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | str):
        return None
    try:
        return timedelta(seconds=float(seconds))
    except (ValueError, OverflowError):
        return None
