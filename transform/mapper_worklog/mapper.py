"""The mapper: what it does with each kind of message, and how a run ends."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

import click
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.mapper_base import InlineMapper
from singer_sdk.plugin_base import _ConfigInput
from typing_extensions import override

from mapper_worklog.columns import outline
from mapper_worklog.errors import InputError, MapperError, RuleError, RuleFileError
from mapper_worklog.flow import Flow
from mapper_worklog.messages import ByteReader, ByteWriter, MappedMessage, SilentWriter, stream_of
from mapper_worklog.report import absent, table, unmatched, unread
from mapper_worklog.rulefile import RuleSet, read_rules
from mapper_worklog.rules.hashing import Hash
from mapper_worklog.settings import SETTINGS, find_faults, rule_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePath

_NO_RULES: Final = RuleSet({}, passes_unmapped=True)


class MapperWorklog(InlineMapper):
    """Singer mapper for work data: rename, drop, hash, local times, lookups, one stream for all.

    Attributes:
        flows: The mappings at work, by input stream.
    """

    name = "mapper-worklog"
    package_name = "worktaps-mapper-worklog"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    message_reader_class = ByteReader
    message_writer_class = ByteWriter
    message_reader: ByteReader
    message_writer: ByteWriter

    def __init__(
        self,
        *,
        config: dict[str, Any] | PurePath | str | list[PurePath | str] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        message_reader: ByteReader | None = None,
        message_writer: ByteWriter | None = None,
    ) -> None:
        self._rule_set = _NO_RULES
        super().__init__(
            config=config,
            parse_env_config=parse_env_config,
            validate_config=validate_config,
            message_reader=message_reader,
            message_writer=message_writer,
        )
        zone, key = self.config.get("timezone") or "UTC", self.config.get("hash_key")
        hash_key = key.encode() if key else None
        self.flows = {
            stream: [Flow(mapping, zone=zone, hash_key=hash_key) for mapping in mappings]
            for stream, mappings in self._rule_set.mappings.items()
        }
        self._fed: dict[str, tuple[str, object]] = {}
        self._unmapped: set[str] = set()
        self._withheld: set[str] = set()

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        faults = find_faults(self._config)
        try:
            self._rule_set = read_rules(
                rule_files(self._config), str(self._config.get("timezone") or "UTC")
            )
        except RuleFileError as error:
            faults += error.faults
        if not self._config.get("hash_key"):
            faults += [
                f"{placed.place}: {placed}: needs the setting hash_key, a long random text"
                for placed in self._rule_set.rules()
                if isinstance(placed.rule, Hash) and placed.rule.needs_key
            ]
        if not faults:
            return super()._validate_config(raise_errors=raise_errors)
        if raise_errors:
            count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
            message = "\n  ".join([f"{self.name} cannot start, with {count}:", *faults])
            raise ConfigValidationError(message, errors=[message], schema=self.config_jsonschema)
        return faults

    # --- messages -----------------------------------------------------------------------------

    @override
    def map_schema_message(self, message_dict: dict[str, Any]) -> Iterator[MappedMessage]:
        """Yield the schema of each output stream.

        Raises:
            RuleError: If rules do not fit the schema, or output streams do not fit each other.
        """
        stream = stream_of(message_dict, "schema")
        for message in self._unchanged(stream, message_dict):
            self._claim(message.content, stream)
            yield message
        for flow in self.flows.get(stream, ()):
            mapped = flow.map_schema(message_dict)
            self._claim(mapped, stream)
            yield MappedMessage(mapped)

    @override
    def map_record_message(self, message_dict: dict[str, Any]) -> Iterator[MappedMessage]:
        """Yield the record as each output stream has it, as far as the rules let it pass."""
        stream = stream_of(message_dict, "record")
        flows = self.flows.get(stream)
        if flows is None:
            yield from self._unchanged(stream, message_dict)
            return
        record = message_dict["record"]
        for flow in flows:
            mapped = flow.map_record(record if flow is flows[-1] else {**record})
            if mapped is not None:
                changed = {"stream": flow.mapping.to, "record": mapped}
                yield MappedMessage({**message_dict, **changed})

    @override
    def map_state_message(self, message_dict: dict[str, Any]) -> Iterator[MappedMessage]:
        """Yield the state as it is: it speaks of the tap's streams."""
        yield MappedMessage(message_dict, self.message_reader.line_of(message_dict))

    @override
    def map_activate_version_message(self, message_dict: dict[str, Any]) -> Iterator[MappedMessage]:
        """Yield the message for each output stream that has no other input.

        A target deletes all other versions of a stream when it gets one. Where several inputs
        feed an output, that would delete what came from the others, so it is withheld.
        """
        stream = stream_of(message_dict)
        for message in self._unchanged(stream, message_dict):
            if self._feeds_alone(stream):
                yield message
        for flow in self.flows.get(stream, ()):
            if self._feeds_alone(flow.mapping.to):
                yield MappedMessage({**message_dict, "stream": flow.mapping.to})

    @override
    def map_batch_message(self, message_dict: dict[str, Any]) -> Iterator[MappedMessage]:
        """Yield the message of a stream without rules.

        Raises:
            InputError: If there are rules: the records are in files, which a mapper does not see.
        """
        stream = stream_of(message_dict)
        if stream in self.flows:
            msg = (
                f"Stream {stream!r} comes as BATCH, whose records no rule can reach. "
                "Remove batch_config from the settings of the tap"
            )
            raise InputError(msg)
        yield from self._unchanged(stream, message_dict)

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_state_message(message_dict)
        self.message_writer.flush()

    def _unchanged(self, stream: str, message: dict[str, Any]) -> Iterator[MappedMessage]:
        """Yield a message of a stream without rules, unless such streams are dropped."""
        if stream not in self.flows:
            self._unmapped.add(stream)
            if self._rule_set.passes_unmapped:
                yield MappedMessage(message, self.message_reader.line_of(message))

    def _feeds_alone(self, output: str) -> bool:
        """Tell whether an output stream has one input only; warn once if not."""
        inputs = self._rule_set.inputs_of(output) | ({output} & self._unmapped)
        if len(inputs) > 1 and output not in self._withheld:
            self._withheld.add(output)
            self.logger.warning(
                "ACTIVATE_VERSION is withheld from %s, which %s feed: it would delete what "
                "came from the others. Deletions arrive as tombstones only",
                output,
                " and ".join(sorted(inputs)),
            )
        return len(inputs) == 1

    def _claim(self, message: dict[str, Any], source: str) -> None:
        """Make sure that an output stream has the same columns, whichever input feeds it."""
        output = message["stream"]
        what = outline(message["schema"]), list(message.get("key_properties") or ())
        other, before = self._fed.setdefault(output, (source, what))
        if other != source and before != what:
            msg = (
                f"Stream {output!r} is fed by {other!r} and by {source!r} with different columns "
                "or keys. End the rules of both with the same 'shape', or give one another 'to'"
            )
            raise RuleError(msg)
        self._fed[output] = (source, what)

    # --- the end of a run ---------------------------------------------------------------------

    @override
    def process_endofpipe(self) -> None:
        """Hand over the last messages, and say which rules did nothing.

        Raises:
            RuleError: If there are such rules, and the setting ``strict_rules`` is on.
        """
        self.message_writer.flush()
        flows = self._all_flows()
        for line in absent(flows, self._unmapped):
            self.logger.warning("%s", line)
        faults = [*unmatched(flows, keywords=False), *unread(flows)]
        if faults and self.config.get("strict_rules"):
            raise RuleError("\n  ".join(["Rules did not do what they are for:", *faults]))
        for line in faults:
            self.logger.warning("%s", line)

    def explain(self, file_input: IO[str] | None = None) -> tuple[str, list[str]]:
        """Read all messages, and tell what the rules did.

        Args:
            file_input: Where to read; standard input if absent.

        Returns:
            A table, and the complaints: streams that did not come, rules and keywords that matched
            nothing and are not optional, values that could not be read.
        """
        self.process_lines(file_input)
        flows = self._all_flows()
        silent = unmatched(flows, keywords=True)
        return table(flows), [*absent(flows, self._unmapped), *silent, *unread(flows)]

    def _all_flows(self) -> list[Flow]:
        return [flow for flows in self.flows.values() for flow in flows]

    # --- the command --------------------------------------------------------------------------

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command with ``--explain``."""
        command = super().get_singer_command()
        for param in command.params:
            if param.name == "file_input":
                param.type = click.File("rb")
        command.params.append(
            click.Option(
                ["--explain", "explains"],
                is_flag=True,
                help="Print what each rule did, instead of messages; exit code 1 if one that is "
                "not optional matched nothing.",
            )
        )
        return command

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # narrows **kwargs, as the SDK's own mapper does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
        explains: bool = False,
    ) -> None:
        """Map messages, or explain what the rules do to them.

        Args:
            about: Print what the mapper is and which settings it has, and leave.
            about_format: How to print that.
            config: Settings from files and, if asked for, the environment.
            file_input: Where to read; standard input if absent.
            explains: Print what each rule did, instead of messages.
        """
        super(InlineMapper, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        given = config or _ConfigInput()
        mapper = cls(
            config=given.config,
            parse_env_config=given.parse_env,
            message_writer=SilentWriter() if explains else None,
        )
        try:
            if explains:
                what_rules_did, complaints = mapper.explain(file_input)
                click.echo("\n".join([what_rules_did, *complaints]))
                sys.exit(1 if complaints else 0)
            mapper.listen(file_input)
        except MapperError as error:
            cls.logger.error("%s", error)  # noqa: TRY400 - the message says it all
            sys.exit(1)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            cls.logger.error("Whoever reads the output has gone; stopped")  # noqa: TRY400
            sys.exit(1)
