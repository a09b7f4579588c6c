"""Any REST API, by configuration: where its streams are, and how its fields are called."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urljoin, urlsplit

from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import ParentEmptyError, StreamFailedError
from singer_tapkit.http import Action, Answer, Call, RetryPolicy, Rule, Verdict
from singer_tapkit.http.client import decode
from singer_tapkit.windows import Days
from typing_extensions import override

from tap_hrms import canonical as shapes
from tap_hrms import values
from tap_hrms.adapters.base import Adapter, Asked, Page, Support
from tap_hrms.adapters.custom.auth import credential_of, expiry
from tap_hrms.adapters.custom.paths import finder
from tap_hrms.adapters.custom.plan import Plan
from tap_hrms.adapters.custom.settings import NEEDED, SETTINGS
from tap_hrms.adapters.custom.walk import Walk
from tap_hrms.client import SystemClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import requests
    from singer_tapkit.types import Json, Record

    from tap_hrms.adapters.base import Surroundings


_STATUSES: Final = (408, 429, 500, 502, 503, 504)
_ARRAY: Final = "[]"
"""Name under which answers that are arrays come."""
_REMEDY: Final = "Check custom.auth"
RULES: Final = (
    Rule({401}, Verdict(Action.REAUTHENTICATE, "the credentials were refused", _REMEDY)),
    Rule(
        {403},
        Verdict(Action.UNAVAILABLE, "the credentials do not open this", "Deselect the stream"),
    ),
    Rule(
        {404},
        Verdict(
            Action.FAIL, "there is nothing at this address", "Check custom.base_url and the path"
        ),
    ),
)
_NONE_OF_PARENT: Final = Rule({404, 410}, Verdict(Action.EMPTY_PARENT, "the parent has none"))


class CustomClient(SystemClient):
    """Knows a session that has ended, however that is said, and the links in headers."""

    def __init__(self, settings: Mapping[str, Any], around: Surroundings) -> None:
        auth = settings.get("auth") or {}
        retry, timeout = settings.get("retry") or {}, settings.get("timeout") or {}
        self._session_based = auth.get("kind") == "session_login"
        self._ended_by = expiry(auth) if self._session_based else (set(), [])
        self._honours = bool(retry.get("honour_retry_after", True))
        self._local = threading.local()
        statuses = set(retry.get("statuses", _STATUSES))
        super().__init__(
            str(settings["base_url"]),
            around,
            credential=credential_of(auth, str(settings["base_url"]), around),
            rules=(
                Rule(statuses, Verdict(Action.RETRY, "the server asks for patience")),
                *RULES,
            ),
            headers=settings.get("headers"),
            timeout_seconds=(
                float(timeout.get("connect_s", 10)),
                float(timeout.get("read_s", 120)),
            ),
            per_second=float(settings.get("max_requests_per_second") or 5),
            retry=RetryPolicy(
                attempts=int(retry.get("max_tries", 6)),
                backoff=timedelta(seconds=float(retry.get("backoff_base_s", 2))),
                longest_backoff=timedelta(seconds=float(retry.get("backoff_max_s", 120))),
            ),
        )

    @override
    def verdict(self, call: Call, answer: Answer) -> Verdict:
        if self._session_based and self._has_ended(answer):
            return Verdict(Action.REAUTHENTICATE, "the session is refused", _REMEDY)
        return super().verdict(call, answer)

    @override
    def heed(self, response: requests.Response) -> None:
        self._local.next = response.links.get("next", {}).get("url")

    @override
    def wait_asked(self, response: requests.Response) -> float | None:
        return super().wait_asked(response) if self._honours else None

    @property
    def next_link(self) -> str | None:
        """The link to the next page in the headers of this thread's last answer."""
        link: str | None = getattr(self._local, "next", None)
        return link

    def _has_ended(self, answer: Answer) -> bool:
        statuses, bodies = self._ended_by
        if answer.head.status_code in statuses:
            return True
        kind = answer.head.headers.get("Content-Type", "")
        if answer.head.ok and "text/html" in kind:
            return True  # a page to log in at
        body = decode(answer.body) if bodies else None
        return any(find(body) == value for find, value in bodies)


class Custom(Adapter):
    """One REST API."""

    name = "custom"
    settings_schema: ClassVar[dict[str, Any]] = SETTINGS

    def __init__(self, settings: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(settings, around)
        self._client = CustomClient(settings, around)
        self._plans = {
            name: Plan(name, stream) for name, stream in settings["streams"].items() if stream
        }

    @classmethod
    @override
    def faults(cls, settings: Mapping[str, Any]) -> list[str]:
        auth = settings.get("auth") or {}
        kind = auth.get("kind", "none")
        found = [
            f"auth.{name}: missing. {kind} needs it" for name in NEEDED[kind] if not auth.get(name)
        ]
        for name, stream in settings["streams"].items():
            found += [
                f"streams.{name}.fields.{field}: no field of {name}"
                for field in (stream or {}).get("fields") or {}
                if field not in shapes.SCHEMAS[name]["properties"]
            ]
            parent = ((stream or {}).get("parent") or {}).get("stream")
            if parent is not None and parent not in settings["streams"]:
                found.append(f"streams.{name}.parent.stream: no such stream is configured")
        if found:
            return found
        for name, stream in settings["streams"].items():
            try:
                Plan(name, stream or {})
            except ValueError as error:
                found.append(f"streams.{name}.{error}")
        return found

    @classmethod
    @override
    def instance_of(cls, settings: Mapping[str, Any]) -> str:
        return str(settings["instance"])

    @property
    @override
    def streams(self) -> Mapping[str, Support]:
        return {
            name: Support.SWEPT if plan.incremental else Support.FULL
            for name, plan in self._plans.items()
        }

    @override
    def read(self, asked: Asked) -> Iterator[Page]:
        plan = self._plans[asked.stream]
        due = not plan.incremental or self.sweep_due(asked)
        since = self.around.start_date if due else self._since(asked, plan)
        newest: str | None = None
        for rows in self._parts(plan, since):
            records = []
            for row in rows:
                record = plan.record(row)
                changed = _instant(record.get("remote_updated_at"))
                newest = max(newest or "", changed or "") or None
                if plan.client_side and since and changed and changed < canonical(since):
                    continue
                if "raw" in asked.fields:
                    record["raw"] = row
                records.append(record)
            yield Page(records)
        plan.tell_unmatched()
        yield from self._gone(plan)
        whole = due and since is None and not plan.deleted_path
        yield Page(listed=[Days()] if whole else (), cursor=self._cursor(asked, plan, newest, due))

    def _since(self, asked: Asked, plan: Plan) -> datetime | None:
        """Return from when to ask: behind the cursor by the stream's own overlap."""
        since = self.since(asked)
        own = plan.incremental.get("overlap_s", 300)
        return since + self.around.lookback - timedelta(seconds=float(own)) if since else None

    def _cursor(self, asked: Asked, plan: Plan, newest: str | None, due: bool) -> Json:  # noqa: FBT001
        """Return from where the next run goes on: the newest change seen, or the run's start."""
        if not plan.incremental:
            return None
        since = self.around.started
        if plan.incremental.get("value_path"):
            before = asked.cursor.get("since") if isinstance(asked.cursor, dict) else None
            known = max(newest or "", str(before or ""))
            since = min(known, since) if known else since
        return {"since": since, "swept": self.swept(asked, now=due)}

    def _gone(self, plan: Plan) -> Iterator[Page]:
        """Read the list of what was deleted, where the API has one of its own."""
        if plan.deleted_path:
            for answer in self._answers(plan, plan.deleted_path, None):
                ids = [plan.key(row) for row in plan.rows(answer)]
                yield Page([{"remote_id": one, "is_deleted": True} for one in ids if one])

    def _parts(self, plan: Plan, since: datetime | None) -> Iterator[list[Record]]:
        if not plan.parent:
            for answer in self._answers(plan, plan.path, since):
                yield plan.rows(answer)
            return
        above = self._plans[str(plan.parent["stream"])]
        finders = {name: finder(path) for name, path in plan.parent["path_vars"].items()}
        paths: list[str] = []
        for rows in self._parts(above, None):
            for row in rows:
                parent = above.record(row)
                names = {name: str(find(parent)) for name, find in finders.items()}
                paths.append(plan.path.format_map(names))

        def ask(path: str) -> list[Record]:
            try:
                return [
                    row for answer in self._answers(plan, path, since) for row in plan.rows(answer)
                ]
            except ParentEmptyError:
                return []

        yield from self.around.overlap.ordered(ask, paths)

    def _answers(self, plan: Plan, path: str, since: datetime | None) -> Iterator[Json]:
        """Read all pages of one address.

        Raises:
            StreamFailedError: If the server gives the same page again, or more than are allowed.
        """
        walk = Walk(plan, since)
        address = self._client.base_url + path
        followed: set[str] = set()
        for number in range(1, plan.max_pages + 1):
            answer = self._ask(plan, address, walk)
            found = answer.get(_ARRAY, answer)
            rows = plan.rows(found)
            first = plan.key(rows[0]) if rows else None
            if first is not None and first == walk.first:
                msg = (
                    f"{plan.name}: page {number} begins with the same record as the one before. "
                    "The server ignores the paging parameters; check pagination"
                )
                raise StreamFailedError(msg)
            walk.first = first
            yield found
            link = walk.next_link(found, self._client.next_link)
            if walk.by_link:
                if not link:
                    return
                address = self._followable(address, link)
                if address in followed:
                    msg = f"{plan.name}: a link to the next page leads back to one that was read"
                    raise StreamFailedError(msg)
                followed.add(address)
                walk.params = {}
            elif not walk.turn(found, rows):
                return
        msg = f"{plan.name}: more than {plan.max_pages} pages. Raise pagination.max_pages"
        raise StreamFailedError(msg)

    def _ask(self, plan: Plan, address: str, walk: Walk) -> Record:
        rules = [_NONE_OF_PARENT] if plan.parent else []
        call = Call(
            plan.method,
            address,
            params=walk.params,
            body=walk.body if plan.method == "POST" else None,
            wrap=_ARRAY,
            rules=rules,
        )
        return self._client.send(call, self._client.limiter)

    def _followable(self, address: str, link: str) -> str:
        """Return the address that a link leads to, if credentials may be sent there.

        Raises:
            StreamFailedError: If it leads to another host.
        """
        target = urljoin(address, link)
        hosts = {
            urlsplit(self._client.base_url).netloc,
            *(self.settings.get("allowed_hosts") or ()),
        }
        if urlsplit(target).netloc not in hosts:
            msg = "the link to the next page leads to another host. Name it in allowed_hosts"
            raise StreamFailedError(msg)
        return target


def _instant(value: Json) -> str | None:
    try:
        return values.instant(value)
    except ValueError:
        return None
