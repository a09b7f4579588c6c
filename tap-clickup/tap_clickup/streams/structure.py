"""Spaces, folders and lists, and what is attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_tapkit.schema import Pii, embedded, flag, instant, integer, record, several, text
from typing_extensions import override

from tap_clickup.schemas import key, opaque, people, person, place, status_fields
from tap_clickup.streams.base import ClickUpStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_tapkit.types import Record


class Spaces(ClickUpStream):
    """Spaces, archived ones too.

    Key: id. Requests: two per workspace.

    Source: ClickUp API v2, "Get spaces".
    """

    name = "spaces"
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("name", "Name."),
        text("color", "Colour."),
        flag("private", "Whether only its members see it."),
        text("avatar", "Address of the picture."),
        flag("admin_can_manage", "Whether administrators manage it."),
        flag("archived", "Whether it is archived."),
        flag("multiple_assignees", "Whether a task can have several people."),
        several("statuses", "Statuses of its tasks.", *status_fields()),
        people("members", "Members of a private space."),
        opaque("features", "What is switched on."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        yield self.rows_of(self.source.spaces)


class Folders(ClickUpStream):
    """Folders, archived ones too.

    Key: id. Requests: two per space.

    Source: ClickUp API v2, "Get folders".
    """

    name = "folders"
    left_out = ("lists",)
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("space_id", "Id of the space."),
        text("name", "Name."),
        integer("orderindex", "Place among the folders."),
        flag("override_statuses", "Whether it has statuses of its own."),
        flag("hidden", "True for the folder that stands for none."),
        place("space", "Space."),
        integer("task_count", "How many tasks it has."),
        flag("archived", "Whether it is archived."),
        several("statuses", "Statuses of its tasks.", *status_fields()),
        text("permission_level", "What the token's owner may do."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        yield self.rows_of(self.source.folders)


class Lists(ClickUpStream):
    """Lists, in folders or directly in a space, archived ones too.

    Key: id. Requests: two per space beside those for folders, which come with their lists.

    Source: ClickUp API v2, "Get folders", "Get folderless lists".
    """

    name = "lists"
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("space_id", "Id of the space."),
        text("folder_id", "Id of the folder; null for lists directly in a space."),
        text("name", "Name."),
        integer("orderindex", "Place among the lists."),
        text("content", "Description.", pii=Pii.SENSITIVE),
        opaque("status", "Colour of the list."),
        opaque("priority", "Priority."),
        person("assignee", "Who is responsible."),
        integer("task_count", "How many tasks it has."),
        instant("due_date", "When it is due."),
        instant("start_date", "When it starts."),
        flag("due_date_time", "Whether due_date has a time of day."),
        flag("start_date_time", "Whether start_date has a time of day."),
        place("folder", "Folder."),
        place("space", "Space."),
        flag("archived", "Whether it is archived."),
        flag("override_statuses", "Whether it has statuses of its own."),
        several("statuses", "Statuses of its tasks, where ClickUp shows them.", *status_fields()),
        text("permission_level", "What the token's owner may do."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        yield self.rows_of(self.source.lists)


class Tags(ClickUpStream):
    """Tags that tasks of a space can have.

    Key: space_id and name. Requests: one per space.

    Source: ClickUp API v2, "Get space tags".
    """

    name = "tags"
    left_out = ("project_id",)
    primary_keys = ("space_id", "name")
    schema = record(
        key("space_id", "Id of the space."),
        key("name", "Name of the tag."),
        text("workspace_id", "Id of the workspace."),
        text("tag_fg", "Colour of the text."),
        text("tag_bg", "Colour behind it."),
        text("creator", "Id of the user who made it."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        def read(space: Record) -> Iterator[Record]:
            for row in self.client.rows(f"/v2/space/{space['id']}/tag", "tags"):
                yield {**row, "space_id": space["id"], "workspace_id": space["workspace_id"]}

        yield from self.each(self.rows_of(self.source.spaces), read, "space")


class _EveryLevelStream(ClickUpStream):
    """Something that workspaces, spaces, folders and lists can have.

    Attributes:
        last_part: Last part of the path.
        records_key: Name under which an answer holds its records.
    """

    last_part: str
    records_key: str

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        levels: list[tuple[str, str, Any]] = [
            ("workspace", "team", self.source.workspaces),
            ("space", "space", self.source.spaces),
            ("folder", "folder", self.source.folders),
            ("list", "list", self.source.lists),
        ]
        for scope_type, word, part in levels:

            def read(
                parent: Record, scope_type: str = scope_type, word: str = word
            ) -> Iterator[Record]:
                path = f"/v2/{word}/{parent['id']}/{self.last_part}"
                for row in self.client.rows(path, self.records_key):
                    yield {
                        **row,
                        "scope_type": scope_type,
                        "scope_id": parent["id"],
                        "workspace_id": parent.get("workspace_id") or parent["id"],
                    }

            yield from self.each(self.rows_of(part), read, scope_type)


class CustomFields(_EveryLevelStream):
    """Custom fields: those made for a workspace, space or folder, and all that a list can use.

    Key: scope_type, scope_id and id; a field comes once for each place it is good for.
    Requests: one per workspace, space, folder and list.

    Source: ClickUp API v2, "Get list custom fields" and its siblings.
    """

    name = "custom_fields"
    primary_keys = ("scope_type", "scope_id", "id")
    last_part = "field"
    records_key = "fields"
    schema = record(
        key("scope_type", "workspace, space, folder or list."),
        key("scope_id", "Id of that."),
        key(),
        text("workspace_id", "Id of the workspace."),
        text("name", "Name."),
        text("type", "Type, such as drop_down or number."),
        opaque("type_config", "Options of the type."),
        instant("date_created", "When it was made."),
        flag("hide_from_guests", "Whether guests do not see it."),
        flag("required", "Whether a task needs it."),
    )


class Views(_EveryLevelStream):
    """Views of workspaces, spaces, folders and lists.

    Key: id. Not selected by default. Requests: one per workspace, space, folder and list.

    Source: ClickUp API v2, "Get list views" and its siblings.
    """

    name = "views"
    selected_by_default = False
    last_part = "view"
    records_key = "views"
    schema = record(
        key(),
        text("scope_type", "workspace, space, folder or list."),
        text("scope_id", "Id of that."),
        text("workspace_id", "Id of the workspace."),
        text("name", "Name."),
        text("type", "list, board, calendar, ..."),
        embedded("parent", "Where it hangs.", text("id", "Id."), integer("type", "Kind.")),
        opaque("grouping", "How it groups."),
        opaque("sorting", "How it sorts."),
        opaque("filters", "What it shows."),
        opaque("columns", "Its columns."),
        opaque("settings", "Its settings."),
    )


class SharedHierarchy(ClickUpStream):
    """Tasks, lists and folders that are shared with the token's owner without what they are in.

    Key: workspace_id, kind and id. Not selected by default. Requests: one per workspace.

    Source: ClickUp API v2, "Shared hierarchy".
    """

    name = "shared_hierarchy"
    primary_keys = ("workspace_id", "kind", "id")
    selected_by_default = False
    schema = record(
        key("workspace_id", "Id of the workspace."),
        key("kind", "task, list or folder."),
        key(),
        text("name", "Name.", pii=Pii.SENSITIVE),
        flag("archived", "Whether it is archived."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        def read(workspace: Record) -> Iterator[Record]:
            shared = self.client.get(f"/v2/team/{workspace['id']}/shared").get("shared")
            for kind in ("task", "list", "folder"):
                rows = shared.get(f"{kind}s") if isinstance(shared, dict) else None
                for row in rows if isinstance(rows, list) else ():
                    shown = row if isinstance(row, dict) else {"id": row}
                    yield {**shown, "workspace_id": workspace["id"], "kind": kind}

        yield from self.each(self.rows_of(self.source.workspaces), read, "workspace")
