"""Harvest's lists, page by page.

Sources: Harvest API v2, "Pagination", "Rate limiting", "General".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeGuard
from urllib.parse import parse_qs, urljoin, urlsplit

from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import StreamError, StreamFailedError
from singer_tapkit.http import Action, Call, Client, Credential, Limiter, Rule, Verdict
from singer_tapkit.overlap import Memo
from singer_tapkit.rows import Rows, column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_tapkit.clock import Clock
    from singer_tapkit.types import Json, Record

logger = logging.getLogger(__name__)

_GENERAL_PERIOD: Final = timedelta(seconds=15)
_REPORTS_LIMIT: Final = 100
_REPORTS_PERIOD: Final = timedelta(minutes=15)
_MOST_READINGS: Final = 5
"""How often a numbered list is read before it counts as never standing still."""

RULES: Final[Sequence[Rule]] = (
    Rule(
        {400},
        Verdict(Action.FAIL, "Harvest could not read the request", "Check user_agent and dates"),
    ),
    Rule(
        {401},
        Verdict(
            Action.REAUTHENTICATE,
            "Harvest refused the credentials",
            "Check access_token, or client_id, client_secret and refresh_token",
        ),
    ),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "the token's owner may not read this, or the account has the module switched off",
            "Use the token of an administrator, or deselect the stream",
        ),
    ),
    Rule(
        {404},
        Verdict(
            Action.WRONG_ACCOUNT,
            "the token does not open that account, or there is no such address",
            "Check account_id and api_url",
        ),
    ),
    Rule(
        {422},
        Verdict(
            Action.FAIL,
            "Harvest refused the parameters",
            "If the account still has the page limit of before 2022, set page_size to 100",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        records: In Harvest's order, newest first.
        total_entries: How many records the whole list has, if Harvest says.
        next_url: Address of the next page, or ``None`` on the last one.
        last_url: Address of the last page, if Harvest says.
    """

    records: Sequence[Record]
    total_entries: int | None
    next_url: str | None
    last_url: str | None

    @property
    def next_is_numbered(self) -> bool:
        """Whether the next page is named by its number, and so shifts when rows come or go."""
        return self.next_url is not None and "cursor" not in parse_qs(urlsplit(self.next_url).query)


class HarvestClient(Client):
    """Reads lists of one Harvest account.

    Args:
        api_url: Base address, without a trailing slash.
        credential: Token and account.
        clock: Source of time.
        user_agent: Required by Harvest, with a way to contact the sender.
        requests_per_period: Requests per 15 seconds.
        page_size: Records per page, at most 2000.
        concurrency: How many requests may be under way at a time.
    """

    def __init__(
        self,
        api_url: str,
        *,
        credential: Credential,
        clock: Clock,
        user_agent: str,
        requests_per_period: int,
        page_size: int,
        concurrency: int,
    ) -> None:
        super().__init__(
            clock=clock,
            credential=credential,
            headers={"User-Agent": user_agent},
            rules=RULES,
            concurrency=concurrency,
        )
        self.page_size = page_size
        self.general_limiter = Limiter(
            requests_per_period, _GENERAL_PERIOD, clock=clock, sleep=self.sleep
        )
        self.reports_limiter = Limiter(
            _REPORTS_LIMIT, _REPORTS_PERIOD, clock=clock, sleep=self.sleep
        )
        self._api_url = api_url.rstrip("/")
        self._memo = Memo()

    def warn_unless_administrator(self) -> None:
        """Say once a run, for what is read in full, that the token may not show everything.

        Harvest refuses some lists to members and managers. Of others, such as time entries, it
        returns fewer rows without a word.

        Source: Harvest API v2, "Roles and permissions".
        """
        self._memo.get("role", self._check_role)

    def _check_role(self) -> None:
        try:
            roles = self.read_object("/users/me").get("access_roles")
        except StreamError:
            return
        if isinstance(roles, list) and roles and "administrator" not in roles:
            logger.warning(
                "The token's owner is no administrator of this Harvest account: time entries, "
                "expenses and reports hold only what this person may see"
            )

    def read_object(self, path: str, *, rules: Sequence[Rule] = ()) -> Record:
        """Read one bare object, such as ``/company``.

        Args:
            path: Path below the API address.
            rules: Rows of the verdict table that come first.
        """
        return self.send(Call("GET", self._api_url + path, rules=rules), self.general_limiter)

    def read_page(
        self,
        path_or_url: str,
        key: str,
        params: Mapping[str, str] | None = None,
        *,
        rules: Sequence[Rule] = (),
        limiter: Limiter | None = None,
    ) -> Page:
        """Read one page of a list.

        Args:
            path_or_url: A path below the API address, or an address that Harvest gave.
            key: Name under which the page holds its records.
            params: Query parameters.
            rules: Rows of the verdict table that come first.
            limiter: Budget to draw on; the general one by default.

        Raises:
            StreamFailedError: If the answer is not such a page, or names a page elsewhere.
        """
        url = self._api_url + path_or_url if path_or_url.startswith("/") else path_or_url
        call = Call("GET", url, params, rows=key, rules=rules)
        answer = self.send(call, limiter or self.general_limiter)
        records = answer.get(key)
        if not _are_objects(records):
            msg = f"{call}: the answer holds no list named {key}. Check api_url"
            raise StreamFailedError(msg)
        links = answer.get("links")
        if not isinstance(links, dict) or "next" not in links:
            msg = f"{call}: the answer does not say whether a page follows (links.next)"
            raise StreamFailedError(msg)
        total, last = answer.get("total_entries"), links.get("last")
        return Page(
            records=records,
            total_entries=total if isinstance(total, int) else None,
            next_url=self._next_address(links["next"], call),
            last_url=last if isinstance(last, str) and self._is_own(last) else None,
        )

    def read_list(
        self,
        path: str,
        key: str,
        params: Mapping[str, str] | None = None,
        *,
        rules: Sequence[Rule] = (),
        limiter: Limiter | None = None,
        page_size: int | None = None,
    ) -> Iterator[Page]:
        """Read a list to its end.

        Pages that are named by a cursor do not shift. Numbered ones do: a row deleted on a page
        that was read already pulls an unread row over to it, out of sight. So if the number of
        entries changes between numbered pages, the list is read again from its first page; rows
        that come twice are harmless, they have the same key.

        Args:
            path: Path below the API address.
            key: Name under which a page holds its records.
            params: Query parameters.
            rules: Rows of the verdict table that come first.
            limiter: Budget to draw on; the general one by default.
            page_size: Records per page, if fewer than configured.

        Yields:
            Pages in Harvest's order.

        Raises:
            StreamFailedError: If a page cannot be read, if pages run in circles, or if the list
                keeps changing while it is read.
        """
        query = {
            "per_page": str(min(page_size or self.page_size, self.page_size)),
            **(params or {}),
        }
        for _ in range(_MOST_READINGS):
            page = self.read_page(path, key, query, rules=rules, limiter=limiter)
            total, seen = page.total_entries, set[str]()
            yield page
            while (url := page.next_url) is not None:
                numbered = page.next_is_numbered
                if url in seen:
                    msg = f"GET {path}: Harvest names a page as next that was read before"
                    raise StreamFailedError(msg)
                seen.add(url)
                page = self.read_page(url, key, rules=rules, limiter=limiter)
                yield page
                if numbered and page.total_entries != total:
                    break
            else:
                return
        msg = f"GET {path}: the list kept changing while it was read. Run again at a quieter time"
        raise StreamFailedError(msg)

    def oldest_day(self, name: str) -> date | None:
        """Find the day of the oldest time entry or expense; asked for once per run.

        Args:
            name: ``time_entries`` or ``expenses``, which are listed newest first.

        Returns:
            Its day, or ``None`` if there are no rows at all.
        """
        return self._memo.get(("oldest", name), lambda: self._read_oldest_day(name))

    def _read_oldest_day(self, name: str) -> date | None:
        newest = self.read_page(f"/{name}", name, {"per_page": "1"})
        oldest = self.read_page(newest.last_url, name) if newest.last_url else newest
        days = [
            str(day) for page in (newest, oldest) for (day,) in column(page.records, "spent_date")
        ]
        return date.fromisoformat(min(days)) if days else None

    def parents(self, path: str, since: datetime | None) -> list[Record]:
        """List the parents whose children are to be read; asked for once per run.

        Args:
            path: Path of the parents' list, whose last part names the records.
            since: Only parents changed at or after this instant.

        Returns:
            What is needed of each: ``id``, ``updated_at``, ``access_roles``.
        """
        stamp = canonical(since) if since else None
        return self._memo.get(("parents", path, stamp), lambda: self._read_parents(path, stamp))

    def _read_parents(self, path: str, stamp: str | None) -> list[Record]:
        params = {"updated_since": stamp} if stamp else {}
        needed = ("id", "updated_at", "access_roles")
        rows: dict[Json, Record] = {}
        for page in self.read_list(path, path.removeprefix("/"), params):
            for values in column(page.records, *needed):
                rows[values[0]] = dict(zip(needed, values, strict=True))
        return list(rows.values())

    def _next_address(self, link: Json, call: Call) -> str | None:
        """Return the address of the next page, having made sure that the token may go there."""
        if link is None:
            return None
        if not isinstance(link, str):
            msg = f"{call}: links.next is neither an address nor null"
            raise StreamFailedError(msg)
        url = urljoin(self._api_url + "/", link)
        if not self._is_own(url):
            msg = (
                f"{call}: links.next leads to another host than api_url, where the token must "
                "not be sent. Check api_url"
            )
            raise StreamFailedError(msg)
        return url

    def _is_own(self, url: str) -> bool:
        return _origin(url) == _origin(self._api_url)


def _are_objects(records: object) -> TypeGuard[Sequence[Record]]:
    if isinstance(records, Rows):
        return True
    return isinstance(records, list) and all(isinstance(row, dict) for row in records)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
