"""A client that writes: it never repeats a request without looking first what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.http.api import ApiClient
from singer_tapkit.http.client import Call, decode
from singer_tapkit.http.retry import TransientError
from singer_tapkit.http.verdicts import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_tapkit.http.verdicts import Rule
    from singer_tapkit.types import Record

ATTEMPTS: Final = 6
_FIRST_WAIT_SECONDS: Final = 0.5

ResultT = TypeVar("ResultT")


class UnansweredError(StreamFailedError):
    """A write that was not answered, or with a failure: it may have been done."""


class WritingClient(ApiClient):
    """Reads and writes an API below one address; arguments as for :class:`ApiClient`.

    Reads are repeated as in taps. A write is sent once: whoever sends it again has to look first
    whether it was done, which `until_done` is for.
    """

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        rules: Sequence[Rule] = (),
    ) -> Record:
        """Send a request that changes something, once.

        Args:
            method: HTTP method.
            path: Below the API address.
            body: JSON of the body.
            rules: Rows of the verdict table that come first.

        Returns:
            The JSON object of the answer; empty if it has none.

        Raises:
            UnansweredError: If it was not answered, or with a failure.
            ParentRefusedError: If the verdict table says so; other errors as for `send`.
        """
        call = Call(method, self._api_url + path, body=dict(body) if body else None, rules=rules)
        try:
            with self._alone_at_first():
                renewals = self._renewals
                answer, verdict = self._exchange(call, self.limiter)
                if verdict.action is Action.REAUTHENTICATE and self._renew(renewals):
                    answer, verdict = self._exchange(call, self.limiter)  # it was refused unread
                if verdict.action is not Action.ACCEPT:
                    self._refuse(call, self.limiter, answer, verdict)
        except TransientError as error:
            msg = f"{call}: {error}. Nothing is lost: run again later"
            raise UnansweredError(msg) from None
        decoded = decode(answer.body) if answer.body.strip() else {}
        if not isinstance(decoded, dict):
            msg = f"{call}: HTTP {answer.head.status_code} with a body that is not a JSON object"
            raise UnansweredError(msg)
        return decoded

    def until_done(self, act: Callable[[], ResultT]) -> ResultT:
        """Look and act until that has an answer, ever longer apart.

        Args:
            act: Looks what is there, and writes what is not.
        """
        wait_seconds = _FIRST_WAIT_SECONDS
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                return act()
            except UnansweredError:
                if not left:
                    raise
                self.sleep(wait_seconds)
                wait_seconds *= 2
        raise AssertionError  # the loop returns or raises
