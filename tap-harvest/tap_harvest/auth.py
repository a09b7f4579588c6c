"""Who is asking: a personal access token, or an OAuth2 app with a refresh token.

Source: Harvest API v2, "Authentication".
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http import Action, Call, Client, Limiter, Rule, Verdict
from singer_tapkit.http.tokens import (
    BearerCredential,
    FixedToken,
    RenewedToken,
    Token,
    TokenEndpoint,
)
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Json

_IDENTITY_LIMIT: Final = 20
_IDENTITY_PERIOD: Final = timedelta(seconds=15)
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


class AccountCredential(BearerCredential):
    """Puts the token and the account on each request.

    Args:
        token: Owns the secret.
        account_id: Returns the number of the Harvest account; called once, when it is needed.
    """

    def __init__(self, token: Token, account_id: Callable[[], str]) -> None:
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
    token: Token
    if config.get("refresh_token"):
        app = {name: config[name] for name in ("client_id", "client_secret", "refresh_token")}
        endpoint = TokenEndpoint(
            f"{identity_url}/api/v2/oauth2/token",
            client=identity,
            limiter=limiter,
            refused=[_REFUSED_APP],
            issuer="Harvest",
        )
        form = {**app, "grant_type": "refresh_token"}
        token = RenewedToken(lambda: endpoint.grant(form), clock=clock)
    else:
        token = FixedToken(config["access_token"])

    def find_account_id() -> str:
        client = Client(
            clock=clock, credential=BearerCredential(token), headers={"User-Agent": user_agent}
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
