"""Which requests a fault or a trigger is meant for."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.wire import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A description of requests; all parts have to fit.

    Attributes:
        vendor: Whom the request is for.
        path: Glob on the resource, as ``/users/*/cost_rates``; ``*`` matches slashes too.
        method: Upper case, or ``*``.
        params: Query parameters with these values.
        page: Number of the page asked for; no number means page 1, a cursor means none.
    """

    vendor: str
    path: str = "*"
    method: str = "*"
    params: Mapping[str, str] = field(default_factory=dict)
    page: int | None = None

    def matches(self, vendor: str, resource: str, call: Call) -> bool:
        """Tell whether a request is meant."""
        return (
            vendor == self.vendor
            and fnmatchcase(resource, self.path)
            and self.method in ("*", call.method)
            and all(call.query.get(name) == value for name, value in self.params.items())
            and (self.page is None or _page(call) == str(self.page))
        )


def _page(call: Call) -> str | None:
    return None if "cursor" in call.query else call.query.get("page", "1")
