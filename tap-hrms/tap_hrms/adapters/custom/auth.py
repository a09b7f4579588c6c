"""How a REST API of the customer's own is logged in to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from requests.cookies import RequestsCookieJar, get_cookie_header
from singer_tapkit.errors import RunAbortedError, StreamFailedError
from singer_tapkit.http import Action, Call, Client, Limiter, Rule, Verdict
from singer_tapkit.http.client import NoCredential
from singer_tapkit.http.tokens import (
    BasicCredential,
    BearerCredential,
    FixedToken,
    Granted,
    RenewedToken,
    life_of,
)
from singer_tapkit.overlap import Memo

from tap_hrms.adapters.custom.paths import finder

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests
    from singer_tapkit.http import Credential
    from singer_tapkit.types import Json

    from tap_hrms.adapters.base import Surroundings

_REFUSED: Final = Rule(
    {400, 401, 403, 404},
    Verdict(Action.REAUTHENTICATE, "the login was refused", "Check custom.auth"),
)


def credential_of(  # noqa: PLR0911 - one per kind
    auth: Mapping[str, Any], base_url: str, around: Surroundings
) -> Credential:
    """Make the credential that the setting ``auth`` describes."""
    match auth.get("kind", "none"):
        case "api_key_header":
            return HeaderKey(str(auth["name"]), f"{auth.get('prefix', '')}{auth['value']}")
        case "api_key_query":
            return QueryKey(str(auth["name"]), str(auth["value"]))
        case "bearer":
            return BearerCredential(FixedToken(str(auth["token"])))
        case "basic":
            return BasicCredential(str(auth["username"]), str(auth["password"]))
        case "oauth2_client_credentials":
            return BearerCredential(
                RenewedToken(ClientCredentials(auth, around).fetch, clock=around.clock)
            )
        case "session_login":
            return SessionLogin(auth, base_url, around)
        case _:
            return NoCredential()


class HeaderKey:
    """A key in a header."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers[self._name] = self._value
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class QueryKey:
    """A key in the address."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the parameter."""
        request.prepare_url(request.url, {self._name: self._value})
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class ClientCredentials:
    """An OAuth2 token for the program itself.

    Source: RFC 6749, section 4.4.
    """

    def __init__(self, auth: Mapping[str, Any], around: Surroundings) -> None:
        self._auth = auth
        in_header = auth.get("auth_style", "header") == "header"
        login = BasicCredential(str(auth["client_id"]), str(auth["client_secret"]))
        self._client, self._limiter = _login_client(around, login if in_header else None)
        self._form = {
            "grant_type": "client_credentials",
            **{name: str(auth[name]) for name in ("scope", "audience") if auth.get(name)},
        }
        if not in_header:
            self._form |= {
                "client_id": str(auth["client_id"]),
                "client_secret": str(auth["client_secret"]),
            }
        self._token = finder(auth.get("token_path") or "$.access_token")
        self._expires = finder(auth.get("expires_path") or "$.expires_in")

    def fetch(self) -> Granted:
        """Ask for a token.

        Raises:
            RunAbortedError: If it is refused.
        """
        call = Call("POST", str(self._auth["token_url"]), form=self._form, rules=[_REFUSED])
        answer = self._client.send(call, self._limiter)
        token = self._token(answer)
        if not isinstance(token, str) or not token:
            msg = f"{call}: the answer holds no token. Check custom.auth.token_path"
            raise RunAbortedError(msg)
        life = life_of(self._expires(answer))
        leeway = timedelta(seconds=float(self._auth.get("leeway_s", 60)))
        return Granted(token, life - leeway if life and life > leeway else life)


class SessionLogin:
    """A session: logged in to before the first request, and again once it has ended.

    Requests that find it ended at the same time share one login. A login that is refused stops
    the run: it is never tried twice.

    Args:
        auth: ``login``, and ``username`` and ``password`` to fill it with.
        base_url: Address that the path of the login is below.
        around: Clock and user agent.
    """

    def __init__(self, auth: Mapping[str, Any], base_url: str, around: Surroundings) -> None:
        self._login: Mapping[str, Any] = auth["login"]
        given = {**auth, **self._login}
        self._secrets = {name: str(given.get(name, "")) for name in ("username", "password")}
        self._url = base_url.rstrip("/") + str(self._login["path"])
        self._client, self._limiter = _login_client(around, None)
        path = self._login.get("token_path")
        self._find = finder(path) if path else None
        self._token: str | None = None
        self._cookies: RequestsCookieJar | None = None
        self._once = Memo()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add token and cookies of the session; begin one if there is none."""
        self._once.get("first", self.renew)
        if self._token is not None:
            how = self._login.get("send_as") or {}
            layout = str(how.get("format", "Bearer {token}"))
            header = str(how.get("header", "Authorization"))
            request.headers[header] = layout.replace("{token}", self._token)
        if self._cookies is not None:
            cookies = get_cookie_header(self._cookies, request)  # type: ignore[no-untyped-call]
            if cookies:
                request.headers["Cookie"] = cookies
        return request

    def renew(self) -> bool:
        """Log in.

        Raises:
            RunAbortedError: If that is refused.
        """
        body = self._filled(self._login.get("json")) if self._login.get("json") else None
        form = self._filled(self._login.get("form")) if self._login.get("form") else None
        method = str(self._login.get("method", "POST"))
        call = Call(method, self._url, body=body, form=form, rules=[_REFUSED], wrap="answer")
        try:
            answer = self._client.send(call, self._limiter)
        except StreamFailedError as error:
            msg = f"no login: {error}"
            raise RunAbortedError(msg) from None
        if self._find:
            token = self._find(answer)
            if not isinstance(token, str | int) or not token:
                msg = f"{call}: the answer holds no token. Check custom.auth.login.token_path"
                raise RunAbortedError(msg)
            self._token = str(token)
        if self._login.get("use_cookies"):
            self._cookies = self._client.cookies()
        return True

    def _filled(self, value: Any) -> Any:  # noqa: ANN401 - decoded JSON
        """Put user name and password into the body of the login."""
        if isinstance(value, dict):
            return {name: self._filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        if isinstance(value, str):
            for name, secret in self._secrets.items():
                value = value.replace(f"{{{name}}}", secret)
        return value


class _LoginClient(Client):
    """Sends logins, and keeps the cookies that come of them."""

    def cookies(self) -> RequestsCookieJar:
        """Return a copy of the cookies."""
        return self._session.cookies.copy()


def _login_client(
    around: Surroundings, credential: Credential | None
) -> tuple[_LoginClient, Limiter]:
    headers = {"User-Agent": around.user_agent, "Accept": "application/json"}
    client = _LoginClient(clock=around.clock, credential=credential, headers=headers)
    second = timedelta(seconds=1)
    return client, Limiter(5, second, clock=around.clock, sleep=client.sleep)


def expiry(auth: Mapping[str, Any]) -> tuple[set[int], list[tuple[Any, Json]]]:
    """Return which answers say that a session has ended: statuses, and values in bodies."""
    given = auth.get("relogin_on")
    marks = [401] if given is None else given
    statuses = {mark for mark in marks if isinstance(mark, int)}
    bodies = [
        (finder(str(mark["path"])), mark["equals"]) for mark in marks if isinstance(mark, dict)
    ]
    return statuses, bodies
