"""The one way a tap talks to its vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Protocol

import orjson
import requests
from typing_extensions import override

from singer_tapkit.errors import (
    ParentEmptyError,
    ParentRefusedError,
    RunAbortedError,
    StreamFailedError,
    StreamUnavailableError,
)
from singer_tapkit.http.redaction import describe, machine_code
from singer_tapkit.http.retry import RetryPolicy, TransientError, retry_after_seconds
from singer_tapkit.http.verdicts import Action, Rule, Verdict, judge
from singer_tapkit.rows import split_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_tapkit.clock import Clock
    from singer_tapkit.http.limits import Limiter
    from singer_tapkit.types import Json

_TIMEOUT_SECONDS: Final = (15.0, 300.0)
"""To connect; between two bytes of an answer."""


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

    Attributes:
        requests_sent: Requests so far, repeats included.
        waited_seconds: Time spent waiting on limits and before repeats.
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
    ) -> None:
        self.requests_sent = 0
        self.waited_seconds = 0.0
        self.vendor_time: datetime | None = None
        self._clock = clock
        self._credential = credential or NoCredential()
        self._rules = rules
        self._retry = retry or RetryPolicy()
        self._session = requests.Session()
        self._session.headers.update(headers or {})

    def heed(self, response: requests.Response) -> None:
        """Take notice of what an answer says about the rate limit, for vendors that tell."""

    def wait_asked(self, response: requests.Response) -> float | None:
        """Return how many seconds a refused request is asked to wait, if the vendor says."""
        return retry_after_seconds(response.headers.get("Retry-After"), self._clock.now())

    def sleep(self, seconds: float) -> None:
        """Wait, and keep account of it."""
        self.waited_seconds += seconds
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
            ParentRefusedError: If the verdict table says that this concerns one parent only.
            ParentEmptyError: If it says that there is nothing to read for one parent.
            RunAbortedError: If the credential is refused and cannot be renewed.
        """
        attempts = 0
        try:
            for attempt in self._retry.retrying(self._clock, self.sleep, what=str(call)):
                attempts += 1
                with attempt:
                    return self._attempt(call, limiter)
        except TransientError as error:
            msg = (
                f"{call}: {error}; given up after {attempts} "
                f"attempt{'s' if attempts > 1 else ''}. Nothing is lost: run again later"
            )
            raise StreamFailedError(msg) from None
        raise AssertionError  # the loop returns or raises

    def _attempt(self, call: Call, limiter: Limiter) -> dict[str, Any]:
        response, verdict = self._exchange(call, limiter)
        if verdict.action is Action.REAUTHENTICATE and self._credential.renew():
            response, verdict = self._exchange(call, limiter)
        if verdict.action is not Action.ACCEPT:
            self._refuse(call, response, verdict)
        page = split_page(response.content, call.rows) if call.rows else None
        if page is not None:
            return page
        data = _decode(response)
        if call.wrap and isinstance(data, list):
            return {call.wrap: data}
        if not isinstance(data, dict):
            msg = f"HTTP {response.status_code} with a body that is not a JSON object"
            raise TransientError(msg)
        return data

    def _exchange(self, call: Call, limiter: Limiter) -> tuple[requests.Response, Verdict]:
        with limiter.slot():
            self.requests_sent += 1
            try:
                response = self._session.request(
                    call.method,
                    call.url,
                    params=call.params,
                    data=call.form,
                    json=call.body,
                    auth=self._credential,
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            except requests.Timeout:
                msg = "no answer in time"
                raise TransientError(msg) from None
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                msg = "no connection, or it broke off"
                raise TransientError(msg) from None
            except requests.exceptions.ContentDecodingError:
                msg = "the body could not be decompressed"
                raise TransientError(msg) from None
        if self.vendor_time is None:
            self.vendor_time = _vendor_time(response)
        self.heed(response)
        code = self._code(response)
        return response, judge(response.status_code, code, (*call.rules, *self._rules))

    def _refuse(self, call: Call, response: requests.Response, verdict: Verdict) -> NoReturn:
        code = self._code(response)
        status = f"HTTP {response.status_code}" + (f" {code}" if code else "")
        if verdict.action is Action.RETRY:
            asked = self.wait_asked(response)
            wait_seconds = verdict.wait_seconds if asked is None else asked
            msg = f"{status}, {verdict.meaning}" + (f", wait {asked:.0f} s" if asked else "")
            raise TransientError(msg, wait_seconds=wait_seconds)
        msg = f"{call}: {status}, {verdict.meaning}"
        if verdict.remedy:
            msg += f". {verdict.remedy}"
        raise {
            Action.REAUTHENTICATE: RunAbortedError,
            Action.UNAVAILABLE: StreamUnavailableError,
            Action.REFUSE_PARENT: ParentRefusedError,
            Action.EMPTY_PARENT: ParentEmptyError,
        }.get(verdict.action, StreamFailedError)(msg)

    def _code(self, response: requests.Response) -> str | None:
        if response.ok:
            return None
        body = _decode(response)
        return machine_code(body.get(self.code_field)) if isinstance(body, dict) else None


def _decode(response: requests.Response) -> Json:
    try:
        data: Json = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return data


def _vendor_time(response: requests.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
