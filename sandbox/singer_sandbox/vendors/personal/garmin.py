"""Garmin Connect Personal API: activities, and a person's days.

Source: Garmin's client of the Personal API, October 2026: key, token, paths and limits.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, ClassVar, Final, cast

from typing_extensions import override

from singer_sandbox.vendors.base import TableVendor, refuse
from singer_sandbox.vendors.personal.tables import Tables
from singer_sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from singer_sandbox.wire import Call, Row

API_KEY: Final = "sandbox-garmin-key"
_USER: Final = 700001
_MOST: Final = 45
"""More activities in one answer end in an error."""
_LONGEST: Final = {"dailySleepSummariesByDate": 31, "dailysummaries": 90}


@dataclass(frozen=True, slots=True, kw_only=True)
class GarminSettings:
    """How the account is set up.

    Attributes:
        days: How many days, up to today, have data.
        seed: Of what is made up.
        token_seconds: How long tokens are good for.
        forbidden: Path whose data the key does not open.
    """

    days: int = 60
    seed: int = 1
    token_seconds: int = 86400
    forbidden: str = ""


class Garmin(TableVendor[GarminSettings]):
    """One person's account. Days are kept as rows of ``days``, by date."""

    name: ClassVar[str] = "garmin"
    shaping: ClassVar[frozenset[str]] = frozenset({"days", "seed"})
    defaults = GarminSettings()

    @override
    def start(self, settings: GarminSettings) -> None:
        """Begin without tokens."""
        super().start(settings)
        self._tokens: dict[str, float] = {}

    @property
    def tables(self) -> Tables:
        """The data."""
        return cast("Tables", self.data)

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address and the key."""
        config = {"api_key": API_KEY, "api_url": mount, "timezone": "Europe/Paris"}
        return {"api_url": mount, "config": config, "hint": f"api_key={API_KEY}"}

    @override
    def make_world(self) -> Tables:
        """Make up activities and days."""
        random = Random(self._settings.seed)  # noqa: S311 - made-up data
        today = self._clock.now().date()
        tables = Tables(("activities", "days"), _new)
        for back in range(self._settings.days, -1, -1):
            day = today - timedelta(days=back)
            tables.add(
                "days",
                {
                    "id": day.isoformat(),
                    "steps": random.randint(2000, 15000),
                    "resting": random.randint(45, 55),
                    "slept": random.randint(20000, 30000),
                },
            )
            for hour in (7, 18)[: random.randint(0, 2)]:
                tables.add("activities", {"day": day.isoformat(), "hour": hour})
        return tables

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == "/personalapitoken-service/personal-api/personal-api-key/token":
            return self._exchange(call)
        if self._tokens.get(call.token or "", 0.0) <= self._clock.timestamp():
            raise refuse(401, {"message": "Unauthorized"})
        if self._settings.forbidden and self._settings.forbidden in call.path:
            raise refuse(403, {"message": "Forbidden"})
        match call.path.strip("/").split("/"):
            case ["activitylist-service", "activities", "search", "activities"]:
                return self._activities(call)
            case ["activity-service", "activity", row_id]:
                row = self.tables.find("activities", row_id)
                if row is None:
                    raise refuse(404, {"message": "Not found"})
                return json_answer({**_activity(row), "summaryDTO": {"distance": 8012.4}})
            case ["sleep-service", "sleep", "dailySleep"]:
                return json_answer(self._sleep(self._day(call, "date")))
            case ["wellness-service", "wellness", "dailyHeartRate"]:
                return json_answer(self._heart_rate(self._day(call, "date")))
            case ["usersummary-service", "v2", "dailysummaries"]:
                return json_answer({"data": [self._summary(day) for day in self._span(call)]})
            case _:
                raise refuse(404, {"message": "Not found"})

    def _exchange(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"ApiKey {API_KEY}":
            raise refuse(401, {"message": "Unauthorized"})
        ends = int(self._clock.timestamp() + self._settings.token_seconds)
        claims = json.dumps({"exp": ends, "n": len(self._tokens)}).encode()
        token = f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"
        self._tokens[token] = ends
        return Answer(200, token.encode(), "text/plain")

    def _activities(self, call: Call) -> Answer:
        query = call.query
        limit, first = int(query.get("limit", 99)), int(query.get("start", 0))
        if limit > _MOST:
            raise refuse(500, {"message": "Internal Server Error"})
        low, high = query.get("startDate", ""), query.get("endDate", "9")
        rows = [row for row in self.tables.rows("activities") if low <= row["day"] <= high]
        rows.sort(key=lambda row: (str(row["day"]), int(row["hour"])))
        if query.get("sortOrder") != "asc":
            rows.reverse()
        return json_answer([_activity(row) for row in rows[first : first + limit]])

    def _span(self, call: Call) -> list[date]:
        low, high = self._day(call, "startDate"), self._day(call, "endDate")
        if (high - low).days >= _LONGEST["dailysummaries"]:
            raise refuse(500, {"message": "Internal Server Error"})
        return [low + timedelta(days=n) for n in range((high - low).days + 1)]

    def _day(self, call: Call, name: str) -> date:
        try:
            return date.fromisoformat(call.query[name])
        except (KeyError, ValueError):
            raise refuse(400, {"message": f"{name} is required"}) from None

    def _row(self, day: date) -> Row:
        return self.tables.find("days", day.isoformat()) or {}

    def _sleep(self, day: date) -> Row:
        row = self._row(day)
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
        slept = row.get("slept")
        return {
            "id": start if slept else None,
            "userProfilePK": _USER,
            "calendarDate": day.isoformat(),
            "sleepTimeSeconds": slept,
            "deepSleepSeconds": slept and slept // 5,
            "sleepStartTimestampGMT": start if slept else None,
            "sleepWindowConfirmationType": "auto_confirmed_final" if slept else None,
            "sleepScores": {"overall": {"value": 81, "qualifierKey": "GOOD"}} if slept else None,
        }

    def _heart_rate(self, day: date) -> Row:
        row = self._row(day)
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
        resting = row.get("resting")
        values = [
            [start + n * 120_000, resting + n % 30 if n % 7 and resting else None]
            for n in range(20)
        ]
        return {
            "userProfilePK": _USER,
            "calendarDate": day.isoformat(),
            "restingHeartRate": resting,
            "minHeartRate": resting,
            "maxHeartRate": resting and resting + 90,
            "heartRateValueDescriptors": [
                {"index": 0, "key": "timestamp"},
                {"index": 1, "key": "heartrate"},
            ],
            "heartRateValues": values if resting else None,
        }

    def _summary(self, day: date) -> Row:
        row = self._row(day)
        return {
            "userProfilePk": _USER,
            "calendarDate": day.isoformat(),
            "source": "GARMIN",
            "includesWellnessData": bool(row),
            "movement": {"steps": {"goal": 8000, "value": row.get("steps")}},
            "heartRate": {"restingValue": row.get("resting")},
        }


def _new(collection: str, number: int) -> Row:
    if collection == "days":
        return {"id": "", "steps": None, "resting": None, "slept": None}
    return {
        "id": 90_000_000_000 + number,
        "day": "2026-01-01",
        "hour": 18,
        "name": f"Run {number}",
        "distance": 8012.4,
    }


def _activity(row: Row) -> Row:
    local = f"{row['day']} {row['hour']:02}:04:10"
    utc = f"{row['day']} {row['hour'] - 1:02}:04:10"
    return {
        "activityId": row["id"],
        "activityName": row["name"],
        "startTimeLocal": local,
        "startTimeGMT": utc,
        "activityType": {"typeId": 1, "typeKey": "running", "parentTypeId": 17},
        "distance": row["distance"],
        "duration": 2520.7,
        "averageHR": 151.0,
        "isPR": False,
        "pr": False,
        "activityLikeFullNames": ["Somebody Else"],
    }
