"""Lists that hang below one parent each and have no route for all parents at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from singer_tapkit import Batch
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentEmptyError, ParentRefusedError, StreamUnavailableError
from singer_tapkit.http import Action, Rule, Verdict
from typing_extensions import override

from tap_harvest.streams.base import HarvestStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Json, Record

CHILD_RULES: Final[Sequence[Rule]] = (
    Rule({403}, Verdict(Action.REFUSE_PARENT, "the token's owner may not read this")),
    Rule({404}, Verdict(Action.EMPTY_PARENT, "deleted meanwhile")),
)
_NAMED_IDS: Final = 10
"""How many ids a message names at the most."""


class ChildStream(HarvestStream):
    """The children of each parent, one request a parent.

    With a replication key, only parents changed since the bookmark are asked: recording a payment
    or sending a message touches the invoice or estimate. The bookmark then is the parents'
    ``updated_at``. Without one, all parents are asked each time.

    Attributes:
        parent_path: Path of the parents' list.
        parent_key: Field that holds the parent's id; added to each record.
        path: Path of the children's list, with ``{id}`` for the parent's id.
        rules: Rows of the verdict table for one parent's list.
    """

    parent_path: ClassVar[str]
    parent_key: ClassVar[str]
    rules: ClassVar[Sequence[Rule]] = CHILD_RULES
    deletions_from = DeletionMode.OFF

    def has_children(self, parent: Record) -> bool:  # noqa: ARG002 - for streams that can tell
        """Tell whether a parent is worth a request."""
        return True

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        since = reading.since if self.replication_key else None
        listed = self.client.parents(self.parent_path, since)
        parents = [row for row in self.before(reading.until, listed) if self.has_children(row)]
        refused: list[Json] = []
        reason = ""
        for parent, found in self._tap.overlap.ordered(self._children, parents):
            if isinstance(found, ParentRefusedError):
                refused.append(parent["id"])
                reason = str(found)
            else:
                yield from found
        if refused and len(refused) == len(parents):
            raise StreamUnavailableError(reason)
        if refused:
            named = ", ".join(str(parent_id) for parent_id in refused[:_NAMED_IDS])
            more = ", ..." if len(refused) > _NAMED_IDS else ""
            self.missing.append(
                f"{len(refused)} of {len(parents)} parents refused "
                f"({self.parent_key} {named}{more}); the last one: {reason}"
            )

    def _children(self, parent: Record) -> tuple[Record, list[Batch] | ParentRefusedError]:
        """Read the children of one parent, all pages; or return why they may not be read."""
        path = self.path.format(id=parent["id"])
        batches = []
        try:
            for page in self.client.read_list(path, self.records_key, rules=self.rules):
                records = [{self.parent_key: parent["id"], **row} for row in page.records]
                batches.append(Batch(records, newest=parent["updated_at"]))
        except ParentEmptyError:
            return parent, []
        except ParentRefusedError as error:
            return parent, error
        return parent, batches
