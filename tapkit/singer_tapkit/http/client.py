"""The one way a tap talks to its vendor."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, NoReturn, Protocol

import orjson
import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from singer_tapkit.errors import (
    ParentEmptyError,
    ParentRefusedError,
    RunAbortedError,
    StreamFailedError,
    StreamUnavailableError,
    WrongAccountError,
)
from singer_tapkit.http.redaction import describe, machine_code
from singer_tapkit.http.retry import RetryPolicy, TransientError, retry_after_seconds
from singer_tapkit.http.verdicts import Action, Rule, Verdict, judge
from singer_tapkit.rows import split_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.clock import Clock
    from singer_tapkit.http.limits import Limiter
    from singer_tapkit.types import Json

_TIMEOUT_SECONDS: Final = (15.0, 300.0)


class Credential(Protocol):
    """Owns the only copy of a secret, and puts it on requests."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the credential to a request that is about to be sent."""
        ...

    def renew(self) -> bool:
        """Obtain a fresh credential after a refusal; false if this kind cannot be renewed."""
        ...


class NoCredential:
    """Sends requests without a credential, whatever a ``.netrc`` of the user may say."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request

    def renew(self) -> bool:
        """Tell that there is nothing to renew."""
        return False


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and what its refusals mean.

    Attributes:
        method: HTTP method.
        url: Absolute URL, which may hold parameters already.
        params: Further query parameters; a sequence repeats its name.
        form: Form fields of the body.
        body: JSON of the body.
        wrap: Name to return the answer under if it is an array.
        rows: Name of a list in the answer whose rows stay undecoded, where that can be: it then
            is :class:`singer_tapkit.rows.Rows`.
        rules: Rows of the verdict table that come before the client's own.
    """

    method: str
    url: str
    params: Mapping[str, str | Sequence[str]] | None = None
    form: Mapping[str, str] | None = None
    body: Mapping[str, Json] | None = None
    wrap: str | None = None
    rows: str | None = None
    rules: Sequence[Rule] = ()

    @override
    def __str__(self) -> str:
        """Name the call for an error or a log line, without any value."""
        full = requests.Request(self.method, self.url, params=self.params).prepare().url
        return describe(self.method, full or self.url)


class Answer(NamedTuple):
    """An answer.

    Attributes:
        head: Status and headers.
        body: The body, decompressed.
    """

    head: requests.Response
    body: bytes


class Usage:
    """What one stream has used of a client, in any thread."""

    def __init__(self) -> None:
        self.requests = 0
        self.waited_seconds = 0.0
        self.response_seconds = 0.0
        self._lock = Lock()

    def add(
        self, *, requests: int = 0, waited_seconds: float = 0.0, response_seconds: float = 0.0
    ) -> None:
        """Count something."""
        with self._lock:
            self.requests += requests
            self.waited_seconds += waited_seconds
            self.response_seconds += response_seconds


current_usage: ContextVar[Usage | None] = ContextVar("current_usage", default=None)
"""Whose requests are being sent; each stream sets its own."""


class Client:
    """Owns the session and keeps account of one vendor's use.

    Every attempt passes the limiter, every answer the verdict table. A body that is not a JSON
    object counts as a transient fault: proxies and overloaded servers cut bodies short, or send
    HTML with status 200, and the next attempt brings the real answer.

    Args:
        clock: Source of time.
        credential: Asked for each attempt.
        headers: Sent with each request.
        rules: The vendor's own rows of the verdict table.
        retry: Bounds of repeating.
        concurrency: How many requests may be under way at a time.
        timeout_seconds: How long to wait for a connection; for an answer, and between two parts
            of it.

    Attributes:
        vendor_time: The vendor's clock at its first answer (``Date`` header), if it told.
        code_field: Where the vendor's errors have their code.
    """

    code_field: ClassVar[str] = "error"

    def __init__(
        self,
        *,
        clock: Clock,
        credential: Credential | None = None,
        headers: Mapping[str, str] | None = None,
        rules: Sequence[Rule] = (),
        retry: RetryPolicy | None = None,
        concurrency: int = 1,
        timeout_seconds: tuple[float, float] = _TIMEOUT_SECONDS,
    ) -> None:
        self.vendor_time: datetime | None = None
        self._clock = clock
        self._credential = credential or NoCredential()
        self._rules = rules
        self._retry = retry or RetryPolicy()
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.headers.update(headers or {})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=concurrency))
        self._connections = BoundedSemaphore(concurrency)
        self._renewing = Lock()
        self._renewals = 0
        self._aborted: RunAbortedError | None = None
        self._first = Lock()
        self._answered = False

    def heed(self, response: requests.Response) -> None:
        """Take notice of what an answer says about the rate limit, for vendors that tell."""

    def verdict(self, call: Call, answer: Answer) -> Verdict:
        """Return what an answer means; for vendors whose refusals have the status of success."""
        code = self._code(answer)
        return judge(answer.head.status_code, code, (*call.rules, *self._rules))

    def wait_asked(self, response: requests.Response) -> float | None:
        """Return how many seconds a refused request is asked to wait, if the vendor says."""
        return retry_after_seconds(response.headers.get("Retry-After"), self._clock.now())

    def sleep(self, seconds: float) -> None:
        """Wait, and keep account of it."""
        if usage := current_usage.get():
            usage.add(waited_seconds=seconds)
        self._clock.sleep(seconds)

    def send(self, call: Call, limiter: Limiter) -> dict[str, Any]:
        """Send a request until it is answered for good.

        Args:
            call: What to ask.
            limiter: The budget that it draws on.

        Returns:
            The JSON object of the answer.

        Raises:
            StreamFailedError: If the answer is an error, or no attempt brought an answer.
            StreamUnavailableError: If the account may not read this.
            WrongAccountError: If the verdict table says that the settings name the wrong account.
            ParentRefusedError: If the verdict table says that this concerns one parent only.
            ParentEmptyError: If it says that there is nothing to read for one parent.
            RunAbortedError: If the credential is refused and cannot be renewed.
        """
        attempts = 0
        try:
            for attempt in self._retry.retrying(self._clock, self.sleep, what=str(call)):
                attempts += 1
                with attempt, self._alone_at_first():
                    return self._attempt(call, limiter)
        except TransientError as error:
            msg = (
                f"{call}: {error}; given up after {attempts} "
                f"attempt{'s' if attempts > 1 else ''}. Nothing is lost: run again later"
            )
            raise StreamFailedError(msg) from None
        raise AssertionError  # the loop returns or raises

    def _attempt(self, call: Call, limiter: Limiter) -> dict[str, Any]:
        renewals = self._renewals
        answer, verdict = self._exchange(call, limiter)
        if verdict.action is Action.REAUTHENTICATE and self._renew(renewals):
            answer, verdict = self._exchange(call, limiter)
        if verdict.action is not Action.ACCEPT:
            self._refuse(call, limiter, answer, verdict)
        page = split_page(answer.body, call.rows) if call.rows else None
        if page is not None:
            return page
        data = decode(answer.body)
        if call.wrap and isinstance(data, list):
            return {call.wrap: data}
        if not isinstance(data, dict):
            msg = f"HTTP {answer.head.status_code} with a body that is not a JSON object"
            raise TransientError(msg)
        return data

    @contextmanager
    def _alone_at_first(self) -> Iterator[None]:
        """Let the first request go alone: if its credential is refused, it stays the only one."""
        if not self._answered:
            with self._first:
                if not self._answered:
                    yield
                    self._answered = True
                    return
        yield

    def _renew(self, renewals: int) -> bool:
        """Obtain a fresh credential, unless another thread has since the request was sent."""
        with self._renewing, self._remembered():
            if self._renewals == renewals and self._credential.renew():
                self._renewals += 1
            return self._renewals != renewals

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        """Never try again what a credential could not obtain: accounts get locked that way."""
        try:
            yield
        except RunAbortedError as error:
            self._aborted = error
            raise

    def _exchange(self, call: Call, limiter: Limiter) -> tuple[Answer, Verdict]:
        with limiter.slot(), self._connections:
            if self._aborted:
                raise self._aborted
            asked = self._clock.monotonic()
            try:
                with self._remembered():
                    answer = self._ask(call)
            finally:
                if usage := current_usage.get():
                    usage.add(requests=1, response_seconds=self._clock.monotonic() - asked)
        if self.vendor_time is None:
            self.vendor_time = _vendor_time(answer.head)
        self.heed(answer.head)
        return answer, self.verdict(call, answer)

    def _ask(self, call: Call) -> Answer:
        try:
            head = self._session.request(
                call.method,
                call.url,
                params=call.params,
                data=call.form,
                json=call.body,
                auth=self._credential,
                timeout=self._timeout_seconds,
                allow_redirects=False,
                stream=True,
            )
            with head:
                return Answer(head, head.raw.read(decode_content=True))
        except (requests.Timeout, ReadTimeoutError):
            msg = "no answer in time"
        except DecodeError:
            msg = "the body could not be decompressed"
        except (requests.ConnectionError, HTTPError):
            msg = "no connection, or it broke off"
        raise TransientError(msg) from None

    def _refuse(self, call: Call, limiter: Limiter, answer: Answer, verdict: Verdict) -> NoReturn:
        head = answer.head
        code = self._code(answer)
        status = f"HTTP {head.status_code}" + (f" {code}" if code else "")
        if verdict.action is Action.RETRY:
            asked = self.wait_asked(head)
            wait_seconds = verdict.wait_seconds if asked is None else asked
            if head.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                limiter.pause(wait_seconds)  # whoever asks now is refused, too
            msg = f"{status}, {verdict.meaning}" + (f", wait {asked:.0f} s" if asked else "")
            raise TransientError(msg, wait_seconds=wait_seconds)
        msg = f"{call}: {status}, {verdict.meaning}"
        if verdict.remedy:
            msg += f". {verdict.remedy}"
        if verdict.action is Action.REAUTHENTICATE:
            self._aborted = RunAbortedError(msg)
            raise self._aborted
        raise {
            Action.UNAVAILABLE: StreamUnavailableError,
            Action.WRONG_ACCOUNT: WrongAccountError,
            Action.REFUSE_PARENT: ParentRefusedError,
            Action.EMPTY_PARENT: ParentEmptyError,
        }.get(verdict.action, StreamFailedError)(msg)

    def _code(self, answer: Answer) -> str | None:
        if answer.head.ok:
            return None
        body = decode(answer.body)
        return self.code_of(body) if isinstance(body, dict) else None

    def code_of(self, body: Mapping[str, Any]) -> str | None:
        """Return the vendor's code for an error, from the body of a refusal."""
        return machine_code(body.get(self.code_field))


def decode(body: bytes) -> Json:
    """Read JSON; ``None`` if it is none."""
    try:
        data: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return data


def _vendor_time(response: requests.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
