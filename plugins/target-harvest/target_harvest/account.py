"""Writing time entries to a Harvest account, each once.

Harvest has no idempotency key. An entry's external reference stands in for one: before an entry is
made, and again before a request whose answer did not come is repeated, it is looked for.

Source: Harvest API v2, "Time entries"; "External reference".
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.http import Action, Call, Client, Limiter, RetryPolicy, Rule, Verdict
from singer_tapkit.http.client import decode
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Record

ATTEMPTS: Final = 6
_FIRST_WAIT_SECONDS: Final = 1.0
_PERIOD: Final = timedelta(seconds=15)
_REMEDY: Final = "Check access_token and account_id"
_RULES: Final[Sequence[Rule]] = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "Harvest refused the credentials", _REMEDY)),
    Rule(
        {403},
        Verdict(
            Action.REFUSE_PARENT, "the token's owner may not write this", "Use an administrator's"
        ),
    ),
    Rule({404}, Verdict(Action.REFUSE_PARENT, "Harvest has no such project, task or entry")),
    Rule(
        {422},
        Verdict(
            Action.REFUSE_PARENT,
            "Harvest refused the entry",
            "Check that project, task and user belong together and are not archived or locked",
        ),
    ),
)
_COMPARED: Final = ("spent_date", "hours", "notes", "started_time", "ended_time")


class _Credential:
    def __init__(self, token: str, account_id: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Harvest-Account-Id": account_id}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token and the account."""
        request.headers.update(self._headers)
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class _Writer(Client):
    """Sends each request once: whoever repeats one has to look first what came of it."""

    @override
    def _attempt(self, call: Call, limiter: Limiter) -> Record:
        answer, verdict = self._exchange(call, limiter)
        if verdict.action is not Action.ACCEPT:
            self._refuse(call, limiter, answer, verdict)
        body = decode(answer.body)
        return body if isinstance(body, dict) else {}


class Account:
    """Time entries of one account that carry our references.

    Args:
        api_url: Base address of the API.
        token: Access token.
        account_id: Number of the account.
        group: What our references are told by; entries of others are never touched.
        clock: Source of time.
        user_agent: Required by Harvest.
    """

    def __init__(
        self,
        api_url: str,
        *,
        token: str,
        account_id: str,
        group: str,
        clock: Clock,
        user_agent: str,
    ) -> None:
        self._url = f"{api_url.rstrip('/')}/time_entries"
        self._group = group
        self._clock = clock
        common: dict[str, Any] = {
            "clock": clock,
            "credential": _Credential(token, account_id),
            "headers": {"User-Agent": user_agent},
            "rules": _RULES,
        }
        self._reader = Client(**common)
        self._writer = _Writer(**common, retry=RetryPolicy(attempts=1))
        self._limiter = Limiter(100, _PERIOD, clock=clock, sleep=self._reader.sleep)

    def put(self, reference: str, entry: Mapping[str, Any]) -> None:
        """Make an entry, or change the one that is there.

        Args:
            reference: Id of the entry at its source.
            entry: ``project_id``, ``task_id``, ``spent_date``, ``user_id``, ``hours`` or
                ``started_time`` and ``ended_time``, ``notes``, ``permalink``.

        Raises:
            ParentRefusedError: If Harvest refuses it for good.
            StreamFailedError: If it cannot be reached.
            RunAbortedError: If the credentials are refused.
        """
        self._until_done(lambda: self._put(reference, entry))

    def delete(self, reference: str) -> None:
        """Delete an entry, if it is there; raises as `put` does."""
        self._until_done(lambda: self._delete(self._find(reference)))

    def _until_done(self, act: Callable[[], None]) -> None:
        """Look and act until that has an answer."""
        wait_seconds = _FIRST_WAIT_SECONDS
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                act()
            except StreamFailedError:
                if not left:
                    raise
                self._clock.sleep(wait_seconds)
                wait_seconds *= 2
            else:
                return

    def _put(self, reference: str, entry: Mapping[str, Any]) -> None:
        found = self._find(reference)
        self._delete(found[1:])  # made twice by somebody else's retry
        body = {name: value for name, value in entry.items() if name != "permalink"}
        if found and _user_of(found[0]) != body.get("user_id", _user_of(found[0])):
            self._delete(found[:1])  # Harvest cannot give an entry to somebody else
            found = []
        if not found:
            mark = {"id": reference, "group_id": self._group, "account_id": self._group}
            link = {"permalink": entry["permalink"]} if entry.get("permalink") else {}
            self._write("POST", "", {**body, "external_reference": {**mark, **link}})
        elif not _is_same(found[0], body):
            changes = {name: value for name, value in body.items() if name != "user_id"}
            self._write("PATCH", f"/{found[0]['id']}", changes)

    def _find(self, reference: str) -> list[Record]:
        """Return our entries with a reference, oldest first."""
        call = Call("GET", self._url, {"external_reference_id": reference, "per_page": "100"})
        rows = self._reader.send(call, self._limiter).get("time_entries")
        ours = [
            row
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and self._is_ours(row, reference)
        ]
        return sorted(ours, key=lambda row: int(str(row["id"])))

    def _is_ours(self, row: Record, reference: str) -> bool:
        mark = row.get("external_reference")
        return (
            isinstance(mark, dict)
            and str(mark.get("id")) == reference
            and mark.get("group_id") == self._group
        )

    def _delete(self, rows: Sequence[Record]) -> None:
        for row in rows:
            self._write("DELETE", f"/{row['id']}", None)

    def _write(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        rules: Sequence[Rule] = ()
        if method == "DELETE":  # gone already is as good
            rules = (Rule({404}, Verdict(Action.ACCEPT)),)
        call = Call(method, self._url + path, body=dict(body) if body else None, rules=rules)
        self._writer.send(call, self._limiter)


def _user_of(row: Record) -> Any:  # noqa: ANN401 - decoded JSON
    user = row.get("user")
    return user.get("id") if isinstance(user, dict) else None


def _is_same(row: Record, body: Mapping[str, Any]) -> bool:
    """Tell whether an entry has what is to be written."""
    for name in ("project", "task"):
        part = row.get(name)
        if isinstance(part, dict) and part.get("id") != body.get(f"{name}_id"):
            return False
    return all(row.get(name) == body[name] for name in _COMPARED if name in body)
