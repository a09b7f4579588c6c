"""Reports, worked out from the data.

Source: Harvest API v2, "Reports": both dates are inclusive and at most 365 days apart; there is
one row per subject and currency.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendors.harvest.entries import BILLED
from singer_sandbox.vendors.harvest.entry_rows import hours_number, rounded
from singer_sandbox.vendors.harvest.errors import invalid
from singer_sandbox.vendors.harvest.lists import visible
from singer_sandbox.vendors.harvest.query import DATES, Filters, read_filters
from singer_sandbox.vendors.harvest.tables import full_name
from singer_sandbox.vendors.harvest.times import ordinal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from singer_sandbox.vendors.harvest.access import Viewer
    from singer_sandbox.vendors.harvest.world import World
    from singer_sandbox.wire import Row

_MOST_DAYS: Final = 365
_FIXED_FEE: Final = "include_fixed_fee"


@dataclass(frozen=True, slots=True)
class Asked:
    """A report somebody asks for.

    Attributes:
        world: The account.
        viewer: Who asks.
        query: Parameters of the request.
    """

    world: World
    viewer: Viewer
    query: Mapping[str, str]

    def span(self) -> Filters:
        """Return the days it is about.

        Raises:
            ApiError: If a day is missing or malformed, or the span is too long.
        """
        missing = [
            f"{name.capitalize()} can't be blank" for name in DATES if name not in self.query
        ]
        if missing:
            raise invalid(", ".join(missing))
        span = read_filters(self.query, DATES, since_inclusive=True)
        first, last = span.first_day or 0, span.last_day or 0
        if last - first + 1 > _MOST_DAYS:
            message = f"The span from from to to cannot be longer than {_MOST_DAYS} days"
            raise invalid(message)
        return span


def time_report(asked: Asked, subject: str) -> list[Row]:
    """Add up hours by ``clients``, ``projects``, ``tasks`` or ``team``."""
    world = asked.world
    with_fees = asked.query.get(_FIXED_FEE) == "true"
    sums: defaultdict[tuple[int, str], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    positions = world.selection.positions(asked.span(), asked.viewer)
    for index, hundredths in _hours_by_slot(world, positions).items():
        facts = world.slots.facts(index)
        subject_id = {
            "clients": facts.client_id,
            "projects": facts.slot.project_id,
            "tasks": facts.slot.task_id,
            "team": facts.slot.user_id,
        }[subject]
        total = sums[subject_id, facts.currency]
        total[0] += hundredths
        if facts.billable:
            total[1] += hundredths
            project = world.tables.row("projects", facts.slot.project_id)
            if with_fees or not project["is_fixed_fee"]:
                total[2] += hundredths / 100 * (facts.billable_rate or 0)
    rows = []
    for (subject_id, currency), (hours, billable, amount) in sorted(sums.items()):
        row = _SUBJECTS[subject](world, subject_id)
        row |= {
            "total_hours": hours_number(int(hours)),
            "billable_hours": hours_number(int(billable)),
        }
        if asked.viewer.sees_rates:
            row |= {"currency": currency, "billable_amount": _money(amount)}
        rows.append(row)
    return rows


def expense_report(asked: Asked, subject: str) -> list[Row]:
    """Add up expenses by ``clients``, ``projects``, ``categories`` or ``team``."""
    world = asked.world
    sums: defaultdict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for expense in _expenses(asked, asked.span()):
        client_id = world.tables.row("projects", expense["project_id"])["client_id"]
        subject_id = {
            "clients": client_id,
            "projects": expense["project_id"],
            "categories": expense["expense_category_id"],
            "team": expense["user_id"],
        }[subject]
        total = sums[subject_id, world.tables.row("clients", client_id)["currency"]]
        total[0] += expense["total_cost"]
        total[1] += expense["total_cost"] if expense["billable"] else 0
    rows = []
    for (subject_id, currency), (amount, billable) in sorted(sums.items()):
        row = _SUBJECTS[subject](world, subject_id)
        for name in ("weekly_capacity", "avatar_url"):
            row.pop(name, None)
        amounts = {"total_amount": _money(amount), "billable_amount": _money(billable)}
        rows.append(row | amounts | {"currency": currency})
    return rows


def uninvoiced_report(asked: Asked) -> list[Row]:
    """Return what is not on an invoice yet, by project."""
    world, span = asked.world, asked.span()
    with_fees = asked.query.get(_FIXED_FEE, "true") == "true"
    positions = world.selection.positions(span, asked.viewer)
    states = world.entries.states
    totals: defaultdict[int, int] = defaultdict(int)
    hours: defaultdict[int, int] = defaultdict(int)
    amounts: defaultdict[int, float] = defaultdict(float)
    for index, hundredths in _hours_by_slot(world, positions).items():
        totals[world.slots.facts(index).slot.project_id] += hundredths
    unbilled = [position for position in positions if not states[position] & BILLED]
    for index, hundredths in _hours_by_slot(world, unbilled).items():
        facts = world.slots.facts(index)
        if facts.billable:
            project_id = facts.slot.project_id
            hours[project_id] += hundredths
            if not world.tables.row("projects", project_id)["is_fixed_fee"]:
                amounts[project_id] += hundredths / 100 * (facts.billable_rate or 0)
    costs: defaultdict[int, float] = defaultdict(float)
    for expense in _expenses(asked, span):
        if expense["billable"] and not expense["is_billed"]:
            costs[expense["project_id"]] += expense["total_cost"]
    rows = []
    for project_id in sorted({*totals, *costs}):
        project = world.tables.row("projects", project_id)
        fee = project["fee"] or 0 if project["is_fixed_fee"] and with_fees else 0
        names = _bare_project(world, project_id)
        currency = world.tables.row("clients", names["client_id"])["currency"]
        figures = {
            "currency": currency,
            "total_hours": hours_number(totals[project_id]),
            "uninvoiced_hours": hours_number(hours[project_id]),
            "uninvoiced_expenses": _money(costs[project_id]),
            "uninvoiced_amount": _money(amounts[project_id] + costs[project_id] + fee),
        }
        rows.append(names | figures)
    return rows


def project_budget_report(asked: Asked) -> list[Row]:
    """Return how much of each project's budget is spent, in hours or in money."""
    world = asked.world
    wanted = read_filters(asked.query, ("is_active",), since_inclusive=True).equal
    projects = [
        project
        for project in world.tables.all("projects")
        if visible("projects", project, asked.viewer)
        and wanted.get("is_active") in (None, project["is_active"])
    ]
    spent = {project["id"]: [0.0, 0.0] for project in projects}
    positions = world.selection.positions(Filters(), asked.viewer)
    for index, hundredths in _hours_by_slot(world, positions).items():
        facts = world.slots.facts(index)
        if facts.slot.project_id in spent:
            hours_and_money = spent[facts.slot.project_id]
            hours_and_money[0] += hundredths / 100
            hours_and_money[1] += hundredths / 100 * (facts.billable_rate or 0)
    rows = []
    for project in projects:
        in_money = project["budget_by"] in ("project_cost", "task_fees")
        budget = project["cost_budget"] if in_money else project["budget"]
        used = _money(spent[project["id"]][in_money])
        figures = {
            "budget_is_monthly": project["budget_is_monthly"],
            "budget_by": project["budget_by"],
            "is_active": project["is_active"],
            "budget": budget,
            "budget_spent": None if budget is None else used,
            "budget_remaining": None if budget is None else _money(budget - used),
        }
        rows.append(_bare_project(world, project["id"]) | figures)
    return rows


def _hours_by_slot(world: World, positions: Sequence[int]) -> dict[int, int]:
    """Add up hundredths of rounded hours."""
    slots, hundredths = world.entries.slots, world.entries.hundredths
    sums: defaultdict[int, int] = defaultdict(int)
    for position in positions:
        sums[slots[position]] += rounded(hundredths[position])
    return sums


def _expenses(asked: Asked, span: Filters) -> Iterable[Row]:
    for expense in asked.world.tables.all("expenses"):
        day = ordinal_of(expense["spent_date"])
        if (span.first_day or 0) <= day <= (span.last_day or 0) and visible(
            "expenses", expense, asked.viewer
        ):
            yield expense


def _client(world: World, client_id: int) -> Row:
    return {"client_id": client_id, "client_name": world.tables.row("clients", client_id)["name"]}


def _bare_project(world: World, project_id: int) -> Row:
    project = world.tables.row("projects", project_id)
    return {
        **_client(world, project["client_id"]),
        "project_id": project_id,
        "project_name": project["name"],
    }


def _project(world: World, project_id: int) -> Row:
    """Name a project as time and expense reports do: behind its code."""
    named = _bare_project(world, project_id)
    code = world.tables.row("projects", project_id)["code"]
    return named | {"project_name": f"[{code}] {named['project_name']}"} if code else named


def _task(world: World, task_id: int) -> Row:
    return {"task_id": task_id, "task_name": world.tables.row("tasks", task_id)["name"]}


def _category(world: World, category_id: int) -> Row:
    name = world.tables.row("expense_categories", category_id)["name"]
    return {"expense_category_id": category_id, "expense_category_name": name}


def _person(world: World, user_id: int) -> Row:
    user = world.tables.row("users", user_id)
    return {
        "user_id": user_id,
        "user_name": full_name(user),
        "is_contractor": user["is_contractor"],
        "weekly_capacity": user["weekly_capacity"],
        "avatar_url": user["avatar_url"],
    }


def _money(amount: float) -> float:
    """Round to cents; whole amounts come without a point."""
    cents = round(amount, 2)
    return int(cents) if cents == int(cents) else cents


_SUBJECTS: Final[Mapping[str, Callable[[World, int], dict[str, Any]]]] = {
    "clients": _client,
    "projects": _project,
    "tasks": _task,
    "categories": _category,
    "team": _person,
}
