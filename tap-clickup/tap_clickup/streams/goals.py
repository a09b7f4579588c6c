"""Goals and their key results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_tapkit.schema import Pii, flag, instant, integer, number, record, text, texts
from typing_extensions import override

from tap_clickup.schemas import key, opaque, people
from tap_clickup.streams.base import ClickUpStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_tapkit.types import Record


class Goals(ClickUpStream):
    """Goals, completed ones and those in folders too.

    Key: id. Requests: one per workspace.

    Source: ClickUp API v2, "Get goals".
    """

    name = "goals"
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("pretty_id", "Short id."),
        text("name", "Name.", pii=Pii.SENSITIVE),
        text("team_id", "Id of the workspace, as ClickUp names it here."),
        text("creator", "Id of the user who made it."),
        text("color", "Colour."),
        text("description", "Free text.", pii=Pii.SENSITIVE),
        instant("date_created", "When it was made."),
        instant("start_date", "When it starts."),
        instant("due_date", "When it is due."),
        instant("date_updated", "Last change."),
        instant("last_update", "Last progress."),
        flag("private", "Whether only its members see it."),
        flag("archived", "Whether it is archived."),
        flag("multiple_owners", "Whether it has several owners."),
        flag("pinned", "Whether it is pinned."),
        text("folder_id", "Id of the goal folder."),
        integer("key_result_count", "How many key results it has."),
        number("percent_completed", "Progress."),
        people("owners", "Owners."),
        people("members", "Members."),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        yield from self.each(self.rows_of(self.source.workspaces), self.read, "workspace")

    def read(self, workspace: Record) -> Iterator[Record]:
        """Read the goals of a workspace."""
        path = f"/v2/team/{workspace['id']}/goal"
        answer = self.client.get(path, {"include_completed": "true"})
        folders = answer.get("folders")
        holders = [answer, *(folders if isinstance(folders, list) else ())]
        for holder in holders:
            goals = holder.get("goals") if isinstance(holder, dict) else None
            for row in goals if isinstance(goals, list) else ():
                if isinstance(row, dict):
                    yield {**row, "workspace_id": workspace["id"]}


class KeyResults(ClickUpStream):
    """Key results of goals.

    Key: id. Not selected by default. Requests: one per workspace and one per goal.

    Source: ClickUp API v2, "Get goal".
    """

    name = "key_results"
    selected_by_default = False
    schema = record(
        key(),
        text("workspace_id", "Id of the workspace."),
        text("goal_id", "Id of the goal."),
        text("name", "Name.", pii=Pii.SENSITIVE),
        text("type", "number, currency, boolean, percentage or automatic."),
        text("unit", "Unit."),
        text("creator", "Id of the user who made it."),
        instant("date_created", "When it was made."),
        number("percent_completed", "Progress."),
        flag("completed", "Whether it was reached."),
        texts("task_ids", "Tasks that it counts."),
        texts("subcategory_ids", "Lists that it counts."),
        people("owners", "Owners."),
        opaque("last_action", "Last progress.", pii=Pii.SENSITIVE),
    )

    @override
    def answers(self) -> Iterator[Iterable[Record]]:
        goals = self._tap.streams["goals"]
        if not isinstance(goals, Goals):
            return
        found = [
            {**goal, "id": goal["id"]}
            for workspace in self.rows_of(self.source.workspaces)
            for goal in goals.read(workspace)
        ]

        def read(goal: Record) -> Iterator[Record]:
            detail = self.client.get(f"/v2/goal/{goal['id']}").get("goal")
            results = detail.get("key_results") if isinstance(detail, dict) else None
            for row in results if isinstance(results, list) else ():
                if isinstance(row, dict):
                    yield {**row, "workspace_id": goal["workspace_id"], "goal_id": goal["id"]}

        yield from self.each(found, read, "goal")
