"""Which address does what.

Source: Harvest API v2, the address of each resource.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendors.harvest import reports, writes
from singer_sandbox.vendors.harvest.access import ADMINISTRATOR, MANAGER
from singer_sandbox.vendors.harvest.company import company
from singer_sandbox.vendors.harvest.errors import plain_refusal
from singer_sandbox.vendors.harvest.list_table import EVERYBODY, LISTS
from singer_sandbox.vendors.harvest.lists import (
    List,
    find,
    hide_rates,
    own_project_assignments,
    show_project_assignment,
    shown,
    visible,
)
from singer_sandbox.vendors.harvest.paging import Found, Paging, page_of
from singer_sandbox.vendors.harvest.query import read_filters
from singer_sandbox.vendors.harvest.selection import ENTRY_FILTERS
from singer_sandbox.vendors.harvest.writes import EntryWriter
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sandbox.vendors.harvest.access import Viewer
    from singer_sandbox.vendors.harvest.world import World
    from singer_sandbox.wire import Answer, Call, Row

_PARENTS: Final = {
    "user_id": "users",
    "project_id": "projects",
    "invoice_id": "invoices",
    "estimate_id": "estimates",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose sender is known and may ask.

    Attributes:
        world: The account.
        viewer: Who asks.
        call: The request.
        ids: Numbers in its path by name.
    """

    world: World
    viewer: Viewer
    call: Call
    ids: Mapping[str, int]

    def paging(self, *, by_cursor: bool, default_per_page: int = 2000) -> Paging:
        """Return how the list asked for is cut."""
        settings = self.world.settings
        return Paging(
            address=self.call.mount + self.call.path,
            query=self.call.query,
            by_cursor={"page": False, "cursor": True}.get(settings.paging, by_cursor),
            default_per_page=default_per_page,
            max_per_page=settings.max_per_page,
        )


@dataclass(frozen=True, slots=True)
class Route:
    """An address and a method.

    Attributes:
        method: Upper case.
        pattern: Of the whole path below the API's version.
        answer: What it does.
        roles: Access roles that may ask.
        module: Setting that has to be on.
    """

    method: str
    pattern: re.Pattern[str]
    answer: Callable[[Asked], Answer]
    roles: Sequence[str]
    module: str | None

    @property
    def is_report(self) -> bool:
        """Whether it has the smaller request budget."""
        return self.pattern.pattern.startswith("/reports/")


def route_for(method: str, resource: str) -> tuple[Route, dict[str, int]] | None:
    """Return the route of a request and the ids in its path.

    Returns:
        ``None`` if there is nothing at such a path.

    Raises:
        ApiError: If the path is right, but the sandbox does not simulate the method.
    """
    matches = [
        (route, match)
        for route in ROUTES
        if (match := route.pattern.fullmatch(resource)) is not None
    ]
    for route, match in matches:
        if route.method == method:
            return route, {name: int(text) for name, text in match.groupdict().items()}
    if matches:
        raise plain_refusal(HTTPStatus.NOT_IMPLEMENTED)
    return None


def _list(spec: List, asked: Asked) -> Answer:
    parent = _parent(asked)
    filters = read_filters(
        asked.call.query,
        spec.filters,
        since_inclusive=asked.world.settings.updated_since_inclusive,
    )
    found = find(spec, asked.world.tables, asked.viewer, filters, parent)
    paging = asked.paging(by_cursor=spec.by_cursor, default_per_page=spec.default_per_page)
    return page_of(found, spec.records_key or spec.collection, paging)


def _parent(asked: Asked) -> tuple[str, int] | None:
    """Return the parent that a list or row hangs below, if there is one in the path."""
    for name, collection in _PARENTS.items():
        if name in asked.ids:
            row = asked.world.tables.find(collection, asked.ids[name])
            if row is None:
                raise plain_refusal(HTTPStatus.NOT_FOUND)
            if not visible(collection, row, asked.viewer):
                raise plain_refusal(HTTPStatus.FORBIDDEN)
            return name, asked.ids[name]
    return None


def _single(spec: List, asked: Asked) -> Answer:
    parent = _parent(asked)
    tables = asked.world.tables
    row = tables.find(spec.collection, asked.ids["id"])
    if row is None or (parent and row[parent[0]] != parent[1]):
        raise plain_refusal(HTTPStatus.NOT_FOUND)
    if spec.own_rows and not visible(spec.collection, row, asked.viewer):
        raise plain_refusal(HTTPStatus.FORBIDDEN)
    return json_answer(shown(spec, row, tables, asked.viewer))


def _company(asked: Asked) -> Answer:
    return json_answer(company(asked.world.settings))


def _me(asked: Asked) -> Answer:
    tables = asked.world.tables
    user = tables.show("users", tables.row("users", asked.viewer.user_id))
    return json_answer(hide_rates(user, asked.viewer))


def _my_assignments(asked: Asked) -> Answer:
    tables = asked.world.tables
    rows = own_project_assignments(tables, asked.viewer.user_id)[::-1]

    def show(page: Sequence[Row]) -> list[Row]:
        return [show_project_assignment(tables, row) for row in page]

    found = Found(rows, lambda row: (-row["id"],), show)
    return page_of(found, "project_assignments", asked.paging(by_cursor=False))


def _entries(asked: Asked) -> Answer:
    world = asked.world
    filters = read_filters(
        asked.call.query,
        ENTRY_FILTERS,
        since_inclusive=world.settings.updated_since_inclusive,
    )
    days, ids = world.entries.days, world.entries.ids
    found = Found(
        world.selection.positions(filters, asked.viewer),
        lambda position: (-days[position], -ids[position]),
        lambda positions: world.entry_rows.page(positions, asked.viewer),
    )
    return page_of(found, "time_entries", asked.paging(by_cursor=False))


def _entry(asked: Asked) -> Answer:
    position = asked.world.entries.find(asked.ids["id"])
    if position is None:
        raise plain_refusal(HTTPStatus.NOT_FOUND)
    row = asked.world.entry_rows.shown(position, asked.viewer)
    if not asked.viewer.sees(user_id=row["user"]["id"], project_id=row["project"]["id"]):
        raise plain_refusal(HTTPStatus.FORBIDDEN)
    return json_answer(row)


def _write(name: str, asked: Asked) -> Answer:
    writer = EntryWriter(asked.world, asked.viewer, asked.call)
    answer: Answer = getattr(writer, name)(*asked.ids.values())
    return answer


def _make(collection: str, asked: Asked) -> Answer:
    return writes.create_row(asked.world, asked.call, collection)


def _change(collection: str, asked: Asked) -> Answer:
    return writes.update_row(asked.world, asked.call, collection, asked.ids["id"])


def _report(make: Callable[[reports.Asked], list[Row]], asked: Asked) -> Answer:
    rows = make(reports.Asked(asked.world, asked.viewer, asked.call.query))

    def show(page: Sequence[tuple[int, Row]]) -> list[Row]:
        return [row for _, row in page]

    found = Found(list(enumerate(rows)), lambda numbered: (0, numbered[0]), show)
    return page_of(found, "results", asked.paging(by_cursor=False))


def _route(
    method: str,
    path: str,
    answer: Callable[[Asked], Answer],
    roles: Sequence[str] = EVERYBODY,
    module: str | None = None,
) -> Route:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>\\d+)", path))
    return Route(method, pattern, answer, roles, module)


def _report_routes() -> list[Route]:
    managers = (ADMINISTRATOR, MANAGER)
    routes = [
        _route(
            "GET",
            f"/reports/time/{subject}",
            partial(_report, partial(reports.time_report, subject=subject)),
        )
        for subject in ("clients", "projects", "tasks", "team")
    ]
    routes += [
        _route(
            "GET",
            f"/reports/expenses/{subject}",
            partial(_report, partial(reports.expense_report, subject=subject)),
            module="expense_feature",
        )
        for subject in ("clients", "projects", "categories", "team")
    ]
    uninvoiced = partial(_report, reports.uninvoiced_report)
    budget = partial(_report, reports.project_budget_report)
    routes.append(_route("GET", "/reports/uninvoiced", uninvoiced, managers, "invoice_feature"))
    routes.append(_route("GET", "/reports/project_budget", budget, managers))
    return routes


def _write_routes() -> list[Route]:
    roles = (ADMINISTRATOR,)
    return [
        route
        for name in writes.REQUIRED
        for route in (
            _route("POST", f"/{name}", partial(_make, name), roles),
            _route("PATCH", f"/{name}/{{id}}", partial(_change, name), roles),
        )
    ]


def _list_routes() -> list[Route]:
    routes = []
    for spec in LISTS:
        several: Callable[[Any], Answer] = partial(_list, spec)
        routes.append(_route("GET", spec.path, several, spec.roles, spec.module))
        if spec.single:
            one: Callable[[Any], Answer] = partial(_single, spec)
            routes.append(_route("GET", f"{spec.path}/{{id}}", one, spec.roles, spec.module))
    return routes


ROUTES: Final[Sequence[Route]] = (
    _route("GET", "/company", _company, (ADMINISTRATOR,)),
    _route("GET", "/users/me", _me),
    _route("GET", "/users/me/project_assignments", _my_assignments),
    _route("GET", "/time_entries", _entries),
    _route("GET", "/time_entries/{id}", _entry),
    _route("POST", "/time_entries", partial(_write, "create")),
    _route("PATCH", "/time_entries/{id}", partial(_write, "update")),
    _route("DELETE", "/time_entries/{id}", partial(_write, "delete")),
    _route("PATCH", "/time_entries/{id}/stop", partial(_write, "stop")),
    _route("PATCH", "/time_entries/{id}/restart", partial(_write, "restart")),
    _route("DELETE", "/time_entries/{id}/external_reference", partial(_write, "delete_reference")),
    *_write_routes(),
    *_list_routes(),
    *_report_routes(),
)
