"""Between the SDK and a table: metadata, checks, and which records are tombstones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink
from typing_extensions import override

from target_bigquery.errors import NoKeyError, RecordError, SchemaError
from target_bigquery.rows import DELETED_AT
from target_bigquery.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_bigquery.target import TargetBigQuery


class BigQuerySink(Sink):
    """Hands the records of a stream, as long as its schema stays the same, to its table.

    Args:
        target: The target.
        stream_name: Name of the stream.
        schema: Schema of its records.
        key_properties: Fields of its key.
    """

    def __init__(
        self,
        target: TargetBigQuery,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._table = target.table(stream_name)

    @override
    def setup(self) -> None:
        self._table.define(self.schema, self.key_properties)

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
        number = self._table.records + 1
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
            self._table.put(record, context["version"])
        else:
            if isinstance(validator, Validator):
                validator.validate_tombstone(record)
            self._table.mark(record, deleted_at)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        self._table.flush()

    @override
    def activate_version(self, new_version: int) -> None:
        self._table.activate(new_version)

    @override
    def _remove_sdc_metadata_from_schema(self) -> None:
        """Remove what the SDK would add, but for a mark of deletion that the stream declares."""
        declared = self.schema["properties"].get(DELETED_AT)
        super()._remove_sdc_metadata_from_schema()
        if declared is not None:
            self.schema["properties"][DELETED_AT] = declared
