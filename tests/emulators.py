"""Services that cannot be had without an account, as programs on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import pytest
import uv
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = "lab"

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


@contextmanager
def running_bigquery(home: Path) -> Iterator[str]:
    """Run a BigQuery emulator that forgets everything at its end.

    Args:
        home: An empty folder. DuckDB looks there for an extension that it would download.

    Yields:
        The URL of its REST API.
    """
    command = [uv.find_uv_bin(), "tool", "run", "--python", sys.executable, *_BIGQUERY]
    found = subprocess.run(
        [*command, "python", "-c", _ENVIRONMENT], check=True, capture_output=True, text=True
    )
    python, package = found.stdout.split()
    extensions = home / ".duckdb" / "extensions" / f"v{_DUCKDB}"
    for file in Path(package, "extensions", f"v{_DUCKDB}").glob("*.duckdb_extension"):
        for platform in ("linux_amd64", "linux_arm64", "osx_amd64", "osx_arm64"):
            (extensions / platform).mkdir(parents=True, exist_ok=True)
            (extensions / platform / file.name).symlink_to(file)
    with subprocess.Popen(
        [python, "-m", "bqemulator", "start", "--rest-port", "0", "--grpc-port", "0"],
        env=os.environ | {"HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        reader = threading.Thread(target=process.stdout.read)
        try:
            port = _wait_for_port(process.stdout)
            reader.start()  # else it would wait for somebody to read its log
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            if reader.is_alive():
                reader.join()


def _wait_for_port(log: IO[str]) -> int:
    lines = []
    for line in log:
        lines.append(line)
        if '"rest.listen"' in line:
            return int(json.loads(line)["port"])
    pytest.fail("The BigQuery emulator does not start:\n" + "".join(lines[-20:]))


def emulated_bigquery(url: str) -> bigquery.Client:
    """Connect to an emulator, as a reader of tables does."""
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
    )


@pytest.fixture(scope="session")
def bigquery_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One BigQuery emulator for the session: the URL for ``api_endpoint``."""
    with running_bigquery(tmp_path_factory.mktemp("bigquery")) as url:
        yield url
