"""The hierarchy of the workspaces, asked for once per run whoever needs it first.

Workspace > Space > (Folder >) List. Folders come with their lists. A space that cannot be read is
left out and remembered: every stream that depends on it is then partial, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from singer_tapkit.errors import ParentRefusedError, StreamUnavailableError
from singer_tapkit.overlap import Memo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_tapkit.overlap import Overlap
    from singer_tapkit.types import Record

    from tap_clickup.client import ClickUpClient

_GUEST: Final = 4
Refusal = ParentRefusedError | StreamUnavailableError
"""What becomes of one parent when ClickUp does not show what is in it."""


@dataclass(slots=True)
class Part:
    """A level of the hierarchy.

    Attributes:
        rows: Its objects, each with the id of its workspace.
        missing: What could not be read, a sentence each.
    """

    rows: list[Record] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Source:
    """What a token sees of its workspaces.

    Args:
        client: Asks.
        overlap: Lets it ask several things at a time.
        workspace_ids: The workspaces to read; all if ``None``.
    """

    def __init__(
        self, client: ClickUpClient, overlap: Overlap, workspace_ids: Sequence[str] | None
    ) -> None:
        self._client = client
        self._overlap = overlap
        self._memo = Memo()
        self._wanted = None if workspace_ids is None else [str(name) for name in workspace_ids]

    @property
    def workspaces(self) -> Part:
        """The workspaces to read, with their members."""
        return self._memo.get("workspaces", self._read_workspaces)

    def _read_workspaces(self) -> Part:
        found = {str(row.get("id")): row for row in self._client.workspaces}
        wanted = list(found) if self._wanted is None else self._wanted
        lacking = [name for name in wanted if name not in found]
        if len(lacking) == len(wanted):
            msg = f"the token opens none of the workspaces {', '.join(lacking)}"
            raise StreamUnavailableError(msg)
        return Part(
            [found[name] for name in wanted if name in found],
            [f"the token does not open workspace {name}. Check workspace_ids" for name in lacking],
        )

    def workspace_ids(self) -> list[str]:
        """Name the workspaces to read."""
        return [str(row["id"]) for row in self.workspaces.rows]

    def members(self, workspace_id: str) -> list[Record]:
        """List the members of a workspace, guests among them."""
        (workspace,) = (row for row in self.workspaces.rows if str(row["id"]) == workspace_id)
        members = workspace.get("members")
        users = (
            [row.get("user") for row in members if isinstance(row, dict)]
            if isinstance(members, list)
            else []
        )
        return [user for user in users if isinstance(user, dict) and user.get("id") is not None]

    def guests(self, workspace_id: str) -> list[Record]:
        """List the guests of a workspace."""
        return [user for user in self.members(workspace_id) if user.get("role") == _GUEST]

    @property
    def spaces(self) -> Part:
        """The spaces of all workspaces, archived ones too."""
        return self._memo.get("spaces", self._read_spaces)

    def _read_spaces(self) -> Part:
        part = Part(missing=list(self.workspaces.missing))
        paths = [f"/v2/team/{workspace_id}/space" for workspace_id in self.workspace_ids()]
        for workspace_id, rows in zip(
            self.workspace_ids(), self._both(paths, "spaces", part), strict=True
        ):
            part.rows += [{**row, "workspace_id": workspace_id} for row in rows]
        return part

    @property
    def folders(self) -> Part:
        """The folders of all spaces, archived ones too."""
        return self._memo.get("folders", self._read_folders)

    def _read_folders(self) -> Part:
        return self._below_spaces("folder", "folders")

    @property
    def folderless_lists(self) -> Part:
        """The lists that lie directly in a space."""
        return self._memo.get("folderless_lists", self._read_folderless_lists)

    def _read_folderless_lists(self) -> Part:
        return self._below_spaces("list", "lists")

    @property
    def lists(self) -> Part:
        """All lists, those in folders and those directly in a space, each once."""
        return self._memo.get("lists", self._read_lists)

    def _read_lists(self) -> Part:
        folders, folderless = self.folders, self.folderless_lists
        rows: dict[str, Record] = {}
        for folder in folders.rows:
            for row in self._lists_of(folder):
                rows[str(row["id"])] = {
                    "folder": {"id": folder.get("id"), "name": folder.get("name")},
                    "space": {"id": folder.get("space_id")},
                    **row,
                    "workspace_id": folder["workspace_id"],
                    "space_id": folder.get("space_id"),
                    "folder_id": folder.get("id"),
                }
        for row in folderless.rows:
            rows.setdefault(str(row["id"]), row)
        return Part(list(rows.values()), [*dict.fromkeys(folders.missing + folderless.missing)])

    def _lists_of(self, folder: Record) -> Iterator[Record]:
        """Yield a folder's lists; asked for where the folder does not hold them whole."""
        inlined = folder.get("lists")
        rows = inlined if isinstance(inlined, list) else []
        yield from (row for row in rows if isinstance(row, dict) and "id" in row)

    def _below_spaces(self, kind: str, name: str) -> Part:
        part = Part(missing=list(self.spaces.missing))
        spaces = self.spaces.rows
        paths = [f"/v2/space/{space['id']}/{kind}" for space in spaces]
        for space, rows in zip(spaces, self._both(paths, name, part), strict=True):
            above = {"workspace_id": space["workspace_id"], "space_id": space["id"]}
            part.rows += [{**row, **above} for row in rows]
        return part

    def _both(self, paths: Sequence[str], name: str, part: Part) -> Iterator[list[Record]]:
        """List what is archived and what is not, each once; path by path."""

        def ask(call: tuple[str, str]) -> list[Record] | Refusal:
            path, archived = call
            try:
                return self._client.rows(path, name, {"archived": archived})
            except (ParentRefusedError, StreamUnavailableError) as error:
                return error

        calls = [(path, archived) for path in paths for archived in ("false", "true")]
        answers = self._overlap.ordered(ask, calls)
        for _ in paths:
            rows: dict[str, Record] = {}
            for answer in (next(answers), next(answers)):
                if isinstance(answer, list):
                    for row in answer:
                        rows.setdefault(str(row.get("id")), row)
                elif str(answer) not in part.missing:
                    part.missing.append(str(answer))
            yield list(rows.values())
