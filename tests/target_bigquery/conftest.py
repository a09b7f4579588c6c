"""The target, with an emulator of BigQuery and a dataset of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.emulators import bigquery_emulator
from tests.target_bigquery.loading import Loader

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bigquery_emulator"]


@pytest.fixture
def loader(bigquery_emulator: str, tmp_path: Path) -> Loader:
    """The target with default settings."""
    return Loader(bigquery_emulator, f"d_{uuid4().hex[:8]}", tmp_path)
