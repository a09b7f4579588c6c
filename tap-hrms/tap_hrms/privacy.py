"""What may leave the tap: every property has a mark, and the setting ``pii`` says what it means.

What is dropped is no column at all, and adapters do not even ask for it. Properties that a
customer has added, and that no schema knows, are judged by their names.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.schema import Pii

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_tapkit.types import Json, Record

_ORDER: Final = (Pii.NONE, Pii.DIRECT, Pii.SENSITIVE, Pii.SPECIAL)
_SPECIAL_NAME: Final = re.compile(
    r"salar|wage|\bpay|pay\b|payrate|payment|payroll|payg|payscale|compens|remunerat|bonus|commiss|"
    r"incent|stock|equity|\brates?\b|amount|earning|income|grade|band\b|"
    r"gender|\bsex\b|sexual|orient|ethnic|\brace\b|racial|marit|married|spous|nationalit|citizen|"
    r"relig|faith|polit|union|veteran|militar|"
    r"health|medic|diagnos|ill\b|illness|sick|disab|disease|allerg|pregnan|blood|vaccin|"
    r"ssn|\bsin\b|\bnin\b|social|national.?id|passport|visa|tax|\bvat\b|insur|bank|iban|account.?n|"
    r"note|comment|remark|reason|\baca\b|\beeo\b|biometric|genetic|criminal",
    re.IGNORECASE,
)
"""Names of added fields that hold special categories, money, government ids or free text."""


class Mode(StrEnum):
    """What becomes of properties that are at least as private as the level."""

    INCLUDE = "include"
    HASH = "hash"
    DROP = "drop"


def looks_special(name: str) -> bool:
    """Tell whether the name of an added field speaks of something special."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return bool(_SPECIAL_NAME.search(re.sub(r"[^A-Za-z0-9]+", " ", words)))


@dataclass(frozen=True, slots=True)
class Policy:
    """The setting ``pii``.

    Attributes:
        mode: What happens.
        level: To which properties: those with this mark, and more private ones.
        key: Of the hashes.
    """

    mode: Mode = Mode.DROP
    level: Pii = Pii.SPECIAL
    key: bytes = b""

    @classmethod
    def of(cls, setting: Mapping[str, Any] | None) -> Policy:
        """Read the setting; special categories are dropped if it is absent."""
        given = {name: value for name, value in (setting or {}).items() if value is not None}
        return cls(
            Mode(given.get("mode", Mode.DROP)),
            Pii(given.get("level", Pii.SPECIAL)),
            str(given.get("key", "")).encode(),
        )

    @property
    def keeps_special(self) -> bool:
        """Whether special categories may leave the tap, as they are or hashed."""
        return self.mode is not Mode.DROP

    def fate(self, definition: Mapping[str, Any]) -> Mode:
        """Say what happens to a property.

        Args:
            definition: Its schema; the most private part of it counts.
        """
        private = _rank(definition) >= _ORDER.index(self.level)
        return self.mode if private else Mode.INCLUDE

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema of what leaves the tap."""
        properties = {}
        for name, definition in schema["properties"].items():
            fate = self.fate(definition)
            if fate is Mode.HASH:
                properties[name] = {
                    "type": ["string", "null"],
                    "description": f"{definition['description']} As a keyed hash.",
                    "x-pii": definition["x-pii"],
                }
            elif fate is Mode.INCLUDE:
                properties[name] = definition
        return {**schema, "properties": properties}

    def hashed(self, value: Json) -> str | None:
        """Return what stands for a value: HMAC-SHA-256 of its text, in hex."""
        if value is None:
            return None
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return hmac.new(self.key, text.encode(), "sha256").hexdigest()

    def allowed(self, fields: Mapping[str, Json]) -> Record:
        """Return those of a customer's own fields that may leave the tap."""
        if self.keeps_special:
            return dict(fields)
        return {name: value for name, value in fields.items() if not looks_special(name)}


def _rank(definition: Mapping[str, Any]) -> int:
    parts = [*definition.get("properties", {}).values()]
    if isinstance(definition.get("items"), dict):
        parts.append(definition["items"])
    own = _ORDER.index(Pii(definition.get("x-pii", Pii.NONE)))
    return max([own, *(_rank(part) for part in parts)])
