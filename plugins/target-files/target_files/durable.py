"""File names that are still there when the power comes back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def create(path: Path) -> None:
    """Make an empty file, unless it is there."""
    if not path.exists():
        path.touch()
        _sync(path.parent)


def rename(source: Path, target: Path) -> None:
    """Rename a file, in place of another one if that is there."""
    source.replace(target)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
