"""Faults on demand: what can go wrong between a vendor and its caller."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import orjson

from singer_sandbox.vendor import RefusedError
from singer_sandbox.wire import HTML_TYPE, JSON_TYPE, Answer, html_answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sandbox.patterns import Pattern
    from singer_sandbox.wire import Call


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """The vendor is not reached; ``status``, ``headers`` and ``body`` say what comes instead."""
    HTML = "html"
    """The vendor is not reached; a web page comes with status 200."""
    DROP = "drop"
    """The vendor is not reached; the connection is closed without an answer."""
    RESET = "reset"
    """The connection is reset in the middle of the body."""
    TRUNCATE = "truncate"
    """The body ends in its middle, and Content-Length agrees with that."""
    SLOW = "slow"
    """The answer is right, but comes after ``seconds``."""
    FOREIGN_LINK = "foreign_link"
    """The link to the next page leads to ``host``."""
    PATCH = "patch"
    """``merge`` is merged into the JSON body, then the keys in ``remove`` are taken out."""
    ROWS = "rows"
    """The same happens to each object of the lists that the body consists of."""


_BODIES: Final = ("json", "html", "empty", "text")
_UNREACHED: Final = frozenset({Kind.STATUS, Kind.HTML, Kind.DROP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault and its occasions.

    Attributes:
        kind: What goes wrong.
        pattern: With which requests.
        skip: How many of them go well first.
        times: How many go wrong then; ``None`` means all.
        seconds: Wait of real time before the answer, with any kind.
        status: Of ``status``.
        headers: Of ``status``, such as ``Retry-After``.
        body: Shape of the body of ``status``: json, html, empty, or text.
        text: The body, if its shape is text.
        host: Of ``foreign_link``: scheme and host.
        merge: Of ``patch`` and ``rows``: values by key, objects merged in depth.
        remove: Of ``patch`` and ``rows``: keys, with dots between levels.
    """

    kind: Kind
    pattern: Pattern
    skip: int = 0
    times: int | None = 1
    seconds: float = 0.0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = "json"
    text: str = ""
    host: str = "https://elsewhere.example"
    merge: Mapping[str, Any] = field(default_factory=dict)
    remove: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.body not in _BODIES:
            msg = f"A body is one of {', '.join(_BODIES)}, not {self.body}"
            raise RefusedError(msg)

    @property
    def reaches_vendor(self) -> bool:
        """Whether the vendor answers before things go wrong."""
        return self.kind not in _UNREACHED

    def instead(self) -> Answer | None:
        """Return what comes instead of the vendor's answer; ``None`` if nothing comes."""
        if self.kind is Kind.HTML:
            return html_answer(200, "We will be right back")
        if self.kind is not Kind.STATUS:
            return None
        if self.body == "html":
            return replace(html_answer(self.status, f"Error {self.status}"), headers=self.headers)
        if self.body == "json":
            content = {"status": self.status, "error": "Fault on demand"}
            return Answer(self.status, orjson.dumps(content), JSON_TYPE, self.headers)
        return Answer(self.status, self.text.encode(), "text/plain", self.headers)

    def spoil(self, answer: Answer) -> Answer:
        """Return the vendor's answer with the fault in it."""
        if self.kind is Kind.TRUNCATE:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        changes = (Kind.FOREIGN_LINK, Kind.PATCH, Kind.ROWS)
        if self.kind not in changes or answer.content_type == HTML_TYPE:
            return answer
        content = orjson.loads(answer.body)
        if self.kind is not Kind.FOREIGN_LINK:
            for place in [content] if self.kind is Kind.PATCH else _rows(content):
                _merge(place, self.merge)
                for path in self.remove:
                    _remove(place, path)
        elif link := content.get("links", {}).get("next"):
            scheme, netloc, *_ = urlsplit(self.host)
            content["links"]["next"] = urlunsplit((scheme, netloc, *urlsplit(link)[2:]))
        return replace(answer, body=orjson.dumps(content))


class FaultBook:
    """The faults that are still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._matches: list[int] = []

    def add(self, fault: Fault) -> None:
        """Put a fault behind the others."""
        self._faults.append(fault)
        self._matches.append(0)

    def take(self, vendor: str, resource: str, call: Call) -> Fault | None:
        """Return the fault that a request meets: the first one whose turn it is, if any."""
        for index, fault in enumerate(self._faults):
            if not fault.pattern.matches(vendor, resource, call):
                continue
            matched = self._matches[index]
            self._matches[index] += 1
            if matched >= fault.skip and (
                fault.times is None or matched < fault.skip + fault.times
            ):
                return fault
        return None

    def clear(self, vendor: str | None = None) -> None:
        """Call off all faults, or those of one vendor."""
        kept = [
            (fault, matched)
            for fault, matched in zip(self._faults, self._matches, strict=True)
            if vendor and fault.pattern.vendor != vendor
        ]
        self._faults = [fault for fault, _ in kept]
        self._matches = [matched for _, matched in kept]


def _rows(content: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield the objects of a list, or of the lists in an object."""
    lists = [content] if isinstance(content, list) else [*content.values()]
    for found in lists:
        yield from (
            (row for row in found if isinstance(row, dict)) if isinstance(found, list) else ()
        )


def _merge(target: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def _remove(target: dict[str, Any], path: str) -> None:
    *parents, last = path.split(".")
    for key in parents:
        target = target.get(key, {})
    target.pop(last, None)
