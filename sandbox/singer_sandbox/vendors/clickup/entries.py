"""Time entries as ClickUp lists them: of one window, unpaged, and of those asked for.

Source: ClickUp API v2, "Get time entries within a date range".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.clickup import show
from singer_sandbox.vendors.clickup.errors import ApiError, out_of_reach, unknown
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sandbox.vendors.clickup.world import World
    from singer_sandbox.wire import Answer, Call, Row

_DEFAULT_DAYS_MS: Final = 30 * 86_400_000
_LOCATIONS: Final = ("space_id", "folder_id", "list_id", "task_id")


def list_entries(world: World, call: Call, workspace_id: str, *, personal: bool) -> Answer:
    """List the entries of a window.

    Args:
        world: The data.
        call: The request.
        workspace_id: Whose entries.
        personal: Whether a personal token asks; others may name one person at a time.
    """
    query = call.query
    start = _number(query.get("start_date"), world.now - _DEFAULT_DAYS_MS)
    end = _number(query.get("end_date"), world.now)
    if sum(name in query for name in _LOCATIONS) > 1:
        raise ApiError(400, "TIMEENTRY_065", "Only one location filter is allowed")
    wanted = _wanted(world, query.get("assignee"), workspace_id, personal=personal)
    inside = _MATCHES[world.settings.matching]
    rows = [
        show.entry(world, row, query)
        for row in world.below("time_entries", "workspace_id", workspace_id)
        if row["user_id"] in wanted and not row.get("hidden") and inside(row, start, end)
    ]
    return json_answer({"data": rows})


def one_entry(world: World, call: Call, workspace_id: str, entry_id: str) -> Answer:
    """Show one entry.

    Raises:
        ApiError: If there is none.
    """
    row = world.tables["time_entries"].get(entry_id)
    if row is None or row["workspace_id"] != workspace_id:
        raise unknown()
    return json_answer({"data": show.entry(world, row, call.query)})


def _wanted(world: World, assignee: str | None, workspace_id: str, *, personal: bool) -> set[str]:
    members = {row["user_id"]: row for row in world.below("members", "workspace_id", workspace_id)}
    if assignee is None:
        return {next(iter(members))}
    wanted = {part.strip() for part in assignee.split(",") if part.strip()}
    if not all(part.isdecimal() for part in wanted):
        raise ApiError(400, "TIMEENTRY_007", "Assignee is not valid")
    if len(wanted) > 1 and not personal:
        raise out_of_reach()
    for user_id in wanted:
        member = members.get(user_id)
        gone = member is None or (member["removed"] and not world.settings.removed_members_readable)
        if gone or not (member and member["readable"]):
            raise out_of_reach()
    return wanted


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.lstrip("-").isdecimal():
        raise ApiError(500, "TIMEENTRY_072", "Dates must be milliseconds")
    return int(text)


def _end(row: Row) -> int:
    return int(row["start"] + (row["duration"] or 0))


_MATCHES: Final[dict[str, Callable[[Row, int, int], bool]]] = {
    "start": lambda row, start, end: start <= row["start"] <= end,
    "exclusive": lambda row, start, end: start < row["start"] < end,
    "overlap": lambda row, start, end: row["start"] < end and _end(row) >= start,
}
