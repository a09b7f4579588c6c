"""What can be wrong with settings: never told with a value."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, cast

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jsonschema import ValidationError


def find_faults(config: Mapping[str, object], schema: Mapping[str, Any]) -> list[str]:
    """List what is wrong with settings, by name.

    Args:
        config: The settings as given, without null.
        schema: JSON schema of all settings, the SDK's own included.
    """
    known: Mapping[str, Any] = schema["properties"]
    needed: Sequence[str] = schema.get("required", ())
    errors = list(th.DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(dict(config)))
    return [
        *(f"{name}: missing, and needed" for name in needed if name not in config),
        *(_unknown(name, list(known)) for name in config if name not in known),
        *(fault for error in errors if error.absolute_path for fault in _wrong(error)),
    ]


def _unknown(name: str, known: list[str]) -> str:
    *_, last = name.rsplit(".", 1)
    close = difflib.get_close_matches(last, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "See --about for the settings"
    return f"{name}: unknown setting. {hint}"


def _wrong(error: ValidationError) -> list[str]:
    name = ".".join(str(part) for part in error.absolute_path)
    expected: Any = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = list(cast("Any", error.schema)["properties"])
            given = cast("dict[str, Any]", error.instance)
            return [_unknown(f"{name}.{each}", known) for each in given if each not in known]
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            wanted = "must be " + " or ".join(kind for kind in kinds if kind != "null")
        case "enum":
            wanted = "must be one of " + ", ".join(str(value) for value in expected if value)
        case "minimum":
            wanted = f"must be at least {expected}"
        case "minLength":
            wanted = "must not be empty"
        case "minItems":
            wanted = f"must name at least {expected}"
        case "maxItems":
            wanted = f"must not name more than {expected}"
        case "pattern":
            comment = cast("Any", error.schema).get("$comment")
            wanted = comment or f"must fit the pattern {expected}"
        case rule:
            wanted = f"breaks the rule {rule} {expected}"
    return [f"{name}: {wanted}"]
