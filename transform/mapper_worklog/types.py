"""Types that several modules speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, object]
"""Values by field name. Numbers that a double cannot hold are ``int`` or ``Decimal``."""

Schema: TypeAlias = dict[str, Any]
"""A JSON schema."""

Path: TypeAlias = tuple[str, ...]
"""The way to a field: its name, below the names of the objects that hold it."""

Scalar: TypeAlias = str | int | float | bool | None

Step: TypeAlias = Callable[[Record], bool]
"""Change a record in place, and say whether there was anything to do."""


def dotted(path: Path) -> str:
    """Write a path as rule files do."""
    return ".".join(path)


def near(word: str, known: list[str]) -> str:
    """Suggest what was meant: a sentence that starts with a space, or nothing."""
    import difflib  # noqa: PLC0415 - only needed once something is wrong

    close = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
