"""How the API's lists are read, but for time entries and reports.

Source: Harvest API v2, "List all ..." of each resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sandbox.vendors.harvest.access import MANAGER
from singer_sandbox.vendors.harvest.collections import COLLECTIONS
from singer_sandbox.vendors.harvest.errors import invalid
from singer_sandbox.vendors.harvest.paging import Found, SortKey
from singer_sandbox.vendors.harvest.query import SINCE
from singer_sandbox.vendors.harvest.tables import bare_assignment
from singer_sandbox.vendors.harvest.times import ordinal_of, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from singer_sandbox.vendors.harvest.access import Viewer
    from singer_sandbox.vendors.harvest.query import Filters
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A list of the API.

    Attributes:
        path: With the name of a parent's reference in braces, as ``/users/{user_id}/cost_rates``.
        collection: Whose rows it lists.
        filters: Names of the filters it knows.
        roles: Access roles that may read it.
        by_cursor: Whether the documentation offers cursors.
        single: Whether one row can be read below it by id.
        default_per_page: If the request does not say.
        module: Setting that has to be on.
        records_key: Under which it puts the rows; the collection's name if absent.
        own_rows: Whether lower roles see fewer rows, by ``user_id`` and ``project_id``.
        select: Rows by parent; those that refer to the parent if absent.
        show: Turns a row into what the API shows, if this list has its own way.
    """

    path: str
    collection: str
    roles: tuple[str, ...]
    filters: tuple[str, ...] = (SINCE,)
    by_cursor: bool = True
    single: bool = True
    default_per_page: int = 2000
    module: str | None = None
    records_key: str | None = None
    own_rows: bool = False
    select: Callable[[Tables, int], Iterable[Row]] | None = None
    show: Callable[[Tables, Row], Row] | None = None


def find(
    spec: List, tables: Tables, viewer: Viewer, filters: Filters, parent: tuple[str, int] | None
) -> Found[Row]:
    """Return what a request finds on a list.

    Args:
        spec: The list.
        tables: Where its rows are.
        viewer: Who asks; rows that are not theirs to see are left out.
        filters: What is asked for.
        parent: Name of the parent's reference and its id, if the list hangs below one.

    Raises:
        ApiError: If the parent can have no such list.
    """
    rows: Iterable[Row]
    if parent and spec.select:
        rows = spec.select(tables, parent[1])
    else:
        rows = tables.all(spec.collection)
        if parent:
            rows = (row for row in rows if row[parent[0]] == parent[1])
    matching = [
        row
        for row in rows
        if (not spec.own_rows or visible(spec.collection, row, viewer))
        and _matches(spec.collection, row, filters, tables)
    ]
    by_key = sort_key(spec.collection)
    matching.sort(key=by_key)

    def show(page: Sequence[Row]) -> list[Row]:
        return [shown(spec, row, tables, viewer) for row in page]

    return Found(matching, by_key, show)


def visible(collection: str, row: Row, viewer: Viewer) -> bool:
    """Tell whether a row is somebody's to see."""
    if collection == "users":
        return viewer.sees(user_id=row["id"])
    if collection == "projects":
        return viewer.sees(project_id=row["id"])
    return viewer.sees(user_id=row.get("user_id"), project_id=row.get("project_id"))


def shown(spec: List, row: Row, tables: Tables, viewer: Viewer) -> Row:
    """Return a row as a list shows it to somebody."""
    if spec.show:
        return spec.show(tables, row)
    found = tables.show(spec.collection, row)
    return found if spec.collection != "users" else hide_rates(found, viewer)


def hide_rates(user: Row, viewer: Viewer) -> Row:
    """Blank what a user costs and is billed at, if the viewer may not know."""
    hidden = {
        **({} if viewer.sees_rates else {"default_hourly_rate": None}),
        **({} if viewer.sees_costs else {"cost_rate": None}),
    }
    return user | hidden


def _matches(collection: str, row: Row, filters: Filters, tables: Tables) -> bool:
    if filters.since is not None and row["updated_at"] < stamp(filters.since):
        return False
    date_field = COLLECTIONS[collection].date_field
    if date_field and (filters.first_day is not None or filters.last_day is not None):
        day = ordinal_of(row[date_field])
        if filters.first_day is not None and day < filters.first_day:
            return False
        if filters.last_day is not None and day > filters.last_day:
            return False
    return all(value in _values(row, name, tables) for name, value in filters.equal.items())


def _values(row: Row, name: str, tables: Tables) -> list[Any]:
    """Return what a filter compares with: the row's field, or that of what it consists of."""
    if name in row:
        return [row[name]]
    if name == "client_id":
        return [tables.row("projects", row["project_id"])["client_id"]]
    return [line.get(name) for line in row["line_items"]]


def sort_key(collection: str) -> Callable[[Row], SortKey]:
    """Return what orders the rows of a collection as the API does."""
    spec = COLLECTIONS[collection]
    sign = 1 if spec.ascending else -1

    def by_date(row: Row) -> SortKey:
        text = row[spec.date_field or ""]
        return sign * (ordinal_of(text) if text else 0), sign * row["id"]

    return by_date if spec.date_field else lambda row: (sign * row["id"],)


def teammates(tables: Tables, manager_id: int) -> list[Row]:
    """Return who reports to a manager.

    Raises:
        ApiError: If the user is no manager.
    """
    manager = tables.row("users", manager_id)
    if MANAGER not in manager["access_roles"]:
        message = "User must be a manager to have teammates"
        raise invalid(message)
    team = (tables.find("users", user_id) for user_id in manager["teammate_ids"])
    return [user for user in team if user is not None]


def show_teammate(_: Tables, user: Row) -> Row:
    """Return a user as a teammate."""
    return {name: user[name] for name in ("id", "first_name", "last_name", "email")}


def own_project_assignments(tables: Tables, user_id: int) -> list[Row]:
    """Return a user's assignments; only active ones."""
    return [
        row
        for row in tables.all("user_assignments")
        if row["user_id"] == user_id and row["is_active"]
    ]


def show_project_assignment(tables: Tables, row: Row) -> Row:
    """Return an assignment of a user as seen from the user; its id is the assignment's."""
    project = tables.row("projects", row["project_id"])
    client = tables.row("clients", project["client_id"])
    tasks = [
        {
            **(bare_assignment(link) or {}),
            "task": {name: tables.row("tasks", link["task_id"])[name] for name in ("id", "name")},
        }
        for link in tables.all("task_assignments")
        if link["project_id"] == project["id"] and link["is_active"]
    ]
    return {
        **(bare_assignment(row) or {}),
        "project": {name: project[name] for name in ("id", "name", "code", "is_billable")},
        "client": {name: client[name] for name in ("id", "name", "currency")},
        "task_assignments": tasks,
    }
