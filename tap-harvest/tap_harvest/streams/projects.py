"""Projects, tasks, and who and what is assigned to which project."""

from __future__ import annotations

from typing import ClassVar

from singer_tapkit.schema import Pii, day, flag, number, record, text

from tap_harvest.schemas import client, key, person, project, stamps, task
from tap_harvest.streams.base import HarvestStream


class Projects(HarvestStream):
    """What work is done on.

    Key: id. Replication: updated_at.
    Deletes: deleting a project deletes its time entries and expenses with it.

    Source: Harvest API v2, "List all projects".
    """

    name = "projects"
    path: ClassVar[str] = "/projects"
    records_key: ClassVar[str] = "projects"
    schema = record(
        key(),
        client(),
        text("name", "Name."),
        text("code", "Code; may be empty."),
        flag("is_active", "Whether it is active, or archived."),
        flag("is_billable", "Whether it is billable."),
        flag("is_fixed_fee", "Whether it has a fixed fee."),
        text("bill_by", "Project, Tasks, People or none."),
        number("hourly_rate", "Rate per hour of projects billed by project."),
        number("budget", "Budget in hours."),
        text("budget_by", "project, project_cost, task, task_fees, person or none."),
        flag("budget_is_monthly", "Whether the budget starts anew each month."),
        flag("notify_when_over_budget", "Whether managers are told."),
        number("over_budget_notification_percentage", "At how much they are told; 80.0 is 80 %."),
        day("over_budget_notification_date", "When they were last told."),
        flag("show_budget_to_all", "Whether everybody sees the budget."),
        number("cost_budget", "Budget in money."),
        flag("cost_budget_include_expenses", "Whether expenses count towards it."),
        number("fee", "Fixed fee."),
        text("notes", "Free text.", pii=Pii.SENSITIVE),
        day("starts_on", "First day."),
        day("ends_on", "Last day."),
        *stamps(),
    )


class Tasks(HarvestStream):
    """Kinds of work.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all tasks".
    """

    name = "tasks"
    path: ClassVar[str] = "/tasks"
    records_key: ClassVar[str] = "tasks"
    schema = record(
        key(),
        text("name", "Name."),
        flag("billable_by_default", "Whether it is billable on new projects."),
        number("default_hourly_rate", "Rate per hour on new projects."),
        flag("is_default", "Whether new projects get it."),
        flag("is_active", "Whether it is active, or archived."),
        *stamps(),
    )


class TaskAssignments(HarvestStream):
    """Which task belongs to which project; all projects in one list.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all task assignments".
    """

    name = "task_assignments"
    path: ClassVar[str] = "/task_assignments"
    records_key: ClassVar[str] = "task_assignments"
    schema = record(
        key(),
        project(),
        task(),
        flag("is_active", "Whether it is active, or archived."),
        flag("billable", "Whether the task is billable on the project."),
        number("hourly_rate", "Rate per hour."),
        number("budget", "Budget of the task on the project."),
        *stamps(),
    )


class UserAssignments(HarvestStream):
    """Who works on which project; all projects in one list.

    Key: id. Replication: updated_at.

    Source: Harvest API v2, "List all user assignments".
    """

    name = "user_assignments"
    path: ClassVar[str] = "/user_assignments"
    records_key: ClassVar[str] = "user_assignments"
    schema = record(
        key(),
        project(),
        person("user", "Who is assigned."),
        flag("is_active", "Whether it is active, or archived."),
        flag("is_project_manager", "Whether the person manages the project."),
        flag("use_default_rates", "Whether the person's default rates hold."),
        number("hourly_rate", "Rate per hour.", pii=Pii.SENSITIVE),
        number("budget", "Budget of the person on the project."),
        *stamps(),
    )
