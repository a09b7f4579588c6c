"""What ran before, out of Meltano's own database: SQLite or Postgres.

Meltano notes when a run began and ended. What its log said about rows, requests and waiting is put
beside it, in the table ``worktaps_results``, and what messages were sent about in
``worktaps_told``.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    create_engine,
    inspect,
    literal,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy.engine import Engine

_RUNS: Final = Table(
    "runs",
    MetaData(),
    Column("job_name", String),
    Column("state", String),
    Column("started_at", DateTime),
    Column("ended_at", DateTime),
    Column("last_heartbeat_at", DateTime),
    Column("run_id", Uuid),
    Column("trigger", String),
)
_RESULTS: Final = Table(
    "worktaps_results",
    MetaData(),
    Column("run_id", Uuid, primary_key=True),
    Column("result", JSON, nullable=False),
)
_TOLD: Final = Table(
    "worktaps_told",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("content", Text, nullable=False),
)
_DEAD_AFTER: Final = timedelta(minutes=5)
"""How long after its last sign of life a run counts as dead, as Meltano has it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a job.

    Attributes:
        state_id: Meltano's name of the state that it went on from.
        state: ``SUCCESS``, ``FAIL``, ``RUNNING``, ...
        started_at: When it began, UTC.
        ended_at: When it ended, UTC; ``None`` if it did not.
        heard_at: When it last gave a sign of life, UTC.
        run_id: Its id, with dashes.
        trigger: Who started it.
        result: What its log said, as fields of `worktaps.run.Result`; empty for runs that were
            started elsewhere.
    """

    state_id: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    heard_at: datetime | None
    run_id: str
    trigger: str | None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.state == "SUCCESS"

    def is_active(self, now: datetime) -> bool:
        """Tell whether it is under way."""
        heard = self.heard_at or self.started_at
        return self.state == "RUNNING" and now - heard < _DEAD_AFTER


def runs(
    uri: str,
    *,
    since: datetime | None = None,
    state_ids: Collection[str] | None = None,
    run_id: str | None = None,
) -> list[Run]:
    """List the runs, oldest first.

    Args:
        uri: Of Meltano's database; no runs if it is not there yet.
        since: Leave out what began earlier; aware.
        state_ids: Leave out runs of other states.
        run_id: Leave out all other runs; none are left if it is no UUID.
    """
    with _database(uri) as engine:
        if engine is None or not inspect(engine).has_table("runs"):
            return []
        query = select(_RUNS, literal(None).label("result"))
        if inspect(engine).has_table(_RESULTS.name):
            same = _RUNS.c.run_id == _RESULTS.c.run_id
            query = select(_RUNS, _RESULTS.c.result).join(_RESULTS, same, isouter=True)
        if since is not None:
            query = query.where(_RUNS.c.started_at >= since.astimezone(UTC).replace(tzinfo=None))
        if state_ids is not None:
            query = query.where(_RUNS.c.job_name.in_(state_ids))
        if run_id is not None:
            try:
                query = query.where(_RUNS.c.run_id == UUID(run_id))
            except ValueError:
                return []
        with engine.connect() as connection:
            return [
                Run(
                    state_id=str(row.job_name),
                    state=str(row.state),
                    started_at=_aware(row.started_at),
                    ended_at=_aware(row.ended_at) if row.ended_at else None,
                    heard_at=_aware(row.last_heartbeat_at) if row.last_heartbeat_at else None,
                    run_id=str(row.run_id),
                    trigger=row.trigger,
                    result=row.result or {},
                )
                for row in connection.execute(query.order_by(_RUNS.c.started_at))
            ]


def record(uri: str, run_id: str, result: Mapping[str, Any]) -> None:
    """Note what the log of a run said.

    Args:
        uri: Of Meltano's database; nothing is noted if there is none.
        run_id: Of the run.
        result: Its fields, as JSON.
    """
    with _database(uri) as engine:
        if engine is None:
            return
        with engine.begin() as connection:
            connection.execute(CreateTable(_RESULTS, if_not_exists=True))
            connection.execute(_RESULTS.insert().values(run_id=UUID(run_id), result=dict(result)))


def told(uri: str) -> str | None:
    """Return what messages were sent about, as `remember_told` was given it."""
    with _database(uri) as engine:
        if engine is None or not inspect(engine).has_table(_TOLD.name):
            return None
        with engine.connect() as connection:
            return connection.execute(select(_TOLD.c.content)).scalar()


def remember_told(uri: str, content: str) -> None:
    """Keep what messages were sent about; nothing is kept if there is no database."""
    with _database(uri) as engine:
        if engine is None:
            return
        with engine.begin() as connection:
            connection.execute(CreateTable(_TOLD, if_not_exists=True))
            connection.execute(_TOLD.delete())
            connection.execute(_TOLD.insert().values(id=1, content=content))


@contextmanager
def _database(uri: str) -> Iterator[Engine | None]:
    """Open a database; ``None`` for a file that is not there."""
    address = make_url(uri)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        yield None
        return
    engine = create_engine(address)
    try:
        yield engine
    finally:
        engine.dispose()


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
