"""Names of streams as names of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from singer_tapkit.targets.errors import SchemaError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST: Final = 255 - len("..journal-journal")


def to_stem(stream: str) -> str:
    """Turn the name of a stream into that of its files, without a suffix.

    Letters, digits and ``_.-~`` stay; all else, and a dot in front, is percent-encoded:
    ``sales/Ärger`` becomes ``sales%2F%C3%84rger``.

    Raises:
        SchemaError: If there is no name, or it is too long for a file.
    """
    stem = quote(stream, safe="")
    if stem.startswith("."):
        stem = "%2E" + stem[1:]
    if not 0 < len(stem) <= _LONGEST:
        msg = (
            f"A stream's name has {len(stream)} characters, and so cannot name a file. "
            "Give it another one with __alias__ in stream_maps"
        )
        raise SchemaError(msg)
    return stem


def to_stream(stem: str) -> str:
    """Return the stream that files are named after; the inverse of :func:`to_stem`."""
    return unquote(stem)


def refuse_lookalike(stream: str, file: Path) -> None:
    """Make sure that no other file differs from this one by upper and lower case alone.

    Many file systems take the two for one.

    Raises:
        SchemaError: If there is such a file.
    """
    for other in file.parent.glob("*" + file.suffix):
        if other.name != file.name and other.name.casefold() == file.name.casefold():
            msg = (
                f"Stream {stream!r} and stream {to_stream(other.stem)!r} differ by upper and lower "
                "case alone, and would share a file. Rename one with __alias__ in stream_maps, or "
                f"remove {other}"
            )
            raise SchemaError(msg)
