"""The ways in which ClickUp's collections are read."""

from __future__ import annotations

import abc
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit import Batch, Stream
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentRefusedError, StreamUnavailableError
from singer_tapkit.shaping import shape_of
from typing_extensions import override

from tap_clickup.schemas import LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

    from tap_clickup.client import ClickUpClient
    from tap_clickup.source import Part, Refusal, Source
    from tap_clickup.tap import TapClickUp

_NAMED: Final = 10
"""How many ids a message names at the most."""


class ClickUpStream(Stream):
    """A collection without a time of change: read in full each time.

    Attributes:
        schema: JSON schema of the records, by which they are shaped.
    """

    schema: ClassVar[dict[str, Any]]
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    replication_key: ClassVar[str | None] = None
    notes_drift: ClassVar[bool] = True
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    _tap: TapClickUp

    @property
    @override
    def client(self) -> ClickUpClient:
        """The tap's one client."""
        return self._tap.client

    @property
    def source(self) -> Source:
        """The hierarchy that the tap has read."""
        return self._tap.source

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for records in self.answers():
            yield Batch([*self.shaped(records)])

    @abc.abstractmethod
    def answers(self) -> Iterator[Iterable[Record]]:
        """Yield what ClickUp answers, request by request, each record with its key."""

    @cached_property
    def _shape(self) -> Callable[[Record], Record]:
        return shape_of(self.schema, LEAVES, self.drift)  # type: ignore[return-value]  # of an object: an object

    def shaped(self, records: Iterable[Record]) -> Iterator[Record]:
        """Bring records into the shape of the schema."""
        return map(self._shape, records)

    def rows_of(self, part: Part) -> list[Record]:
        """Return a level of the hierarchy, and take over what is missing from it."""
        self.note(part.missing)
        return part.rows

    def note(self, missing: Sequence[str]) -> None:
        """Say what could not be read; each thing once."""
        self.missing += [sentence for sentence in missing if sentence not in self.missing]

    def each(
        self, parents: Sequence[Record], read: Callable[[Record], Iterable[Record]], kind: str
    ) -> Iterator[Iterable[Record]]:
        """Read something for each parent; those that are refused are named, and the others go on.

        Args:
            parents: Records with an ``id``.
            read: Asks for one parent.
            kind: What the parents are, for the message.

        Raises:
            StreamUnavailableError: If every parent is refused.
        """
        refused: list[str] = []
        reason = ""

        def ask(parent: Record) -> list[Record] | Refusal:
            try:
                return [*read(parent)]
            except (ParentRefusedError, StreamUnavailableError) as error:
                return error

        for parent, found in zip(parents, self._tap.overlap.ordered(ask, parents), strict=True):
            if isinstance(found, list):
                yield found
            else:
                refused.append(str(parent["id"]))
                reason = str(found)
        if refused and len(refused) == len(parents):
            raise StreamUnavailableError(reason)
        if refused:
            named = ", ".join(refused[:_NAMED]) + (", ..." if len(refused) > _NAMED else "")
            self.missing.append(
                f"{len(refused)} of {len(parents)} {kind}s refused ({named}); "
                f"the last one: {reason}"
            )


class WorkspaceStream(ClickUpStream):
    """A collection that each workspace has one of.

    Requests: one per workspace.

    Attributes:
        path: Path below the API address, with ``{id}`` for the workspace.
        records_key: Name under which an answer holds its records.
    """

    path: ClassVar[str]
    records_key: ClassVar[str]

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        def read(workspace: Record) -> Iterator[Record]:
            path = self.path.format(id=workspace["id"])
            for row in self.client.rows(path, self.records_key):
                yield {**row, "workspace_id": workspace["id"]}

        yield from self.each(self.rows_of(self.source.workspaces), read, "workspace")
