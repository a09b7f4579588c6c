"""Every tap, listed once: what the contract needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from tap_clickup.tap import TapClickUp
from tap_garmin.tap import TapGarmin
from tap_harvest.tap import TapHarvest
from tap_hrms.tap import TapHRMS
from tap_spotify.tap import TapSpotify
from tap_strava.tap import TapStrava
from tap_timely.tap import TapTimely
from tap_todoist.tap import TapTodoist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_tapkit import Tap


@dataclass(frozen=True, slots=True)
class Case:
    """A tap, and where the contract looks at it.

    Attributes:
        vendor: Name of its vendor in the sandbox.
        tap: The tap.
        stream: The stream that is looked at.
        collection: Its rows in the sandbox.
        paths: Globs of the addresses that list them.
        edit: A field of the sandbox's row, the record's field that shows it, and its value.
        other: A stream that does not depend on that address.
        key: Of the records.
        key_of: Makes it of a row of the sandbox.
        setup: Settings of the sandbox.
        config: Settings beside those that the sandbox tells.
        asks_for_fields: Whether the tap names the fields it wants, so that no others come.
        keeps_tokens: Whether the tap needs a place for tokens.
    """

    vendor: str
    tap: type[Tap]
    stream: str
    collection: str
    paths: Sequence[str]
    edit: tuple[str, str, Any]
    other: str
    key: str = "id"
    key_of: Callable[[Mapping[str, Any]], Any] = lambda row: row["id"]
    setup: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    asks_for_fields: bool = False
    keeps_tokens: bool = False


CASES: Final = (
    Case(
        "harvest",
        TapHarvest,
        *("time_entries", "time_entries", ["/time_entries"]),
        ("notes", "notes", "Late"),
        "clients",
        setup={"entries": 100, "seed": 1},
        config={"deletions": "window"},
    ),
    Case(
        "clickup",
        TapClickUp,
        *("time_entries", "time_entries", ["/team/*/time_entries"]),
        ("description", "description", "Late"),
        "tasks",
        setup={"entries": 100, "seed": 1},
    ),
    Case(
        "bamboohr",
        TapHRMS,
        *("employees", "employees", ["/reports/custom", "/employees/changed"]),
        ("title", "job_title", "Late"),
        "departments",
        key_of=lambda row: f"bamboohr:northbay:{row['id']}",
        config={"sweep_every": "1m"},
        asks_for_fields=True,
    ),
    Case(
        "spotify",
        TapSpotify,
        *("saved_tracks", "saved_tracks", ["/me/tracks"]),
        ("added_at", "added_at", "2026-03-01T00:00:00Z"),
        "saved_albums",
        key="track_id",
        key_of=lambda row: row["track"]["id"],
        keeps_tokens=True,
    ),
    Case(
        "strava",
        TapStrava,
        *("activities", "activities", ["/athlete/activities"]),
        ("name", "name", "Late"),
        "athlete",
        keeps_tokens=True,
    ),
    Case(
        "garmin",
        TapGarmin,
        *("activities", "activities", ["*activities*"]),
        ("name", "activityName", "Late"),
        "sleep",
        key="activityId",
    ),
    Case(
        "timely",
        TapTimely,
        *("hours", "hours", ["/hours"]),
        ("note", "note", "Late"),
        "clients",
        keeps_tokens=True,
    ),
    Case(
        "todoist",
        TapTodoist,
        *("tasks", "tasks", ["/tasks"]),
        ("content", "content", "Late"),
        "projects",
    ),
    *(Case(**found.load()) for found in entry_points(group="worktaps.contract")),
)
"""A new tap is one more of these; one in a package of its own, an entry point."""
