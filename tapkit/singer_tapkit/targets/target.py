"""A target: which record goes where, when it is stored, and when the state is passed on."""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final, cast

from singer_sdk import Target
from singer_sdk.exceptions import (
    ConfigValidationError,
    MapExpressionError,
    RecordsWithoutSchemaException,
    StreamMapConfigError,
)
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TargetCapabilities,
)
from typing_extensions import override

from singer_tapkit.files import ReadsConfigFiles
from singer_tapkit.targets.errors import InputError, RecordError, TargetError
from singer_tapkit.targets.messages import MessageReader, encode
from singer_tapkit.targets.settings import find_faults
from singer_tapkit.targets.sink import Store, StoringSink

if TYPE_CHECKING:
    from types import FrameType

    import click
    from singer_sdk.mapper import StreamMap
    from singer_sdk.plugin_base import _ConfigInput

_ENDS_A_RUN: Final = (
    TargetError,
    RecordsWithoutSchemaException,
    StreamMapConfigError,
)
_MAP_FAILURES: Final = (
    MapExpressionError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class StoringTarget(ReadsConfigFiles, Target):
    """Base of targets that keep the current rows of each stream by key.

    A state is passed on only when all records before it, of every stream, are stored. A subclass
    has the setting ``batch_size_rows``, and makes a store for each stream.

    Attributes:
        longest_wait_seconds: How long records may wait for being stored, while more are coming.
        streams_at_once: How many streams are stored at a time.
    """

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.HARD_DELETE,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    default_sink_class = StoringSink
    message_reader_class = MessageReader
    message_reader: MessageReader
    longest_wait_seconds: float = 15.0
    streams_at_once: ClassVar[int] = 1

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - the SDK's own
        super().__init__(**arguments)
        self.max_parallelism = self.streams_at_once
        self._stores: dict[str, Store] = {}
        self._written_state: bytes | None = None
        self._waiting = 0
        self._ending = False

    @abstractmethod
    def make_store(self, stream: str) -> Store:
        """Make what keeps the rows of a stream.

        Raises:
            SchemaError: If the stream cannot have one of its own.
        """

    def store(self, stream: str) -> Store:
        """Return the store of a stream, which lasts for the run."""
        if stream not in self._stores:
            self._stores[stream] = self.make_store(stream)
        return self._stores[stream]

    def setting(self, name: str) -> Any:  # noqa: ANN401 - its type was checked
        """Return a setting, or its default."""
        return self.config.get(name, self.config_jsonschema["properties"][name]["default"])

    # --- settings -----------------------------------------------------------------------------

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, but for ``load_method``: the keys of a stream decide that."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"].pop("load_method", None)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self._config = {name: value for name, value in self._config.items() if value is not None}
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        faults = find_faults(self._config, schema) + self.more_faults()
        if faults and raise_errors:
            count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
            message = "\n  ".join([f"{self.name} cannot start, with {count}:", *faults])
            raise ConfigValidationError(message, errors=[message], schema=schema)
        return faults

    def more_faults(self) -> list[str]:
        """List faults that only this target can know. Settings may have the wrong type here."""
        return []

    # --- messages -----------------------------------------------------------------------------

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, {"stream", "record"})
        record = message_dict["record"]
        if not isinstance(record, dict):
            msg = f"A record of stream {message_dict['stream']!r} is not a JSON object"
            raise InputError(msg)
        for stream_map in self._stream_maps(message_dict):
            mapped = _map(stream_map, {**record})
            if mapped is not None:
                sink = cast("StoringSink", self._sinks_active[stream_map.stream_alias])
                sink.take(mapped, message_dict)
                self._waiting += 1
        self._handle_max_record_age()

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_state_message(message_dict)
        self._handle_max_record_age()

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, {"stream", "version"})
        version = message_dict["version"]
        if not isinstance(version, int):
            msg = f"A version of stream {message_dict['stream']!r} is not an integer"
            raise InputError(msg)
        for stream_map in self._stream_maps(message_dict):
            sink = self._sinks_active[stream_map.stream_alias]
            if sink.process_activate_version_messages:
                sink.activate_version(version)

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Refuse: records in files are not checked, mapped or marked on their way.

        Raises:
            InputError: Always.
        """
        msg = (
            f"Stream {message_dict.get('stream')!r} comes as BATCH, which {self.name} does not "
            "read. Remove batch_config from the settings of the tap"
        )
        raise InputError(msg)

    def _stream_maps(self, message: dict[str, Any]) -> list[StreamMap]:
        stream = message["stream"]
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)
        return self.mapper.stream_maps[stream]

    # --- what is stored, and when -------------------------------------------------------------

    @override
    def _handle_max_record_age(self) -> None:
        """Store all streams when enough records are waiting, or they wait for long enough.

        All of them, since the state speaks of all of them.
        """
        full = self._waiting >= self.setting("batch_size_rows")
        if full or self._max_record_age_in_minutes * 60 > self.longest_wait_seconds:
            self._waiting = 0
            self.drain_all()

    @override
    def _write_state_message(self, state: dict[str, Any]) -> None:
        line = encode(state)
        if line != self._written_state:
            self._written_state = line
            sys.stdout.write(f"{line.decode()}\n")
            sys.stdout.flush()

    @override
    def process_endofpipe(self) -> None:
        """Store what is left, and only then pass on the last state."""
        self._ending = True
        self.finish()
        super().process_endofpipe()

    def finish(self) -> None:
        """Do what has to be done before the last state goes out, beside storing what is left."""

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Store what has come, pass on its state, and leave with the exit code of a signal."""
        self.message_reader.stop(lambda: self._leave(128 + signum))

    def _leave(self, exit_code: int) -> None:
        if not self._ending:
            self._ending = True
            self.drain_all()
        sys.exit(exit_code)

    # --- the command --------------------------------------------------------------------------

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command, which reads bytes."""
        import click  # noqa: PLC0415

        command = super().get_singer_command()
        for param in command.params:
            if param.name == "file_input":
                param.type = click.File("rb")
        return command

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # narrows **kwargs, as the SDK's own target does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Store messages, and end with exit code 1 and one line if that cannot be done.

        Args:
            about: Print what the target is and which settings it has, and leave.
            about_format: How to print that.
            config: Settings from files and, if asked for, the environment.
            file_input: Where to read; standard input if absent.
        """
        try:
            super().invoke(
                about=about, about_format=about_format, config=config, file_input=file_input
            )
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            cls._fail("Whoever reads the output has gone; stopped")
        except _ENDS_A_RUN as error:
            cls._fail(str(error))
        except OSError as error:
            cls._fail(f"Cannot write {error.filename or 'a file'}: {error.strerror}")

    @classmethod
    def _fail(cls, why: str) -> None:
        cls.logger.error("%s", why)
        sys.exit(1)


def _map(stream_map: StreamMap, record: dict[str, Any]) -> dict[str, Any] | None:
    """Apply a stream map, without telling of values when that fails."""
    try:
        return stream_map.transform(record)
    except _MAP_FAILURES as error:
        msg = (
            f"The stream map for {stream_map.stream_alias!r} fails on a record, with "
            f"{type(error).__name__}. Let its expressions allow for null and missing fields"
        )
        raise RecordError(msg) from None
