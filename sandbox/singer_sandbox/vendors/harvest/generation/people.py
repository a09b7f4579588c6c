"""Users with their rates, and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.access import ADMINISTRATOR, MANAGER, MEMBER
from singer_sandbox.vendors.harvest.generation.vocabulary import (
    FIRST_NAMES,
    LAST_NAMES,
    ROLES,
    TIME_ZONES,
)
from singer_sandbox.vendors.harvest.times import EPOCH_ORDINAL, day_text, stamp

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.generation.plan import Plan
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Row

_GRANTS: Final = {
    ADMINISTRATOR: [ADMINISTRATOR],
    MANAGER: [
        MANAGER,
        "project_creator",
        "billable_rates_manager",
        "client_and_task_manager",
        "time_and_expenses_manager",
    ],
    MEMBER: [MEMBER],
}
_DAY_SECONDS: Final = 86_400


def make_people(tables: Tables, plan: Plan) -> None:
    """Add users with rates, and roles; the first three users hold the personal access tokens."""
    users = [_make_user(tables, plan, number) for number in range(plan.people)]
    ids = [user["id"] for user in users]
    users[1]["teammate_ids"] = ids[2:4]
    for number, user in enumerate(users):
        for name, amount in (("billable_rates", 60 + 7.5 * number), ("cost_rates", 30 + number)):
            _make_rates(tables, plan, name, user, amount)
    for number, role in enumerate(ROLES):
        members = [user["id"] for user in users if role in user["roles"]]
        tables.insert("roles", {"name": role, "user_ids": members}, plan.setting_up(number / 10))


def _make_user(tables: Tables, plan: Plan, number: int) -> Row:
    role = (ADMINISTRATOR, MANAGER, MEMBER)[min(number, 2)]
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number * 3 % len(LAST_NAMES)]
    created = plan.setting_up(number / plan.people)
    edited = plan.random.random() < 0.3  # noqa: PLR2004 - some are edited long after
    return tables.insert(
        "users",
        {
            "first_name": first,
            "last_name": last,
            "email": f"person{number + 1}@sandbox.example",
            "telephone": "" if number % 3 else f"+49 30 5550{number:03}",
            "timezone": TIME_ZONES[number % len(TIME_ZONES)],
            "has_access_to_all_future_projects": number == 0,
            "is_contractor": number % 4 == 3,  # noqa: PLR2004 - one in four
            "is_active": number != plan.people - 1,
            "weekly_capacity": (126_000, 144_000, 72_000)[number % 3],
            "default_hourly_rate": 60 + 7.5 * number if number % 5 else 95,
            "cost_rate": 30 + number if number % 4 else None,
            "roles": [ROLES[number % len(ROLES)]],
            "access_roles": _GRANTS[role],
            "permissions_claims": ["projects:create"] if role == MANAGER else [],
            "can_create_projects": role != MEMBER,
            "calendar_integration_enabled": number == 1,
            "calendar_integration_source": "google" if number == 1 else None,
            "avatar_url": f"https://avatars.sandbox.example/{number + 1}.png",
            "created_at": stamp(created),
            "updated_at": stamp(
                plan.later(created, plan.random.uniform(30, 1000)) if edited else created
            ),
        },
        created,
    )


def _make_rates(tables: Tables, plan: Plan, name: str, user: Row, amount: float) -> None:
    """Add a rate that held from the beginning, and one that holds since a year."""
    change_day = plan.today - 365
    change = (change_day - EPOCH_ORDINAL) * _DAY_SECONDS
    first = {"amount": amount * 0.9, "start_date": None, "end_date": day_text(change_day - 1)}
    second = {"amount": amount, "start_date": day_text(change_day), "end_date": None}
    tables.insert(name, {"user_id": user["id"], **first}, plan.setting_up(1.0))
    tables.insert(name, {"user_id": user["id"], **second}, change)
