"""Services that cannot be had without an account, as programs on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from singer_sandbox.warehouses import running_bigquery

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = "lab"


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
