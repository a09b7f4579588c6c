"""What ran before, out of Meltano's own database: SQLite or Postgres."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Column, DateTime, MetaData, String, Table, create_engine, inspect, select
from sqlalchemy.engine import make_url

_RUNS: Final = Table(
    "runs",
    MetaData(),
    Column("job_name", String),
    Column("state", String),
    Column("started_at", DateTime),
    Column("ended_at", DateTime),
    Column("last_heartbeat_at", DateTime),
    Column("run_id", String),
    Column("trigger", String),
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
        run_id: Its id.
        trigger: Who started it.
    """

    state_id: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    heard_at: datetime | None
    run_id: str
    trigger: str | None

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.state == "SUCCESS"

    def is_active(self, now: datetime) -> bool:
        """Tell whether it is under way."""
        heard = self.heard_at or self.started_at
        return self.state == "RUNNING" and now - heard < _DEAD_AFTER


def runs(uri: str, *, since: datetime | None = None) -> list[Run]:
    """List the runs, oldest first.

    Args:
        uri: Of Meltano's database; no runs if it is not there yet.
        since: Leave out what began earlier; aware.
    """
    address = make_url(uri)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        return []
    engine = create_engine(address)
    try:
        if not inspect(engine).has_table("runs"):
            return []
        query = select(_RUNS).order_by(_RUNS.c.started_at)
        if since is not None:
            query = query.where(_RUNS.c.started_at >= since.astimezone(UTC).replace(tzinfo=None))
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
                )
                for row in connection.execute(query)
            ]
    finally:
        engine.dispose()


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
