"""The SDK's own questions to any target, asked for both formats; none is left out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class
from target_files.target import TargetFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDERS = tempfile.TemporaryDirectory()


def _config(form: str) -> dict[str, Any]:
    return {"path": str(Path(_FOLDERS.name, form)), "format": form}


@pytest.fixture(scope="module", autouse=True)
def folders() -> Iterator[None]:
    """Remove what the tests have written."""
    yield
    _FOLDERS.cleanup()


TestJsonl = get_target_test_class(TargetFiles, config=_config("jsonl"), parse_env_config=False)
TestDuckDB = get_target_test_class(TargetFiles, config=_config("duckdb"), parse_env_config=False)
