"""Lookup tables: exact entries first, then keywords in order."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mapper_worklog.nodes import Fault, Node, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mapper_worklog.types import Scalar

_WORD: Final = "word"
_CONTAINS: Final = "contains"
_CSV_COLUMNS: Final = ("from", "to")


@dataclass(frozen=True, slots=True)
class Keyword:
    """A rule that looks into texts.

    Attributes:
        label: How reports name it.
        pattern: What to search for.
        value: What a text means that holds it.
        optional: Whether it may match nothing.
    """

    label: str
    pattern: re.Pattern[str]
    value: Scalar
    optional: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What texts mean.

    Attributes:
        exact: Values by the whole text, case-sensitive.
        keywords: Asked in order where no exact entry fits; the first that matches decides.
    """

    exact: Mapping[str, Scalar]
    keywords: Sequence[Keyword]

    def values(self) -> list[Scalar]:
        """Return all values that a lookup can have."""
        return [*self.exact.values(), *(keyword.value for keyword in self.keywords)]


def parse_table(node: Node) -> Table:
    """Read a table: ``exact`` and ``keywords``, or the ``file`` that they are in.

    Raises:
        Fault: If it, or its file, cannot be used.
    """
    words = node.options(["exact", "keywords", "file"])
    if file := words.pop("file", None):
        if words:
            file.fail("'file' stands alone: exact entries and keywords are in the file")
        return _read_file(file)
    return _parse_entries(node, words)


def _parse_entries(node: Node, words: Mapping[str, Node]) -> Table:
    exact = words["exact"].pairs() if "exact" in words else ()
    keywords = words["keywords"].items() if "keywords" in words else ()
    table = Table(
        exact={key.text(): value.value() for key, value in exact},
        keywords=[_keyword(item) for item in keywords],
    )
    if not table.exact and not table.keywords:
        node.fail("a table needs 'exact' entries, 'keywords', or a 'file'")
    return table


def _keyword(node: Node) -> Keyword:
    words = node.options([_WORD, _CONTAINS, "is", "optional"])
    if "is" not in words or len({_WORD, _CONTAINS} & set(words)) != 1:
        node.fail(f"a keyword needs 'is', and either '{_WORD}' or '{_CONTAINS}'")
    kind = _WORD if _WORD in words else _CONTAINS
    texts = words[kind].texts()
    if not all(text.strip() for text in texts):
        words[kind].fail("an empty keyword would match everything")
    found = "|".join(r"[^\S\n]+".join(map(re.escape, text.split())) for text in texts)
    pattern = rf"(?<!\w)(?:{found})(?!\w)" if kind == _WORD else found
    return Keyword(
        label=f"{kind} {', '.join(texts)}",
        pattern=re.compile(pattern, re.IGNORECASE),
        value=words["is"].value(),
        optional="optional" in words and words["optional"].flag(),
    )


def _read_file(node: Node) -> Table:
    path = node.file.parent / node.text()
    if path.suffix.lower() == ".csv":
        return _read_csv(path)
    if path.suffix.lower() not in (".yml", ".yaml"):
        node.fail("a table file ends in .csv, .yml or .yaml")
    root = read_yaml(path, node.faults)
    return _parse_entries(root, root.options(["exact", "keywords"]))


def _read_csv(path: Path) -> Table:
    """Read exact entries from the columns ``from`` and ``to``; other columns are for people."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if not set(_CSV_COLUMNS) <= set(rows.fieldnames or ()):
                msg = f"{path}:1: needs a heading row with the columns 'from' and 'to'"
                raise Fault(msg)
            exact: dict[str, Scalar] = {}
            for row in rows:
                if row["to"] is None or row["from"] in exact:
                    fault = "has no value under 'to'" if row["to"] is None else "stands twice"
                    msg = f"{path}:{rows.line_num}: {row['from']!r} {fault}"
                    raise Fault(msg)
                exact[row["from"]] = row["to"]
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise Fault(msg) from None
    except (UnicodeDecodeError, csv.Error):
        msg = f"{path}: is not a CSV file in UTF-8"
        raise Fault(msg) from None
    return Table(exact, ())
