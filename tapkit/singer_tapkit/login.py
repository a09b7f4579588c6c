"""``tap-X login``: people say yes in a browser, and the tap keeps what it gets for that."""

from __future__ import annotations

import json
import os
import webbrowser
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import click
from typing_extensions import override

from singer_tapkit.errors import RunAbortedError, StreamError
from singer_tapkit.http.oauth import Kept, StoredToken, TokenIssuer, new_secret, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_tapkit.clock import Clock
    from singer_tapkit.http.oauth import Provider, TokenStore
    from singer_tapkit.tap import Tap

_PORT: Final = 8585
_WAIT_SECONDS: Final = 300.0
_DONE: Final = "<!DOCTYPE html><title>Done</title><p>Done. You can close this page.</p>"
_FAILED: Final = "<!DOCTYPE html><title>Failed</title><p>That did not work; see the terminal.</p>"


@dataclass(frozen=True, slots=True)
class Login:
    """How people let a tap in.

    Attributes:
        provider: Whom they tell.
        store: Where the tokens go.
        user_agent: Sent with requests.
        clock: Source of time.
        command: What people type to do so.
    """

    provider: Provider
    store: TokenStore
    user_agent: str
    clock: Clock
    command: str

    @classmethod
    def to(cls, tap: type[Tap], provider: Provider, config: Mapping[str, Any]) -> Login:
        """Return the way into a tap, with its store of tokens.

        Args:
            tap: The tap.
            provider: Whom people tell.
            config: Its settings, perhaps without defaults.
        """
        store = open_store(config.get("token_store"), f"{tap.name}-{provider.client_id}")
        return cls(provider, store, tap.agent(config), tap.clock, f"{tap.name} login")

    def token(self, refresh_token: str | None) -> StoredToken:
        """Return the token that this way has led to, renewed as needed.

        Args:
            refresh_token: One to begin with, if the store has none.
        """
        issuer = TokenIssuer(self.provider, clock=self.clock, user_agent=self.user_agent)
        return StoredToken(
            issuer, self.store, configured=refresh_token, clock=self.clock, login=self.command
        )


def login_command(tap: type[Tap]) -> click.Command:
    """Return the command that lets a tap in."""

    @click.command(help=f"Let {tap.name} read your account: say yes in a browser, once.")
    @click.option(
        "--config",
        "path",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=f"Settings as JSON; else {_variable(tap, 'client_id')} and so on.",
    )
    @click.option("--port", default=_PORT, show_default=True, help="Where the browser comes back.")
    @click.option("--browser/--no-browser", default=True, help="Open the page, or only print it.")
    def login(path: Path | None, port: int, *, browser: bool) -> None:
        config = json.loads(path.read_text()) if path else _from_environment(tap)
        missing = [name for name in ("client_id",) if not config.get(name)]
        if missing:
            msg = f"Set {_variable(tap, missing[0])}, or {missing[0]} in --config"
            raise click.UsageError(msg)
        try:
            _log_in(tap, tap.login_with(config), port, browser=browser)
        except (StreamError, RunAbortedError) as error:
            raise click.ClickException(str(error)) from None

    return login


def _log_in(tap: type[Tap], way: Login, port: int, *, browser: bool) -> None:
    redirect_uri = f"http://127.0.0.1:{port}/callback"
    state, verifier = new_secret(), new_secret()
    address = way.provider.address(redirect_uri, state, verifier)
    try:
        server = _CallbackServer(("127.0.0.1", port), _Callback)
    except OSError as error:
        msg = f"Cannot listen on port {port}: {error.strerror}. Choose another --port"
        raise click.ClickException(msg) from None
    with server:
        server.timeout = _WAIT_SECONDS
        click.echo(f"The app has to allow the address {redirect_uri}. Open:\n\n{address}\n")
        if browser:
            webbrowser.open(address)
        while server.query is None:
            server.handle_request()
    found = {name: values[0] for name, values in (server.query or {}).items()}
    if found.get("state") != state:
        msg = "Nobody came back from the page in time, or with another page's answer. Try again"
        raise click.ClickException(msg)
    if "code" not in found:
        msg = f"{way.provider.issuer} said no: {found.get('error', 'without a reason')}"
        raise click.ClickException(msg)
    issuer = TokenIssuer(way.provider, clock=way.clock, user_agent=way.user_agent)
    kept = issuer.redeem(found["code"], redirect_uri, verifier)
    with way.store.locked():
        way.store.write(kept)
    _tell(tap, way, kept, found.get("scope", ""))


def _tell(tap: type[Tap], way: Login, kept: Kept, accepted: str) -> None:
    granted = set((kept.scope or accepted).replace(",", " ").split())
    lacking = [scope for scope in way.provider.scopes if granted and scope not in granted]
    click.echo(f"Done. The tokens are in {way.store.place}; {tap.name} renews them there.")
    click.echo(
        f"Its settings need client_id and client_secret only: {_variable(tap, 'client_id')},"
    )
    click.echo(f"{_variable(tap, 'client_secret')}. On another machine set token_store, too.")
    if lacking:
        click.echo(f"Not granted: {', '.join(lacking)}. Streams that need it will be unavailable.")


class _CallbackServer(HTTPServer):
    """Waits for the browser to come back."""

    query: Mapping[str, list[str]] | None = None

    @override
    def handle_timeout(self) -> None:
        self.query = {}


class _Callback(BaseHTTPRequestHandler):
    server: _CallbackServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/callback":
            self.send_error(404)
            return
        self.server.query = parse_qs(parts.query)
        page = _DONE if "code" in self.server.query else _FAILED
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    @override
    def log_message(self, *_arguments: Any) -> None:
        """Say nothing: the address has the code in it."""


def _from_environment(tap: type[Tap]) -> dict[str, str]:
    prefix = _variable(tap, "")
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in os.environ.items()
        if name.startswith(prefix)
    }


def _variable(tap: type[Tap], setting: str) -> str:
    return f"{tap.name.upper().replace('-', '_')}_{setting.upper()}"
