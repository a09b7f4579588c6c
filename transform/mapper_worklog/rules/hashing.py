"""Replace what identifies a person by a pseudonym."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Self

from typing_extensions import override

from mapper_worklog.columns import MisfitError, made
from mapper_worklog.paths import changer
from mapper_worklog.rules.base import Compiled, Rule, as_text, in_turn
from mapper_worklog.types import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mapper_worklog.columns import Columns
    from mapper_worklog.nodes import Node
    from mapper_worklog.rules.base import Scope, Tools

_KEYED: Final = "hmac-sha256"
_PLAIN: Final = "sha256"
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Hash(Rule):
    """``hash: [path, ...]``: replace fields by their HMAC-SHA-256, in hex; null stays null.

    A plain SHA-256 of a name or an address can be undone by trying names and addresses; it is
    there for tables that hold such hashes already.
    """

    word: ClassVar[str] = "hash"
    options: ClassVar[Sequence[str]] = ("algorithm",)

    paths: Sequence[str]
    algorithm: str

    @classmethod
    @override
    def parse(cls, head: Node, options: Mapping[str, Node], scope: Scope) -> Self:
        algorithm = options["algorithm"].text() if "algorithm" in options else _KEYED
        if algorithm not in (_KEYED, _PLAIN):
            options["algorithm"].fail(
                f"unknown algorithm {algorithm!r}. Write {_KEYED}, or {_PLAIN} without a key"
            )
        return cls(head.texts(), algorithm)

    @property
    def needs_key(self) -> bool:
        """Whether the setting ``hash_key`` must be there."""
        return self.algorithm == _KEYED

    @override
    def describe(self) -> str:
        return ", ".join(self.paths)

    @override
    def compile(self, columns: Columns, tools: Tools) -> Compiled:
        found = [field for path in self.paths if (field := tools.find(columns, path))]
        for field in found:
            columns.scalar(dotted(field.path))
            description = f"{self.algorithm} of {field}, in hex."
            columns.replace(field.path, made("string", description, null=field.nullable))
        digest = self._digest(tools.hash_key)
        return Compiled(in_turn([changer(field.path, digest) for field in found]))

    def _digest(self, key: bytes | None) -> Callable[[object], object]:
        if self.needs_key and not key:
            msg = "needs the setting hash_key"
            raise MisfitError(msg)
        secret = key if self.needs_key else None

        @lru_cache(maxsize=_REMEMBERED)
        def digest(text: str) -> str:
            plain = text.encode("utf-8", "surrogatepass")
            if secret is None:
                return hashlib.sha256(plain).hexdigest()
            return hmac.digest(secret, plain, "sha256").hex()

        return lambda value: digest(as_text(value))
