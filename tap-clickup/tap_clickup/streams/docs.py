"""Docs and their pages.

Source: ClickUp API v3, "Search docs", "Get doc pages".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.schema import Pii, embedded, flag, instant, integer, record, text
from typing_extensions import override

from tap_clickup.schemas import key
from tap_clickup.streams.base import ClickUpStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_tapkit.types import Json, Record


class Docs(ClickUpStream):
    """Docs of a workspace.

    Key: id. Not selected by default. Requests: one per workspace and 100 docs.

    Source: ClickUp API v3, "Search docs".
    """

    name = "docs"
    selected_by_default = False
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("name", "Name.", pii=Pii.SENSITIVE),
        integer("type", "Kind."),
        embedded("parent", "Where it hangs.", text("id", "Id."), integer("type", "Kind.")),
        flag("public", "Whether everybody can read it."),
        text("creator", "Id of the user who made it."),
        flag("deleted", "Whether it was deleted."),
        flag("archived", "Whether it is archived."),
        instant("date_created", "When it was made."),
        instant("date_updated", "Last change."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        yield from self.each(self.rows_of(self.source.workspaces), self.read, "workspace")

    def read(self, workspace: Record) -> Iterator[Record]:
        """Read the docs of a workspace.

        Raises:
            StreamFailedError: If pages run in circles.
        """
        path = f"/v3/workspaces/{workspace['id']}/docs"
        params = {"limit": "100"}
        seen = set[str]()
        while True:
            answer = self.client.get(path, params)
            rows = answer.get("docs")
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict):
                    yield {**row, "workspace_id": workspace["id"]}
            cursor = answer.get("next_cursor")
            if not cursor:
                return
            if str(cursor) in seen:
                msg = f"GET {path}: ClickUp names a page as next that was read before"
                raise StreamFailedError(msg)
            seen.add(str(cursor))
            params = {"limit": "100", "cursor": str(cursor)}


class DocPages(ClickUpStream):
    """Pages of docs, without their text.

    Key: doc_id and id. Not selected by default. Requests: those of docs, and one per doc.

    Source: ClickUp API v3, "Get doc page listing".
    """

    name = "doc_pages"
    left_out = ("pages",)
    primary_keys = ("doc_id", "id")
    selected_by_default = False
    schema = record(
        key("doc_id", "Id of the doc."),
        key(),
        text("workspace_id", "Id of the workspace."),
        text("parent_page_id", "Id of the page it lies under."),
        text("name", "Name.", pii=Pii.SENSITIVE),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        docs = self._tap.streams["docs"]
        if not isinstance(docs, Docs):
            return
        found = [
            doc
            for workspace in self.rows_of(self.source.workspaces)
            for doc in docs.read(workspace)
        ]

        def read(doc: Record) -> Iterator[Record]:
            path = f"/v3/workspaces/{doc['workspace_id']}/docs/{doc['id']}/page_listing"
            yield from self._flat(self.client.rows(path, "pages"), doc)

        yield from self.each(found, read, "doc")

    def _flat(self, pages: Iterable[object], doc: Record, parent: Json = None) -> Iterator[Record]:
        for page in pages:
            if isinstance(page, dict):
                yield {
                    **page,
                    "doc_id": doc["id"],
                    "workspace_id": doc["workspace_id"],
                    "parent_page_id": parent,
                }
                below = page.get("pages")
                yield from self._flat(below if isinstance(below, list) else (), doc, page["id"])
