"""The lists of the API, one entry each, but for time entries and reports.

Source: Harvest API v2, "List all ..." of each resource; "Roles and permissions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.access import ADMINISTRATOR, MANAGER, MEMBER
from singer_sandbox.vendors.harvest.lists import (
    List,
    own_project_assignments,
    show_project_assignment,
    show_teammate,
    teammates,
)
from singer_sandbox.vendors.harvest.query import SINCE

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERYBODY: Final = (ADMINISTRATOR, MANAGER, MEMBER)
_MANAGERS: Final = (ADMINISTRATOR, MANAGER)
_ADMINISTRATORS: Final = (ADMINISTRATOR,)
_ACTIVE: Final = (SINCE, "is_active")
_INVOICES: Final = "invoice_feature"
_ESTIMATES: Final = "estimate_feature"
_EXPENSES: Final = "expense_feature"

LISTS: Final[Sequence[List]] = (
    List(path="/users", collection="users", roles=_MANAGERS, filters=_ACTIVE, own_rows=True),
    List(
        path="/users/{user_id}/cost_rates",
        collection="cost_rates",
        filters=(),
        roles=_ADMINISTRATORS,
    ),
    List(
        path="/users/{user_id}/billable_rates",
        collection="billable_rates",
        roles=_MANAGERS,
        filters=(),
    ),
    List(
        path="/users/{user_id}/project_assignments",
        collection="user_assignments",
        roles=_MANAGERS,
        records_key="project_assignments",
        single=False,
        select=own_project_assignments,
        show=show_project_assignment,
    ),
    List(
        path="/users/{user_id}/teammates",
        collection="users",
        filters=(),
        roles=_ADMINISTRATORS,
        records_key="teammates",
        single=False,
        select=teammates,
        show=show_teammate,
    ),
    List(path="/roles", collection="roles", filters=(), roles=_ADMINISTRATORS),
    List(path="/clients", collection="clients", roles=_MANAGERS, filters=_ACTIVE),
    List(path="/contacts", collection="contacts", roles=_MANAGERS, filters=(SINCE, "client_id")),
    List(
        path="/projects",
        collection="projects",
        roles=_MANAGERS,
        filters=(*_ACTIVE, "client_id"),
        own_rows=True,
    ),
    List(
        path="/projects/{project_id}/task_assignments",
        collection="task_assignments",
        roles=_MANAGERS,
        filters=_ACTIVE,
        by_cursor=False,
        own_rows=True,
    ),
    List(
        path="/projects/{project_id}/user_assignments",
        collection="user_assignments",
        roles=_MANAGERS,
        filters=(*_ACTIVE, "user_id"),
        by_cursor=False,
        own_rows=True,
    ),
    List(path="/tasks", collection="tasks", roles=_MANAGERS, filters=_ACTIVE),
    List(
        path="/task_assignments",
        collection="task_assignments",
        roles=_MANAGERS,
        filters=_ACTIVE,
        single=False,
        own_rows=True,
    ),
    List(
        path="/user_assignments",
        collection="user_assignments",
        roles=_MANAGERS,
        filters=(*_ACTIVE, "user_id"),
        single=False,
        own_rows=True,
    ),
    List(
        path="/expenses",
        collection="expenses",
        filters=(
            *(SINCE, "from", "to", "user_id", "client_id", "project_id"),
            *("is_billed", "approval_status"),
        ),
        roles=EVERYBODY,
        by_cursor=False,
        module=_EXPENSES,
        own_rows=True,
    ),
    List(
        path="/expense_categories",
        collection="expense_categories",
        filters=_ACTIVE,
        roles=_ADMINISTRATORS,
        module=_EXPENSES,
    ),
    List(
        path="/invoices",
        collection="invoices",
        filters=(SINCE, "from", "to", "client_id", "project_id", "state"),
        roles=_ADMINISTRATORS,
        by_cursor=False,
        default_per_page=100,
        module=_INVOICES,
    ),
    List(
        path="/invoices/{invoice_id}/messages",
        collection="invoice_messages",
        roles=_ADMINISTRATORS,
        single=False,
        module=_INVOICES,
    ),
    List(
        path="/invoices/{invoice_id}/payments",
        collection="invoice_payments",
        roles=_ADMINISTRATORS,
        single=False,
        module=_INVOICES,
    ),
    List(
        path="/invoice_item_categories",
        collection="invoice_item_categories",
        roles=_MANAGERS,
        module=_INVOICES,
    ),
    List(
        path="/estimates",
        collection="estimates",
        filters=(SINCE, "from", "to", "client_id", "state"),
        roles=_ADMINISTRATORS,
        by_cursor=False,
        module=_ESTIMATES,
    ),
    List(
        path="/estimates/{estimate_id}/messages",
        collection="estimate_messages",
        roles=_ADMINISTRATORS,
        single=False,
        module=_ESTIMATES,
    ),
    List(
        path="/estimate_item_categories",
        collection="estimate_item_categories",
        roles=_ADMINISTRATORS,
        module=_ESTIMATES,
    ),
)
