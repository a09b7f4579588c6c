"""What can be wrong with folders, files and the database."""

from __future__ import annotations

from singer_tapkit.targets.errors import TargetError


class StorageError(TargetError):
    """The folder, a file or the database cannot be written, or is in use."""
