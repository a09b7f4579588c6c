"""All streams of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_clickup.streams.docs import DocPages, Docs
from tap_clickup.streams.goals import Goals, KeyResults
from tap_clickup.streams.structure import (
    CustomFields,
    Folders,
    Lists,
    SharedHierarchy,
    Spaces,
    Tags,
    Views,
)
from tap_clickup.streams.tasks import Checklists, TaskComments, Tasks, TimeInStatus
from tap_clickup.streams.time import TimeEntries, TimeEntryHistory, TimeEntryTags
from tap_clickup.streams.workspace import (
    AuditLogs,
    CustomRoles,
    CustomTaskTypes,
    Guests,
    Members,
    UserGroups,
    Webhooks,
    Workspaces,
)

if TYPE_CHECKING:
    from tap_clickup.streams.base import ClickUpStream

STREAMS: Final[tuple[type[ClickUpStream], ...]] = (
    AuditLogs,
    Checklists,
    CustomFields,
    CustomRoles,
    CustomTaskTypes,
    DocPages,
    Docs,
    Folders,
    Goals,
    Guests,
    KeyResults,
    Lists,
    Members,
    SharedHierarchy,
    Spaces,
    Tags,
    TaskComments,
    Tasks,
    TimeEntries,
    TimeEntryHistory,
    TimeEntryTags,
    TimeInStatus,
    UserGroups,
    Views,
    Webhooks,
    Workspaces,
)
"""Every stream, in the order of their names."""
