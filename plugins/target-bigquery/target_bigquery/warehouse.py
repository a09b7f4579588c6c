"""BigQuery as this target uses it: what is asked, how often, and what a refusal means."""

from __future__ import annotations

import gzip
import io
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import (
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServerError,
    TooManyRequests,
)
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY
from google.oauth2.service_account import Credentials

from target_bigquery.columns import stored_type
from target_bigquery.errors import WarehouseError
from target_bigquery.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_STAGING_LASTS: Final = timedelta(days=1)
_REQUEST_SECONDS: Final = 120.0
_QUICK: Final = 1
"""Level of compression: the network is rarely so slow that a higher one pays."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A table that is there.

    Attributes:
        columns: The type of each column.
        layout: How its rows are kept.
    """

    columns: Mapping[str, str]
    layout: Layout


class Warehouse:
    """One dataset, and the jobs that fill its tables.

    Requests and jobs that fail for a passing reason are repeated. Nothing is applied twice by
    that: a load replaces what its staging table has, and the client asks for the fate of a query
    whose answer was lost before it sends it again.

    Args:
        project: Project that has the dataset and pays for the jobs.
        dataset: The dataset; made if it is not there.
        location: Where to make it, and where its jobs run.
        credentials_path: File of a service account; absent for application default credentials.
        api_endpoint: URL of an emulator, which wants no credentials.
        compress: Whether rows are compressed for the way.
        retry_seconds: For how long to repeat what fails.
    """

    def __init__(
        self,
        project: str,
        dataset: str,
        *,
        location: str | None,
        credentials_path: str | None,
        api_endpoint: str | None,
        compress: bool,
        retry_seconds: float,
    ) -> None:
        self._dataset = f"{project}.{dataset}"
        self._location = location
        self._where = api_endpoint or "BigQuery"
        self._compress = compress
        self._retry = Retry(predicate=_passes, timeout=retry_seconds, on_error=_tell)
        self._job_retry = DEFAULT_JOB_RETRY.with_timeout(retry_seconds)
        with self._explained("log in"):
            self._client = _client(project, location, credentials_path, api_endpoint)
        self._find_dataset()

    def full_name(self, table: str) -> str:
        """Return the name of a table with project and dataset."""
        return f"{self._dataset}.{table}"

    def find(self, table: str) -> Found | None:
        """Look at a table; none if it is not there."""
        with self._explained(f"look at {table}"):
            try:
                found = self._client.get_table(table, retry=self._retry, timeout=_REQUEST_SECONDS)
            except NotFound:
                return None
        partition = found.time_partitioning
        layout = Layout(
            partition.field if partition else None, tuple(found.clustering_fields or ())
        )
        columns = {field.name: stored_type(field.field_type, field.mode) for field in found.schema}
        return Found(columns, layout)

    def create(self, table: str, columns: Mapping[str, str], layout: Layout) -> None:
        """Make a table, unless it is there."""
        wanted = _table(table, columns)
        if layout.partition_by:
            wanted.time_partitioning = bigquery.TimePartitioning(field=layout.partition_by)
        if layout.cluster_by:
            wanted.clustering_fields = list(layout.cluster_by)
        self._create(wanted)

    @contextmanager
    def staged(
        self, table: str, columns: Mapping[str, str], lines: Sequence[bytes]
    ) -> Iterator[None]:
        """Have rows in a table of their own for a while.

        If the process dies meanwhile, the table goes a day later.

        Args:
            table: Full name of the staging table, new to BigQuery.
            columns: The type of each column.
            lines: The rows as JSON objects.
        """
        staging = _table(table, columns)
        staging.expires = datetime.now(UTC) + _STAGING_LASTS
        self._create(staging)
        try:
            self._load(staging, lines)
            yield
        finally:
            self._drop(table)

    def run(self, sql: str, doing: str, **parameters: int | datetime) -> None:
        """Run a statement to its end.

        Args:
            sql: The statement.
            doing: What it does, for an error.
            parameters: Values for what it has with ``@`` in front; integers, or aware datetimes.

        Raises:
            WarehouseError: If BigQuery refuses, or cannot be reached for long enough. Nothing of
                it was applied, unless the connection was lost for good while it ran.
        """
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter(
                    name, "TIMESTAMP" if isinstance(value, datetime) else "INT64", value
                )
                for name, value in parameters.items()
            ]
        )
        with self._explained(doing):
            job = self._client.query(
                sql,
                job_config=config,
                job_id_prefix="worktaps_",
                retry=self._retry,
                job_retry=self._job_retry,
                timeout=_REQUEST_SECONDS,
            )
            job.result(retry=self._retry, job_retry=self._job_retry)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _find_dataset(self) -> None:
        with self._explained(f"look at dataset {self._dataset}"):
            try:
                self._client.get_dataset(self._dataset, retry=self._retry, timeout=_REQUEST_SECONDS)
            except NotFound:
                dataset = bigquery.Dataset(self._dataset)
                if self._location:
                    dataset.location = self._location
                self._client.create_dataset(
                    dataset, exists_ok=True, retry=self._retry, timeout=_REQUEST_SECONDS
                )

    def _create(self, table: bigquery.Table) -> None:
        with self._explained(f"make {table}"):
            self._client.create_table(
                table, exists_ok=True, retry=self._retry, timeout=_REQUEST_SECONDS
            )

    def _load(self, staging: bigquery.Table, lines: Sequence[bytes]) -> None:
        body = b"\n".join(lines)
        file = io.BytesIO(gzip.compress(body, _QUICK) if self._compress else body)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            schema=staging.schema,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
        )

        def load() -> bigquery.LoadJob:
            job = self._client.load_table_from_file(
                file,
                staging.reference,
                rewind=True,
                job_id_prefix="worktaps_",
                job_config=config,
                timeout=_REQUEST_SECONDS,
            )
            job.result(retry=self._retry)
            return job

        with self._explained(f"load {len(lines)} rows into {staging}"):
            landed = self._retry(load)().output_rows
        if landed != len(lines):
            msg = f"BigQuery has loaded {landed} of {len(lines)} rows into {staging}. Run again"
            raise WarehouseError(msg)

    def _drop(self, table: str) -> None:
        """Remove a staging table; if that fails, BigQuery does it when it expires."""
        try:
            self._client.delete_table(
                table, not_found_ok=True, retry=self._retry, timeout=_REQUEST_SECONDS
            )
        except (GoogleAPICallError, GoogleAuthError, RetryError, OSError) as error:
            _logger.warning("%s stays until it expires: %s", table, type(error).__name__)

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        """Turn a failure into an error without what BigQuery says, which may quote values."""
        try:
            yield
        except RetryError as error:
            why = _why(error.cause) if error.cause else "no answer in time"
        except (GoogleAPICallError, GoogleAuthError, OSError) as error:
            why = _why(error)
        else:
            return
        msg = f"Cannot {doing} at {self._where}: {why}"
        raise WarehouseError(msg) from None


def _client(
    project: str, location: str | None, credentials_path: str | None, api_endpoint: str | None
) -> bigquery.Client:
    if api_endpoint:
        return bigquery.Client(
            project=project,
            location=location,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options=ClientOptions(api_endpoint=api_endpoint),
        )
    if not credentials_path:
        return bigquery.Client(project=project, location=location)
    try:
        credentials = Credentials.from_service_account_file(credentials_path)  # type: ignore[no-untyped-call]
        return bigquery.Client(project=project, location=location, credentials=credentials)
    except (KeyError, ValueError):
        msg = (
            "The file that credentials_path names is no key of a service account. Make one under "
            "IAM, service accounts, keys, in JSON; or remove the setting, to use application "
            "default credentials"
        )
        raise WarehouseError(msg) from None


def _table(name: str, columns: Mapping[str, str]) -> bigquery.Table:
    fields = [bigquery.SchemaField(column, kind) for column, kind in columns.items()]
    return bigquery.Table(name, schema=fields)


def _passes(error: BaseException) -> bool:
    """Tell whether an error is likely to be gone when the same is asked again."""
    if isinstance(error, GoogleAPICallError) and _reason(error) == "rateLimitExceeded":
        return True
    return isinstance(error, ServerError | TooManyRequests | TransportError | OSError)


def _tell(error: BaseException) -> None:
    _logger.warning("Asking again, after: %s", _why(error))


def _reason(error: GoogleAPICallError) -> str:
    return next((str(item.get("reason")) for item in error.errors), "no reason given")


def _why(error: BaseException) -> str:
    if isinstance(error, GoogleAPICallError):
        reason = _reason(error)
        job = getattr(error, "query_job", None)
        place = f", job {job.job_id}" if job else ""
        return f"{error.code and int(error.code)} {reason}{place}. {_remedy(reason)}"
    if isinstance(error, GoogleAuthError):
        return (
            f"{type(error).__name__}. Set credentials_path to the key file of a service account, "
            "or log in with `gcloud auth application-default login`"
        )
    if isinstance(error, OSError):
        return f"{type(error).__name__}. See whether this machine can reach it, and run again"
    return type(error).__name__


def _remedy(reason: str) -> str:
    match reason:
        case "accessDenied":
            return (
                "Grant the account roles/bigquery.jobUser on the project, and "
                "roles/bigquery.dataEditor on the dataset"
            )
        case "notFound":
            return "See whether project, dataset and location are right"
        case "quotaExceeded" | "rateLimitExceeded":
            return "Raise batch_size_rows and max_batch_age_seconds, for fewer jobs, and run again"
    return "The list of jobs in the Google Cloud console shows more. Run again once it is mended"
