"""ClickUp's API: one token, one budget, and what its errors mean.

Sources: ClickUp API, "Authentication", "Rate limits", "Common errors"; recorded answers.
"""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ClassVar, Final

from singer_tapkit.errors import RunAbortedError, StreamFailedError
from singer_tapkit.http import Action, Call, Client, Limiter, Rule, Verdict
from singer_tapkit.overlap import Memo
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests
    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Json, Record

_PERIOD: Final = timedelta(minutes=1)
_SMALLEST_PLAN: Final = 100
"""Requests per minute of the plans with the smallest budget."""
_LONGEST_PAUSE_SECONDS: Final = 120.0

_REMEDY: Final = "Check api_token or access_token"
_REVOKED: Final = ("OAUTH_017", "OAUTH_019", "OAUTH_021", "OAUTH_025", "OAUTH_077")
_NOT_YOURS: Final = (
    *("OAUTH_018", "OAUTH_023", "OAUTH_026", "OAUTH_027"),
    *(f"OAUTH_{number:03}" for number in range(29, 46)),
    *("OAUTH_056", "OAUTH_057", "OAUTH_061", "ACCESS_083", "ACCESS_190", "TIMEENTRYM_006"),
)
_NO_SUCH_ID: Final = ("INPUT_002", "INPUT_003")

RULES: Final[Sequence[Rule]] = (
    Rule(
        {400, 401},
        Verdict(Action.REAUTHENTICATE, "ClickUp refused the token", _REMEDY),
        codes=_REVOKED,
    ),
    Rule(
        {400, 401, 403, 404},
        Verdict(Action.REFUSE_PARENT, "unknown to this token, or not open to it"),
        codes=_NOT_YOURS,
    ),
    Rule({401}, Verdict(Action.REAUTHENTICATE, "ClickUp refused the token", _REMEDY)),
    Rule({400}, Verdict(Action.REFUSE_PARENT, "ClickUp knows no such id"), codes=_NO_SUCH_ID),
    Rule({404}, Verdict(Action.REFUSE_PARENT, "there is no such thing, or it was deleted")),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the token's owner may not read this, or the plan does not have it",
            "Use the token of an owner or administrator, or deselect the stream",
        ),
    ),
    Rule(
        {500},
        Verdict(Action.FAIL, "ClickUp could not read an id in the request", "Please report it"),
        codes=("SHARD_001", "TIMEENTRY_072"),
    ),
)


_TOKEN_REFUSED: Final = Rule(
    {400, 401, 403}, Verdict(Action.REAUTHENTICATE, "ClickUp refused the token", _REMEDY)
)


class Token:
    """A personal token, sent as it is, or the access token of an OAuth app.

    Args:
        value: The token; those that begin with ``pk_`` are personal ones.
    """

    def __init__(self, value: str) -> None:
        self.personal = value.startswith("pk_")
        self._header = value if self.personal else f"Bearer {value}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = self._header
        return request

    def renew(self) -> bool:
        """Tell that only the user can replace it."""
        return False


class ClickUpClient(Client):
    """Reads what one token can see.

    The budget follows what ClickUp says about it in the headers of each answer.

    Args:
        api_url: Base address, without version.
        token: The credential.
        clock: Source of time.
        user_agent: Sent with each request.
        requests_per_minute: Most requests; as many as ClickUp's plan allows if ``None``.
        concurrency: How many requests may be under way at a time.
    """

    code_field: ClassVar[str] = "ECODE"

    def __init__(
        self,
        api_url: str,
        *,
        token: Token,
        clock: Clock,
        user_agent: str,
        requests_per_minute: int | None,
        concurrency: int,
    ) -> None:
        super().__init__(
            clock=clock,
            credential=token,
            headers={"User-Agent": user_agent},
            rules=RULES,
            concurrency=concurrency,
        )
        self._memo = Memo()
        self._api_url = api_url.rstrip("/")
        self._fixed_limit = requests_per_minute
        self.limiter = Limiter(
            requests_per_minute or _SMALLEST_PLAN, _PERIOD, clock=clock, sleep=self.sleep
        )

    def get(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        rules: Sequence[Rule] = (),
        wrap: str | None = None,
    ) -> Record:
        """Read one answer.

        Args:
            path: Below the API address, with the version.
            params: Query parameters.
            rules: Rows of the verdict table that come first.
            wrap: Name to return an array under.
        """
        call = Call("GET", self._api_url + path, params, rules=rules, wrap=wrap)
        return self.send(call, self.limiter)

    def post(self, path: str, body: Mapping[str, Json]) -> Record:
        """Ask a question that has a body."""
        return self.send(Call("POST", self._api_url + path, body=body), self.limiter)

    def rows(
        self,
        path: str,
        name: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        rules: Sequence[Rule] = (),
    ) -> list[Record]:
        """Read one answer that holds a list.

        Raises:
            StreamFailedError: If it holds none.
        """
        rows = self.get(path, params, rules=rules, wrap=name).get(name)
        if rows is None:
            return []
        if not isinstance(rows, list):
            msg = f"GET {path}: the answer holds no list named {name}. Check api_url"
            raise StreamFailedError(msg)
        return [row for row in rows if isinstance(row, dict)]

    @property
    def workspaces(self) -> list[Record]:
        """All workspaces of the token, with their members; asked for once per run.

        Raises:
            RunAbortedError: If there are none.
        """
        return self._memo.get("workspaces", self._read_workspaces)

    def _read_workspaces(self) -> list[Record]:
        found = self.rows("/v2/team", "teams", rules=[_TOKEN_REFUSED])
        if not found:
            msg = f"the token opens no workspace. {_REMEDY}"
            raise RunAbortedError(msg)
        return found

    @override
    def heed(self, response: requests.Response) -> None:
        limit = _number(response.headers.get("X-RateLimit-Limit"))
        if limit:
            self.limiter.resize(min(limit, self._fixed_limit or limit))
        if _number(response.headers.get("X-RateLimit-Remaining")) == 0:
            self.limiter.pause(self._until_reset(response) or 0.0)

    @override
    def wait_asked(self, response: requests.Response) -> float | None:
        asked = super().wait_asked(response)
        return self._until_reset(response) if asked is None else asked

    def _until_reset(self, response: requests.Response) -> float | None:
        """Return how long the budget stays spent, by the server's own clock."""
        reset = _number(response.headers.get("X-RateLimit-Reset"))
        if reset is None:
            return None
        try:
            now = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
        except ValueError:
            now = self._clock.now().timestamp()
        return min(max(reset - now, 0.0), _LONGEST_PAUSE_SECONDS) + 1.0


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None
