"""What was written where, what was deleted, and what could not be written; kept for ever."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout
from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from singer_tapkit.database import DatabaseError, address_of, engine_of
from singer_tapkit.relay.destination import Known
from singer_tapkit.targets.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_META: Final = MetaData()
_RECORDS: Final = Table(
    "relay_records",
    _META,
    Column("target", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("target_id", String(512)),
    Column("version", String(64)),
    Column("digest", String(64)),
    Column("uncertain", Boolean, nullable=False, default=False),
    Column("deleted_at", String(64)),
    Index("relay_records_by_target_id", "target", "kind", "target_id"),
)
_LETTERS: Final = Table(
    "relay_dead_letters",
    _META,
    Column("number", Integer, primary_key=True),
    Column("target", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("key", String(512), nullable=False),
    Column("record", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("at", String(64), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("again", Boolean, nullable=False),
    UniqueConstraint("target", "kind", "key"),
    sqlite_autoincrement=True,
)
_LOCK_SECONDS: Final = 600.0
_LOCK_NUMBER: Final = 7_215_409
_SIBLINGS: Final = {"folders": "clients", "lists": "projects"}
"""Kinds that are called otherwise elsewhere."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the ledger knows of a record.

    Attributes:
        target_id: Its id at the service, if it was made.
        version: When it was changed at its source, as far as that was told.
        digest: Stands for what was written.
        uncertain: Whether it was being made when a run ended.
        deleted_at: When it was deleted at its source; it is never made again.
    """

    target_id: str | None = None
    version: str | None = None
    digest: str | None = None
    uncertain: bool = False
    deleted_at: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be written.

    Attributes:
        number: What it is referred to by.
        kind: Of the record.
        key: Of the record at its source.
        record: As it came.
        cause: Why, with values.
        at: When, ISO 8601 in UTC.
        attempts: How many runs tried.
        again: Whether later runs try by themselves.
    """

    number: int
    kind: str
    key: str
    record: Mapping[str, Any]
    cause: str
    at: str
    attempts: int
    again: bool


class Ledger:
    """Kept in SQLite, or in Postgres by URL, where runs on several machines share it.

    Targets that share a ledger know what the others wrote, so nothing is sent back where it came
    from.

    Args:
        url: ``sqlite:///ledger.db`` or ``postgresql://...``.
        target: Who writes; its service's name, as harvest.

    Raises:
        TargetError: If it cannot be opened.
    """

    def __init__(self, url: str, target: str) -> None:
        self._target = target
        try:
            address = address_of(url)
            self._engine = engine_of(url)
        except DatabaseError as error:
            msg = f"ledger_url: {error}"
            raise TargetError(msg) from None
        self._file = Path(address.database or "") if address.drivername == "sqlite" else None
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
        self.place = address.render_as_string(hide_password=True)
        if self._file:
            event.listen(self._engine, "connect", _make_durable)
        try:
            _META.create_all(self._engine)
        except SQLAlchemyError as error:
            msg = f"The ledger {self.place} cannot be opened: {type(error).__name__}"
            raise TargetError(msg) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else write to the service meanwhile.

        Raises:
            TargetError: If somebody does, for ten minutes.
        """
        if self._file:
            try:
                with FileLock(f"{self._file}.lock", timeout=_LOCK_SECONDS):
                    yield
            except Timeout:
                msg = f"Another run has been writing by the ledger {self.place} for ten minutes"
                raise TargetError(msg) from None
        else:
            with self._engine.connect() as connection:
                lock = {"group": _LOCK_NUMBER, "target": self._target}
                arguments = "(:group, hashtext(:target))"
                connection.execute(text(f"select pg_advisory_lock{arguments}"), lock)
                try:
                    yield
                finally:
                    connection.execute(text(f"select pg_advisory_unlock{arguments}"), lock)

    # --- records ------------------------------------------------------------------------------

    def find(self, kind: str, key: str) -> Written:
        """Return what is known of a record."""
        query = select(_RECORDS).where(self._is(kind, key))
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return Written()
        return Written(row.target_id, row.version, row.digest, row.uncertain, row.deleted_at)

    def note(self, kind: str, key: str, **values: object) -> None:
        """Keep something about a record, named as in :class:`Written`."""
        with self._engine.begin() as connection:
            done = connection.execute(update(_RECORDS).where(self._is(kind, key)).values(**values))
            if not done.rowcount:
                row = {"target": self._target, "kind": kind, "key": key, **values}
                connection.execute(insert(_RECORDS).values(row))

    def known(self, kind: str, key: str, written: Written) -> Known:
        """Return what a service needs to know of a record before it is written."""
        columns = _RECORDS.c
        others = (columns.target == self._target) & (columns.kind == kind) & (columns.key != key)

        def is_taken(target_id: str) -> bool:
            query = select(columns.key).where(others, columns.target_id == target_id)
            with self._engine.connect() as connection:
                return connection.execute(query).first() is not None

        return Known(written.target_id, written.uncertain, is_taken)

    def is_echo(self, origin: str, kind: str, key: str) -> bool:
        """Tell whether a record is what a sibling of this target wrote to where it comes from."""
        kinds = [name for name in (*_SIBLINGS, kind) if _family(name) == _family(kind)]
        query = select(_RECORDS.c.key).where(
            _RECORDS.c.target == origin,
            _RECORDS.c.kind.in_([*kinds, _family(kind)]),
            _RECORDS.c.target_id == key,
        )
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def written_by(self, target: str, kind: str) -> list[tuple[str, str]]:
        """List what a target wrote: id at its service, and key at the source."""
        query = select(_RECORDS.c.target_id, _RECORDS.c.key).where(
            _RECORDS.c.target == target, _RECORDS.c.kind == kind, _RECORDS.c.target_id.is_not(None)
        )
        with self._engine.connect() as connection:
            return [(str(row.target_id), str(row.key)) for row in connection.execute(query)]

    # --- dead letters -------------------------------------------------------------------------

    def bury(self, letter: DeadLetter) -> int:
        """Keep a record that cannot be written, in the place of an older one of the same key.

        Returns:
            Its number; that of the letter itself counts for nothing.
        """
        values = {
            "record": json.dumps(letter.record, default=str),
            "cause": letter.cause,
            "at": letter.at,
            "attempts": letter.attempts,
            "again": letter.again,
        }
        own = self._letter(letter.kind, letter.key)
        with self._engine.begin() as connection:
            connection.execute(delete(_LETTERS).where(own))
            row = {"target": self._target, "kind": letter.kind, "key": letter.key, **values}
            made = connection.execute(insert(_LETTERS).values(row))
            return int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0

    def dead_letters(self) -> list[DeadLetter]:
        """List the dead letters of this target, oldest first."""
        query = select(_LETTERS).where(_LETTERS.c.target == self._target)
        with self._engine.connect() as connection:
            return [_read(row) for row in connection.execute(query.order_by(_LETTERS.c.number))]

    def dead_letter(self, kind: str, key: str) -> DeadLetter | None:
        """Return the dead letter of a record, if there is one."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_LETTERS).where(self._letter(kind, key))).one_or_none()
        return None if row is None else _read(row)

    def unbury(self, kind: str, key: str) -> None:
        """Remove the dead letter of a record, if there is one: it was written, or overtaken."""
        with self._engine.begin() as connection:
            connection.execute(delete(_LETTERS).where(self._letter(kind, key)))

    def _is(self, kind: str, key: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own
        columns = _RECORDS.c
        return (columns.target == self._target) & (columns.kind == kind) & (columns.key == key)

    def _letter(self, kind: str, key: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own
        columns = _LETTERS.c
        return (columns.target == self._target) & (columns.kind == kind) & (columns.key == key)


def _read(row: Any) -> DeadLetter:  # noqa: ANN401 - SQLAlchemy's own
    return DeadLetter(
        row.number,
        row.kind,
        row.key,
        json.loads(row.record),
        row.cause,
        row.at,
        row.attempts,
        row.again,
    )


def _family(kind: str) -> str:
    return _SIBLINGS.get(kind, kind)


def _make_durable(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()
