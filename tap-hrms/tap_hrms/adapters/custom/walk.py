"""Where a reading of pages stands, and where it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import StreamFailedError

from tap_hrms import values
from tap_hrms.adapters.custom.paths import finder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from singer_tapkit.types import Json, Record

    from tap_hrms.adapters.custom.plan import Plan

FORMATS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "iso8601": lambda at: canonical(at.replace(microsecond=0)),
    "iso8601_offset": lambda at: at.replace(microsecond=0).isoformat(),
    "date": lambda at: at.date().isoformat(),
    "epoch_s": lambda at: str(int(at.timestamp())),
    "epoch_ms": lambda at: str(int(at.timestamp() * 1000)),
}
"""How an API may want to be told an instant, beside ``strftime:LAYOUT``."""


class Walk:
    """Where a reading of pages stands.

    Args:
        plan: How the stream is read.
        since: From when to ask for changes, if at all.

    Attributes:
        params: Query parameters of the next request.
        body: Body of the next request.
        by_link: Whether answers say where the next page is.
        first: Key of the first record of the page before.
    """

    def __init__(self, plan: Plan, since: datetime | None) -> None:
        self._name = plan.name
        self._paging = plan.pagination
        self._stop: Mapping[str, Any] = self._paging.get("stop") or {}
        self._style = str(self._paging.get("style", "page"))
        self.by_link = self._style in ("next_url", "link_header")
        self.first: str | None = None
        self.params: dict[str, str] = dict(plan.params)
        self.body: dict[str, Json] = dict(plan.body)
        self._start = int(self._paging.get("start", 0 if self._style == "offset" else 1))
        self._size = int(self._paging.get("size", 100))
        self._pages = 0
        self._cursor = ""
        if since is not None and not plan.client_side:
            self._ask_since(plan.incremental, since)
        self._place()

    def next_link(self, answer: Json, from_header: str | None) -> str | None:
        """Return the link to the next page, if answers have one."""
        if self._style == "link_header":
            return from_header
        if self._style == "next_url":
            link = finder(self._paging.get("url_path") or "$.links.next")(answer)
            return str(link) if link else None
        return None

    def turn(self, answer: Json, rows: list[Record]) -> bool:
        """Go to the next page; false if there is none."""
        if self._style == "none" or self.by_link:
            return False
        if self._style == "cursor":
            return self._turn_to_cursor(answer, rows)
        self._pages += 1
        if self._ended(answer, rows):
            return False
        self._place()
        return True

    def _turn_to_cursor(self, answer: Json, rows: list[Record]) -> bool:
        found = finder(self._paging.get("cursor_path") or "$.meta.next")(answer)
        if found in (None, "", False) or (self._stop.get("empty_page") and not rows):
            return False
        if str(found) == self._cursor:
            msg = f"{self._name}: the cursor of a page leads back to the same page"
            raise StreamFailedError(msg)
        self._cursor = str(found)
        name = str(self._paging.get("cursor_param", "cursor"))
        if self._paging.get("send_in") == "body":
            self._put(name, self._cursor)
        else:
            self.params[name] = self._cursor
        return True

    def _ended(self, answer: Json, rows: list[Record]) -> bool:
        """Tell whether the page was the last one; an empty one always is."""

        def says(name: str) -> Any:  # noqa: ANN401 - decoded JSON
            path = self._stop.get(name)
            return finder(path)(answer) if path else None

        pages, total = values.whole(says("total_pages_path")), says("total_count_path")
        count = values.whole(total)
        return (
            not rows
            or (bool(self._stop.get("short_page")) and len(rows) < self._size)
            or (bool(self._stop.get("has_more_path")) and not says("has_more_path"))
            or (pages is not None and self._pages >= pages)
            or (count is not None and self._pages * self._size >= count)
        )

    def _place(self) -> None:
        """Write into the request which page is wanted."""
        size = self._paging.get("size_param", "page_size" if self._style == "page" else None)
        if self._style == "page":
            page = self._start + self._pages
            self.params[str(self._paging.get("page_param", "page"))] = str(page)
        elif self._style == "offset":
            offset = self._start + self._pages * self._size
            self.params[str(self._paging.get("offset_param", "offset"))] = str(offset)
            size = self._paging.get("limit_param", "limit")
        if size:
            self.params[str(size)] = str(self._size)

    def _ask_since(self, incremental: Mapping[str, Any], since: datetime) -> None:
        layout = str(incremental.get("format", "iso8601"))
        if layout.startswith("strftime:"):
            told = since.strftime(layout.removeprefix("strftime:"))
        else:
            told = FORMATS[layout](since)
        if incremental.get("body_path"):
            self._put(str(incremental["body_path"]), told)
        elif incremental.get("param"):
            self.params[str(incremental["param"])] = told

    def _put(self, path: str, value: str) -> None:
        """Put a value into the body, at a path such as ``$.filter.since``."""
        *parents, last = path.removeprefix("$.").split(".")
        target: dict[str, Any] = self.body
        for name in parents:
            target[name] = dict(target.get(name) or {})
            target = target[name]
        target[last] = value
