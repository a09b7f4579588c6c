"""Clients, contacts, tasks, projects, and who works on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.vendors.harvest.generation.vocabulary import (
    BUSINESS,
    CLIENTS,
    FIRST_NAMES,
    LAST_NAMES,
    LIFE,
    PERSONAL_CLIENT,
    PROJECTS,
)
from singer_sandbox.vendors.harvest.times import day_text, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sandbox.vendors.harvest.generation.plan import Plan
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Row

_MANAGER_INDEX: Final = 1
_TEAM_SHARE: Final = 0.5


def make_projects(tables: Tables, plan: Plan) -> None:
    """Add clients, contacts, tasks, projects and both kinds of assignments."""
    for work in (*BUSINESS, *LIFE):
        tables.insert(
            "tasks",
            {
                "name": work.name,
                "billable_by_default": work.billable,
                "default_hourly_rate": 80.5 if work.billable else None,
                "is_default": work.name == BUSINESS[0].name,
            },
            plan.setting_up(0.1),
        )
    tables.insert("tasks", {"name": "Fax duty", "is_active": False}, plan.setting_up(0.2))
    users = list(tables.all("users"))
    tasks = list(tables.all("tasks"))
    business, life = tasks[: len(BUSINESS)], tasks[len(BUSINESS) : len(BUSINESS) + len(LIFE)]
    for number in range(plan.clients):
        client = _make_client(tables, plan, number)
        for index in range(2 + number % len(PROJECTS) // 2):
            project = _make_project(tables, plan, client, number, index)
            team = [user for user in users if _joins(plan, user, users[_MANAGER_INDEX], index)]
            _assign(tables, plan, project, team, business)
    personal = tables.insert(
        "clients", {"name": PERSONAL_CLIENT, "statement_key": _key(plan, 32)}, plan.setting_up(0.9)
    )
    life_project = {
        "client_id": personal["id"],
        "name": "Life",
        "is_billable": False,
        "bill_by": "none",
    }
    project = tables.insert("projects", life_project, plan.setting_up(0.9))
    _assign(tables, plan, project, users[: max(4, len(users) // 2)], life)


def _joins(plan: Plan, user: Row, manager: Row, index: int) -> bool:
    """Tell whether somebody works on a project; the manager has each client's first one."""
    return plan.random.random() < _TEAM_SHARE or (user is manager and index == 0)


def _make_client(tables: Tables, plan: Plan, number: int) -> Row:
    name, _, currency = CLIENTS[number % len(CLIENTS)]
    created = plan.setting_up(0.2 + 0.5 * number / plan.clients)
    repeated = f" {number // len(CLIENTS) + 1}" if number >= len(CLIENTS) else ""
    client = tables.insert(
        "clients",
        {
            "name": name + repeated,
            "is_active": number != plan.clients - 1,
            "address": None if number % 3 == 0 else f"{number + 1} Harbour St\nBristol",
            "statement_key": _key(plan, 32),
            "currency": currency,
        },
        created,
    )
    for contact in range(1 + number % 2):
        first = FIRST_NAMES[(number * 5 + contact + 7) % len(FIRST_NAMES)]
        tables.insert(
            "contacts",
            {
                "client_id": client["id"],
                "title": "Buyer" if contact else None,
                "first_name": first,
                "last_name": LAST_NAMES[number % len(LAST_NAMES)] if contact else None,
                "email": f"contact{number}.{contact}@client.example" if contact else None,
                "phone_office": f"+44 117 496 0{number:03}" if contact else "",
                "phone_mobile": f"+44 7700 900{number:03}" if contact else "",
                "fax": f"+44 117 496 1{number:03}" if contact else "",
            },
            created,
        )
    return client


def _make_project(tables: Tables, plan: Plan, client: Row, number: int, index: int) -> Row:
    code = f"{CLIENTS[number % len(CLIENTS)][1]}-{index + 1}"
    created = plan.setting_up(0.75 + 0.01 * number / plan.clients)
    kind: dict[str, Any] = (
        {"bill_by": "People", "budget_by": "project", "budget": 320.0},
        {"bill_by": "Project", "budget_by": "project_cost", "cost_budget": 5000, "hourly_rate": 95},
        {"bill_by": "Tasks", "budget_by": "task", "budget": 40.5, "budget_is_monthly": True},
        {"bill_by": "Project", "is_fixed_fee": True, "fee": 12_000, "hourly_rate": 110.25},
    )[(number + index) % 4]
    edited = plan.later(created, plan.random.uniform(1, 900))
    return tables.insert(
        "projects",
        {
            "client_id": client["id"],
            "name": PROJECTS[(number + index) % len(PROJECTS)],
            "code": (code, None, code, "")[(number + index) % 4],
            "is_active": client["is_active"],
            "over_budget_notification_percentage": 85.0 if index else None,
            "over_budget_notification_date": day_text(plan.today - 90) if number == 1 else None,
            "notes": (None, "", "Agreed by phone; büro@client.example has the plan")[index % 3],
            "starts_on": day_text(plan.first_day) if index else None,
            "ends_on": day_text(plan.today + 200) if index else None,
            **kind,
            "created_at": stamp(created),
            "updated_at": stamp(edited),
        },
        created,
    )


def _assign(
    tables: Tables, plan: Plan, project: Row, team: Sequence[Row], tasks: Sequence[Row]
) -> None:
    created = plan.setting_up(0.95)
    manager_id = list(tables.all("users"))[_MANAGER_INDEX]["id"]
    for number, user in enumerate(team):
        own_rate = number % 3 == 1 and project["bill_by"] == "People"
        tables.insert(
            "user_assignments",
            {
                "project_id": project["id"],
                "user_id": user["id"],
                "is_active": user["is_active"] and project["is_active"],
                "is_project_manager": user["id"] == manager_id,
                "use_default_rates": not own_rate,
                "hourly_rate": 88 if own_rate else None,
                "budget": 40.0 if number == 0 else None,
            },
            created,
        )
    for number, task in enumerate(tasks):
        billable = bool(project["is_billable"] and task["billable_by_default"])
        tables.insert(
            "task_assignments",
            {
                "project_id": project["id"],
                "task_id": task["id"],
                "is_active": project["is_active"],
                "billable": billable,
                "hourly_rate": 75.5 + number if project["bill_by"] == "Tasks" else None,
                "budget": 20 if project["budget_by"] == "task" else None,
            },
            created,
        )


def _key(plan: Plan, length: int) -> str:
    return f"{plan.random.getrandbits(4 * length):0{length}x}"
