"""An OAuth2 server with refresh tokens that may be replaced at each use.

Source: RFC 6749 and RFC 7636; Strava, "Authentication"; Spotify, "Refreshing tokens".
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from singer_sandbox.vendors.base import refuse
from singer_sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.wire import Call, Row

CLIENT_ID: Final = "sandbox-client"
CLIENT_SECRET: Final = "sandbox-client-secret"  # noqa: S105 - a simulated one
REFRESH_TOKEN: Final = "sandbox-refresh-0"  # noqa: S105


class OAuthApp:
    """One app, authorized by one user.

    Args:
        clock: Ends tokens.
        scope: What is granted.
        refused: Body of the answer to a refresh token that is no good.
    """

    def __init__(self, clock: SandboxClock, scope: str, refused: Row) -> None:
        self._clock = clock
        self._scope = scope
        self._refused = refused
        self._codes: dict[str, tuple[str, str]] = {}
        self._access: dict[str, float] = {}
        self.refresh_token = REFRESH_TOKEN
        self._former: str | None = None
        self.refreshes = 0

    def authorize(self, call: Call) -> Answer:
        """Grant at once, and send the browser back."""
        query = call.query
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code":
            raise refuse(400, {"error": "invalid_client"})
        code = f"code-{len(self._codes) + 1}"
        self._codes[code] = (query["redirect_uri"], query.get("code_challenge", ""))
        back = urlencode({"code": code, "state": query.get("state", ""), "scope": self._scope})
        return Answer(302, headers={"Location": f"{query['redirect_uri']}?{back}"})

    def token(self, call: Call, *, seconds: int, rotate: bool, strict: bool = False) -> Row:
        """Issue an access token.

        Args:
            call: The request.
            seconds: How long it is good for.
            rotate: Whether the refresh token is replaced.
            strict: Whether the former one dies at once; otherwise, when a new one is used.
        """
        form = dict(parse_qsl(call.body.decode()))
        self._check_client(call, form)
        if form.get("grant_type") == "authorization_code":
            redirect, challenge = self._codes.pop(form.get("code", ""), ("", ""))
            if not redirect or form.get("redirect_uri", redirect) != redirect:
                raise refuse(400, self._refused)
            if challenge and challenge != _challenge(form.get("code_verifier", "")):
                raise refuse(400, self._refused)
            self._former = None
        elif form.get("refresh_token") == self.refresh_token:
            self._former = None
        elif self._former is None or form.get("refresh_token") != self._former:
            raise refuse(400, self._refused)
        self.refreshes += 1
        if rotate:
            self._former = None if strict else form.get("refresh_token")
            self.refresh_token = f"sandbox-refresh-{self.refreshes}"
        access = f"sandbox-access-{self.refreshes}"
        self._access[access] = self._clock.timestamp() + seconds
        return {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": seconds,
            "expires_at": int(self._access[access]),
            "refresh_token": self.refresh_token,
            "scope": self._scope,
        }

    def admits(self, call: Call) -> bool:
        """Tell whether a request has a token that is good now; its first use ends a former one."""
        if call.token == f"sandbox-access-{self.refreshes}":
            self._former = None
        return self._access.get(call.token or "", 0.0) > self._clock.timestamp()

    def revoke(self) -> None:
        """Let all access tokens end."""
        self._access.clear()

    def _check_client(self, call: Call, form: Mapping[str, str]) -> None:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        by_header = call.headers.get("authorization") == f"Basic {basic}"
        by_body = form.get("client_id") == CLIENT_ID and (
            form.get("client_secret") == CLIENT_SECRET or "client_secret" not in form
        )
        if not by_header and not by_body:
            raise refuse(400, {"error": "invalid_client"})


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
