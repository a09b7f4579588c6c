"""The table of what came, in order: SQLite, or Postgres by URL."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterator

_META: Final = MetaData()
_EVENTS: Final = Table(
    "webhook_events",
    _META,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("delivery", String(512)),
    Column("event", String(128)),
    Column("received_at", DateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source", "delivery"),
    sqlite_autoincrement=True,
)
_READERS: Final = Table(
    "webhook_readers",
    _META,
    Column("name", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)


class InboxError(Exception):
    """The inbox cannot be written or read; the text says what to do, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that came.

    Attributes:
        seq: Its number; later ones are larger.
        source: Name of the route that it came by.
        delivery: Tells deliveries apart, where the vendor says.
        event: Kind of event, where the vendor says.
        received_at: When it was stored, UTC.
        body: As it was sent.
    """

    seq: int
    source: str
    delivery: str | None
    event: str | None
    received_at: datetime
    body: bytes


class Inbox:
    """Keeps events until all readers have them.

    What `append` has returned a number for is on disk: SQLite runs with a write-ahead log and full
    sync. Numbers grow in the order in which events were stored, and are never given twice.

    Args:
        url: ``sqlite:///inbox.db`` or ``postgresql://...``.

    Raises:
        InboxError: If it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
            if address.drivername == "postgresql":
                address = address.set(drivername="postgresql+psycopg")
            self._engine = create_engine(address, pool_pre_ping=True)
        except (ArgumentError, ModuleNotFoundError) as error:
            msg = (
                "The inbox needs sqlite:///inbox.db or postgresql://..., and for the latter the "
                f"extra postgres of this package ({type(error).__name__})"
            )
            raise InboxError(msg) from None
        self.place = address.render_as_string(hide_password=True)
        self._is_sqlite = address.get_backend_name() == "sqlite"
        # SQLite has one writer at a time; those who wait for it asleep wait longer than in a queue.
        self._writing = Lock() if self._is_sqlite else nullcontext()
        if self._is_sqlite:
            event.listen(self._engine, "connect", _make_durable)
        try:
            _META.create_all(self._engine)
        except SQLAlchemyError as error:
            msg = f"The inbox {self.place} cannot be opened: {type(error).__name__}"
            raise InboxError(msg) from None

    def append(
        self,
        source: str,
        body: bytes,
        *,
        delivery: str | None = None,
        kind: str | None = None,
        now: datetime | None = None,
    ) -> int | None:
        """Store an event.

        Args:
            source: Name of its route.
            body: As it was sent.
            delivery: Tells deliveries apart; one that is there already is not stored again.
            kind: Kind of event.
            now: Another time than the machine's; aware.

        Returns:
            Its number; ``None`` for a repeat.

        Raises:
            InboxError: If it is not stored.
        """
        moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        row = {"source": source, "delivery": delivery, "event": kind, "received_at": moment}
        try:
            with self._writing, self._engine.begin() as connection:
                if not self._is_sqlite:  # else numbers could become visible out of order
                    connection.exec_driver_sql("select pg_advisory_xact_lock(7215408)")
                found = connection.execute(insert(_EVENTS).values(body=body, **row))
                key = found.inserted_primary_key
                return int(key[0]) if key else None
        except IntegrityError:
            return None
        except SQLAlchemyError as error:
            msg = f"The inbox {self.place} takes nothing: {type(error).__name__}"
            raise InboxError(msg) from None

    def read(self, after: int, *, most: int = 1000) -> Iterator[Event]:
        """Yield the events after a number, oldest first, at most so many.

        Raises:
            InboxError: If it cannot be read.
        """
        query = select(_EVENTS).where(_EVENTS.c.seq > after).order_by(_EVENTS.c.seq).limit(most)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).fetchall()
        except SQLAlchemyError as error:
            msg = f"The inbox {self.place} cannot be read: {type(error).__name__}"
            raise InboxError(msg) from None
        for row in rows:
            received_at = row.received_at.replace(tzinfo=UTC)
            body = bytes(row.body)
            yield Event(row.seq, row.source, row.delivery, row.event, received_at, body)

    def mark(self, reader: str, seq: int) -> None:
        """Note how far a reader has come, so that its events can be removed some day.

        Raises:
            InboxError: If it is not noted.
        """
        try:
            with self._writing, self._engine.begin() as connection:
                changed = connection.execute(
                    update(_READERS).where(_READERS.c.name == reader).values(seq=seq)
                )
                if not changed.rowcount:
                    connection.execute(insert(_READERS).values(name=reader, seq=seq))
        except SQLAlchemyError as error:
            msg = f"The inbox {self.place} takes nothing: {type(error).__name__}"
            raise InboxError(msg) from None

    def forget(self, reader: str) -> bool:
        """Forget a reader, for which nothing is kept any more; false if there is none."""
        with self._engine.begin() as connection:
            gone = connection.execute(delete(_READERS).where(_READERS.c.name == reader))
            return bool(gone.rowcount)

    def readers(self) -> dict[str, int]:
        """Return how far each reader has come."""
        with self._engine.connect() as connection:
            return {row.name: row.seq for row in connection.execute(select(_READERS))}

    def last(self) -> int:
        """Return the number of the newest event; 0 if there is none."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.max(_EVENTS.c.seq))).scalar() or 0)

    def prune(self, before: datetime) -> int:
        """Remove events that are old, and that every reader has.

        Args:
            before: Younger ones stay; aware.

        Returns:
            How many were removed; none while there is no reader.
        """
        positions = self.readers().values()
        if not positions:
            return 0
        old = _EVENTS.c.received_at < before.astimezone(UTC).replace(tzinfo=None)
        with self._engine.begin() as connection:
            gone = connection.execute(delete(_EVENTS).where(old, _EVENTS.c.seq <= min(positions)))
            return int(gone.rowcount)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _make_durable(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()
