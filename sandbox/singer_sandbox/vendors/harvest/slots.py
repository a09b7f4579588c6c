"""What is the same for all entries of one person's work on one task of one project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from singer_sandbox.vendors.harvest.tables import bare_assignment, full_name

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.entries import Entries, Slot
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Row


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """A combination of user, project and task, as things stand.

    Attributes:
        slot: Its ids.
        client_id: Of the project.
        currency: Of the client.
        shown: Objects that the API shows with each entry.
        text: The same as JSON without the braces.
        billable: Whether the work can be billed.
        budgeted: Whether it counts towards the project's budget.
        billable_rate: Per hour in that currency; ``None`` if not billable or unset.
        cost_rate: Per hour; ``None`` if unset.
    """

    slot: Slot
    client_id: int
    currency: str
    shown: Row
    text: str
    billable: bool
    budgeted: bool
    billable_rate: float | None
    cost_rate: float | None


class SlotBook:
    """The facts of all slots, worked out when needed and again when the tables changed."""

    def __init__(self, entries: Entries, tables: Tables) -> None:
        self._entries = entries
        self._tables = tables
        self._facts: dict[int, SlotFacts] = {}
        self._version = tables.version

    def facts(self, index: int) -> SlotFacts:
        """Return the facts of a slot by its index."""
        if self._version != self._tables.version:
            self._facts.clear()
            self._version = self._tables.version
        found = self._facts.get(index)
        if found is None:
            found = self._facts[index] = slot_facts(self._entries.slot_table[index], self._tables)
        return found


def slot_facts(slot: Slot, tables: Tables) -> SlotFacts:
    """Work out the facts of a slot."""
    user = tables.row("users", slot.user_id)
    project = tables.row("projects", slot.project_id)
    client = tables.row("clients", project["client_id"])
    task = tables.row("tasks", slot.task_id)
    user_assignment = tables.user_assignment(slot.user_id, slot.project_id)
    task_assignment = tables.task_assignment(slot.project_id, slot.task_id)
    shown = {
        "user": {"id": user["id"], "name": full_name(user)},
        "client": {name: client[name] for name in ("id", "name", "currency")},
        "project": {name: project[name] for name in ("id", "name", "code")},
        "task": {"id": task["id"], "name": task["name"]},
        "user_assignment": bare_assignment(user_assignment),
        "task_assignment": bare_assignment(task_assignment),
    }
    billable = bool(project["is_billable"] and task_assignment and task_assignment["billable"])
    rates = {
        "Project": project["hourly_rate"],
        "Tasks": task_assignment and task_assignment["hourly_rate"],
        "People": _personal_rate(user, user_assignment),
    }
    return SlotFacts(
        slot=slot,
        client_id=client["id"],
        currency=client["currency"],
        shown=shown,
        text=orjson.dumps(shown)[1:-1].decode(),
        billable=billable,
        budgeted=project["budget_by"] != "none",
        billable_rate=rates.get(project["bill_by"]) if billable else None,
        cost_rate=user["cost_rate"],
    )


def _personal_rate(user: Row, assignment: Row | None) -> float | None:
    if assignment is None or assignment["use_default_rates"]:
        rate: float | None = user["default_hourly_rate"]
    else:
        rate = assignment["hourly_rate"]
    return rate
