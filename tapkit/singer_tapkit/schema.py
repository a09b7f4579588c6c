"""Schemas that say what each property is, and how private."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from singer_sdk import typing as th


class Pii(StrEnum):
    """How private a property is, as its schema says in ``x-pii``."""

    NONE = "none"
    DIRECT = "direct"
    """Identifies a person: a name, an e-mail address."""
    SENSITIVE = "sensitive"
    """Not meant for everybody: pay, free text, links that open without a login."""
    SPECIAL = "special"
    """Special categories of personal data, such as health."""


def field(
    name: str,
    kind: th.JSONTypeHelper[Any] | type[th.JSONTypeHelper[Any]],
    description: str,
    *,
    pii: Pii = Pii.NONE,
    required: bool = False,
) -> th.Property[Any]:
    """Describe one property of a record.

    Args:
        name: The vendor's name of it.
        kind: Its type.
        description: What it holds, with unit and zone.
        pii: How private it is.
        required: Whether it is always there and never null, as keys are.
    """
    marks: dict[str, Any] = {"x-pii": pii.value}
    return th.Property(name, kind, required=required, description=description, **marks)


def record(*fields: th.Property[Any]) -> dict[str, Any]:
    """Return the JSON schema of records with these properties."""
    return th.PropertiesList(*fields).to_dict()
