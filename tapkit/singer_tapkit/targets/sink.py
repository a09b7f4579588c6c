"""Between the SDK and a store: metadata, checks, and which records are tombstones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from singer_sdk.sinks import Sink
from typing_extensions import override

from singer_tapkit.deletions import DELETED_AT
from singer_tapkit.targets.errors import NoKeyError, RecordError, SchemaError
from singer_tapkit.targets.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_tapkit.targets.target import StoringTarget


VERSION: Final = "_sdc_table_version"
"""Field with the version of the stream that a row belongs to."""


class Store(Protocol):
    """The rows of one stream, wherever they are kept; lasts for a run.

    Attributes:
        records: How many records came in.
    """

    records: int

    def define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        """Make ready for records of this schema, whose rows these fields tell apart."""
        ...

    def put(self, record: dict[str, Any], version: int | None) -> None:
        """Take a record that replaces the row with its key."""
        ...

    def mark(self, record: dict[str, Any], deleted_at: str) -> None:
        """Take a tombstone: the row with its key was deleted from the source."""
        ...

    def flush(self) -> None:
        """Store what has come so far."""
        ...

    def activate(self, version: int, now: str) -> None:
        """Remove or mark the rows of other versions; ``now`` is ISO 8601 in UTC."""
        ...


class StoringSink(Sink):
    """Hands the records of a stream, as long as its schema stays the same, to its store.

    Args:
        target: The target.
        stream_name: Name of the stream.
        schema: Schema of its records.
        key_properties: Fields of its key.
    """

    def __init__(
        self,
        target: StoringTarget,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._store = target.store(stream_name)

    @override
    def setup(self) -> None:
        self._store.define(self.schema, self.key_properties)

    @override
    def get_validator(self) -> Validator | None:
        try:
            return Validator(self.schema) if self.validate_schema else None
        except SchemaError as error:
            msg = f"The schema of stream {self.stream_name!r} {error}"
            raise SchemaError(msg) from None

    def take(self, record: dict[str, Any], message: dict[str, Any]) -> None:
        """Check a record and hand it on.

        Args:
            record: What stream maps have made of the record; may be changed.
            message: The message that it came in.

        Raises:
            RecordError: If it is not what the stream declares, or cannot be stored.
        """
        deleted_at = message["record"].get(DELETED_AT)
        if self.include_sdc_metadata_properties:
            self._add_sdc_metadata_to_record(record, message, {})
        else:
            self._remove_sdc_metadata_from_record(record)
        context = {"version": message.get("version"), "deleted_at": deleted_at}
        number = self._store.records + 1
        self.tally_record_read()
        try:
            self.process_record(record, context)
        except RecordError as error:
            msg = f"Record {number} of stream {self.stream_name!r} {error}"
            raise type(error)(msg) from None
        self.record_counter_metric.increment()

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        deleted_at = context["deleted_at"]
        if deleted_at is not None:
            record = {name: value for name, value in record.items() if value is not None}
        lacking = [name for name in self.key_properties if record.get(name) is None]
        if lacking:
            names = ", ".join(map(repr, lacking))
            msg = f"has nothing in {names}, a part of its key ({', '.join(self.key_properties)})"
            raise NoKeyError(msg)
        validator = self._validator
        if deleted_at is None:
            if validator is not None:
                validator.validate(record)
            self._store.put(record, context["version"])
        else:
            if isinstance(validator, Validator):
                validator.validate_tombstone(record)
            self._store.mark(record, deleted_at)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        self._store.flush()

    @override
    def activate_version(self, new_version: int) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._store.activate(new_version, now)

    @override
    def _remove_sdc_metadata_from_schema(self) -> None:
        """Remove what the SDK would add, but for a mark of deletion that the stream declares."""
        declared = self.schema["properties"].get(DELETED_AT)
        super()._remove_sdc_metadata_from_schema()
        if declared is not None:
            self.schema["properties"][DELETED_AT] = declared
