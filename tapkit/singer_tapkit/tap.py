"""A tap that reads every selected stream, and says how each one ended."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from zoneinfo import ZoneInfo

import click
import singer_sdk
from singer_sdk import metrics
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from singer_tapkit.clock import Clock, SystemClock
from singer_tapkit.connection import Nowhere, findings, probe
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import AuditError
from singer_tapkit.files import JsonObject, ReadsConfigFiles
from singer_tapkit.memory import give_back_large_blocks
from singer_tapkit.message_writer import MessageWriter
from singer_tapkit.outcomes import OnDrift, OnStreamError, Outcome, exit_code, table
from singer_tapkit.overlap import Overlap
from singer_tapkit.schema import copy_marks
from singer_tapkit.settings import find_faults, parse_date, parse_duration
from singer_tapkit.stream import Stream
from singer_tapkit.windows import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, tzinfo
    from types import FrameType

    from singer_tapkit.login import Login


class Tap(ReadsConfigFiles, singer_sdk.Tap):
    """Base of all taps.

    One failed stream does not stop the others. A table of outcomes closes the log; the exit code
    is 0 only if every stream is complete or tolerated by the setting ``on_stream_error``.

    Attributes:
        clock: Source of time; a test sets another one on a subclass.
        aborted: Why no stream can be read any more, once that is known.
    """

    clock: Clock = SystemClock()
    aborted: str | None = None
    _reads_ahead = False
    message_writer_class = MessageWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """One outcome per stream read so far, in the order of reading."""
        return []

    @cached_property
    def run_started(self) -> datetime:
        """When this run began; no bookmark that it writes is later."""
        return self.clock.now()

    @property
    def concurrency(self) -> int:
        """Setting ``concurrency``: how many requests may be under way at a time."""
        return int(self.config.get("concurrency") or 1)

    @cached_property
    def overlap(self) -> Overlap:
        """What lets fetching run ahead of writing."""
        return Overlap(self.concurrency)

    def read_ahead(self) -> None:
        """Let all selected streams begin to read; does so once."""
        if self.concurrency > 1 and not self._reads_ahead:
            self._reads_ahead = True
            for stream in self.streams.values():
                if stream.selected and isinstance(stream, Stream):
                    stream.read_ahead()

    @property
    def start_date(self) -> datetime | None:
        """Setting ``start_date``, inclusive, in UTC."""
        text = self.config.get("start_date")
        return parse_date(text) if text else None

    @property
    def end_date(self) -> datetime | None:
        """Setting ``end_date``, exclusive, in UTC. With it, a run leaves bookmarks alone."""
        text = self.config.get("end_date")
        return parse_date(text) if text else None

    @property
    def lookback(self) -> timedelta:
        """Setting ``lookback``: how far behind a bookmark to ask again."""
        return parse_duration(self.config["lookback"])

    @property
    @override
    def catalog_dict(self) -> dict[str, Any]:
        """The catalog, with the privacy mark of each property."""
        catalog: dict[str, Any] = super().catalog_dict
        for entry in catalog["streams"]:
            copy_marks(self.streams[entry["stream"]].schema, entry["schema"])
        return catalog

    @property
    def zone(self) -> tzinfo:
        """Setting ``timezone``: where days begin; UTC for taps without it."""
        return ZoneInfo(self.config.get("timezone") or "UTC")

    @property
    def today(self) -> date:
        """The day on which this run began."""
        return self.run_started.astimezone(self.zone).date()

    @property
    def start_day(self) -> date | None:
        """The day that the start date falls on."""
        return self.start_date.astimezone(self.zone).date() if self.start_date else None

    @property
    def end_day(self) -> date | None:
        """The day that the end date falls on."""
        return self.end_date.astimezone(self.zone).date() if self.end_date else None

    @property
    def deletion_mode(self) -> DeletionMode:
        """Setting ``deletions``."""
        return DeletionMode(self.config.get("deletions") or DeletionMode.OFF)

    @property
    def deletion_window(self) -> timedelta:
        """Setting ``deletion_window``, rounded up to whole days."""
        return timedelta(days=ceil(parse_duration(self.config["deletion_window"]) / ONE_DAY))

    @property
    def max_deletion_share(self) -> float:
        """Setting ``max_deletion_share``, from 0 to 1."""
        return float(self.config["max_deletion_share"])

    def config_faults(self) -> list[str]:
        """List faults that only this tap can know, such as a setting without its partner.

        Must not presume that the settings have the right types.
        """
        return []

    @classmethod
    def embedded(
        cls,
        config: Mapping[str, Any],
        *,
        clock: Clock | None = None,
        **arguments: Any,  # noqa: ANN401 - the SDK's own
    ) -> Self:
        """Return the tap as a part of another program, whose signals it leaves alone.

        Args:
            config: The settings.
            clock: Another source of time.
            arguments: As for the tap itself.
        """
        own = {"_setup_signal_handlers": lambda _self: None, "clock": clock or cls.clock}
        return cast("Self", type(cls.__name__, (cls,), own)(config=dict(config), **arguments))

    @classmethod
    def agent(cls, config: Mapping[str, Any]) -> str:
        """Return what requests say who sends them: setting ``user_agent``, or tap and version.

        Args:
            config: The settings, perhaps without defaults.
        """
        return str(config.get("user_agent") or f"{cls.name}/{version(cls.package_name or '')}")

    @classmethod
    def has_login(cls) -> bool:
        """Tell whether people let this tap in by a browser."""
        return cls.login_with is not Tap.login_with

    @classmethod
    def login_with(cls, config: Mapping[str, Any]) -> Login:
        """Return how people let this tap in, for taps that have a ``login``.

        Args:
            config: The settings, without defaults.
        """
        raise NotImplementedError

    def prepare(self) -> None:
        """Look at the selected streams before any is read."""

    @override
    def _set_compatible_replication_methods(self) -> None:
        """Prepare as the SDK does, and let the tap do so, too."""
        self.prepare()
        super()._set_compatible_replication_methods()

    @override
    def setup_mapper(self) -> None:
        """Prepare the stream maps, for streams that are not selected too.

        The SDK leaves those without properties, so that one that is selected afterwards, as
        ``--test`` does, would send records that its schema knows nothing of.
        """
        super().setup_mapper()
        for stream in self.streams.values():
            if not stream.selected:
                self.mapper.register_raw_stream_schema(
                    stream.name, stream.schema, stream.primary_keys
                )

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        faults = [*find_faults(self._config, schema), *self.config_faults()]
        if not faults:
            return super()._validate_config(raise_errors=raise_errors)
        if raise_errors:
            count = "a setting needs" if len(faults) == 1 else f"{len(faults)} settings need"
            message = "\n  ".join([f"{self.name} cannot start: {count} attention", *faults])
            raise ConfigValidationError(message, errors=[message], schema=schema)
        return faults

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Write the state and leave; a run that was stopped has not succeeded."""

        def leave() -> None:
            try:
                super(Tap, self)._handle_termination(signum, frame)
            finally:
                sys.exit(128 + signum)

        writer = self.message_writer
        if isinstance(writer, MessageWriter):
            writer.when_idle(leave)
        else:
            leave()

    def report(self) -> int:
        """Close the log with the table of outcomes and a metric per stream.

        Returns:
            The exit code of the run.
        """
        code = self._exit_code(self.outcomes)
        for outcome in self.outcomes:
            point = metrics.Point(
                "counter",
                metrics.Metric.HTTP_REQUEST_COUNT,
                outcome.requests,
                {
                    "stream": outcome.stream,
                    "outcome": outcome.result.value,
                    "records": outcome.records,
                    "tombstones": outcome.tombstones,
                    "waited_seconds": round(outcome.waited_seconds, 1),
                    "response_seconds": round(outcome.response_seconds, 3),
                    "bookmark": outcome.bookmark,
                    "drift": {
                        name: names for name, names in outcome.drift._asdict().items() if names
                    },
                },
            )
            metrics.log(self.metrics_logger, point)
        if self.outcomes:
            log = self.logger.info if code == 0 else self.logger.error
            log("Outcome of each stream:\n%s", table(self.outcomes))
        return code

    def _exit_code(self, outcomes: Sequence[Outcome]) -> int:
        return exit_code(
            outcomes,
            OnStreamError(self.config.get("on_stream_error", OnStreamError.FAIL)),
            OnDrift(self.config.get("on_drift", OnDrift.REPORT)),
        )

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # narrows **kwargs, as the SDK's own Tap does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: dict[str, Any] | None = None,
        catalog: dict[str, Any] | None = None,
        test: str = CliTestOptionValue.Disabled.value,
        audit: str | None = None,
        audit_table: str | None = None,
        audit_columns: str | None = None,
    ) -> None:
        """Read the selected streams; exit with the code that their outcomes amount to.

        Args:
            about: Print what the tap is and which settings it has, and leave.
            about_format: How to print that.
            config: Settings from files and, if asked for, the environment.
            state: The Singer state to go on from.
            catalog: The Singer catalog that selects streams and properties.
            test: ``all`` to look at each stream and print what it brings, ``schema`` to print what
                they look like.
            audit: What to compare with instead of writing messages.
            audit_table: Table or SELECT to compare with.
            audit_columns: Its columns with key, day and hours, separated by commas.
        """
        give_back_large_blocks()
        super(singer_sdk.Tap, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        given = config or _ConfigInput()
        tap = cls(
            config=given.config,
            parse_env_config=given.parse_env,
            state=state,
            catalog=catalog,
            message_writer=Nowhere() if test == CliTestOptionValue.All.value else None,
        )
        if test == CliTestOptionValue.Schema.value:
            tap.write_schemas()
            return
        if test == CliTestOptionValue.All.value:
            sys.exit(tap.test_connection())
        if audit:
            sys.exit(tap.audit(audit, audit_table, audit_columns))
        tap.sync_all()
        sys.exit(tap.report())

    def test_connection(self) -> int:
        """Read the first page of each stream, and print what it brings; nothing is written.

        Returns:
            The exit code; streams that are not selected do not count.
        """
        selected = [name for name, stream in self.streams.items() if stream.selected]
        probe(self)
        click.echo(findings(self.outcomes, selected))
        return self._exit_code([one for one in self.outcomes if one.stream in selected])

    def audit(self, source: str, table: str | None, columns: str | None) -> int:
        """Compare what this tap reads with another side, and print the result.

        Returns:
            The exit code: 0 if both agree, 1 if they differ, 2 if they could not be compared.
        """
        from singer_tapkit.audit.run import Audit  # noqa: PLC0415 - needed for --audit alone

        names = [name.strip() for name in columns.split(",")] if columns else []
        try:
            return 0 if Audit(source, table, names).run(self, click.echo) else 1
        except AuditError as error:
            click.echo(str(error), err=True)
            return 2

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Add the options of ``--audit`` to those of every tap."""
        command = super().get_singer_command()
        for option in command.params:
            if option.name in {"state", "catalog"}:
                option.type = JsonObject(encoding="utf-8")
            elif option.name == "test" and isinstance(option, click.Option):
                option.type = click.Choice([one.value for one in CliTestOptionValue])
                option.callback, option.expose_value, option.metavar = None, True, "[all|schema]"
                option.help = (
                    "Read the first page of each stream and print what it brings: ok and how many "
                    "records, empty, no permission, wrong account, failed. Nothing is written. "
                    "--test=schema prints the SCHEMA messages instead."
                )
        command.params += [
            click.Option(
                ["--audit"],
                is_flag=False,
                flag_value="vendor",
                metavar="[vendor|PATH|URL]",
                help="Compare hours per month with what the vendor reports by another route, or "
                "with a loaded table: a .jsonl or .duckdb file, postgresql://user:password@host/db "
                "or bigquery://project/dataset. Exit code 1 if they differ.",
            ),
            click.Option(
                ["--audit-table"],
                metavar="NAME|SELECT",
                help="Table to compare with; named as the stream by default.",
            ),
            click.Option(
                ["--audit-columns"],
                metavar="KEY,DAY,HOURS",
                help="Columns to compare, where the table has other ones than the stream.",
            ),
        ]
        return command
