"""Streams as JSONL files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from target_files.errors import StorageError
from target_files.journal import Journal
from target_files.names import refuse_lookalike, to_stream
from target_files.snapshot import Activation, Snapshot
from target_files.store import Destination, Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_files.rows import Row


class JsonlFolder(Destination):
    """A folder with a snapshot for each stream.

    What a run that was killed has left in journals is merged first.

    Args:
        path: The folder; made if it is not there.
        hard_delete: Whether deleted rows are removed, instead of marked.

    Raises:
        StorageError: If a snapshot cannot be updated.
    """

    def __init__(self, path: Path, *, hard_delete: bool) -> None:
        self._path = path
        self._hard_delete = hard_delete
        path.mkdir(parents=True, exist_ok=True)
        for journal in sorted(path.glob(".*.journal")):
            self._recover(Snapshot(path, to_stream(journal.stem.removeprefix("."))))

    @override
    def store(self, stream: str) -> JsonlStore:
        snapshot = Snapshot(self._path, stream)
        refuse_lookalike(stream, snapshot.path)
        return JsonlStore(stream, snapshot, hard_delete=self._hard_delete)

    @override
    def close(self) -> None:
        """Do nothing: each store has let go of its journal."""

    def _recover(self, snapshot: Snapshot) -> None:
        try:
            journal = Journal(snapshot.journal_path)
        except StorageError:
            return  # another process is at it; if not, the stream itself will say so
        snapshot.recover(journal)
        journal.discard()


class JsonlStore(Store):
    """A snapshot, and the journal that collects what goes into it.

    Args:
        stream: Name of the stream.
        snapshot: Its file.
        hard_delete: Whether deleted rows are removed, instead of marked.

    Raises:
        StorageError: If another process is writing the stream.
    """

    def __init__(self, stream: str, snapshot: Snapshot, *, hard_delete: bool) -> None:
        super().__init__(stream, hard_delete=hard_delete)
        self._snapshot = snapshot
        self._journal = Journal(snapshot.journal_path)
        snapshot.recover(self._journal)
        snapshot.path.touch()

    @override
    def _define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        if list(keys) != list(self._keys) and self._journal.last:
            self._snapshot.merge(self._journal)

    @override
    def _write(self, rows: Sequence[Row]) -> None:
        self._journal.write(rows, self._keys)

    @override
    def _activate(self, version: int, deleted_at: str | None) -> None:
        self._snapshot.merge(self._journal, Activation(version, deleted_at))

    @override
    def _finish(self) -> tuple[int, str]:
        waiting = self._journal.last > 0
        rows = self._snapshot.merge(self._journal) if waiting else self._snapshot.count()
        self._journal.discard()
        return rows, str(self._snapshot.path)
