"""Strava's collections.

Source: Strava API v3: the objects of its reference, and the fields that clients have met beside.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch, Listing, Place
from singer_tapkit.bookmarks import parse_instant
from singer_tapkit.deletions import DeletionMode, key_of
from singer_tapkit.errors import ParentEmptyError
from singer_tapkit.schema import (
    Pii,
    embedded,
    field,
    flag,
    instant,
    integer,
    number,
    record,
    several,
    text,
)
from singer_tapkit.shaped import ShapedStream
from singer_tapkit.windows import ONE_DAY, Days
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

    from tap_strava.client import StravaClient
    from tap_strava.tap import TapStrava

_PAGE: Final = 200
_POINT = th.ArrayType(th.NumberType)

_ACTIVITY: Final = (
    field("id", th.IntegerType, "Id that Strava gave it.", required=True),
    text("external_id", "Id of the file that was uploaded."),
    integer("upload_id", "Id of the upload."),
    embedded("athlete", "Whose it is.", integer("id", "Id of the athlete.")),
    text("gear_id", "Id of the gear: b and a number for bikes, g for shoes."),
    text("name", "Name.", pii=Pii.SENSITIVE),
    text("sport_type", "Kind of sport."),
    integer("workout_type", "0 none, 1 race, 2 long run, 3 workout; 10 to 12 for rides."),
    text("device_name", "Name of the device."),
    text("visibility", "everyone, followers_only or only_me."),
    field("start_date", th.DateTimeType, "When it began. UTC.", required=True),
    text("start_date_local", "The same by the clock on the wall; its Z means nothing."),
    text("timezone", "Zone, as (GMT+01:00) Europe/Paris; without daylight saving."),
    number("utc_offset", "Offset of the local clock, seconds."),
    number("distance", "Metres."),
    integer("moving_time", "Seconds."),
    integer("elapsed_time", "Seconds."),
    number("total_elevation_gain", "Metres."),
    number("elev_high", "Highest point, metres."),
    number("elev_low", "Lowest point, metres."),
    number("average_speed", "Metres a second."),
    number("max_speed", "Metres a second."),
    number("average_cadence", "Steps or turns a minute."),
    number("average_temp", "Degrees Celsius."),
    number("average_watts", "Watts."),
    number("weighted_average_watts", "Watts."),
    number("max_watts", "Watts."),
    number("kilojoules", "Kilojoules."),
    flag("device_watts", "Whether watts were measured."),
    flag("has_heartrate", "Whether the heart rate was measured."),
    number("average_heartrate", "Beats a minute.", pii=Pii.SPECIAL),
    number("max_heartrate", "Beats a minute.", pii=Pii.SPECIAL),
    number("suffer_score", "Relative effort.", pii=Pii.SPECIAL),
    integer("achievement_count", "Achievements."),
    integer("kudos_count", "Kudos."),
    integer("comment_count", "Comments."),
    integer("athlete_count", "Athletes in the group."),
    integer("photo_count", "Photos from Instagram."),
    integer("total_photo_count", "Photos."),
    integer("pr_count", "Personal records."),
    flag("trainer", "Whether it was indoors."),
    flag("commute", "Whether it was a commute."),
    flag("manual", "Whether it was entered by hand."),
    flag("private", "Whether only its owner sees it."),
    flag("flagged", "Whether somebody has flagged it."),
    field("start_latlng", _POINT, "Latitude and longitude; empty if hidden.", pii=Pii.SENSITIVE),
    field("end_latlng", _POINT, "Latitude and longitude; empty if hidden.", pii=Pii.SENSITIVE),
    embedded(
        "map",
        "The route.",
        text("id", "Id."),
        text("summary_polyline", "Encoded polyline.", pii=Pii.SENSITIVE),
        pii=Pii.SENSITIVE,
    ),
)


class StravaStream(ShapedStream):
    """A collection of Strava's."""

    left_out = ("resource_state", "*.resource_state", "bikes", "shoes")
    _tap: TapStrava

    @property
    @override
    def client(self) -> StravaClient:
        """The tap's one client."""
        return self._tap.client

    def listed(self, reading: Reading) -> Iterator[list[Record]]:
        """Yield activities, oldest first, page by page.

        Each page begins where the one before ended: by numbers, uploads would shift them. A page
        may be short without being the last.
        """
        start = parse_instant(reading.position) if reading.position else reading.since
        at = start or datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        seen: set[str] = set()
        while True:
            asked = str(int(at.timestamp()) - 1)
            answer = self.client.get(
                "/athlete/activities", {"after": asked, "per_page": str(_PAGE)}, wrap="rows"
            )
            rows = self.client.rows("/athlete/activities", answer, "rows")
            new = [row for row in rows if row.get("start_date") and str(row["id"]) not in seen]
            if reading.until:
                new = [row for row in new if parse_instant(str(row["start_date"])) < reading.until]
            if not new:
                return
            yield new
            seen = {str(row["id"]) for row in rows}
            at = max(parse_instant(str(row["start_date"])) for row in new)


class Activities(StravaStream):
    """Activities. What was changed or uploaded late is found within the lookback."""

    name = "activities"
    replication_key = "start_date"
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    schema = record(*_ACTIVITY)

    @override
    def place(self, record: Record) -> Place:
        return Place(parse_instant(str(record["start_date"])).date())

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        keys = {}
        for rows in self.listed(reading):
            records = [self.shaped(row) for row in rows]
            for one in records:
                keys[key_of(one, self.primary_keys)] = self.place(one).day
            yield Batch(records, position=str(records[-1]["start_date"]))
        if reading.position is None and reading.until is None:
            first = reading.since.date() + ONE_DAY if reading.since else None
            inside = {key: day for key, day in keys.items() if not first or not day or day >= first}
            yield Batch([], listings=[Listing(Days(first), inside)])


class ActivityDetails(StravaStream):
    """Activities with what their own page shows. Requests: one each, oldest first.

    No more than ``max_detail_requests`` in a run; the next one goes on.
    """

    name = "activity_details"
    selected_by_default = False
    replication_key = "start_date"
    schema = record(
        *_ACTIVITY,
        text("description", "What the athlete wrote.", pii=Pii.SENSITIVE),
        number("calories", "Kilocalories."),
        number("perceived_exertion", "From 1 to 10.", pii=Pii.SPECIAL),
        text("private_note", "What only the athlete sees.", pii=Pii.SENSITIVE),
        several(
            "laps",
            "Laps.",
            integer("id", "Id."),
            text("name", "Name."),
            integer("lap_index", "Number."),
            number("distance", "Metres."),
            integer("elapsed_time", "Seconds."),
            integer("moving_time", "Seconds."),
            instant("start_date", "When it began."),
        ),
    )

    @property
    @override
    def lookback(self) -> timedelta:
        """None: each detail costs a request."""
        return timedelta(0)

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        left = int(self._tap.config["max_detail_requests"])
        for rows in self.listed(reading):
            for row in rows:
                if left == 0:
                    self.logger.info("'%s': enough for this run; the next one goes on", self.name)
                    return
                left -= 1
                try:
                    found = self.client.get(f"/activities/{row['id']}")
                except ParentEmptyError:
                    continue
                shown = self.shaped({**row, **found})
                yield Batch([shown], position=str(shown["start_date"]))


class Athlete(StravaStream):
    """The athlete. One record."""

    name = "athlete"
    schema = record(
        field("id", th.IntegerType, "Id that Strava gave it.", required=True),
        text("username", "User name.", pii=Pii.DIRECT),
        text("firstname", "First name.", pii=Pii.DIRECT),
        text("lastname", "Last name.", pii=Pii.DIRECT),
        text("city", "City.", pii=Pii.DIRECT),
        text("state", "State.", pii=Pii.DIRECT),
        text("country", "Country."),
        text("sex", "M or F.", pii=Pii.SENSITIVE),
        flag("summit", "Whether there is a subscription."),
        text("measurement_preference", "feet or meters."),
        number("ftp", "Functional threshold power, watts.", pii=Pii.SPECIAL),
        number("weight", "Kilograms.", pii=Pii.SPECIAL),
        integer("follower_count", "Followers."),
        integer("friend_count", "Athletes who are followed."),
        instant("created_at", "When the account was made."),
        instant("updated_at", "When it was last changed."),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        yield Batch([self.shaped(self.client.get("/athlete"))])


class Gear(StravaStream):
    """The athlete's bikes and shoes. Requests: one each."""

    name = "gear"
    selected_by_default = False
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    schema = record(
        field("id", th.StringType, "Id: b and a number for bikes, g for shoes.", required=True),
        text("name", "Name.", pii=Pii.SENSITIVE),
        text("brand_name", "Maker."),
        text("model_name", "Model."),
        integer("frame_type", "Kind of bike."),
        text("description", "What the athlete wrote.", pii=Pii.SENSITIVE),
        number("distance", "Metres so far."),
        flag("primary", "Whether it is the usual one."),
        flag("retired", "Whether it is no longer used."),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        athlete = self.client.get("/athlete")
        for kind in ("bikes", "shoes"):
            for one in athlete.get(kind) or []:  # type: ignore[union-attr]
                try:
                    yield Batch([self.shaped(self.client.get(f"/gear/{one['id']}"))])  # type: ignore[index, call-overload]
                except ParentEmptyError:
                    continue


class Zones(StravaStream):
    """The athlete's heart rate and power zones. One record."""

    name = "zones"
    selected_by_default = False
    primary_keys: ClassVar[Sequence[str]] = ("athlete_id",)
    schema = record(
        field("athlete_id", th.IntegerType, "Id of the athlete.", required=True),
        *(
            embedded(
                kind,
                f"{what}; the last zone ends at -1, which means nowhere.",
                flag("custom_zones", "Whether the athlete has set them."),
                several("zones", "Zones.", integer("min", "From."), integer("max", "To.")),
                pii=Pii.SPECIAL,
            )
            for kind, what in (("heart_rate", "Beats a minute"), ("power", "Watts"))
        ),
    )

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        athlete = self.client.get("/athlete")
        zones = self.client.get("/athlete/zones")
        yield Batch([self.shaped({**zones, "athlete_id": athlete.get("id")})])


STREAMS: Final = (Activities, Athlete, ActivityDetails, Gear, Zones)
