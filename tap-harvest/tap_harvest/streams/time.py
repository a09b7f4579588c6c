"""Hours worked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_tapkit.audit import Entry, Ledger
from singer_tapkit.audit.run import AuditedStream
from singer_tapkit.schema import Pii, day, embedded, flag, instant, number, record, text
from singer_tapkit.windows import Days
from typing_extensions import override

from tap_harvest.schemas import (
    client,
    invoice,
    key,
    person,
    project,
    stamps,
    task,
    task_assignment,
    user_assignment,
)
from tap_harvest.streams.dated import DatedStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FUTURE: Final = timedelta(days=366)
"""How far ahead an audit looks for entries that are dated in the future."""


class TimeEntries(DatedStream, AuditedStream):
    """Hours worked, one record per entry.

    Key: id. Replication: updated_at; the first reading goes by spent_date.
    Units: hours are decimal hours and can be negative (corrections); rates are per hour in the
    client's currency. While a timer runs, ``hours`` is provisional: Harvest computes it when it
    is asked, and sets updated_at again when the timer stops.
    Deletes: Harvest keeps no trace of a deleted entry.
    Names are those at the time of reading: join on ids, since renaming a parent leaves
    updated_at alone.

    Source: Harvest API v2, "List all time entries".
    """

    name = "time_entries"
    path: ClassVar[str] = "/time_entries"
    records_key: ClassVar[str] = "time_entries"
    schema = record(
        key(),
        day("spent_date", "Day worked, in the person's own calendar."),
        person("user", "Who worked."),
        client(),
        project(),
        task(),
        user_assignment(),
        task_assignment(),
        embedded(
            "external_reference",
            "Link to a thing in another system; its ids are texts.",
            text("id", "Id there."),
            text("group_id", "Group there."),
            text("account_id", "Account there."),
            text("permalink", "Address there."),
            text("service", "Name of the other system."),
            text("service_icon_url", "Icon of the other system."),
        ),
        invoice(),
        number("hours", "Decimal hours; for a running timer, up to the time of reading."),
        number("hours_without_timer", "Decimal hours tracked before the timer last started."),
        number("rounded_hours", "Decimal hours after the account's time rounding."),
        text("notes", "Free text.", pii=Pii.SENSITIVE),
        flag("is_locked", "Whether it can no longer be changed."),
        text("locked_reason", "Why it is locked, in English."),
        flag("is_closed", "Whether it was approved; Harvest prefers approval_status."),
        text("approval_status", "unsubmitted, submitted or approved."),
        flag("is_billed", "Whether it was invoiced."),
        instant("timer_started_at", "When the running timer was started; null if none runs."),
        text("started_time", "Clock time such as 8:00am or 14:59, by the account's clock."),
        text("ended_time", "Clock time such as 8:00am or 14:59, by the account's clock."),
        flag("is_running", "Whether a timer runs, which makes hours provisional."),
        flag("billable", "Whether it can be billed."),
        flag("budgeted", "Whether it counts towards the project's budget."),
        number("billable_rate", "Rate per hour; null if hidden or not billable."),
        number("cost_rate", "Cost per hour; null if hidden or unset.", pii=Pii.SENSITIVE),
        *stamps(),
    )

    @override
    def entry(self, row: Mapping[str, Any], *, reported: bool = False) -> Entry:
        hours = float(row["rounded_hours" if reported else "hours"] or 0)
        day = date.fromisoformat(str(row["spent_date"])[:10])
        return Entry(str(row["id"]), day, hours, bool(row["is_running"]))

    @override
    def vendor_ledger(self, days: Days) -> Ledger:
        """Ask per month how many entries there are, and for the hours of the time report."""
        ledger = Ledger("Harvest")
        start = days.start or self.client.oldest_day(self.name) or self._tap.today
        for month in _months(start, days.end or self._tap.today + _FUTURE):
            bounds = {"from": str(month.start), "to": str(month.last)}
            sums = ledger.months[f"{month.start:%Y-%m}"]
            sums.entries += self._count(bounds)
            report = {name: day.replace("-", "") for name, day in bounds.items()}
            for part in self.client.read_list(
                "/reports/time/clients", "results", report, limiter=self.client.reports_limiter
            ):
                sums.hours += sum(float(str(row["total_hours"] or 0)) for row in part.records)
        return ledger

    def _count(self, bounds: Mapping[str, str]) -> int:
        """Ask how many entries there are: of one page if Harvest gives totals, else of all."""
        page = self.client.read_page(self.path, self.records_key, {**bounds, "per_page": "1"})
        if page.total_entries is not None:
            return page.total_entries
        pages = self.client.read_list(self.path, self.records_key, bounds)
        return len({str(row["id"]) for page in pages for row in page.records})


def _months(start: date, end: date) -> Iterator[Days]:
    """Cut a span at the first days of months."""
    while start < end:
        then = min(end, date(start.year + start.month // 12, start.month % 12 + 1, 1))
        yield Days(start, then)
        start = then
