"""OAuth2 for people: refresh tokens that are replaced while they are used, kept outside of config.

A refresh token may be replaced at each use, and the former one then dies. So the new one is written
to the store before anything uses it, the last two are kept, and one process at a time refreshes.

Source: RFC 6749, section 6; RFC 7636; RFC 9700, section 4.14.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import secrets
import shlex
import stat
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode

from filelock import FileLock
from singer_sdk import typing as th

from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import ParentRefusedError, RunAbortedError
from singer_tapkit.http.client import Call, Client
from singer_tapkit.http.limits import Limiter
from singer_tapkit.http.tokens import BasicCredential, life_of
from singer_tapkit.http.verdicts import Action, Rule, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Record

logger = logging.getLogger(__name__)

_KEPT: Final = 2
"""How many refresh tokens are kept: the newest, and the one before it."""
_RENEW_BEFORE_END: Final = timedelta(minutes=5)
_WARN_BEFORE: Final = timedelta(days=14)
_LOCK_SECONDS: Final = 120.0
_COMMAND_SECONDS: Final = 60.0
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_REFUSED: Final = Rule({400, 401}, Verdict(Action.REFUSE_PARENT, "the refresh token is refused"))


class TokenStoreError(RunAbortedError):
    """Tokens cannot be read or kept; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store holds for one app and user.

    Attributes:
        refresh_tokens: The newest first, then the one before it.
        access_token: The one that was issued last.
        ends_at: When it ends, UTC, as state has it; empty if unknown.
        authorized_at: When the user said yes, as far as known; UTC.
        configured: Fingerprint of the refresh token in the settings when this was written.
        scope: What the user has granted, as far as the issuer says.
    """

    refresh_tokens: tuple[str, ...] = ()
    access_token: str = ""
    ends_at: str = ""
    authorized_at: str = ""
    configured: str = ""
    scope: str = ""


class TokenStore(Protocol):
    """Keeps tokens; safe for several processes."""

    @property
    def place(self) -> str:
        """Where they are, for people."""
        ...

    def locked(self) -> AbstractContextManager[object]:
        """Let one process at a time read and write."""
        ...

    def read(self) -> Kept:
        """Return what is kept; raises `TokenStoreError` if it cannot be read."""
        ...

    def write(self, kept: Kept) -> None:
        """Keep it, durably; raises `TokenStoreError` if that is not possible."""
        ...


class FileStore:
    """Tokens in a file that only its owner may read.

    Args:
        path: Of the file; made, with its folder, when something is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """The path."""
        return str(self._path)

    def locked(self) -> AbstractContextManager[object]:
        """Lock a file beside it."""
        return _lock(self._path)

    def read(self) -> Kept:
        """Read the file, if it is there and nobody else may read it."""
        try:
            with self._path.open() as file:
                mode = os.fstat(file.fileno()).st_mode
                if os.name == "posix" and mode & _OTHERS:
                    msg = f"{self._path}: others may read the tokens. Run: chmod 600 {self._path}"
                    raise TokenStoreError(msg)
                return _kept(file.read(), self.place)
        except FileNotFoundError:
            return Kept()
        except OSError as error:
            msg = f"{self._path}: the tokens cannot be read: {error.strerror}"
            raise TokenStoreError(msg) from None

    def write(self, kept: Kept) -> None:
        """Replace the file at once, so that a crash leaves the former or the new one."""
        unfinished = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                unfinished.unlink()
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(asdict(kept)))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        except OSError as error:
            msg = f"{self._path}: the tokens cannot be kept: {error.strerror}. Set token_store"
            raise TokenStoreError(msg) from None


class KeyringStore:
    """Tokens in the keyring of the operating system; needs the package ``keyring``.

    Args:
        service: Name of the entry.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    @property
    def place(self) -> str:
        """The name of the entry."""
        return f"keyring:{self._service}"

    def locked(self) -> AbstractContextManager[object]:
        """Lock a file of the entry's name."""
        return _lock(state_folder() / self._service)

    def read(self) -> Kept:
        """Read the entry."""
        return _kept(self._keyring().get_password(self._service, "tokens") or "", self.place)

    def write(self, kept: Kept) -> None:
        """Replace the entry."""
        self._keyring().set_password(self._service, "tokens", json.dumps(asdict(kept)))

    def _keyring(self) -> Any:  # noqa: ANN401 - a module that may not be there
        try:
            import keyring  # type: ignore[import-not-found]  # noqa: PLC0415
        except ImportError:
            msg = f"{self.place}: install the package keyring, or name a file in token_store"
            raise TokenStoreError(msg) from None
        return keyring


class CommandStore:
    """Tokens behind a command, as that of a secret manager.

    ``COMMAND read`` prints the text that is kept, or nothing; ``COMMAND write`` takes it from
    standard input. Both end with exit code 0.

    Args:
        command: As a shell would read it; no shell is used.
    """

    def __init__(self, command: str) -> None:
        self._command = shlex.split(command)

    @property
    def place(self) -> str:
        """The command's program."""
        return f"command:{self._command[0]}"

    def locked(self) -> AbstractContextManager[object]:
        """Lock a file of the command's name; other machines are not kept out."""
        name = hashlib.sha256(" ".join(self._command).encode()).hexdigest()[:16]
        return _lock(state_folder() / f"command-{name}")

    def read(self) -> Kept:
        """Ask the command."""
        return _kept(self._run("read"), self.place)

    def write(self, kept: Kept) -> None:
        """Hand it to the command."""
        self._run("write", json.dumps(asdict(kept)))

    def _run(self, what: str, text: str | None = None) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                [*self._command, what],
                input=text,
                capture_output=True,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            msg = f"{self.place} {what}: {type(error).__name__}. Run it by hand to see why"
            raise TokenStoreError(msg) from None
        return done.stdout


@dataclass(frozen=True, slots=True)
class Provider:
    """An OAuth2 server, and an app that it knows.

    Attributes:
        issuer: Who it is, for people.
        authorize_url: Where people say yes.
        token_url: Where tokens are issued.
        client_id: Of the app.
        client_secret: Of the app; apps with PKCE may have none.
        scopes: What to ask for.
        scope_separator: Between them.
        basic: Whether the app shows who it is by HTTP Basic, and not in the form.
        authorization_life: How long a refresh token lives after people said yes, if it ends.
        extra: Further parameters of the page where people say yes.
    """

    issuer: str
    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str | None
    scopes: tuple[str, ...]
    scope_separator: str = " "
    basic: bool = False
    authorization_life: timedelta | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    def address(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Return the page where people say yes."""
        digest = hashlib.sha256(verifier.encode()).digest()
        parameters = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": self.scope_separator.join(self.scopes),
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            **self.extra,
        }
        return f"{self.authorize_url}?{urlencode(parameters)}"


class TokenIssuer:
    """Asks a provider for tokens.

    Args:
        provider: Whom to ask.
        clock: Source of time.
        user_agent: Sent with each request.
    """

    def __init__(self, provider: Provider, *, clock: Clock, user_agent: str) -> None:
        self.provider = provider
        self._clock = clock
        basic = provider.basic and provider.client_secret
        self._client = Client(
            clock=clock,
            credential=BasicCredential(provider.client_id, str(basic)) if basic else None,
            headers={"User-Agent": user_agent},
        )
        self._limiter = Limiter(60, timedelta(minutes=1), clock=clock, sleep=self._client.sleep)

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> Kept:
        """Exchange the code that people brought back from the provider.

        Raises:
            ParentRefusedError: If it is refused.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        kept = self._issued(self._ask(form), Kept())
        return replace(kept, authorized_at=canonical(self._clock.now()))

    def refresh(self, token: str, before: Kept) -> Kept:
        """Use a refresh token.

        Raises:
            ParentRefusedError: If it is refused.
        """
        used = replace(before, refresh_tokens=(token,))
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._issued(self._ask(form), used)

    def _ask(self, form: Mapping[str, str]) -> Record:
        provider = self.provider
        if not (provider.basic and provider.client_secret):
            form = {**form, "client_id": provider.client_id}
            if provider.client_secret:
                form = {**form, "client_secret": provider.client_secret}
        call = Call("POST", provider.token_url, form=form, rules=(_REFUSED,))
        return self._client.send(call, self._limiter)

    def _issued(self, answer: Record, before: Kept) -> Kept:
        access = answer.get("access_token")
        if not isinstance(access, str) or not access:
            msg = f"{self.provider.issuer} answered without an access_token. Check the address"
            raise RunAbortedError(msg)
        new = answer.get("refresh_token")  # absent: the one that was used goes on
        tokens = [new] if isinstance(new, str) and new else []
        tokens += [token for token in before.refresh_tokens if token not in tokens]
        life = life_of(answer.get("expires_in"))
        return replace(
            before,
            refresh_tokens=tuple(tokens[:_KEPT]),
            access_token=access,
            ends_at=canonical(self._clock.now() + life) if life else "",
            scope=str(answer.get("scope") or before.scope),
        )


class StoredToken:
    """An access token that is renewed with what a store keeps.

    Args:
        issuer: Issues tokens.
        store: Keeps them.
        configured: Refresh token in the settings, to begin with; a newer one in the store counts
            more.
        clock: Measures lives.
        login: Command that lets people say yes again.
    """

    def __init__(
        self,
        issuer: TokenIssuer,
        store: TokenStore,
        *,
        configured: str | None,
        clock: Clock,
        login: str,
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._configured = configured
        self._clock = clock
        self._login = login
        self._lock = RLock()
        self._kept: Kept | None = None

    @property
    def scope(self) -> str:
        """What people have granted, as far as the issuer says; once a token was issued."""
        return self._kept.scope if self._kept else ""

    def value(self) -> str:
        """Return a token that is not about to end.

        Raises:
            RunAbortedError: If none is issued.
        """
        with self._lock:
            if self._kept is None or self._is_ending(self._kept):
                self.renew()
            return self._kept.access_token if self._kept else ""

    def renew(self) -> bool:
        """Obtain a fresh token, unless another process has.

        Raises:
            RunAbortedError: If none is issued.
        """
        with self._lock, self._store.locked():
            kept = self._store.read()
            refused = self._kept.access_token if self._kept else ""
            fresh = kept.access_token and kept.access_token != refused
            if not fresh or self._is_ending(kept) or self._is_newly_configured(kept):
                kept = self._refreshed(kept)
                self._store.write(kept)  # before anything uses it
            self._kept = kept
            self._warn(kept)
            return True

    def _refreshed(self, kept: Kept) -> Kept:
        issuer = self._issuer.provider.issuer
        for token in self._candidates(kept):
            with suppress(ParentRefusedError):
                found = self._issuer.refresh(token, kept)
                known = "" if self._is_newly_configured(kept) else kept.authorized_at
                return replace(
                    found,
                    configured=_fingerprint(self._configured),
                    authorized_at=known or canonical(self._clock.now()),
                )
        msg = (
            f"{issuer} refuses every refresh token that is known. Authorize the app again: "
            f"{self._login}"
        )
        raise RunAbortedError(msg)

    def _candidates(self, kept: Kept) -> Sequence[str]:
        """Return what to try: what was configured since, what is kept, what is configured."""
        own = [self._configured] if self._configured else []
        if self._is_newly_configured(kept):
            return list(dict.fromkeys([*own, *kept.refresh_tokens]))
        return list(dict.fromkeys([*kept.refresh_tokens, *own]))

    def _is_newly_configured(self, kept: Kept) -> bool:
        return bool(self._configured) and kept.configured not in (
            "",
            _fingerprint(self._configured),
        )

    def _is_ending(self, kept: Kept) -> bool:
        if not kept.ends_at:
            return False
        return datetime.fromisoformat(kept.ends_at) - self._clock.now() <= _RENEW_BEFORE_END

    def _warn(self, kept: Kept) -> None:
        life = self._issuer.provider.authorization_life
        if life and kept.authorized_at:
            ends = datetime.fromisoformat(kept.authorized_at) + life
            if ends - self._clock.now() <= _WARN_BEFORE:
                logger.warning(
                    "%s ends this authorization about %s. Authorize the app again: %s",
                    self._issuer.provider.issuer,
                    ends.date(),
                    self._login,
                )


def oauth_settings() -> Sequence[th.Property[Any]]:
    """Return the settings of a tap whose user says yes in a browser."""
    return (
        th.Property(
            "client_id",
            th.StringType,
            required=True,
            title="Client id",
            description="Of your app.",
        ),
        th.Property(
            "client_secret",
            th.StringType,
            secret=True,
            title="Client secret",
            description="Of your app.",
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="Refresh token",
            description="To begin with, where `login` was not run here. As soon as it is replaced, "
            "what is in token_store counts more.",
        ),
        th.Property(
            "token_store",
            th.StringType,
            title="Token store",
            description="Where tokens are kept between runs: a path, keyring:NAME, or "
            "command:PROGRAM, which is called with read or write. A file of yours, in "
            "~/.local/state/worktaps, if absent.",
        ),
    )


def open_store(text: str | None, name: str) -> TokenStore:
    """Return the store that the setting ``token_store`` names.

    Args:
        text: A path, ``keyring:NAME`` or ``command:PROGRAM ARGUMENTS``; a file of the user's if
            absent.
        name: Of the default file, without suffix.
    """
    kind, _, rest = (text or "").partition(":")
    if kind == "keyring":
        return KeyringStore(rest)
    if kind == "command":
        return CommandStore(rest)
    return FileStore(Path(text).expanduser() if text else state_folder() / f"{name}.json")


def state_folder() -> Path:
    """Return where programs of this user keep state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "worktaps"


def new_secret() -> str:
    """Return a text that nobody can guess, as a PKCE verifier or a state."""
    return secrets.token_urlsafe(48)


def _lock(path: Path) -> AbstractContextManager[object]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=_LOCK_SECONDS, mode=0o600)


def _fingerprint(token: str | None) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16] if token else ""


def _kept(text: str, place: str) -> Kept:
    if not text.strip():
        return Kept()
    try:
        content = json.loads(text)
        return Kept(**{**content, "refresh_tokens": tuple(content["refresh_tokens"])})
    except (ValueError, TypeError, KeyError):
        msg = f"{place}: no tokens that this tap has written. Remove it, and authorize again"
        raise TokenStoreError(msg) from None
