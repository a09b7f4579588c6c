"""A service with sessions: one at a time, renewed when it ends, ended when done.

Source: manuals of Ajera, Fujitsu, VMware and others on how sessions begin, show that they have
ended, and end.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout
from singer_tapkit.errors import ParentRefusedError, RunAbortedError, StreamFailedError
from singer_tapkit.http import Action, Call, Verdict
from singer_tapkit.http.client import decode
from singer_tapkit.http.oauth import state_folder
from singer_tapkit.http.retry import TransientError
from singer_tapkit.http.writing import UnansweredError, WritingClient
from singer_tapkit.relay import UncertainError
from typing_extensions import override

from target_rest.templates import Template, find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.http import Answer
    from singer_tapkit.relay import Known


_DOUBT: Final = (
    "it may have been made by a request that was not answered, and there is no route `find` that "
    "could tell. Look by hand, and make it there if it is missing"
)
_MOST_LOGINS: Final = 3
_LOGIN_SECONDS: Final = 600.0
_EVICTION_SECONDS: Final = 60.0
_LOCK_SECONDS: Final = 120.0
_LEAST_MARGIN_SECONDS: Final = 60.0
_REFUSALS: Final = {*range(400, 500)} - {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class ExpiredError(Exception):
    """The session has ended; the request may or may not have been carried out."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that an answer may show; all that is given has to hold.

    Attributes:
        status: HTTP statuses.
        content_type: Part of the content type, as ``text/html``.
        field: Dotted path in the body.
        values: What the field has to be, as texts; any but these if ``other`` is set.
        other: Whether the field has to be there, and be none of the values.
    """

    status: Sequence[int] = ()
    content_type: str = ""
    field: str = ""
    values: Sequence[str] = ()
    other: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Sign:
        """Read one from settings: ``values`` or ``not``."""
        values = given.get("values", given.get("not", ()))
        status = given.get("status", ())
        return cls(
            [status] if isinstance(status, int) else list(status),
            str(given.get("content_type", "")),
            str(given.get("field", "")),
            [str(value) for value in (values if isinstance(values, list | tuple) else [values])],
            "not" in given,
        )

    def is_in(self, answer: Answer, content: Any) -> bool:  # noqa: ANN401 - decoded JSON
        """Tell whether an answer shows it."""
        if self.status and answer.head.status_code not in self.status:
            return False
        if self.content_type and self.content_type not in answer.head.headers.get(
            "Content-Type", ""
        ):
            return False
        if not self.field:
            return True
        held = find(content, self.field)
        if self.other:
            return held is not None and str(held) not in self.values
        return held is not None and (not self.values or str(held) in self.values)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How sessions begin, show that they have ended, and end.

    Attributes:
        login: Begins one.
        token: Dotted path of its token in the answer; empty for a cookie.
        carrier: Where the token goes: ``body``, ``header``, ``query`` or ``cookie``.
        name: Of the field, header or parameter.
        logout: Ends one.
        absolute_seconds: How long one lasts at most, if known.
        idle_seconds: How long one lasts without a request, if known.
        expired: Signs that it has ended.
    """

    login: Template
    token: str
    carrier: str
    name: str
    logout: Template | None
    absolute_seconds: float | None
    idle_seconds: float | None
    expired: Sequence[Sign]


@dataclass(slots=True)
class _Session:
    token: str | None = field(repr=False)
    began: float
    used: float


class _Carrier:
    """Puts the token of a session on requests, where it goes into a header."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)
        self.token: dict[str, str] = {}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers."""
        request.headers.update({**self._headers, **self.token})
        return request

    def renew(self) -> bool:
        """Tell that sessions are not renewed here."""
        return False


class _Client(WritingClient):
    """Sends requests, and tells by signs what their answers mean."""

    expired: Sequence[Sign] = ()
    errors: Sequence[Sign] = ()

    def ask(
        self, template: Template, values: Mapping[str, Any], more: Mapping[str, Mapping[str, str]]
    ) -> dict[str, Any]:
        """Send a request, once.

        Args:
            template: The request.
            values: What it is filled with.
            more: What is added to its ``body`` and ``params``.

        Raises:
            ExpiredError: If the session has ended.
            UnansweredError: If there was no answer, or a failure.
            ParentRefusedError: If the service refuses it.
        """
        body, params = template.filled_body(values), template.filled_params(values)
        if "body" in more:
            body = {**(body or {}), **more["body"]}
        call = Call(
            template.method,
            self._api_url + template.address(values),
            {**params, **more.get("params", {})} or None,
            body=body,
        )
        try:
            answer, verdict = self._exchange(call, self.limiter)
            if verdict.action is Action.REAUTHENTICATE:
                raise ExpiredError
            if verdict.action is not Action.ACCEPT:
                self._refuse(call, self.limiter, answer, verdict)
        except TransientError as error:
            msg = f"{call}: {error}. Nothing is lost: run again later"
            raise UnansweredError(msg) from None
        content = decode(answer.body) if answer.body.strip() else {}
        if isinstance(content, list):
            return {"rows": content}
        if not isinstance(content, dict):
            msg = f"{call}: a body that is no JSON"
            raise UnansweredError(msg)
        return content

    @override
    def verdict(self, call: Call, answer: Answer) -> Verdict:
        content = decode(answer.body)
        if any(sign.is_in(answer, content) for sign in self.expired):
            return Verdict(Action.REAUTHENTICATE, "the session has ended")
        for sign in self.errors:
            if sign.is_in(answer, content):
                held = find(content, sign.field)
                code = f" ({sign.field} {held})" if isinstance(held, int) else ""
                meaning = f"the service refused it{code}"
                return Verdict(Action.REFUSE_PARENT, meaning, "See what its manual says of that")
        status = answer.head.status_code
        if status in _REFUSALS:
            return Verdict(Action.REFUSE_PARENT, "the service refused it", "Check the route")
        return super().verdict(call, answer)


class Service:
    """A service that records are written to, by templates.

    Args:
        base_url: Address that paths are below.
        session: How sessions work; ``None`` if there are none.
        secrets: User name and password, by name, for the login.
        errors: Signs of errors, in answers of any status.
        routes: Templates by kind, and by ``find``, ``create``, ``update`` and ``delete``.
        clock: Source of time.
        user_agent: Sent with each request.
        headers: Sent with each request.
        requests_per_minute: Most requests in a minute.
    """

    def __init__(  # noqa: PLR0913 - one argument per aspect
        self,
        base_url: str,
        *,
        session: SessionSettings | None,
        secrets: Mapping[str, str],
        errors: Sequence[Sign],
        routes: Mapping[str, Mapping[str, Template]],
        clock: Clock,
        user_agent: str,
        headers: Mapping[str, str],
        requests_per_minute: int,
    ) -> None:
        self._carrier = _Carrier(headers)
        self._client = _Client(
            base_url,
            credential=self._carrier,
            clock=clock,
            user_agent=user_agent,
            rules=(),
            limit=requests_per_minute,
            period=timedelta(minutes=1),
        )
        self._client.expired = session.expired if session else ()
        self._client.errors = errors
        self._clock = clock
        self._way = session
        self._secrets = secrets
        self._routes = routes
        self._open: _Session | None = None
        self._logins: list[float] = []
        self._evictions: list[float] = []
        name = hashlib.sha256(f"{base_url} {secrets.get('username')}".encode()).hexdigest()[:16]
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / f"target-rest-{name}.lock", timeout=_LOCK_SECONDS)

    # --- what a destination offers ------------------------------------------------------------

    def put(self, kind: str, key: str, fields: Mapping[str, Any], known: Known) -> str:
        """See :class:`singer_tapkit.relay.Destination`."""
        routes = self._routes[kind]
        values = {**fields, "key": key}
        in_doubt = known.uncertain

        def act() -> str:
            nonlocal in_doubt
            found = known.target_id or self._found(routes, values)
            if found is None:
                self._token()  # a login that fails leaves no doubt
                if in_doubt and "find" not in routes:
                    raise UncertainError(_DOUBT)
                in_doubt = True
                return str(self._id(routes["create"], self._ask(routes["create"], values)) or key)
            if "update" in routes:
                self._ask(routes["update"], {**values, "id": _typed(found)})
            return found

        return self._client.until_done(act)

    def delete(self, kind: str, key: str, known: Known) -> None:
        """Delete something, if it is there."""
        routes = self._routes[kind]

        def act() -> None:
            found = known.target_id
            if "find" in routes:
                found = self._found(routes, {"key": key})
            if found is not None and "delete" in routes:
                self._ask(routes["delete"], {"key": key, "id": _typed(found)})

        self._client.until_done(act)

    def is_up(self) -> bool:
        """Tell whether the service answers: to a look for nothing, where it can be asked."""
        for routes in self._routes.values():
            if "find" in routes:
                with suppress(ParentRefusedError):  # that is an answer
                    self._ask(routes["find"], {"key": "0"})
                return True
        return True

    def close(self) -> None:
        """End the session; what goes wrong with that does not matter."""
        if self._open is not None and self._way and self._way.logout:
            with suppress(StreamFailedError, RunAbortedError, ParentRefusedError, ExpiredError):
                self._send(self._way.logout, {}, self._open.token)
        self._open = None
        self._lock.release(force=True)

    # --- requests -----------------------------------------------------------------------------

    def _found(self, routes: Mapping[str, Template], values: Mapping[str, Any]) -> str | None:
        if "find" not in routes:
            return None
        found = self._id(routes["find"], self._ask(routes["find"], values))
        return None if found is None else str(found)

    def _id(self, template: Template, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        return find(content, template.id) if template.id else None

    def _ask(self, template: Template, values: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request within a session.

        Raises:
            UnansweredError: If nobody knows whether it was carried out.
        """
        token = self._token()
        try:
            return self._send(template, values, token)
        except ExpiredError:
            self._note_end(token)
            msg = f"{template.method} {template.path}: the session had ended"
            raise UnansweredError(msg) from None

    def _send(
        self, template: Template, values: Mapping[str, Any], token: str | None
    ) -> dict[str, Any]:
        more: dict[str, dict[str, str]] = {}
        if self._way and token is not None:
            held = {self._way.name: token}
            if self._way.carrier == "header":
                self._carrier.token = held
            else:
                more = {"body" if self._way.carrier == "body" else "params": held}
        content = self._client.ask(template, values, more)
        if self._open:
            self._open.used = self._clock.monotonic()
        return content

    # --- sessions -----------------------------------------------------------------------------

    def _token(self) -> str | None:
        """Return the token of a session that is open, and likely to stay so for a while."""
        if self._way is None:
            return None
        if self._open is None or self._is_ending(self._open):
            self._open = self._log_in(self._way)
        return self._open.token

    def _is_ending(self, session: _Session) -> bool:
        now = self._clock.monotonic()
        way = self._way
        return way is not None and any(
            limit is not None and now - since > limit - min(_LEAST_MARGIN_SECONDS, limit * 0.1)
            for since, limit in (
                (session.began, way.absolute_seconds),
                (session.used, way.idle_seconds),
            )
        )

    def _note_end(self, token: str | None) -> None:
        """Take notice that a session has ended before its time.

        Raises:
            RunAbortedError: If that happens again and again: somebody else uses the login.
        """
        now = self._clock.monotonic()
        self._evictions = [at for at in self._evictions if now - at < _EVICTION_SECONDS]
        self._evictions.append(now)
        if self._open is not None and self._open.token == token:
            self._open = None
        if len(self._evictions) >= _MOST_LOGINS:
            msg = (
                "The session ended three times within a minute. Somebody else uses this login: "
                "give the relay a user of its own"
            )
            raise RunAbortedError(msg)

    def _log_in(self, way: SessionSettings) -> _Session:
        """Begin a session, as the only process that does.

        Raises:
            RunAbortedError: If the login is refused; it is never tried twice.
        """
        try:
            self._lock.acquire()
        except Timeout:
            msg = "Another run has a session with this login; it allows one at a time"
            raise RunAbortedError(msg) from None
        now = self._clock.monotonic()
        self._logins = [at for at in self._logins if now - at < _LOGIN_SECONDS]
        if len(self._logins) >= _MOST_LOGINS * 2:
            msg = "Too many logins within ten minutes, so that the account is not locked. Run later"
            raise RunAbortedError(msg)
        self._logins.append(now)
        try:
            content = self._send(way.login, self._secrets, None)
        except (ParentRefusedError, ExpiredError):
            msg = "The service refused the login. Check username and password"
            raise RunAbortedError(msg) from None
        token = find(content, way.token) if way.token else None
        if way.carrier != "cookie" and not isinstance(token, str):
            msg = f"The answer to the login has no token at {way.token}. Check session.token"
            raise RunAbortedError(msg)
        began = self._clock.monotonic()
        return _Session(token, began, began)


def _typed(text: str) -> int | str:
    """Return an id in the type that services mostly have it in."""
    return int(text) if text.isdecimal() and str(int(text)) == text else text
