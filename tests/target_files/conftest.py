"""The target for each format, with a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.target_files.loading import Loader

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["jsonl", "duckdb"])
def loader(request: pytest.FixtureRequest, tmp_path: Path) -> Loader:
    """The target in each of its formats, with batches of three rows."""
    return Loader(tmp_path / "out", request.param, {"batch_size_rows": 3})


@pytest.fixture
def jsonl(tmp_path: Path) -> Loader:
    """The target for JSONL files."""
    return Loader(tmp_path / "out", "jsonl")


@pytest.fixture
def duck(tmp_path: Path) -> Loader:
    """The target for DuckDB."""
    return Loader(tmp_path / "out", "duckdb")
