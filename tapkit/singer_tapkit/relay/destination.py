"""What a service has to offer, so that records can be written to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class RefusedError(Exception):
    """A record cannot be written as it is, and becomes a dead letter.

    Args:
        why: What is wrong and what to do, without a value of the record.
        details: The same with values, for those who may see the record.
        again: Whether later runs try again by themselves, since it may mend itself.
    """

    def __init__(self, why: str, *, details: str = "", again: bool = False) -> None:
        super().__init__(why)
        self.details = details or why
        self.again = again


class UncertainError(RefusedError):
    """A record may have been made by a run that ended, and the service cannot be asked."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that a service holds.

    Attributes:
        name: Such as ``projects``; streams of that name hold them.
        parents: By field of the record that names a parent by its key at the source: kind of the
            parent, and field with its id at the service.
    """

    name: str
    parents: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a record from before.

    Attributes:
        target_id: Its id at the service, if it was written.
        uncertain: Whether it was being made when a run ended, so that it may be there.
        is_taken: Tells whether an id at the service is that of another record of its kind.
    """

    target_id: str | None = None
    uncertain: bool = False
    is_taken: Callable[[str], bool] = lambda _: False


class Destination(Protocol):
    """A service that records are written to.

    Both methods look before they make anything, and repeat what failed, within bounds.
    """

    def put(self, kind: str, key: str, fields: Mapping[str, Any], known: Known) -> str:
        """Make something, or change what is there.

        Args:
            kind: One of the target's kinds.
            key: Of the record at its source.
            fields: The record, with the service's own ids.
            known: What is known of it.

        Returns:
            Its id at the service.

        Raises:
            RefusedError: If the service refuses it for good; `ParentRefusedError`, by the verdict
                table of its client, means the same.
            StreamFailedError: If it does not answer, or fails.
            RunAbortedError: If nothing can be written, as with refused credentials.
        """
        ...

    def delete(self, kind: str, key: str, known: Known) -> None:
        """Delete something, if it is there; raises as `put` does."""
        ...

    def is_up(self) -> bool:
        """Tell whether the service answers at all, after it failed on one record."""
        ...

    def close(self) -> None:
        """Let go of the service, as by logging out."""
        ...
