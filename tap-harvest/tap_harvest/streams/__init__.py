"""All streams of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_harvest.streams.clients import Clients, Company, Contacts
from tap_harvest.streams.expenses import ExpenseCategories, Expenses
from tap_harvest.streams.invoices import (
    EstimateItemCategories,
    EstimateMessages,
    Estimates,
    InvoiceItemCategories,
    InvoiceMessages,
    InvoicePayments,
    Invoices,
)
from tap_harvest.streams.people import (
    BillableRates,
    CostRates,
    ProjectAssignments,
    Roles,
    Teammates,
    Users,
)
from tap_harvest.streams.projects import Projects, TaskAssignments, Tasks, UserAssignments
from tap_harvest.streams.reports import (
    ExpenseReportCategories,
    ExpenseReportClients,
    ExpenseReportProjects,
    ExpenseReportTeam,
    ProjectBudgetReport,
    TimeReportClients,
    TimeReportProjects,
    TimeReportTasks,
    TimeReportTeam,
    UninvoicedReport,
)
from tap_harvest.streams.time import TimeEntries

if TYPE_CHECKING:
    from tap_harvest.streams.base import HarvestStream

API_STREAMS: Final[tuple[type[HarvestStream], ...]] = (
    BillableRates,
    Clients,
    Company,
    Contacts,
    CostRates,
    EstimateItemCategories,
    EstimateMessages,
    Estimates,
    ExpenseCategories,
    ExpenseReportCategories,
    ExpenseReportClients,
    ExpenseReportProjects,
    ExpenseReportTeam,
    Expenses,
    InvoiceItemCategories,
    InvoiceMessages,
    InvoicePayments,
    Invoices,
    ProjectAssignments,
    ProjectBudgetReport,
    Projects,
    Roles,
    TaskAssignments,
    Tasks,
    Teammates,
    TimeEntries,
    TimeReportClients,
    TimeReportProjects,
    TimeReportTasks,
    TimeReportTeam,
    UninvoicedReport,
    UserAssignments,
    Users,
)
"""Every stream that is read from the API, in the order of their names."""
