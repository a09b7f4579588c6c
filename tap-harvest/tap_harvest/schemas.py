"""Parts of schemas that several Harvest collections share.

Source: Harvest API v2, the object of each collection. Money is in the client's or account's
currency; instants are UTC with whole seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from singer_tapkit.schema import Pii, embedded, field, flag, instant, integer, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence


def key(name: str = "id", description: str = "Number that Harvest gave it.") -> th.Property[Any]:
    """Describe a key: an integer that is always there."""
    return field(name, th.IntegerType, description, required=True)


def stamps() -> Sequence[th.Property[Any]]:
    """Describe when a record was made and changed."""
    return (
        field("created_at", th.DateTimeType, "When it was created. UTC.", required=True),
        field("updated_at", th.DateTimeType, "When it was last changed. UTC.", required=True),
    )


def person(name: str, description: str) -> th.Property[Any]:
    """Describe a user as other records show one."""
    return embedded(
        name,
        description,
        integer("id", "Number of the user."),
        text("name", "Full name.", pii=Pii.DIRECT),
        pii=Pii.DIRECT,
    )


def client() -> th.Property[Any]:
    """Describe a client as other records show one."""
    return embedded(
        "client",
        "Client, with its name at the time of reading.",
        integer("id", "Number of the client."),
        text("name", "Name."),
        text("currency", "ISO 4217 code; not documented by Harvest."),
    )


def project() -> th.Property[Any]:
    """Describe a project as other records show one."""
    return embedded(
        "project",
        "Project, with its name at the time of reading.",
        integer("id", "Number of the project."),
        text("name", "Name."),
        text("code", "Code; may be empty."),
    )


def task() -> th.Property[Any]:
    """Describe a task as other records show one."""
    return embedded(
        "task",
        "Task, with its name at the time of reading.",
        integer("id", "Number of the task."),
        text("name", "Name."),
    )


def user_assignment() -> th.Property[Any]:
    """Describe how a user is assigned to the project of an entry or expense."""
    return embedded(
        "user_assignment",
        "How the user is assigned to the project.",
        integer("id", "Number of the assignment."),
        flag("is_project_manager", "Whether the user manages the project."),
        flag("is_active", "Whether the assignment is active."),
        flag("use_default_rates", "Whether the user's default rates hold."),
        number("budget", "Budget of the user on the project."),
        number("hourly_rate", "Rate per hour.", pii=Pii.SENSITIVE),
        *_assignment_stamps(),
    )


def task_assignment() -> th.Property[Any]:
    """Describe how a task is assigned to the project of an entry."""
    return embedded(
        "task_assignment",
        "How the task is assigned to the project.",
        *task_assignment_fields(),
    )


def task_assignment_fields() -> Sequence[th.Property[Any]]:
    """Describe the fields of a task assignment that every view of it shows."""
    return (
        integer("id", "Number of the assignment."),
        flag("billable", "Whether the task is billable on the project."),
        flag("is_active", "Whether the assignment is active."),
        number("hourly_rate", "Rate per hour."),
        number("budget", "Budget of the task on the project."),
        *_assignment_stamps(),
    )


def invoice() -> th.Property[Any]:
    """Describe the invoice that an entry or expense was put on."""
    return embedded(
        "invoice",
        "Invoice, once there is one.",
        integer("id", "Number of the invoice."),
        text("number", "Number as printed."),
    )


def _assignment_stamps() -> Sequence[th.Property[Any]]:
    return (
        instant("created_at", "When the assignment was made."),
        instant("updated_at", "When the assignment was last changed."),
    )
