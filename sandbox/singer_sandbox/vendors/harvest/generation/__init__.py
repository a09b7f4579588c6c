"""Made-up data of any size, the same for the same seed and moment."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from singer_sandbox.vendors.harvest.generation.documents import make_estimates, make_invoices
from singer_sandbox.vendors.harvest.generation.expenses import make_expenses
from singer_sandbox.vendors.harvest.generation.hours import make_entries
from singer_sandbox.vendors.harvest.generation.people import make_people
from singer_sandbox.vendors.harvest.generation.plan import Plan
from singer_sandbox.vendors.harvest.generation.projects import make_projects
from singer_sandbox.vendors.harvest.tables import Tables

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.entries import Entries
    from singer_sandbox.vendors.harvest.settings import HarvestSettings


def generate(settings: HarvestSettings, now: int) -> tuple[Tables, Entries]:
    """Make up an account.

    Args:
        settings: How large it is, and its seed.
        now: When its history ends, in seconds since 1970.

    Returns:
        The small collections and the time entries.
    """
    plan = Plan(Random(settings.seed), settings.entries, now)  # noqa: S311 - play data
    tables = Tables()
    make_people(tables, plan)
    make_projects(tables, plan)
    make_estimates(tables, plan)
    entries = make_entries(tables, plan, settings)
    make_invoices(tables, entries, plan)
    make_expenses(tables, plan)
    return tables, entries
