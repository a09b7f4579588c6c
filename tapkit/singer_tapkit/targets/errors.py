"""Why a target stops.

::

    TargetError
    ├── InputError      the input is not a sequence of Singer messages that can be stored
    ├── SchemaError     a stream cannot be stored as it is declared
    └── RecordError     a record is not what its stream declares
        └── NoKeyError  it lacks its key

Each target adds what can be wrong with its own store. Messages name streams, fields, places and
counts, and never hold a value of a record.
"""

from __future__ import annotations

from singer_sdk.exceptions import InvalidRecord, MissingKeyPropertiesError


class TargetError(Exception):
    """Base of everything that ends a run."""


class InputError(TargetError):
    """The input is not a sequence of Singer messages, or holds one that cannot be stored."""


class SchemaError(TargetError):
    """A stream cannot be stored under its name, or with the properties that it declares."""


class RecordError(TargetError, InvalidRecord):
    """A record is not what its stream declares; holds no part of it, unlike the SDK's own error."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.error_message = message
        self.record = {}


class NoKeyError(RecordError, MissingKeyPropertiesError):
    """A record lacks a field of its key, or has null in it."""
