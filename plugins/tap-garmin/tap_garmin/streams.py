"""Garmin's collections.

Days come late, when the watch syncs, and change until then: the last ones are read again each time,
and no bookmark goes past yesterday.

Source: Garmin Connect Personal API, October 2026: the models of its clients.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch, Listing, Place
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.deletions import DeletionMode, key_of
from singer_tapkit.errors import ParentEmptyError, ParentRefusedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.schema import (
    Pii,
    embedded,
    field,
    flag,
    instant,
    integer,
    number,
    record,
    text,
)
from singer_tapkit.shaped import ShapedStream
from singer_tapkit.shaping import instants, whole
from singer_tapkit.windows import ONE_DAY, Days, split
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.http.api import ApiClient
    from singer_tapkit.shaping import Shape
    from singer_tapkit.types import Json, Record

    from tap_garmin.tap import TapGarmin

_PAGE: Final = 40
"""Garmin fails above 45."""
_SPAN_DAYS: Final = 31
_PLACE_EVERY: Final = 10
_LATE: Final = timedelta(days=14)
"""How late activities come, as a rule."""
_TOO_LARGE: Final = Rule({500}, Verdict(Action.REFUSE_PARENT, "the range is too large"))


def _number(name: str, description: str) -> th.Property[Any]:
    return number(name, description, pii=Pii.SPECIAL)


class GarminStream(ShapedStream):
    """A collection of one account."""

    leaves: ClassVar[Mapping[str, Shape]] = {"date-time": instants(0.001)}
    _tap: TapGarmin

    @property
    @override
    def client(self) -> ApiClient:
        """The tap's one client."""
        return self._tap.client

    @property
    def yesterday(self) -> date:
        """The last day that may be complete, where the user lives."""
        return self._tap.today - ONE_DAY

    def days(self, reading: Reading) -> Days:
        """Return the days to read, today included."""
        zone = self._tap.zone
        until = reading.until.astimezone(zone).date() if reading.until else None
        if reading.position:
            start = date.fromisoformat(reading.position)
        elif reading.since:
            start = (
                reading.since.date()
                if reading.incremental
                else reading.since.astimezone(zone).date()
            )
        else:
            start = self._tap.today - self._tap.first_days
        end = until or self._tap.today + ONE_DAY
        return Days(min(start, end), end)


class Activities(GarminStream):
    """Activities. Those that were changed or uploaded late are found within the lookback."""

    left_out = ("pr", "activityLikeFullNames")
    name = "activities"
    primary_keys: ClassVar[Sequence[str]] = ("activityId",)
    replication_key = "startTimeGMT"
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    schema = record(
        field("activityId", th.IntegerType, "Id that Garmin gave it.", required=True),
        text("activityName", "Name.", pii=Pii.SENSITIVE),
        text("description", "What the user wrote.", pii=Pii.SENSITIVE),
        field("startTimeGMT", th.DateTimeType, "When it began. UTC.", required=True),
        text("startTimeLocal", "The same by the clock on the wall."),
        instant("endTimeGMT", "When it ended."),
        embedded(
            "activityType",
            "Kind.",
            integer("typeId", "Id."),
            text("typeKey", "Name, as running."),
            integer("parentTypeId", "Id of the kind above; 17 is the top."),
        ),
        embedded("eventType", "Occasion.", integer("typeId", "Id."), text("typeKey", "Name.")),
        integer("parentId", "Id of the multisport activity that it is a leg of."),
        text("locationName", "Place.", pii=Pii.SENSITIVE),
        text("manufacturer", "Maker of the device."),
        number("distance", "Metres."),
        number("duration", "Seconds."),
        number("elapsedDuration", "Seconds."),
        number("movingDuration", "Seconds."),
        number("elevationGain", "Metres."),
        number("elevationLoss", "Metres."),
        number("averageSpeed", "Metres a second."),
        number("maxSpeed", "Metres a second."),
        number("startLatitude", "Degrees.", pii=Pii.SENSITIVE),
        number("startLongitude", "Degrees.", pii=Pii.SENSITIVE),
        number("calories", "Kilocalories."),
        integer("steps", "Steps."),
        integer("lapCount", "Laps."),
        _number("averageHR", "Beats a minute."),
        _number("maxHR", "Beats a minute."),
        _number("aerobicTrainingEffect", "From 0 to 5."),
        _number("anaerobicTrainingEffect", "From 0 to 5."),
        _number("activityTrainingLoad", "Training load."),
        _number("vO2MaxValue", "Millilitres a minute and kilogram."),
        number("avgPower", "Watts."),
        number("maxPower", "Watts."),
        number("normPower", "Watts."),
        number("averageRunningCadenceInStepsPerMinute", "Steps a minute."),
        number("averageBikingCadenceInRevPerMinute", "Turns a minute."),
        number("avgStrideLength", "Centimetres."),
        number("poolLength", "Centimetres."),
        *(_number(f"hrTimeInZone_{n}", f"Seconds in heart rate zone {n}.") for n in range(1, 6)),
        flag("isPR", "Whether it is a personal record."),
        flag("isFavorite", "Whether it is a favourite."),
        flag("isManualActivity", "Whether it was entered by hand."),
    )  # fmt: skip

    @property
    @override
    def lookback(self) -> timedelta:
        """Two weeks at least."""
        return max(super().lookback, _LATE)

    @override
    def place(self, record: Record) -> Place:
        return Place(parse_instant(str(record["startTimeGMT"])).date())

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        days = Days(date(2000, 1, 1), self.days(reading).end)
        if reading.since:
            days = self.days(reading)
        keys: dict[str, date | None] = {}
        for rows in self._pages(days):
            new = []
            for row in rows:
                shown = self.shaped(_one_name(row))
                key = key_of(shown, self.primary_keys)
                if key not in keys and shown["startTimeGMT"]:
                    keys[key] = self.place(shown).day
                    new.append(shown)
            yield Batch(new)
        if reading.until is None:
            # Garmin's days are local ones: the first is left to the next listing
            first = days.start + ONE_DAY if days.start and reading.since else None
            inside = {key: at for key, at in keys.items() if not first or not at or at >= first}
            yield Batch([], listings=[Listing(Days(first), inside)])

    def _pages(self, days: Days) -> Iterator[list[Record]]:
        """Read page by page, oldest first, so that uploads go to the end."""
        path = "/activitylist-service/activities/search/activities"
        first = 0
        while True:
            params = {
                "startDate": str(days.start),
                "endDate": str(days.last),
                "sortBy": "startLocal",
                "sortOrder": "asc",
                "excludeChildren": "false",
                "limit": str(_PAGE),
                "start": str(first),
            }
            rows = self.client.rows(path, self.client.get(path, params, wrap="rows"), "rows")
            if not rows:
                return
            yield rows
            first += len(rows)


class DayStream(GarminStream):
    """One record a day, asked for day by day.

    Attributes:
        path: Of the day's answer.
        proof: Properties of which one is there if the day has data.
    """

    primary_keys: ClassVar[Sequence[str]] = ("userProfilePK", "calendarDate")
    replication_key = "calendarDate"
    path: ClassVar[str]
    proof: ClassVar[Sequence[str]]

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        days = self.days(reading)
        for count, day in enumerate(days.each(), 1):
            pause = count % _PLACE_EVERY == 0 and count < days.length
            yield Batch(
                self.read(day),
                newest=canonical(_midnight(min(day, self.yesterday))),
                position=str(day + ONE_DAY) if pause else None,
            )

    @override
    def least_requests(self, reading: Reading) -> int:
        return self.days(reading).length

    def read(self, day: date) -> list[Record]:
        """Ask for one day; nothing if it has no data, unless empty days are wanted."""
        try:
            answer = self.client.get(self.path, {"date": day.isoformat()})
        except ParentEmptyError:
            return []
        return self.kept([answer])

    def kept(self, rows: Sequence[Record]) -> list[Record]:
        """Bring rows into shape, those without data left out."""
        wanted = self._tap.config["include_empty_days"]
        full = [row for row in rows if wanted or any(_there(row.get(name)) for name in self.proof)]
        return [self.shaped(row) for row in full if row.get(self.primary_keys[0])]


class Sleep(DayStream):
    """Nights, by the morning on which they ended."""

    left_out = ("id",)
    name = "sleep"
    path = "/sleep-service/sleep/dailySleep"
    proof = ("sleepTimeSeconds", "sleepStartTimestampGMT")
    schema = record(
        field("userProfilePK", th.IntegerType, "Id of the user.", required=True),
        field("calendarDate", th.DateType, "The morning, local.", required=True),
        instant("sleepStartTimestampGMT", "When sleep began."),
        instant("sleepEndTimestampGMT", "When it ended."),
        *(
            _number(name, f"Seconds {what}.")
            for name, what in (
                ("sleepTimeSeconds", "asleep"),
                ("napTimeSeconds", "of naps"),
                ("deepSleepSeconds", "of deep sleep"),
                ("lightSleepSeconds", "of light sleep"),
                ("remSleepSeconds", "of REM sleep"),
                ("awakeSleepSeconds", "awake"),
                ("unmeasurableSleepSeconds", "not measured"),
            )
        ),
        text("sleepWindowConfirmationType", "How sure the times are, as auto_confirmed_final."),
        integer("awakeCount", "How often awake."),
        _number("averageSpO2Value", "Oxygen saturation, percent."),
        _number("lowestSpO2Value", "Oxygen saturation, percent."),
        _number("averageRespirationValue", "Breaths a minute."),
        _number("avgSleepStress", "Stress, from 0 to 100."),
        _number("avgHeartRate", "Beats a minute."),
        embedded(
            "sleepScores",
            "Scores.",
            embedded(
                "overall",
                "Overall.",
                _number("value", "From 0 to 100."),
                text("qualifierKey", "Word."),
            ),
            pii=Pii.SPECIAL,
        ),
    )


class HeartRate(DayStream):
    """Days of heart rate, with a value about every two minutes."""

    left_out = ("heartRateValueDescriptors",)
    name = "heart_rate"
    path = "/wellness-service/wellness/dailyHeartRate"
    proof = ("restingHeartRate", "maxHeartRate", "heartRateValues")
    schema = record(
        field("userProfilePK", th.IntegerType, "Id of the user.", required=True),
        field("calendarDate", th.DateType, "The day, local.", required=True),
        instant("startTimestampGMT", "When the day began."),
        instant("endTimestampGMT", "When it ended."),
        _number("maxHeartRate", "Beats a minute."),
        _number("minHeartRate", "Beats a minute."),
        _number("restingHeartRate", "Beats a minute."),
        _number("lastSevenDaysAvgRestingHeartRate", "Beats a minute."),
        field(
            "heartRateValues",
            th.ArrayType(
                th.ObjectType(instant("at", "When."), th.Property("heart_rate", th.IntegerType))
            ),
            "Beats a minute, about every two minutes; null where there was none.",
            pii=Pii.SPECIAL,
        ),
    )

    @override
    def kept(self, rows: Sequence[Record]) -> list[Record]:
        return super().kept([row | {"heartRateValues": _samples(row)} for row in rows])


class DailySummaries(DayStream):
    """Days: steps, calories, resting heart rate, stress. Asked for by the month."""

    name = "daily_summaries"
    path = "/usersummary-service/v2/dailysummaries"
    primary_keys: ClassVar[Sequence[str]] = ("userProfilePk", "calendarDate")
    proof = ("includesWellnessData", "includesActivityData")
    schema = record(
        field("userProfilePk", th.IntegerType, "Id of the user.", required=True),
        field("calendarDate", th.DateType, "The day, local.", required=True),
        text("source", "Where it comes from."),
        flag("includesWellnessData", "Whether a device was worn."),
        flag("includesActivityData", "Whether there was an activity."),
        *(
            embedded(
                name,
                what,
                *(_number(one, f"{unit}.") for one in parts),
                pii=Pii.SPECIAL,
            )
            for name, what, unit, parts in (
                ("calories", "Calories.", "Kilocalories",
                 ("burnedResting", "burnedActive", "burnedTotal", "consumedValue")),
                ("heartRate", "Heart rate.", "Beats a minute",
                 ("minValue", "maxValue", "restingValue")),
                ("intensityMinutes", "Intensity.", "Minutes", ("goal", "moderate", "vigorous")),
                ("stress", "Stress.", "From 0 to 100", ("avgLevel", "maxLevel")),
                ("bodyBattery", "Body battery.", "From 0 to 100",
                 ("minValue", "maxValue", "chargedValue", "drainedValue", "latestValue")),
                ("hydration", "Hydration.", "Millilitres", ("goalInMl", "consumedInMl")),
                ("respiration", "Respiration.", "Breaths a minute",
                 ("avgValue", "minValue", "maxValue")),
                ("pulseOx", "Oxygen saturation.", "Percent", ("avgValue", "minValue")),
            )
        ),
        embedded(
            "movement",
            "Movement.",
            *(
                embedded(name, what, number("goal", "Goal."), number("value", "Value."),
                         number("distanceInMeters", "Metres."))
                for name, what in (("steps", "Steps."), ("floorsAscended", "Floors up."),
                                   ("floorsDescended", "Floors down."))
            ),
        ),
    )  # fmt: skip

    @override
    def least_requests(self, reading: Reading) -> int:
        return len([*split(self.days(reading), at_most=_SPAN_DAYS)])

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        for span in split(self.days(reading), at_most=_SPAN_DAYS):
            yield from self._span(span, halve=True)

    def _span(self, span: Days, *, halve: bool) -> Iterator[Batch]:
        """Ask for a span; for two halves of it if Garmin fails, as it does with large ones."""
        params = {"startDate": str(span.start), "endDate": str(span.last)}
        try:
            answer = self.client.get(self.path, params, rules=(_TOO_LARGE,) if halve else ())
        except ParentRefusedError:
            for half in split(span, at_most=max(1, -(-span.length // 2))):
                yield from self._span(half, halve=False)
            return
        newest = canonical(_midnight(min(span.last or self.yesterday, self.yesterday)))
        rows = self.kept(self.client.rows(self.path, answer, "data"))
        yield Batch(rows, newest=newest, position=str(span.end))


def _one_name(row: Record) -> Record:
    """Take flags that come under two names from the one without ``is``, if it is alone."""
    twins = {"isPR": "pr", "isFavorite": "favorite", "isManualActivity": "manualActivity"}
    return {**{long: row.get(short) for long, short in twins.items()}, **row}


def _samples(row: Record) -> Json:
    """Read rows of values by the names of their columns."""
    values, names = row.get("heartRateValues"), row.get("heartRateValueDescriptors")
    if not isinstance(values, list) or not isinstance(names, list):
        return None
    columns = {str(one["key"]): whole(one["index"]) for one in names if isinstance(one, dict)}
    at, rate = columns.get("timestamp") or 0, columns.get("heartrate") or 1
    return [{"at": one[at], "heart_rate": one[rate]} for one in values if isinstance(one, list)]


def _there(value: Any) -> bool:  # noqa: ANN401 - whatever Garmin sends
    return value not in (None, False, [])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


STREAMS: Final = (Activities, Sleep, HeartRate, DailySummaries)
