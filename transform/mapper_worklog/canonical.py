"""The canonical stream ``work_entries``: hours of any source, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mapper_worklog.columns import made

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mapper_worklog.types import Schema

WORK_ENTRIES_KEYS: Final[Sequence[str]] = ("key",)

WORK_ENTRIES: Final[Mapping[str, Schema]] = {
    "key": made("string", "Source and id: harvest:2894410071.", null=False),
    "source": made("string", "System that the entry is from.", null=False),
    "source_id": made("string", "Id of the entry there.", null=False),
    "entry_date": made("string", "Day worked, in the person's calendar.", form="date"),
    "started_at": made("string", "Start, in UTC; null if only hours are known.", form="date-time"),
    "ended_at": made("string", "End, in UTC; null while running.", form="date-time"),
    "hours": made("number", "Decimal hours worked; negative in corrections."),
    "hours_rounded": made("number", "Decimal hours as they are billed."),
    "is_running": made("boolean", "Whether a timer runs, so that hours are provisional."),
    "billable": made("boolean", "Whether the entry can be billed."),
    "is_billed": made("boolean", "Whether it was invoiced."),
    "person_id": made("string", "Id of the person there."),
    "person": made("string", "Name or address of the person, or a hash of it."),
    "client_id": made("string", "Id of the client there."),
    "client": made("string", "Name of the client."),
    "project_id": made("string", "Id of the project there."),
    "project": made("string", "Name of the project, or of what comes nearest."),
    "task_id": made("string", "Id of the task there."),
    "task": made("string", "Name of the task."),
    "activity": made("string", "The task under its normalised name."),
    "category": made("string", "What the activity belongs to."),
    "kind": made("string", "work or life."),
    "notes": made("string", "What the person wrote."),
    "iso_year": made("integer", "Year that the ISO week of entry_date belongs to."),
    "iso_week": made("integer", "ISO week of entry_date, 1 to 53."),
    "month": made("integer", "Month of entry_date, 1 to 12."),
    "quarter": made("integer", "Quarter of entry_date, 1 to 4."),
    "weekday": made("integer", "Weekday of entry_date, 1 is Monday, 7 is Sunday."),
    "weekday_name": made("string", "Weekday of entry_date, in English."),
    "is_weekend": made("boolean", "Whether entry_date is a Saturday or Sunday."),
    "updated_at": made("string", "When the entry was last changed there.", form="date-time"),
    "_sdc_deleted_at": made("string", "When it was found deleted; else null.", form="date-time"),
}
"""Columns in order. All but the first three can be null."""
