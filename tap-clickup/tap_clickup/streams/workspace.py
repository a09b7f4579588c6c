"""Workspaces, their people, and what belongs to a workspace as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from singer_tapkit.deletions import DeletionMode
from singer_tapkit.schema import Pii, instant, integer, record, text, texts
from typing_extensions import override

from tap_clickup.schemas import key, opaque, people
from tap_clickup.streams.base import ClickUpStream, WorkspaceStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_tapkit.types import Record


class Workspaces(ClickUpStream):
    """Workspaces that the token opens.

    Key: id. Requests: one for all, shared by every stream.

    Source: ClickUp API v2, "Get authorized workspaces".
    """

    name = "workspaces"
    left_out = ("members",)
    schema = record(
        key(),
        text("name", "Name."),
        text("color", "Colour."),
        text("avatar", "Address of the picture."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        yield self.rows_of(self.source.workspaces)


_MEMBER = (
    key("workspace_id", "Id of the workspace."),
    key("id", "Id of the user."),
    text("username", "Name; null while an invitation is open.", pii=Pii.DIRECT),
    text("email", "E-mail address.", pii=Pii.DIRECT),
    text("color", "Colour."),
    text("profilePicture", "Address of the picture.", pii=Pii.DIRECT),
    text("initials", "Initials.", pii=Pii.DIRECT),
    integer("role", "1 owner, 2 administrator, 3 member, 4 guest."),
    integer("role_subtype", "Kind of the role."),
    text("role_key", "Name of the role."),
    opaque("custom_role", "Role made by the workspace."),
    instant("last_active", "When last seen."),
    instant("date_joined", "When the invitation was accepted."),
    instant("date_invited", "When invited."),
)


class Members(ClickUpStream):
    """Everybody in a workspace, guests and open invitations included.

    Key: workspace_id and id. Requests: none of its own.

    Source: ClickUp API v2, "Get authorized workspaces".
    """

    name = "members"
    primary_keys = ("workspace_id", "id")
    schema = record(*_MEMBER)

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        for workspace in self.rows_of(self.source.workspaces):
            workspace_id = str(workspace["id"])
            yield [{**user, "workspace_id": workspace_id} for user in self._users(workspace_id)]

    def _users(self, workspace_id: str) -> list[Record]:
        return self.source.members(workspace_id)


class Guests(Members):
    """The guests among the members.

    Key: workspace_id and id. Requests: none of its own.

    Source: ClickUp API v2, "Get authorized workspaces", role 4.
    """

    name = "guests"

    @override
    def _users(self, workspace_id: str) -> list[Record]:
        return self.source.guests(workspace_id)


class UserGroups(ClickUpStream):
    """Groups of users, called Teams on the screen.

    Key: id. Requests: one per workspace.

    Source: ClickUp API v2, "Get groups".
    """

    name = "user_groups"
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("team_id", "Id of the workspace, as ClickUp names it here."),
        text("userid", "Id of the user who made it."),
        text("name", "Name."),
        text("handle", "Short name."),
        instant("date_created", "When it was made."),
        text("initials", "Initials."),
        people("members", "Users in the group."),
        opaque("avatar", "Picture."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        def read(workspace: Record) -> Iterator[Record]:
            params = {"team_id": str(workspace["id"])}
            for row in self.client.rows("/v2/group", "groups", params):
                yield {**row, "workspace_id": workspace["id"]}

        yield from self.each(self.rows_of(self.source.workspaces), read, "workspace")


class CustomTaskTypes(WorkspaceStream):
    """Kinds of tasks that a workspace has made.

    Key: workspace_id and id. Requests: one per workspace.

    Source: ClickUp API v2, "Get custom task types".
    """

    name = "custom_task_types"
    primary_keys = ("workspace_id", "id")
    path: ClassVar[str] = "/v2/team/{id}/custom_item"
    records_key: ClassVar[str] = "custom_items"
    schema = record(
        key("workspace_id", "Id of the workspace."),
        key("id", "Id of the kind; 0 is a plain task, 1 a milestone."),
        text("name", "Name of one."),
        text("name_plural", "Name of several."),
        text("description", "What it is for."),
    )


class CustomRoles(WorkspaceStream):
    """Roles that a workspace has made.

    Key: workspace_id and id. Not selected by default. Requests: one per workspace.

    Source: ClickUp API v2, "Get custom roles".
    """

    name = "custom_roles"
    primary_keys = ("workspace_id", "id")
    selected_by_default = False
    path: ClassVar[str] = "/v2/team/{id}/customroles"
    records_key: ClassVar[str] = "custom_roles"
    schema = record(
        key("workspace_id", "Id of the workspace."),
        key(),
        text("team_id", "Id of the workspace, as ClickUp names it here."),
        text("name", "Name."),
        integer("inherited_role", "Role that it is based on."),
        instant("date_created", "When it was made."),
        texts("members", "Ids of the users who have it."),
    )


class Webhooks(WorkspaceStream):
    """Webhooks that the token's owner has made, without their secrets.

    Key: id. Not selected by default. Requests: one per workspace.

    Source: ClickUp API v2, "Get webhooks".
    """

    name = "webhooks"
    left_out = ("secret",)
    selected_by_default = False
    path: ClassVar[str] = "/v2/team/{id}/webhook"
    records_key: ClassVar[str] = "webhooks"
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("userid", "Id of the user who made it."),
        text("team_id", "Id of the workspace, as ClickUp names it here."),
        text("endpoint", "Address that is called.", pii=Pii.SENSITIVE),
        text("client_id", "App it belongs to."),
        texts("events", "What it is called for."),
        text("task_id", "Only for this task."),
        text("list_id", "Only for this list."),
        text("folder_id", "Only for this folder."),
        text("space_id", "Only for this space."),
        opaque("health", "Whether calls succeed."),
    )


class AuditLogs(ClickUpStream):
    """The audit log of a workspace; needs the Enterprise plan and the owner's token.

    Key: workspace_id and the event itself. Not selected by default. Requests: one per workspace.
    ClickUp does not document the events, so each is kept as it is.

    Source: ClickUp API v3, "Create workspace-level audit logs".
    """

    name = "audit_logs"
    primary_keys = ("workspace_id", "event")
    selected_by_default = False
    deletions_from = DeletionMode.OFF
    holds_everything = False
    schema = record(
        key("workspace_id", "Id of the workspace."),
        key("event", "The event, as the text of its JSON."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        def read(workspace: Record) -> Iterator[Record]:
            path = f"/v3/workspaces/{workspace['id']}/auditlogs"
            answer = self.client.post(path, {"applicability": "hierarchy-activity"})
            for events in answer.values():
                for event in events if isinstance(events, list) else ():
                    told = json.dumps(event, ensure_ascii=False, sort_keys=True)
                    yield {"workspace_id": workspace["id"], "event": told}

        yield from self.each(self.rows_of(self.source.workspaces), read, "workspace")
