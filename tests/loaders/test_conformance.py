"""Which loader keeps which promise: what docs/loaders.md says is what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_sandbox.warehouses import running_postgres

from tests.emulators import bigquery_emulator
from tests.loaders.loaders import LOADERS, BigQuery, Postgres
from tests.loaders.promises import GAPS, PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.loaders.loaders import Loader

__all__ = ["bigquery_emulator"]


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Postgres for all; each loader gets a schema of its own."""
    with running_postgres(tmp_path_factory.mktemp("pg") / "data") as postgres:
        yield postgres.url


@pytest.fixture(params=list(LOADERS))
def loader(request: pytest.FixtureRequest, tmp_path: Path) -> Loader:
    """A loader with an empty destination."""
    kind = LOADERS[request.param]
    if issubclass(kind, BigQuery):
        return kind(tmp_path, request.getfixturevalue("bigquery_emulator"))
    if issubclass(kind, Postgres):
        return kind(tmp_path, request.getfixturevalue("postgres_url"))
    return kind(tmp_path)


@pytest.mark.parametrize("promise", PROMISES)
def test_a_loader_keeps_its_promises(loader: Loader, promise: str) -> None:
    """All but those that are known to be broken, which would be news if they were kept."""
    kept = PROMISES[promise](loader)

    assert kept is (promise not in GAPS.get(loader.name, {}))
