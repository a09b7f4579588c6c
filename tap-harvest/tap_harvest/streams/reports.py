"""Harvest's own reports: sums over a span of days, one record per subject and currency.

A report has no time of change, and past spans change whenever old entries are edited. So each
run reads all spans again. Reports have a budget of 100 requests per 15 minutes of their own.

Source: Harvest API v2, "Reports".
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.schema import Pii, field, flag, integer, number, record, text
from singer_tapkit.windows import Days, split
from typing_extensions import override

from tap_harvest.schemas import key
from tap_harvest.streams.base import HarvestStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

_LONGEST_SPAN: Final = 365
"""Days, both ends counted: a leap year is already refused."""


class ReportStream(HarvestStream):
    """A report per calendar year, from ``start_date`` or the oldest entry on, this year included.

    Years, and not spans counted from some day, so that the keys are the same from run to run; a
    leap year comes in halves. Not selected by default. Requests: one per year.

    Attributes:
        sources: Lists that the report sums up; the oldest of their rows is its beginning.
    """

    records_key: ClassVar[str] = "results"
    replication_key = None
    selected_by_default = False
    deletions_from = DeletionMode.OFF
    sources: ClassVar[Sequence[str]] = ("time_entries",)

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        self.client.warn_unless_administrator()
        for batches in self._tap.overlap.ordered(self._of_span, self._spans(reading)):
            yield from batches

    @override
    def least_requests(self, reading: Reading) -> int:
        return len([*self._spans(reading)]) if reading.since else 1

    def _of_span(self, span: Days) -> list[Batch]:
        bounds = {"report_from": str(span.start), "report_to": str(span.last)}
        params = {
            "from": bounds["report_from"].replace("-", ""),
            "to": bounds["report_to"].replace("-", ""),
        }
        return [
            Batch([{**bounds, **self._with_currency(row)} for row in page])
            for page in self._pages(params)
        ]

    def _pages(self, params: Mapping[str, str]) -> Iterator[Sequence[Record]]:
        for page in self.client.read_list(
            self.path, self.records_key, params, limiter=self.client.reports_limiter
        ):
            yield page.records

    def _spans(self, reading: Reading) -> Iterator[Days]:
        today = self._tap.run_started.date()
        end = reading.until.date() if reading.until else date(today.year + 1, 1, 1)
        start = reading.since.date() if reading.since else self._beginning(today)
        while start < end:
            year = Days(start, min(end, date(start.year + 1, 1, 1)))
            yield from split(year, at_most=_LONGEST_SPAN if year.length <= _LONGEST_SPAN else 183)
            start = date(start.year + 1, 1, 1)

    def _beginning(self, today: date) -> date:
        found = [self.client.oldest_day(source) for source in self.sources]
        days = [day for day in found if day is not None]
        return date(min([today, *days]).year, 1, 1)

    @staticmethod
    def _with_currency(row: Record) -> Record:
        """Fill the part of the key that Harvest hides from lower roles."""
        return {**row, "currency": row.get("currency") or ""}


class ExpenseReportStream(ReportStream):
    """A report on expenses."""

    sources: ClassVar[Sequence[str]] = ("expenses",)


def _schema(*fields: th.Property[Any]) -> dict[str, Any]:
    return record(
        field("report_from", th.DateType, "First day of the span.", required=True),
        field("report_to", th.DateType, "Last day of the span.", required=True),
        field("currency", th.StringType, "ISO 4217 code; empty if hidden.", required=True),
        *fields,
    )


def _keys(subject: str) -> Sequence[str]:
    return ("report_from", "report_to", subject, "currency")


_HOURS: Final = (
    number("total_hours", "Decimal hours, rounded if the account rounds."),
    number("billable_hours", "Decimal hours that can be billed."),
    number("billable_amount", "Their amount; hidden from lower roles."),
)
_EXPENSES: Final = (
    number("total_amount", "Amount spent."),
    number("billable_amount", "Amount that can be billed."),
)
_PROJECT: Final = (
    text("project_name", "Name; time and expense reports put the code before it, in brackets."),
    integer("client_id", "Number of the client."),
    text("client_name", "Name of the client."),
)
_PERSON: Final = (
    text("user_name", "Full name.", pii=Pii.DIRECT),
    flag("is_contractor", "Whether the person is a contractor."),
)


class TimeReportClients(ReportStream):
    """Hours per client."""

    name = "time_report_clients"
    path: ClassVar[str] = "/reports/time/clients"
    primary_keys = _keys("client_id")
    schema = _schema(
        key("client_id", "Number of the client."), text("client_name", "Name."), *_HOURS
    )


class TimeReportProjects(ReportStream):
    """Hours per project."""

    name = "time_report_projects"
    path: ClassVar[str] = "/reports/time/projects"
    primary_keys = _keys("project_id")
    schema = _schema(key("project_id", "Number of the project."), *_PROJECT, *_HOURS)


class TimeReportTasks(ReportStream):
    """Hours per task."""

    name = "time_report_tasks"
    path: ClassVar[str] = "/reports/time/tasks"
    primary_keys = _keys("task_id")
    schema = _schema(key("task_id", "Number of the task."), text("task_name", "Name."), *_HOURS)


class TimeReportTeam(ReportStream):
    """Hours per person."""

    name = "time_report_team"
    path: ClassVar[str] = "/reports/time/team"
    primary_keys = _keys("user_id")
    schema = _schema(
        key("user_id", "Number of the person."),
        *_PERSON,
        integer("weekly_capacity", "Capacity of a week in seconds."),
        text("avatar_url", "Picture.", pii=Pii.DIRECT),
        *_HOURS,
    )


class ExpenseReportClients(ExpenseReportStream):
    """Expenses per client."""

    name = "expense_report_clients"
    path: ClassVar[str] = "/reports/expenses/clients"
    primary_keys = _keys("client_id")
    schema = _schema(
        key("client_id", "Number of the client."), text("client_name", "Name."), *_EXPENSES
    )


class ExpenseReportProjects(ExpenseReportStream):
    """Expenses per project."""

    name = "expense_report_projects"
    path: ClassVar[str] = "/reports/expenses/projects"
    primary_keys = _keys("project_id")
    schema = _schema(key("project_id", "Number of the project."), *_PROJECT, *_EXPENSES)


class ExpenseReportCategories(ExpenseReportStream):
    """Expenses per category."""

    name = "expense_report_categories"
    path: ClassVar[str] = "/reports/expenses/categories"
    primary_keys = _keys("expense_category_id")
    schema = _schema(
        key("expense_category_id", "Number of the category."),
        text("expense_category_name", "Name."),
        *_EXPENSES,
    )


class ExpenseReportTeam(ExpenseReportStream):
    """Expenses per person."""

    name = "expense_report_team"
    path: ClassVar[str] = "/reports/expenses/team"
    primary_keys = _keys("user_id")
    schema = _schema(key("user_id", "Number of the person."), *_PERSON, *_EXPENSES)


class UninvoicedReport(ReportStream):
    """Hours and expenses per project that are not on an invoice yet."""

    name = "uninvoiced_report"
    sources: ClassVar[Sequence[str]] = ("time_entries", "expenses")
    path: ClassVar[str] = "/reports/uninvoiced"
    primary_keys = _keys("project_id")
    schema = _schema(
        key("project_id", "Number of the project."),
        *_PROJECT,
        number("total_hours", "Decimal hours."),
        number("uninvoiced_hours", "Decimal hours not invoiced."),
        number("uninvoiced_expenses", "Expenses not invoiced."),
        number("uninvoiced_amount", "Amount not invoiced; can be negative."),
    )


class ProjectBudgetReport(ReportStream):
    """The budget of each project, as it stands now.

    Requests: one per page.
    """

    name = "project_budget_report"
    path: ClassVar[str] = "/reports/project_budget"
    primary_keys = ("project_id",)
    schema = record(
        key("project_id", "Number of the project."),
        *_PROJECT,
        flag("budget_is_monthly", "Whether the budget starts anew each month."),
        text("budget_by", "project, project_cost, task, task_fees, person or none."),
        flag("is_active", "Whether the project is active, or archived."),
        number("budget", "Budget, in hours or money by budget_by."),
        number("budget_spent", "How much of it is spent."),
        number("budget_remaining", "How much is left; can be negative."),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for page in self._pages({}):
            yield Batch(page)
