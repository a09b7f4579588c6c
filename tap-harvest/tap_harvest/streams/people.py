"""People, their roles, rates and assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from singer_sdk import typing as th
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.schema import (
    Pii,
    day,
    embedded,
    field,
    flag,
    instant,
    integer,
    number,
    record,
    several,
    text,
    texts,
)
from typing_extensions import override

from tap_harvest.schemas import key, stamps, task, task_assignment_fields
from tap_harvest.streams.base import HarvestStream
from tap_harvest.streams.children import CHILD_RULES, ChildStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_tapkit.types import Record


class Users(HarvestStream):
    """Everybody with a seat, archived people included.

    Key: id. Replication: updated_at. Rates are hidden from tokens with a lower role.

    Source: Harvest API v2, "List all users".
    """

    name = "users"
    path: ClassVar[str] = "/users"
    records_key: ClassVar[str] = "users"
    schema = record(
        key(),
        text("first_name", "First name.", pii=Pii.DIRECT),
        text("last_name", "Last name.", pii=Pii.DIRECT),
        text("email", "E-mail address.", pii=Pii.DIRECT),
        text("telephone", "Telephone; often empty.", pii=Pii.DIRECT),
        text("timezone", "Harvest's own label of the zone, not an IANA name."),
        flag("has_access_to_all_future_projects", "Whether new projects get this person."),
        flag("is_contractor", "Whether the person is a contractor."),
        flag("is_active", "Whether the person is active, or archived."),
        integer("weekly_capacity", "Capacity of a week in seconds."),
        number("default_hourly_rate", "Billable rate per hour.", pii=Pii.SENSITIVE),
        number("cost_rate", "Cost per hour.", pii=Pii.SENSITIVE),
        texts("roles", "Names of roles in the company."),
        texts("access_roles", "administrator, manager or member, and what else is granted."),
        text("avatar_url", "Picture.", pii=Pii.DIRECT),
        flag("calendar_integration_enabled", "Not documented by Harvest."),
        text("calendar_integration_source", "Not documented by Harvest."),
        flag("can_create_projects", "Not documented by Harvest."),
        texts("permissions_claims", "Not documented by Harvest."),
        *stamps(),
    )


class Roles(HarvestStream):
    """Roles in the company, with the people who have them.

    Key: id. Replication: full table, as the list has no filter on the time of change.

    Source: Harvest API v2, "List all roles".
    """

    name = "roles"
    path: ClassVar[str] = "/roles"
    records_key: ClassVar[str] = "roles"
    replication_key = None
    schema = record(
        key(),
        text("name", "Name."),
        field("user_ids", th.ArrayType(th.IntegerType), "Numbers of the people."),
        *stamps(),
    )


class UserChildStream(ChildStream):
    """Something of each person, archived people included. Replication: full table."""

    parent_path: ClassVar[str] = "/users"
    parent_key: ClassVar[str] = "user_id"
    replication_key = None


_RATE = record(
    key(),
    key("user_id", "Number of the person."),
    number("amount", "Amount per hour.", pii=Pii.SENSITIVE),
    day("start_date", "First day; null means from the beginning."),
    day("end_date", "Last day; null means up to now."),
    *stamps(),
)


class BillableRates(UserChildStream):
    """What an hour of each person is billed at, over time.

    Key: id. Replication: full table; a new rate can replace earlier ones.
    Requests: one per person.

    Source: Harvest API v2, "List all billable rates for a specific user".
    """

    name = "billable_rates"
    path: ClassVar[str] = "/users/{id}/billable_rates"
    records_key: ClassVar[str] = "billable_rates"
    schema = _RATE


class CostRates(UserChildStream):
    """What an hour of each person costs, over time.

    Key: id. Replication: full table; a new rate can replace earlier ones.
    Requests: one per person. Needs: administrator.

    Source: Harvest API v2, "List all cost rates for a specific user".
    """

    name = "cost_rates"
    path: ClassVar[str] = "/users/{id}/cost_rates"
    records_key: ClassVar[str] = "cost_rates"
    schema = _RATE


class Teammates(UserChildStream):
    """Whom each manager is responsible for.

    Key: user_id (the manager) and id (the teammate). Replication: full table.
    Requests: one per manager. Needs: administrator.

    Source: Harvest API v2, "List all assigned teammates for a specific user".
    """

    name = "teammates"
    path: ClassVar[str] = "/users/{id}/teammates"
    records_key: ClassVar[str] = "teammates"
    primary_keys = ("user_id", "id")
    rules: ClassVar[Sequence[Rule]] = (
        Rule({422}, Verdict(Action.EMPTY_PARENT, "not a manager")),
        *CHILD_RULES,
    )
    schema = record(
        key("user_id", "Number of the manager."),
        key("id", "Number of the teammate."),
        text("first_name", "First name.", pii=Pii.DIRECT),
        text("last_name", "Last name.", pii=Pii.DIRECT),
        text("email", "E-mail address.", pii=Pii.DIRECT),
    )

    @override
    def has_children(self, parent: Record) -> bool:
        """Only managers have teammates; others are asked where Harvest does not show the roles."""
        roles = parent.get("access_roles")
        if not isinstance(roles, list) or not roles:
            return True
        return any(str(role).endswith("manager") for role in roles)


class ProjectAssignments(UserChildStream):
    """The active projects of each person, with their tasks.

    Key: id, the same as in user_assignments. Replication: full table.
    Requests: one per person. Not selected by default, as user_assignments and task_assignments
    hold the same, archived rows included, for a fraction of the requests.

    Source: Harvest API v2, "List active project assignments".
    """

    name = "project_assignments"
    path: ClassVar[str] = "/users/{id}/project_assignments"
    records_key: ClassVar[str] = "project_assignments"
    selected_by_default = False
    schema = record(
        key(),
        key("user_id", "Number of the person."),
        flag("is_active", "Whether the assignment is active."),
        flag("is_project_manager", "Whether the person manages the project."),
        flag("use_default_rates", "Whether the person's default rates hold."),
        number("hourly_rate", "Rate per hour.", pii=Pii.SENSITIVE),
        number("budget", "Budget of the person on the project."),
        instant("created_at", "When it was made."),
        instant("updated_at", "When it was last changed."),
        embedded(
            "project",
            "Project.",
            integer("id", "Number of the project."),
            text("name", "Name."),
            text("code", "Code; may be empty."),
            flag("is_billable", "Whether the project is billable."),
        ),
        embedded(
            "client",
            "Client.",
            integer("id", "Number of the client."),
            text("name", "Name."),
            text("currency", "ISO 4217 code; not documented by Harvest."),
        ),
        several(
            "task_assignments", "Active tasks of the project.", *task_assignment_fields(), task()
        ),
    )
