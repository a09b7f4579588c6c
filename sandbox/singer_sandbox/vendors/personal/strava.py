"""Strava: activities, and what is around them.

Source: Strava API v3 as of 2026: authentication, rate limits, activities, athlete, gear.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, ClassVar, Final, cast

from typing_extensions import override

from singer_sandbox.vendors.base import TableVendor, refuse
from singer_sandbox.vendors.personal.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, OAuthApp
from singer_sandbox.vendors.personal.tables import Tables
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from singer_sandbox.wire import Answer, Call, Row

_QUARTER: Final = 900
_DAY: Final = 86400
_MOST: Final = 200
_SPORTS: Final = ("Run", "GravelRide", "Swim", "Hike", "Ride")
_REFUSED: Final = {
    "message": "Bad Request",
    "errors": [{"resource": "RefreshToken", "field": "refresh_token", "code": "invalid"}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StravaSettings:
    """How the account is set up.

    Attributes:
        activities: How many to make up.
        seed: Of what is made up.
        quarter_limit: Reads per quarter of an hour.
        day_limit: Reads per day, UTC.
        token_seconds: How long access tokens are good for.
        rotate: Whether each refresh replaces the refresh token.
        strict_rotation: Whether the former one dies at once; otherwise, when a new one is used.
        inactive: Whether the app's owner has no subscription.
    """

    activities: int = 260
    seed: int = 1
    quarter_limit: int = 100
    day_limit: int = 1000
    token_seconds: int = 21600
    rotate: bool = True
    strict_rotation: bool = False
    inactive: bool = False


class Strava(TableVendor[StravaSettings]):
    """One athlete's account."""

    name: ClassVar[str] = "strava"
    shaping: ClassVar[frozenset[str]] = frozenset({"activities", "seed"})
    defaults = StravaSettings()

    @override
    def start(self, settings: StravaSettings) -> None:
        """Begin with an app whose tokens nobody has used."""
        super().start(settings)
        self._app = OAuthApp(self._clock, "read,profile:read_all,activity:read_all", _REFUSED)
        self._used: dict[str, tuple[int, int]] = {}

    @property
    def tables(self) -> Tables:
        """The data."""
        return cast("Tables", self.data)

    @override
    def describe(self, mount: str) -> Row:
        """Tell the addresses and the app."""
        config = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "api_url": f"{mount}/api/v3",
            "oauth_url": f"{mount}/oauth",
        }
        hint = f"refresh_token={REFRESH_TOKEN} token endpoint={mount}/oauth/token"
        return {"api_url": f"{mount}/api/v3", "config": config, "hint": hint}

    @override
    def resource(self, path: str) -> str:
        """Strip the version."""
        return path.removeprefix("/api/v3")

    @override
    def make_world(self) -> Tables:
        """Make up activities of the last two years, and gear."""
        random = Random(self._settings.seed)  # noqa: S311 - made-up data
        now = self._clock.now()
        tables = Tables(("activities", "gear"), lambda name, n: _new(name, n, self._clock.now()))
        for name in ("Gravel bike", "Old shoes"):
            tables.add("gear", {"name": name})
        for number in range(self._settings.activities):
            start = now - timedelta(
                days=(self._settings.activities - number) * 2.5, minutes=random.randint(0, 300)
            )
            tables.add(
                "activities",
                {
                    "name": f"Activity {number}",
                    "sport_type": random.choice(_SPORTS),
                    "distance": float(random.randint(1000, 60000)),
                    **_times(start),
                },
            )
        return tables

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == "/oauth/authorize":
            return self._app.authorize(call)
        if call.path == "/oauth/token":
            settings = self._settings
            token = self._app.token(
                call,
                seconds=settings.token_seconds,
                rotate=settings.rotate,
                strict=settings.strict_rotation,
            )
            return json_answer(token)
        headers = self._count()
        if not self._app.admits(call):
            error = {"resource": "Athlete", "field": "access_token", "code": "invalid"}
            raise refuse(401, {"message": "Authorization Error", "errors": [error]}, headers)
        if self._settings.inactive:
            error = {"resource": "Application", "field": "Status", "code": "Inactive"}
            raise refuse(403, {"message": "Forbidden", "errors": [error]}, headers)
        return self._read(call, headers)

    def _read(self, call: Call, headers: Row) -> Answer:
        parts = self.resource(call.path).strip("/").split("/")
        match parts:
            case ["athlete"]:
                gear = self.tables.rows("gear")
                return json_answer(
                    {
                        "id": 9100001,
                        "firstname": "Ada",
                        "lastname": "Example",
                        "city": "Oslo",
                        "weight": 61.5,
                        "bikes": gear[:1],
                        "shoes": gear[1:],
                        "updated_at": "2026-01-01T00:00:00Z",
                    },
                    headers=headers,
                )
            case ["athlete", "activities"]:
                return json_answer(self._activities(call), headers=headers)
            case ["athlete", "zones"]:
                zones = [{"min": 0, "max": 120}, {"min": 120, "max": -1}]
                content = {"heart_rate": {"custom_zones": False, "zones": zones}}
                return json_answer(content, headers=headers)
            case ["gear", gear_id] if row := self.tables.find("gear", gear_id):
                return json_answer(row, headers=headers)
            case ["activities", row_id] if row := self.tables.find("activities", row_id):
                return json_answer(
                    {**row, "calories": 500.0, "description": "Long"}, headers=headers
                )
            case ["activities", row_id, "zones"] if self.tables.find("activities", row_id):
                zone = {"type": "heartrate", "sensor_based": True, "distribution_buckets": []}
                return json_answer([zone], headers=headers)
            case _:
                raise refuse(404, {"message": "Record Not Found", "errors": []}, headers)

    def _activities(self, call: Call) -> list[Row]:
        query = call.query
        after, before = int(query.get("after", 0)), int(query.get("before", 1 << 40))
        rows = [
            row
            for row in self.tables.rows("activities")
            if after < datetime.fromisoformat(row["start_date"]).timestamp() < before
        ]
        rows.sort(key=lambda row: str(row["start_date"]), reverse="after" not in query)
        size = min(int(query.get("per_page", 30)), _MOST)
        first = (int(query.get("page", 1)) - 1) * size
        return rows[first : first + size]

    def _count(self) -> dict[str, str]:
        """Count a read, refused ones too, and say how many there are."""
        now = int(self._clock.timestamp())
        spent = []
        for name, span in (("quarter", _QUARTER), ("day", _DAY)):
            window, count = self._used.get(name, (0, 0))
            count = count + 1 if window == now // span else 1
            self._used[name] = (now // span, count)
            spent.append(count)
        limits = (self._settings.quarter_limit, self._settings.day_limit)
        headers = {
            "X-RateLimit-Limit": f"{limits[0] * 2},{limits[1] * 2}",
            "X-RateLimit-Usage": f"{spent[0]},{spent[1]}",
            "X-ReadRateLimit-Limit": f"{limits[0]},{limits[1]}",
            "X-ReadRateLimit-Usage": f"{spent[0]},{spent[1]}",
        }
        if spent[0] > limits[0] or spent[1] > limits[1]:
            error = {"resource": "Application", "field": "read rate limit", "code": "exceeded"}
            raise refuse(429, {"message": "Rate Limit Exceeded", "errors": [error]}, headers)
        return headers


def _new(collection: str, number: int, now: datetime) -> Row:
    if collection == "gear":
        return {
            "id": f"b{1234000 + number}",
            "name": "",
            "brand_name": "Maker",
            "distance": 1.0,
            "primary": True,
            "retired": False,
            "resource_state": 3,
        }
    return {
        "id": 18_000_000_000 + number,
        "resource_state": 2,
        "athlete": {"id": 9100001},
        "name": "",
        "sport_type": "Run",
        "distance": 5000.0,
        "moving_time": 1800,
        "elapsed_time": 1900,
        "total_elevation_gain": 40.0,
        "gear_id": "b1234001",
        "trainer": False,
        "commute": False,
        "manual": False,
        "private": False,
        "timezone": "(GMT+01:00) Europe/Paris",
        "utc_offset": 3600.0,
        "start_latlng": [48.8, 2.3],
        "end_latlng": [],
        "map": {"id": f"a{number}", "summary_polyline": "abcd"},
        "average_speed": 2.7,
        "has_heartrate": True,
        "average_heartrate": 141.6,
        "max_heartrate": 172.0,
        "kudos_count": 1,
        **_times(now),
    }


def _times(start: datetime) -> Row:
    start = start.astimezone(UTC).replace(microsecond=0)
    local = start + timedelta(hours=1)
    return {
        "start_date": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "start_date_local": local.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
