"""Reading a table that was loaded before: from a file or a database."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from singer_tapkit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: Final = re.compile(r"[A-Za-z_][\w$-]*(\.[A-Za-z_][\w$-]*){0,2}")


def read_table(source: str, table: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a loaded table.

    Args:
        source: Path of a ``.jsonl`` or ``.duckdb`` file, ``postgresql://user:password@host/db`` or
            ``bigquery://project/dataset?api_endpoint=...``.
        table: Its name, or a SELECT statement; of no meaning for JSONL.

    Raises:
        AuditError: If it cannot be read; says why, and never a password.
    """
    scheme = urlsplit(source).scheme
    if scheme in {"postgresql", "postgres"}:
        return _postgres(source, _select(table))
    if scheme == "bigquery":
        return _bigquery(source, _select(table))
    if Path(source).suffix in {".duckdb", ".db"}:
        return _duckdb(source, _select(table))
    if Path(source).suffix in {".jsonl", ".json", ".singer"}:
        return _jsonl(source)
    msg = (
        "--audit: write vendor, the path of a .jsonl or .duckdb file, "
        "postgresql://user:password@host/database or bigquery://project/dataset"
    )
    raise AuditError(msg)


def _select(table: str) -> str:
    if table.lstrip()[:7].lower() in {"select ", "with "} or table.lstrip()[:5].lower() == "with ":
        return table
    if not _NAME.fullmatch(table):
        msg = "--audit-table: neither the name of a table nor a SELECT"
        raise AuditError(msg)
    return f"SELECT * FROM {table}"  # noqa: S608 - a plain name, checked above


def _jsonl(path: str) -> Iterator[Mapping[str, Any]]:
    try:
        with Path(path).open(encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    yield json.loads(line)
    except OSError as error:
        msg = f"--audit: cannot read {path}: {error.strerror}"
        raise AuditError(msg) from None
    except ValueError:
        msg = f"--audit: {path} is not JSON, one object a line"
        raise AuditError(msg) from None


def _duckdb(path: str, sql: str) -> Iterator[Mapping[str, Any]]:
    duckdb = _driver("duckdb")
    if not Path(path).exists():
        msg = f"--audit: there is no file {path}"
        raise AuditError(msg)
    try:
        with duckdb.connect(path, read_only=True) as database:
            cursor = database.execute(sql)
            names = [column[0] for column in cursor.description]
            while rows := cursor.fetchmany(10_000):
                for row in rows:
                    yield dict(zip(names, row, strict=True))
    except duckdb.Error as error:
        msg = f"--audit: DuckDB refused: {_first_line(error)}"
        raise AuditError(msg) from None


def _postgres(url: str, sql: str) -> Iterator[Mapping[str, Any]]:
    psycopg = _driver("psycopg")
    try:
        with (
            psycopg.connect(url, options="-c TimeZone=UTC") as database,
            database.cursor(name="audit") as cursor,
        ):
            cursor.execute(sql)
            names: list[str] = []
            for row in cursor:
                names = names or [column.name for column in cursor.description]
                yield dict(zip(names, row, strict=True))
    except psycopg.OperationalError:
        msg = "--audit: cannot connect to Postgres. Check host, database, user and password"
        raise AuditError(msg) from None
    except psycopg.Error as error:
        msg = f"--audit: Postgres refused: {_first_line(error)}"
        raise AuditError(msg) from None


def _bigquery(url: str, sql: str) -> Iterator[Mapping[str, Any]]:
    bigquery = _driver("google.cloud.bigquery")
    parts = urlsplit(url)
    project, dataset = parts.netloc, parts.path.strip("/")
    options: dict[str, Any] = {}
    if endpoint := parse_qs(parts.query).get("api_endpoint"):
        credentials = _driver("google.auth.credentials").AnonymousCredentials()
        options = {"client_options": {"api_endpoint": endpoint[0]}, "credentials": credentials}
    errors = (
        _driver("google.api_core.exceptions").GoogleAPIError,
        _driver("google.auth.exceptions").GoogleAuthError,
    )
    try:
        with bigquery.Client(project=project, **options) as client:
            default = bigquery.QueryJobConfig(default_dataset=f"{project}.{dataset}")
            for row in client.query(sql, job_config=default).result():
                yield dict(row.items())
    except errors as error:
        msg = f"--audit: BigQuery refused: {_first_line(error)}"
        raise AuditError(msg) from None


def _driver(module: str) -> Any:  # noqa: ANN401 - a module that is there only if installed
    import importlib  # noqa: PLC0415 - drivers are loaded when they are needed

    try:
        return importlib.import_module(module)
    except ImportError:
        msg = f"--audit: needs {module}: pip install 'singer-tapkit[audit]'"
        raise AuditError(msg) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
