"""Requests as settings describe them, filled with the fields of a record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A request to be.

    Attributes:
        method: HTTP method.
        path: Below the base address; ``{name}`` stands for a field.
        body: JSON of the body; a text that is just ``"{name}"`` becomes the value of the field in
            its own type, or is left out if there is none.
        params: Query parameters, likewise.
        id: Where in the answer the id is, as ``Content.EntryKey`` or ``rows.0.id``.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    id: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Template:
        """Read one from settings."""
        return cls(
            str(given.get("method", "POST")).upper(),
            str(given.get("path", "")),
            given.get("body"),
            given.get("params") or {},
            str(given.get("id", "")),
        )

    def address(self, fields: Mapping[str, Any]) -> str:
        """Return the path, filled."""
        return _FIELD.sub(lambda match: quote(str(fields.get(match[1], "")), safe=""), self.path)

    def filled_body(self, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the body, filled; ``None`` if there is none."""
        return None if self.body is None else _filled(self.body, fields)

    def filled_params(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """Return the query parameters, filled."""
        return {name: str(value) for name, value in _filled(self.params, fields).items()}


def find(content: Any, path: str) -> Any:  # noqa: ANN401 - decoded JSON
    """Return what is at a dotted path, through objects and lists; ``None`` if nothing is."""
    for part in path.split(".") if path else []:
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return None
    return content


def _filled(template: Any, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(template, dict):
        filled = {name: _filled(value, fields) for name, value in template.items()}
        return {name: value for name, value in filled.items() if value is not None}
    if isinstance(template, list):
        return [_filled(value, fields) for value in template]
    if not isinstance(template, str):
        return template
    if whole := _FIELD.fullmatch(template):
        return fields.get(whole[1])
    return _FIELD.sub(lambda match: str(fields.get(match[1], "")), template)
