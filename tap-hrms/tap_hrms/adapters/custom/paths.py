"""Values found in an answer: by JSONPath, by JMESPath, by template; then mapped and cast."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse
from singer_tapkit.bookmarks import canonical

from tap_hrms import values

if TYPE_CHECKING:
    from singer_tapkit.types import Json, Record

Find = Callable[[Any], Any]
"""Finds a value in decoded JSON; ``None`` if it is not there."""

_PLAIN: Final = re.compile(r"\$((?:\.[A-Za-z_][\w-]*)*)")
_WAYS: Final = ("path", "jmespath", "const", "template")
_HOLE: Final = re.compile(r"\{([^{}]+)\}")
_CASTS: Final[Mapping[str, Callable[[Any], Json]]] = {
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "strip": lambda value: str(value).strip(),
    "str": str,
    "string": str,
    "int": values.whole,
    "integer": values.whole,
    "number": values.number,
    "float": values.number,
    "bool": values.flag,
    "boolean": values.flag,
    "date": values.day,
    "datetime": values.instant,
    "epoch_s": lambda value: _moment(float(value)),
    "epoch_ms": lambda value: _moment(float(value) / 1000),
}


def finder(path: str) -> Find:
    """Compile a JSONPath to what finds its first match.

    Raises:
        ValueError: If it is none.
    """
    plain = _PLAIN.fullmatch(path)
    if plain:
        names = plain[1].split(".")[1:]

        def follow(value: Any) -> Any:  # noqa: ANN401 - decoded JSON
            for name in names:
                if not isinstance(value, dict):
                    return None
                value = value.get(name)
            return value

        return follow
    find = _compiled(path)
    return lambda value: next((match.value for match in find(value)), None)


def all_of(path: str) -> Callable[[Any], list[Any]]:
    """Compile a JSONPath to what finds all its matches.

    Raises:
        ValueError: If it is none.
    """
    whole = re.fullmatch(r"(\$(?:\.[A-Za-z_][\w-]*)*)\[\*\]", path)
    if whole:
        find_list = finder(whole[1])

        def rows(value: Any) -> list[Any]:  # noqa: ANN401 - decoded JSON
            found = find_list(value)
            return found if isinstance(found, list) else [] if found is None else [found]

        return rows
    find = _compiled(path)
    return lambda value: [match.value for match in find(value)]


def _compiled(path: str) -> Callable[[Any], list[Any]]:
    try:
        compiled = parse(path)
    except (JSONPathError, Exception) as error:  # its lexer raises plain exceptions
        msg = "no JSONPath"
        raise ValueError(msg) from error
    found: Callable[[Any], list[Any]] = compiled.find
    return found


class Field:
    """How one canonical field is made of a row.

    Args:
        spec: A JSONPath; or an object with one of ``path``, ``jmespath``, ``const`` and
            ``template``, and with ``map``, ``cast`` and ``default`` if needed.

    Raises:
        ValueError: If it cannot be read.
    """

    def __init__(self, spec: str | Mapping[str, Any]) -> None:
        given: Mapping[str, Any] = {"path": spec} if isinstance(spec, str) else spec
        self._find = _found_by(given)
        self._default = given.get("default")
        self._map = {str(key).strip().lower(): value for key, value in given.get("map", {}).items()}
        self._mapped = "map" in given
        self._cast = _cast(given.get("cast"))

    def raw(self, row: Record) -> Json:
        """Return what the source says."""
        found: Json = self._find(row)
        return found

    def value(self, raw: Json) -> Json:
        """Return what that means.

        Raises:
            ValueError: If it cannot be cast.
        """
        if raw in (None, ""):
            return self._default
        if self._mapped:
            return self._map.get(str(raw).strip().lower(), self._default)
        return self._cast(raw) if self._cast else raw


def _found_by(given: Mapping[str, Any]) -> Find:
    kinds = [
        name for name in ("path", "jmespath", "const", "template") if given.get(name) is not None
    ]
    if len(kinds) != 1:
        msg = "needs exactly one of path, jmespath, const and template"
        raise ValueError(msg)
    (kind,) = kinds
    if kind == "path":
        return finder(str(given["path"]))
    if kind == "const":
        return lambda _row: given["const"]
    if kind == "template":
        return _template(str(given["template"]))
    try:
        compiled = jmespath.compile(str(given["jmespath"]))
    except JMESPathError as error:
        msg = "no JMESPath"
        raise ValueError(msg) from error

    def search(row: Any) -> Any:  # noqa: ANN401 - decoded JSON
        try:
            return compiled.search(row)
        except JMESPathError:
            return None

    return search


def _template(text: str) -> Find:
    """Make a text with paths in braces; there is none while one of them leads nowhere."""
    holes = {
        name: finder(name if name.startswith("$") else f"$.{name}") for name in _HOLE.findall(text)
    }

    def fill(row: Any) -> str | None:  # noqa: ANN401 - decoded JSON
        found = {name: find(row) for name, find in holes.items()}
        if any(value is None for value in found.values()):
            return None
        return _HOLE.sub(lambda hole: str(found[hole[1]]), text)

    return fill


def _cast(name: str | None) -> Callable[[Any], Json] | None:
    if name is None:
        return None
    kind, _, layout = name.partition(":")
    if layout and kind == "date":
        return lambda value: datetime.strptime(str(value), layout).date().isoformat()  # noqa: DTZ007
    if layout and kind == "datetime":
        return lambda value: canonical(_aware(datetime.strptime(str(value), layout)))  # noqa: DTZ007
    if name not in _CASTS:
        msg = f"there is no such cast. There are {', '.join(_CASTS)}, date:LAYOUT, datetime:LAYOUT"
        raise ValueError(msg)
    return _CASTS[name]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(seconds: float) -> str:
    return canonical(datetime.fromtimestamp(seconds, UTC))
