"""Schemas that say what each property is, and how private."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def text(name: str, description: str, *, pii: Pii = Pii.NONE) -> th.Property[Any]:
    """Describe a text."""
    return field(name, th.StringType, description, pii=pii)


def integer(name: str, description: str) -> th.Property[Any]:
    """Describe a whole number."""
    return field(name, th.IntegerType, description)


def number(name: str, description: str, *, pii: Pii = Pii.NONE) -> th.Property[Any]:
    """Describe a decimal number."""
    return field(name, th.NumberType, description, pii=pii)


def flag(name: str, description: str) -> th.Property[Any]:
    """Describe a yes or no."""
    return field(name, th.BooleanType, description)


def day(name: str, description: str, *, pii: Pii = Pii.NONE) -> th.Property[Any]:
    """Describe a calendar date without a zone."""
    return field(name, th.DateType, description, pii=pii)


def instant(name: str, description: str) -> th.Property[Any]:
    """Describe a point in time."""
    return field(name, th.DateTimeType, f"{description} UTC.")


def texts(name: str, description: str, *, pii: Pii = Pii.NONE) -> th.Property[Any]:
    """Describe a list of texts."""
    return field(name, th.ArrayType(th.StringType), description, pii=pii)


def embedded(
    name: str, description: str, *fields: th.Property[Any], pii: Pii = Pii.NONE
) -> th.Property[Any]:
    """Describe an object within a record; null where there is none."""
    return field(name, th.ObjectType(*fields), description, pii=pii)


def several(
    name: str, description: str, *fields: th.Property[Any], pii: Pii = Pii.NONE
) -> th.Property[Any]:
    """Describe a list of objects within a record."""
    return field(name, th.ArrayType(th.ObjectType(*fields)), description, pii=pii)


def record(*fields: th.Property[Any]) -> dict[str, Any]:
    """Return the JSON schema of records with these properties."""
    return th.PropertiesList(*fields).to_dict()


def copy_marks(source: Mapping[str, Any], target: dict[str, Any]) -> None:
    """Put the privacy marks of one schema on another, property by property, in depth.

    The SDK's model of a catalog keeps the keywords it knows and drops all others.

    Args:
        source: Schema with marks.
        target: Schema of the same records, or of a part of their properties; changed in place.
    """
    if "x-pii" in source:
        target["x-pii"] = source["x-pii"]
    for name, definition in target.get("properties", {}).items():
        copy_marks(source.get("properties", {}).get(name, {}), definition)
    if isinstance(target.get("items"), dict):
        copy_marks(source.get("items", {}), target["items"])
