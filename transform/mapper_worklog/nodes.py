"""YAML with its line numbers, so that a fault can be named where it stands.

Plain scalars are read as JSON reads them: ``true``, ``false``, ``null`` and numbers are what they
seem, everything else is text. So ``no``, ``8:30`` and ``2026-01-31`` are texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

import yaml

from mapper_worklog.types import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mapper_worklog.types import Scalar

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS: Final[dict[str, Scalar]] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}


class Fault(Exception):  # noqa: N818 - one of several, gathered before any error is raised
    """Something in a rule file that cannot be used; says where and what."""


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a rule file.

    Attributes:
        faults: Gathers unknown words; all other faults are raised.
        file: The file it is from.
    """

    faults: list[str]
    file: Path
    _node: yaml.Node

    @property
    def line(self) -> int:
        """Line in the file, counted from 1."""
        mark: yaml.Mark = self._node.start_mark
        return mark.line + 1

    def fail(self, text: str) -> NoReturn:
        """Refuse this piece.

        Raises:
            Fault: Always; says where it stands.
        """
        msg = f"{self.file}:{self.line}: {text}"
        raise Fault(msg)

    def warn(self, text: str) -> None:
        """Gather a fault of this piece, and go on."""
        self.faults.append(f"{self.file}:{self.line}: {text}")

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    def fill(self, mark: str, text: str) -> None:
        """Replace a mark in all texts of this piece."""
        if isinstance(self._node, yaml.ScalarNode):
            self._node.value = str(self._node.value).replace(mark, text)
        elif isinstance(self._node, yaml.MappingNode):
            for key, value in self._node.value:
                Node(self.faults, self.file, key).fill(mark, text)
                Node(self.faults, self.file, value).fill(mark, text)
        else:
            for item in self._node.value:
                Node(self.faults, self.file, item).fill(mark, text)

    def value(self) -> Scalar:
        """Return a text, number, flag or null."""
        if not isinstance(self._node, yaml.ScalarNode):
            self.fail("needs one value here")
        text = str(self._node.value)
        if self._node.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if match := _NUMBER.fullmatch(text):
            return int(text) if text.lstrip("-").isdigit() else float(match[0])
        return text

    def text(self) -> str:
        """Return a text; a number or flag counts as the text it is written with."""
        if not isinstance(self._node, yaml.ScalarNode) or self.value() is None:
            self.fail("needs a text here")
        return str(self._node.value)

    def flag(self) -> bool:
        """Return true or false."""
        value = self.value()
        if not isinstance(value, bool):
            self.fail("needs true or false here")
        return value

    def whole(self) -> int:
        """Return a whole number, zero or above."""
        value = self.value()
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fail("needs a whole number here, zero or above")
        return value

    def items(self) -> list[Node]:
        """Return the elements of a sequence; anything else counts as a sequence of one."""
        if isinstance(self._node, yaml.SequenceNode):
            return [Node(self.faults, self.file, item) for item in self._node.value]
        return [self]

    def texts(self) -> list[str]:
        """Return one text or several, at least one."""
        texts = [item.text() for item in self.items()]
        if not texts:
            self.fail("needs at least one text here")
        return texts

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Yield keys and values of a mapping; a key that stands twice is a fault."""
        if not isinstance(self._node, yaml.MappingNode):
            self.fail("needs 'word: value' pairs here")
        seen = set()
        for key, value in self._node.value:
            node = Node(self.faults, self.file, key)
            if node.text() in seen:
                node.fail(f"{node.text()!r} stands here twice")
            seen.add(node.text())
            yield node, Node(self.faults, self.file, value)

    def options(self, known: Iterable[str]) -> dict[str, Node]:
        """Return values by word, and gather a fault for each word that is not known."""
        found, words = {}, list(known)
        for key, value in self.pairs():
            word = key.text()
            if word in words:
                found[word] = value
            else:
                hint = near(word, words) or f" The words here are: {', '.join(words)}"
                key.warn(f"unknown word {word!r}.{hint}")
        return found

    def renames(self) -> dict[str, str]:
        """Return a mapping of texts to texts."""
        return {key.text(): value.text() for key, value in self.pairs()}


def read_yaml(file: Path, faults: list[str]) -> Node:
    """Read a YAML file.

    Args:
        file: Where it is.
        faults: Gathers unknown words, later on.

    Raises:
        Fault: If it cannot be read, is no YAML, or is empty.
    """
    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=loader)
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}. Paths start at the working directory"
        raise Fault(msg) from None
    except UnicodeDecodeError:
        msg = f"{file}: is not UTF-8 text"
        raise Fault(msg) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        msg = f"{place}: is not YAML: {error.problem}"
        raise Fault(msg) from None
    except yaml.YAMLError:
        msg = f"{file}: is not YAML: it holds a character that YAML does not allow"
        raise Fault(msg) from None
    if node is None:
        msg = f"{file}: is empty"
        raise Fault(msg)
    return Node(faults, file, node)
