"""What every target does that writes to somebody else's service."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections import Counter
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import metrics
from singer_sdk import typing as th
from typing_extensions import override

from singer_tapkit.bookmarks import canonical
from singer_tapkit.clock import Clock, SystemClock
from singer_tapkit.deletions import DELETED_AT
from singer_tapkit.errors import ParentRefusedError, RunAbortedError, StreamFailedError
from singer_tapkit.relay.destination import Destination, Kind, RefusedError, UncertainError
from singer_tapkit.relay.ledger import DeadLetter, Ledger
from singer_tapkit.relay.mapping import Tables
from singer_tapkit.targets import StoringTarget
from singer_tapkit.targets.errors import SchemaError, TargetError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import click

_MOST_ATTEMPTS: Final = 8
"""How many runs try a dead letter again by themselves, ever more minutes apart."""


def relay_settings(service: str) -> list[th.Property[Any]]:
    """Return the settings that all such targets have.

    Args:
        service: Its name, as harvest.
    """
    return [
        th.Property(
            "ledger_url",
            th.StringType(min_length=1),
            default=f"sqlite:///output/target-{service}/ledger.db",
            secret=True,
            title="Ledger",
            description="Database with what was written and deleted, and the dead letters: "
            "sqlite:///... or postgresql://... Keep it. Targets that share one send nothing back "
            "to where it came from.",
        ),
        th.Property(
            "mapping",
            th.StringType,
            default="",
            title="Mapping",
            description="YAML file with tables of ids of the source in terms of this service.",
        ),
        th.Property(
            "origin",
            th.StringType,
            default="",
            title="Origin",
            description="Where the records come from, as clickup: what a target with the same "
            "ledger wrote there is left alone.",
        ),
        th.Property(
            "version_field",
            th.StringType,
            default="updated_at",
            title="Version field",
            description="Field with the time of a record's last change at its source: what is "
            "older than what was written is left alone.",
        ),
        th.Property(
            "rewrite",
            th.BooleanType,
            default=False,
            title="Rewrite",
            description="Compare also records that are as they were written, so that what somebody "
            "changed at the service is put right; costs a request each.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            default="",
            title="User agent",
            description="Sent with each request, as: Our relay (data@example.com).",
        ),
        th.Property(
            "batch_size_rows",
            th.IntegerType(minimum=1),
            default=100,
            title="Rows per batch",
            description="How many records are written before a state is passed on.",
        ),
    ]


class _Metric(Enum):
    """Metrics that the SDK does not know."""

    DEAD_LETTERS = "dead_letters"


class RelayStore:
    """Takes the records of one stream, and keeps the last of each key until they are written.

    Args:
        kind: What they are.
        relay: Writes them.

    Attributes:
        records: How many came in.
    """

    def __init__(self, stream: str, kind: str, relay: Relay) -> None:
        self.records = 0
        self._stream = stream
        self._kind = kind
        self._relay = relay
        self._keys: Sequence[str] = ()

    def define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        """Make ready for records with one key.

        Raises:
            SchemaError: If there is none.
        """
        del schema
        if not keys:
            msg = f"Stream {self._stream!r} has no key, by which its records could be told apart"
            raise SchemaError(msg)
        self._keys = keys

    def put(self, record: dict[str, Any], version: int | None) -> None:
        """Take a record; of several with one key the last counts."""
        del version
        self._take(record)

    def mark(self, record: dict[str, Any], deleted_at: str) -> None:
        """Take a tombstone."""
        self._take({**record, DELETED_AT: deleted_at})

    def activate(self, version: int, now: str) -> None:
        """Do nothing: records are deleted by tombstones only."""

    def flush(self) -> None:
        """Write what has come, of all streams."""
        self._relay.flush()

    def _take(self, record: dict[str, Any]) -> None:
        self.records += 1
        key = ":".join(str(record[name]) for name in self._keys)
        self._relay.take(self._kind, key, record)


class Relay:
    """Writes records to a service: each once, in order, and nothing twice.

    Args:
        destination: The service.
        kinds: What it holds; what others belong to comes first.
        ledger: Remembers.
        tables: Translate.
        target: Tells settings, the time and the log.
    """

    def __init__(
        self,
        destination: Destination,
        kinds: Sequence[Kind],
        ledger: Ledger,
        tables: Tables,
        target: RelayTarget,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._destination = destination
        self._kinds = {kind.name: kind for kind in kinds}
        self._ledger = ledger
        self._tables = tables
        self._target = target
        self._waiting: dict[tuple[str, str], Mapping[str, Any]] = {}

    def take(self, kind: str, key: str, record: Mapping[str, Any]) -> None:
        """Take a record in the place of what waits under its key; a deletion stays one."""
        before = self._waiting.pop((kind, key), None)
        gone = before is not None and before.get(DELETED_AT) and not record.get(DELETED_AT)
        self._waiting[kind, key] = before if gone and before else record

    def flush(self) -> None:
        """Write what has come: parents before children, and deletions the other way round.

        Raises:
            TargetError: If the service does not answer, or lets nothing be written.
        """
        if not self._waiting:
            return
        order = list(self._kinds)
        puts = [place for place, record in self._waiting.items() if not record.get(DELETED_AT)]
        gone = [place for place, record in self._waiting.items() if record.get(DELETED_AT)]
        puts.sort(key=lambda place: order.index(place[0]))
        gone.sort(key=lambda place: -order.index(place[0]))
        with self._ledger.locked():
            for kind, key in (*puts, *gone):
                self._write(kind, key, self._waiting[kind, key], attempts=1)
                del self._waiting[kind, key]

    def retry(self, now: datetime) -> None:
        """Try dead letters again that may have mended themselves."""
        due = [
            letter
            for letter in self._ledger.dead_letters()
            if letter.again
            and letter.attempts < _MOST_ATTEMPTS
            and now >= datetime.fromisoformat(letter.at) + timedelta(minutes=2**letter.attempts)
        ]
        self.replay(due)

    def replay(self, letters: Collection[DeadLetter]) -> None:
        """Write dead letters; those that still cannot be written stay."""
        if letters:
            with self._ledger.locked():
                for letter in letters:
                    self._write(letter.kind, letter.key, letter.record, letter.attempts + 1)

    def close(self) -> None:
        """Let go of the service."""
        self._destination.close()

    def _write(self, kind: str, key: str, record: Mapping[str, Any], attempts: int) -> None:
        try:
            done = self._written(kind, key, record)
        except RefusedError as error:
            done = "dead letters"
            if not isinstance(error, UncertainError):
                self._ledger.note(kind, key, uncertain=False)
            self._bury(kind, key, record, attempts, error)
        except ParentRefusedError as error:
            done = "dead letters"
            self._ledger.note(kind, key, uncertain=False)
            self._bury(kind, key, record, attempts, RefusedError(str(error)))
        except StreamFailedError as error:
            if not self._is_up():
                raise TargetError(str(error)) from None
            done = "dead letters"
            self._bury(kind, key, record, attempts, RefusedError(str(error), again=True))
        except RunAbortedError as error:
            raise TargetError(str(error)) from None
        else:
            if record.get(DELETED_AT) or not self._is_overtaken(kind, key, record):
                self._ledger.unbury(kind, key)
        self.counts[done] += 1

    def _is_overtaken(self, kind: str, key: str, record: Mapping[str, Any]) -> bool:
        """Tell whether a dead letter of the same record is newer than what came now."""
        field = self._target.setting("version_field")
        letter = self._ledger.dead_letter(kind, key)
        if letter is None:
            return False
        newer = letter.record.get(field)
        return _is_older(record.get(field), None if newer is None else str(newer))

    def _written(self, kind: str, key: str, record: Mapping[str, Any]) -> str:
        """Write one record; returns what came of it."""
        origin = self._target.setting("origin")
        if origin and self._ledger.is_echo(origin, kind, key):
            return "echoes"
        before = self._ledger.find(kind, key)
        if at := record.get(DELETED_AT):
            self._ledger.note(kind, key, deleted_at=str(before.deleted_at or at))
            self._destination.delete(kind, key, self._ledger.known(kind, key, before))
            return "deleted"
        version = record.get(self._target.setting("version_field"))
        if before.deleted_at or _is_older(version, before.version):
            return "late"
        fields = self._resolved(kind, self._tables.apply(kind, record))
        digest = _digest(fields)
        stamp = None if version is None else str(version)
        if before.digest == digest and before.target_id and not self._target.setting("rewrite"):
            self._ledger.note(kind, key, version=stamp)
            return "unchanged"
        known = self._ledger.known(kind, key, before)
        if before.target_id is None and not before.uncertain:
            self._ledger.note(kind, key, uncertain=True)
        target_id = self._destination.put(kind, key, fields, known)
        values = {"target_id": target_id, "version": stamp, "digest": digest, "uncertain": False}
        self._ledger.note(kind, key, **values)
        return "changed" if before.target_id else "made"

    def _resolved(self, kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Replace keys of parents by their ids at the service."""
        stamp = self._target.setting("version_field")
        fields = {
            name: value
            for name, value in record.items()
            if not name.startswith("_sdc_") and name != stamp
        }
        for name, (parent, id_field) in self._kinds[kind].parents.items():
            if fields.get(name) is None:
                continue
            written = self._ledger.find(parent, str(fields[name]))
            if written.target_id is None or written.deleted_at:
                msg = f"what its {name} names among {parent} is not there, or not yet"
                raise RefusedError(msg, again=True)
            fields[id_field] = written.target_id
            del fields[name]
        return fields

    def _bury(
        self, kind: str, key: str, record: Mapping[str, Any], attempts: int, error: RefusedError
    ) -> None:
        now = canonical(self._target.clock.now())
        letter = DeadLetter(0, kind, key, record, error.details, now, attempts, error.again)
        number = self._ledger.bury(letter)
        self._target.logger.warning("%s: dead letter %d: %s", kind, number, error)

    def _is_up(self) -> bool:
        try:
            return self._destination.is_up()
        except (StreamFailedError, RunAbortedError):
            return False


class RelayTarget(StoringTarget):
    """Base of targets that write to somebody else's service.

    A state is passed on only when all records before it are written, or are dead letters.

    Attributes:
        service: Its name, as harvest; the ledger knows the target by it.
        kinds: What the service holds; what others belong to comes first. Streams that are named
            as none of them hold the last.
        clock: Source of time; a test sets another one on a subclass.
    """

    service: ClassVar[str]
    kinds: ClassVar[Sequence[Kind]]
    clock: Clock = SystemClock()

    @abstractmethod
    def make_destination(self) -> Destination:
        """Reach for the service."""

    @property
    def agent(self) -> str:
        """What requests say who sends them: setting ``user_agent``, or target and version."""
        return self.setting("user_agent") or f"{self.name}/{version(self.package_name or '')}"

    def kind_of(self, stream: str) -> str:
        """Return what the records of a stream are.

        Raises:
            SchemaError: If the service has nothing of the kind.
        """
        names = [kind.name for kind in self.kinds]
        return stream if stream in names else names[-1]

    @cached_property
    def ledger(self) -> Ledger:
        """What remembers."""
        return Ledger(self.setting("ledger_url"), self.service)

    @cached_property
    def relay(self) -> Relay:
        """What writes; dead letters that are due are tried again first."""
        tables = Tables(self.setting("mapping"), self.ledger)
        relay = Relay(self.make_destination(), self.kinds, self.ledger, tables, self)
        relay.retry(self.clock.now())
        return relay

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command, which says what else there is."""
        command = super().get_singer_command()
        command.epilog = (
            f"`{cls.name} dead-letters` lists records that could not be written, `{cls.name} "
            "replay` writes them; see their --help."
        )
        return command

    @override
    def make_store(self, stream: str) -> RelayStore:
        return RelayStore(stream, self.kind_of(stream), self.relay)

    @override
    def finish(self) -> None:
        """Write what is left, and say what came of it."""
        if "relay" in self.__dict__:
            self.relay.flush()
            self.tell()

    def tell(self) -> None:
        """Say what became of the records."""
        counts = self.relay.counts
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        self.logger.info("%s: %s", self.name, told or "nothing to write")
        waiting = len(self.ledger.dead_letters())
        tags = {"target": self.name}
        point = metrics.Point("counter", _Metric.DEAD_LETTERS, waiting, tags)  # type: ignore[arg-type]
        metrics.log(self.metrics_logger, point)
        if waiting:
            self.logger.warning(
                "%s: `%s dead-letters` lists them, `%s replay` writes them",
                "1 dead letter waits" if waiting == 1 else f"{waiting} dead letters wait",
                self.name,
                self.name,
            )

    @override
    def _leave(self, exit_code: int) -> None:
        try:
            super()._leave(exit_code)
        finally:
            self._let_go()

    @override
    def process_endofpipe(self) -> None:
        try:
            super().process_endofpipe()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if "relay" in self.__dict__:
            self.relay.close()


def _is_older(version: object, than: str | None) -> bool:
    if version is None or than is None:
        return False
    try:
        return float(str(version)) < float(than)
    except ValueError:
        return str(version) < than


def _digest(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
