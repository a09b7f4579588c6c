"""Who is asking: a personal access token, or an OAuth2 app with a refresh token.

Source: Harvest API v2, "Authentication".
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http import Action, Call, Client, Limiter, Rule, Verdict
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Json

logger = logging.getLogger(__name__)

_IDENTITY_LIMIT: Final = 20
_IDENTITY_PERIOD: Final = timedelta(seconds=15)
_RENEW_BEFORE_END: Final = timedelta(minutes=5)
_REFUSED_APP: Final = Rule(
    {400, 401, 403},
    Verdict(
        Action.REAUTHENTICATE,
        "Harvest refused to renew the access token",
        "Check client_id, client_secret and refresh_token",
    ),
)
_REFUSED_TOKEN: Final = Rule(
    {401, 403},
    Verdict(
        Action.REAUTHENTICATE,
        "Harvest refused the access token",
        "Check access_token: it is shown once, on the Developers page of Harvest ID",
    ),
)


class PersonalToken:
    """A personal access token; it does not expire and cannot be renewed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def value(self) -> str:
        """Return the token."""
        return self._token

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class AppToken:
    """The access token of an OAuth2 app, renewed before it ends and once after a refusal.

    Args:
        app: ``client_id``, ``client_secret`` and ``refresh_token``.
        identity: Client for the identity host.
        limiter: Its budget.
        url: Address of the token endpoint.
        clock: Measures the token's life.
    """

    def __init__(
        self, app: Mapping[str, str], *, identity: Client, limiter: Limiter, url: str, clock: Clock
    ) -> None:
        self._app = dict(app)
        self._identity = identity
        self._limiter = limiter
        self._url = url
        self._clock = clock
        self._token = ""
        self._renew_at: datetime | None = None
        self._lock = RLock()

    def value(self) -> str:
        """Return a token that is good for some minutes at least.

        Raises:
            RunAbortedError: If Harvest refuses to renew it.
        """
        with self._lock:
            if self._renew_at is None or self._clock.now() >= self._renew_at:
                self.renew()
            return self._token

    def renew(self) -> bool:
        """Exchange the refresh token for a fresh access token.

        Raises:
            RunAbortedError: If Harvest refuses.
        """
        with self._lock:
            return self._exchange()

    def _exchange(self) -> bool:
        form = {**self._app, "grant_type": "refresh_token"}
        call = Call("POST", self._url, form=form, rules=(_REFUSED_APP,))
        answer = self._identity.send(call, self._limiter)
        token, life_seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(life_seconds, int):
            msg = f"{call}: the answer holds no access_token and expires_in. Check identity_url"
            raise RunAbortedError(msg)
        self._token = token
        self._renew_at = self._clock.now() + timedelta(seconds=life_seconds) - _RENEW_BEFORE_END
        rotated = answer.get("refresh_token")
        if isinstance(rotated, str) and rotated != self._app["refresh_token"]:
            self._app["refresh_token"] = rotated
            logger.warning(
                "Harvest has replaced the refresh token. The configured one may stop working; "
                "authorize the app again when a later run is refused"
            )
        return True


class TokenCredential:
    """Puts the token on each request.

    Args:
        token: Owns the secret.
    """

    def __init__(self, token: PersonalToken | AppToken) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token."""
        request.headers["Authorization"] = f"Bearer {self._token.value()}"
        return request

    def renew(self) -> bool:
        """Obtain a fresh token, if this kind can be renewed."""
        return self._token.renew()


class AccountCredential(TokenCredential):
    """Puts the token and the account on each request.

    Args:
        token: Owns the secret.
        account_id: Returns the number of the Harvest account; called once, when it is needed.
    """

    def __init__(self, token: PersonalToken | AppToken, account_id: Callable[[], str]) -> None:
        super().__init__(token)
        self._find_account_id = account_id

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the two headers that Harvest requires beside the user agent."""
        request.headers["Harvest-Account-Id"] = self._account_id
        return super().__call__(request)

    @cached_property
    def _account_id(self) -> str:
        return self._find_account_id()


def connect(
    config: Mapping[str, Any], *, identity_url: str, user_agent: str, clock: Clock
) -> AccountCredential:
    """Make the credential that a config describes; sends no request yet.

    Args:
        config: The tap's settings.
        identity_url: Base address of Harvest ID.
        user_agent: Sent with each request.
        clock: Source of time.
    """
    identity = Client(clock=clock, headers={"User-Agent": user_agent})
    limiter = Limiter(_IDENTITY_LIMIT, _IDENTITY_PERIOD, clock=clock, sleep=identity.sleep)
    token: PersonalToken | AppToken
    if config.get("refresh_token"):
        app = {name: config[name] for name in ("client_id", "client_secret", "refresh_token")}
        url = f"{identity_url}/api/v2/oauth2/token"
        token = AppToken(app, identity=identity, limiter=limiter, url=url, clock=clock)
    else:
        token = PersonalToken(config["access_token"])

    def find_account_id() -> str:
        client = Client(
            clock=clock, credential=TokenCredential(token), headers={"User-Agent": user_agent}
        )
        url = f"{identity_url}/api/v2/accounts"
        answer = client.send(Call("GET", url, rules=(_REFUSED_TOKEN,)), limiter)
        ids = _harvest_accounts(answer.get("accounts"))
        if len(ids) == 1:
            return ids[0]
        found = f"opens the accounts {', '.join(ids)}" if ids else "opens none"
        msg = f"Set account_id to the number of a Harvest account: the token {found}"
        raise RunAbortedError(msg)

    configured = config.get("account_id")
    return AccountCredential(token, lambda: str(configured) if configured else find_account_id())


def _harvest_accounts(accounts: Json) -> list[str]:
    """Return the ids of Harvest accounts; a token also opens accounts of Forecast."""
    if not isinstance(accounts, list):
        return []
    return [
        str(account["id"])
        for account in accounts
        if isinstance(account, dict) and account.get("product") == "harvest" and "id" in account
    ]
