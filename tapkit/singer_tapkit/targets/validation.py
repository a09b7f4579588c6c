"""Records checked against the schema of their stream, without telling what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

import jsonschema_rs
from singer_sdk.sinks.core import BaseJSONSchemaValidator
from typing_extensions import override

from singer_tapkit.targets.errors import RecordError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOLD = frozenset({"type", "enum", "const", "required", "maxLength", "minLength", "pattern"})


class Validator(BaseJSONSchemaValidator):
    """Checks types and bounds, not formats, which many sources take lightly.

    Args:
        schema: Schema of the stream, JSON Schema draft 7.

    Raises:
        SchemaError: If it is none.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__(schema)
        try:
            self._whole = _compile(schema)
            self._sparse = _compile({**schema, "required": []})
        except ValueError as error:
            place = _place(getattr(error, "instance_path", ()))
            msg = f"is not JSON Schema at {place or 'its root'}. Correct it in the tap"
            raise SchemaError(msg) from None

    @override
    def validate(self, record: dict[str, Any]) -> None:
        """Check a record.

        Raises:
            RecordError: If it does not fit; says where and what was expected.
        """
        self._check(self._whole, record)

    def validate_tombstone(self, record: dict[str, Any]) -> None:
        """Check a record of a deleted row, which need not have all required fields.

        Raises:
            RecordError: If it does not fit.
        """
        self._check(self._sparse, record)

    def _check(self, validator: jsonschema_rs.Draft7Validator, record: dict[str, Any]) -> None:
        try:
            validator.validate(record)
        except jsonschema_rs.ValidationError as error:
            msg = (
                f"does not fit the schema{self._explain(error.schema_path)}. Correct the schema in "
                "the tap or the field with stream_maps, or set validate_records to false"
            )
        except ValueError:
            msg = "holds something that is not JSON"
        else:
            return
        raise RecordError(msg) from None

    def _explain(self, path: Sequence[str | int]) -> str:
        """Name the rule that was broken: where it stands, and what it says."""
        rule: object = self.schema
        for part in path:
            rule = cast("Any", rule)[part]
        *_, keyword = path
        words = ", ".join(map(str, rule)) if isinstance(rule, list) else str(rule)
        place = _place(path)
        where = f" at {place}" if place else ""
        return f"{where}: {keyword} {words}" if keyword in _TOLD else f"{where}: {keyword}"


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(schema, validate_formats=False, retriever=_refuse)


def _refuse(_address: str) -> NoReturn:
    """Refuse to fetch what a schema refers to: a schema must not make requests."""
    raise LookupError


def _place(path: Sequence[str | int]) -> str:
    """Turn a path within a schema into that of the field it describes.

    A path within the record would do as well but for objects whose names are data.
    """
    place = ""
    parts = iter(path)
    for part in parts:
        if part == "properties":
            place += f".{next(parts, '')}"
        elif part == "items":
            place += "[]"
        elif part in {"additionalProperties", "patternProperties"}:
            place += ".*"
    return place.removeprefix(".")
