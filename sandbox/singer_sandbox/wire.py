"""What goes in and out of a vendor, free of any web framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row: TypeAlias = dict[str, Any]
"""One record, as decoded JSON."""

JSON_TYPE: Final = "application/json; charset=utf-8"
HTML_TYPE: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a vendor.

    Attributes:
        method: Upper case.
        path: Below the vendor's mount, as ``/v2/time_entries``.
        pairs: Decoded parameters, in order.
        headers: By lower-case name.
        body: Raw.
        mount: Address of the vendor as the caller wrote it, without a trailing slash; links in
            answers start with it.
    """

    method: str
    path: str
    pairs: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    mount: str

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters by name; the last one wins if a name comes twice."""
        return dict(self.pairs)

    def repeated(self, name: str) -> list[str]:
        """Return all values of a parameter."""
        return [value for given, value in self.pairs if given == name]

    @property
    def token(self) -> str | None:
        """The bearer token, if there is one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of a vendor.

    Attributes:
        status: HTTP status.
        body: Encoded.
        content_type: Of the body.
        headers: Further headers.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Encode a JSON answer; ``orjson.Fragment`` may stand for parts that are encoded already."""
    return Answer(status, orjson.dumps(content), headers=headers or {})


def html_answer(status: int, title: str) -> Answer:
    """Make a small web page, as vendors and proxies send in place of JSON."""
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1></body></html>\n"
    )
    return Answer(status, page.encode(), HTML_TYPE)
