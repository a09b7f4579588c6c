"""Timely's collections.

Source: Timely API 1.1: hours, projects, clients, labels, users. Stamps are seconds since 1970 in
some places and texts in others; both come out as instants in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch, Listing, Place
from singer_tapkit.bookmarks import canonical
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentEmptyError
from singer_tapkit.schema import Pii, embedded, field, flag, instant, integer, number, record, text
from singer_tapkit.shaped import ShapedStream
from singer_tapkit.shaping import instants
from singer_tapkit.windows import ONE_DAY, Days, split
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.shaping import Shape
    from singer_tapkit.types import Record

    from tap_timely.client import TimelyClient
    from tap_timely.tap import TapTimely

_WINDOW_DAYS: Final = 31
_AHEAD: Final = timedelta(days=366)
"""How far into the future hours are planned."""
_DAWN: Final = date(2000, 1, 1)

_DURATION: Final = (
    number("total_hours", "Hours."),
    integer("total_seconds", "Seconds."),
    integer("total_minutes", "Minutes."),
)
_MONEY: Final = (number("amount", "Amount."), text("currency_code", "Currency, ISO 4217."))


class TimelyStream(ShapedStream):
    """A collection of Timely's."""

    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    leaves: ClassVar[Mapping[str, Shape]] = {"date-time": instants(1)}
    _tap: TapTimely

    @property
    @override
    def client(self) -> TimelyClient:
        """The tap's one client."""
        return self._tap.client


class Hours(TimelyStream):
    """Hours, planned and drafted ones too, of archived projects as well.

    Days within the lookback are read again. Requests: one per page and 31 days, and per archived
    project that has hours in these days.
    """

    left_out = ("deleted", "duration.*", "project.*")
    name = "hours"
    replication_key = "updated_at"
    schema = record(
        field("id", th.IntegerType, "Id that Timely gave it.", required=True),
        text("uid", "Another id."),
        field("day", th.DateType, "Day worked, in the person's calendar."),
        text("note", "What the person wrote.", pii=Pii.SENSITIVE),
        embedded(
            "user",
            "Who worked.",
            integer("id", "Id."),
            text("name", "Name.", pii=Pii.DIRECT),
            text("email", "E-mail address.", pii=Pii.DIRECT),
        ),
        integer("user_id", "Id of who worked."),
        embedded(
            "project",
            "On what.",
            integer("id", "Id."),
            text("name", "Name."),
            text("external_id", "Id elsewhere."),
            embedded("client", "For whom.", integer("id", "Id."), text("name", "Name.")),
        ),
        integer("project_id", "Id of the project."),
        field("label_ids", th.ArrayType(th.IntegerType), "Ids of its labels."),
        embedded("duration", "How long.", *_DURATION),
        number("hours", "Decimal hours."),
        embedded("estimated_duration", "How long was planned.", *_DURATION),
        embedded("cost", "Worth.", *_MONEY, pii=Pii.SENSITIVE),
        embedded("internal_cost", "Cost.", *_MONEY, pii=Pii.SENSITIVE),
        number("hour_rate", "Rate per hour; null if hidden.", pii=Pii.SENSITIVE),
        instant("from", "When it began, if known."),
        instant("to", "When it ended, if known."),
        text("timer_state", "Of its timer."),
        flag("estimated", "Whether it is planned."),
        flag("draft", "Whether it is a draft."),
        flag("billable", "Whether it can be billed."),
        flag("billed", "Whether it was billed."),
        flag("locked", "Whether it can be changed no more."),
        text("locked_reason", "Why not."),
        text("state", "Where it stands."),
        text("created_from", "Where it was made."),
        text("external_id", "Id elsewhere."),
        integer("creator_id", "Id of who made it."),
        integer("updater_id", "Id of who changed it."),
        integer("invoice_id", "Id of its invoice."),
        integer("forecast_id", "Id of the plan it belongs to."),
        instant("billed_at", "When it was billed."),
        instant("created_at", "When it was made."),
        instant("updated_at", "When it was last changed."),
    )

    @override
    def place(self, record: Record) -> Place:
        return Place(_day(record))

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for days in self._windows(reading):
            rows = {str(row["id"]): row for row in self._of(days)}
            records = [*rows.values()]
            end = datetime.combine(days.end or self._tap.today, time(), self._tap.zone)
            yield Batch(
                records,
                newest=canonical(end.astimezone(UTC)),
                position=days.end.isoformat() if days.end else None,
                listings=[Listing(days, {key: _day(row) for key, row in rows.items()})],
            )

    @override
    def look_again(self, keys: Collection[str]) -> Iterator[Record]:
        for key in keys:
            try:
                row = self.client.get(f"/{self.client.account['id']}/hours/{key}")
            except ParentEmptyError:
                continue
            if str(row.get("id")) == key and not row.get("deleted"):
                yield self._record(row)

    @override
    def least_requests(self, reading: Reading) -> int:
        return len([*self._windows(reading)])

    def _windows(self, reading: Reading) -> Iterator[Days]:
        """Cut what is asked for into windows; the last one reaches into the future."""
        end = reading.until.astimezone(self._tap.zone).date() if reading.until else None
        start = _DAWN
        if reading.position:
            start = date.fromisoformat(reading.position)
        elif reading.since:
            start = reading.since.astimezone(self._tap.zone).date()
        if self.deletions and reading.incremental and not reading.position:
            start = min(start, self.deletions.span.start or start)
        last = end or self._tap.today + ONE_DAY
        first = max(start, last - timedelta(days=_WINDOW_DAYS * 24))
        if start < first:  # usually nothing, hence one window
            yield Days(start, first)
        pieces = [*split(Days(min(first, last), last), at_most=_WINDOW_DAYS)]
        yield from pieces[:-1]
        if pieces:
            yield pieces[-1] if end else Days(pieces[-1].start, last + _AHEAD)

    def _of(self, days: Days) -> Iterator[Record]:
        """Yield the hours of some days; those of archived projects, which no list shows, last."""
        if days.start is None or days.last is None:
            return
        params = {
            "since": days.start.isoformat(),
            "upto": days.last.isoformat(),
            "filter": "all",
            "sort": "id",
            "order": "asc",
        }
        paths = ["/hours"]
        for project in self._tap.archived_projects:
            last = _day({"day": project.get("last_logged_on")})
            if last is None or last >= days.start:
                paths.append(f"/projects/{project['id']}/hours")
        for path in paths:
            try:
                for rows in self.client.pages(path, params, by_offset=False):
                    yield from (self._record(row) for row in rows if not row.get("deleted"))
            except ParentEmptyError:
                continue  # the project was deleted meanwhile

    def _record(self, row: Record) -> Record:
        duration, user, project = (
            part if isinstance(part, dict) else {}
            for part in (row.get("duration"), row.get("user"), row.get("project"))
        )
        return self.shaped(
            {
                **row,
                "hours": duration.get("total_hours"),
                "user_id": user.get("id"),
                "project_id": project.get("id"),
            }
        )


class ListStream(TimelyStream):
    """A collection that is read whole, with what is archived or deleted."""

    path: ClassVar[str]
    params: ClassVar[dict[str, str]]

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for rows in self.client.pages(self.path, self.params, by_offset=True):
            yield Batch([self.shaped(row) for row in self.flat(rows)])

    def flat(self, rows: list[Record]) -> list[Record]:
        """Return the rows with those within them."""
        return rows


class Projects(ListStream):
    """Projects, archived ones too."""

    left_out = ("account_id", "client.*")
    name = "projects"
    path = "/projects"
    params: ClassVar[dict[str, str]] = {"state": "all", "relation": "all", "filter": "all"}
    schema = record(
        field("id", th.IntegerType, "Id that Timely gave it.", required=True),
        flag("active", "Whether it is not archived."),
        text("name", "Name."),
        text("description", "Description."),
        text("color", "Colour."),
        text("external_id", "Id elsewhere."),
        text("rate_type", "Whose rate counts."),
        flag("billable", "Whether it can be billed."),
        text("budget_type", "H for hours, M for money, empty for none."),
        number("budget", "Budget."),
        number("budget_percent", "Part of the budget that is used."),
        embedded("client", "For whom.", integer("id", "Id."), text("name", "Name.")),
        text("required_labels", "all, none or custom."),
        field("label_ids", th.ArrayType(th.IntegerType), "Ids of its labels."),
        field("team_ids", th.ArrayType(th.IntegerType), "Ids of its teams."),
        number("hour_rate", "Rate per hour; null if hidden.", pii=Pii.SENSITIVE),
        field("first_logged_on", th.DateType, "First day with hours."),
        field("last_logged_on", th.DateType, "Last day with hours."),
        instant("created_at", "When it was made."),
        instant("updated_at", "When it was last changed."),
    )


class Clients(ListStream):
    """Clients, archived ones too."""

    name = "clients"
    path = "/clients"
    params: ClassVar[dict[str, str]] = {"show": "all"}
    schema = record(
        field("id", th.IntegerType, "Id that Timely gave it.", required=True),
        text("name", "Name."),
        text("color", "Colour."),
        flag("active", "Whether it is not archived."),
        text("external_id", "Id elsewhere."),
        instant("updated_at", "When it was last changed."),
    )


class Labels(ListStream):
    """Labels ("tags"), archived ones too; those within others come as rows of their own."""

    left_out = ("children",)
    name = "labels"
    path = "/labels"
    params: ClassVar[dict[str, str]] = {"filter": "all"}
    schema = record(
        field("id", th.IntegerType, "Id that Timely gave it.", required=True),
        text("name", "Name."),
        integer("sequence", "Place in the list."),
        integer("parent_id", "Id of the label that it is within."),
        text("emoji", "Sign."),
        flag("active", "Whether it is not archived."),
        instant("created_at", "When it was made."),
        instant("updated_at", "When it was last changed."),
    )

    @override
    def flat(self, rows: list[Record]) -> list[Record]:
        found: list[Record] = []
        for row in rows:
            inner = row.get("children")
            own = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
            found += [row, *self.flat([{"parent_id": row["id"], **one} for one in own])]
        return found


class Users(ListStream):
    """People of the account, those who have left too."""

    name = "users"
    path = "/users"
    params: ClassVar[dict[str, str]] = {"filter": "all"}
    schema = record(
        field("id", th.IntegerType, "Id that Timely gave it.", required=True),
        text("email", "E-mail address.", pii=Pii.DIRECT),
        text("name", "Name.", pii=Pii.DIRECT),
        flag("active", "Whether the person can log in."),
        flag("deleted", "Whether the person has left."),
        text("time_zone", "Zone."),
        text("type", "Kind of user."),
        flag("admin", "Whether the person is an administrator."),
        integer("role_id", "Id of the role."),
        number("weekly_capacity", "Hours a week."),
        text("external_id", "Id elsewhere."),
        number("default_hour_rate", "Rate per hour; null if hidden.", pii=Pii.SENSITIVE),
        number("internal_hour_rate", "Cost per hour; null if hidden.", pii=Pii.SENSITIVE),
        instant("created_at", "When the account was made."),
        instant("updated_at", "When it was last changed."),
    )


STREAMS: Final = (Hours, Projects, Clients, Labels, Users)


def _day(row: Record) -> date | None:
    try:
        return date.fromisoformat(str(row.get("day"))[:10])
    except ValueError:
        return None
