"""Pages of a list, by number and by cursor.

Source: Harvest API v2, "Pagination".
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import urlencode

import orjson

from singer_sandbox.vendors.harvest.errors import invalid, plain_refusal
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sandbox.wire import Answer

SortKey: TypeAlias = tuple[int, ...]
ItemT = TypeVar("ItemT")

_OWN_PARAMETERS: Final = ("page", "cursor", "per_page", "ref", "access_token", "account_id")


@dataclass(frozen=True, slots=True)
class Found(Generic[ItemT]):
    """All that a request asks for, before it is cut into pages.

    Attributes:
        items: In the order of the list.
        sort_key: Of an item; grows along the list.
        show: Turns the items of a page into JSON.
    """

    items: Sequence[ItemT]
    sort_key: Callable[[ItemT], SortKey]
    show: Callable[[Sequence[ItemT]], object]


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is cut.

    Attributes:
        address: Of the list, without parameters; links start with it.
        query: Parameters of the request; links repeat them.
        by_cursor: Whether next pages are named by cursor.
        default_per_page: If the request does not say.
        max_per_page: What it may say at most.
    """

    address: str
    query: Mapping[str, str]
    by_cursor: bool
    default_per_page: int
    max_per_page: int


@dataclass(frozen=True, slots=True)
class _Cut:
    """A page: where it starts and stops, and its number if Harvest tells."""

    start: int
    stop: int
    number: int | None


def page_of(found: Found[Any], records_key: str, paging: Paging) -> Answer:
    """Answer with one page of a list in Harvest's envelope.

    Raises:
        ApiError: If the request names no page, or asks for too many rows.
    """
    per_page = _per_page(paging)
    total = len(found.items)
    total_pages = max(1, -(-total // per_page))
    if "cursor" in paging.query and paging.by_cursor:
        cut = _cut_at_cursor(found, paging.query["cursor"], per_page, total_pages)
    else:
        cut = _cut_at_number(paging.query.get("page", "1"), per_page, total)
    items = found.items[cut.start : cut.stop]
    number = cut.number
    has_next, has_previous = cut.stop < total, cut.start > 0
    links = {
        "first": _link(paging, per_page, "first", page=1),
        "next": None,
        "previous": None,
        "last": _link(paging, per_page, "last", page=total_pages),
    }
    if paging.by_cursor:
        if has_next and items:
            cursor = _encode("after", found.sort_key(items[-1]))
            links["next"] = _link(paging, per_page, "next_cursor", cursor=cursor)
        if has_previous and items:
            cursor = _encode("before", found.sort_key(items[0]))
            links["previous"] = _link(paging, per_page, "previous_cursor", cursor=cursor)
    elif number is not None:
        if has_next:
            links["next"] = _link(paging, per_page, "next", page=number + 1)
        if number > 1:
            links["previous"] = _link(paging, per_page, "previous", page=number - 1)
    return json_answer(
        {
            records_key: found.show(items),
            "per_page": per_page,
            "total_pages": total_pages,
            "total_entries": total,
            "next_page": number + 1 if number and has_next else None,
            "previous_page": number - 1 if number and number > 1 else None,
            "page": number,
            "links": links,
        }
    )


def _per_page(paging: Paging) -> int:
    default = min(paging.default_per_page, paging.max_per_page)
    per_page = _whole_number(paging.query.get("per_page", str(default)))
    if per_page > paging.max_per_page:
        msg = f"per_page can't be greater than {paging.max_per_page}"
        raise invalid(msg)
    return per_page


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise plain_refusal(HTTPStatus.BAD_REQUEST)
    return int(text)


def _cut_at_number(text: str, per_page: int, total: int) -> _Cut:
    number = _whole_number(text)
    start = min((number - 1) * per_page, total)
    return _Cut(start, min(start + per_page, total), number)


def _cut_at_cursor(found: Found[Any], cursor: str, per_page: int, total_pages: int) -> _Cut:
    """Cut behind or before a row, which need not be there any more; only outer pages count."""
    direction, key = _decode(cursor)
    total = len(found.items)
    if direction == "after":
        start = bisect_right(found.items, key, key=found.sort_key)
        stop = min(start + per_page, total)
    else:
        stop = bisect_left(found.items, key, key=found.sort_key)
        start = max(0, stop - per_page)
    number = 1 if start == 0 else total_pages if stop == total else None
    return _Cut(start, stop, number)


def _encode(direction: str, key: SortKey) -> str:
    """Write a cursor: as documented where the id alone decides, else with the whole sort key."""
    place = {"id": abs(key[-1])} if len(key) == 1 else {"id": abs(key[-1]), "order": key}
    return base64.b64encode(orjson.dumps({direction: place})).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, SortKey]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        [(direction, place)] = orjson.loads(base64.b64decode(padded)).items()
        key = tuple(place["order"]) if "order" in place else (-place["id"],)
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise plain_refusal(HTTPStatus.BAD_REQUEST) from None
    if direction not in ("after", "before"):
        raise plain_refusal(HTTPStatus.BAD_REQUEST)
    return direction, key


def _link(paging: Paging, per_page: int, ref: str, **place: object) -> str:
    kept = {name: text for name, text in paging.query.items() if name not in _OWN_PARAMETERS}
    params = {**kept, **place, "per_page": per_page, "ref": ref}
    return f"{paging.address}?{urlencode(sorted(params.items()))}"
