"""Spotify: a window of fifty plays, two shapes, and snapshots of favourites."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

    from tests.conftest import SharedClock
    from tests.personal.conftest import RunTap


def play(spotify: AppControl, at: datetime) -> None:
    """Play something."""
    text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    spotify.add("plays", played_at=text)


def test_plays_come_once_and_in_order(spotify: AppControl, run_tap: RunTap) -> None:
    """A second run brings what was played since."""
    first = run_tap("spotify", "recently_played")
    times = [row["played_at"] for row in first.records("recently_played")]
    assert len(times) == 40
    assert times == sorted(times)
    play(spotify, NOW + timedelta(minutes=5))

    second = run_tap("spotify", "recently_played", first.state)

    assert len(second.records("recently_played")) <= 2
    assert second.records("recently_played")[-1]["played_at"] > times[-1]
    assert "may be lost" not in second.log


def test_a_possible_gap_is_warned_of(
    spotify: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """When all fifty plays are newer than the last one known."""
    first = run_tap("spotify", "recently_played")
    for minute in range(60):
        play(spotify, NOW + timedelta(minutes=minute + 1))
    clock.advance(7200)

    second = run_tap("spotify", "recently_played", first.state)

    assert len(second.records("recently_played")) == 50
    assert "may be lost: Spotify shows the last 50 only" in second.log
    assert second.exit_code == 0


@pytest.mark.parametrize("extended", [False, True])
def test_both_kinds_of_apps_give_the_same_records(
    spotify: AppControl, run_tap: RunTap, *, extended: bool
) -> None:
    """But for fields that only one of them gets."""
    spotify.reset(extended=extended)

    result = run_tap("spotify")

    assert result.exit_code == 0
    tracks = result.rows("saved_tracks", "track_id")
    assert len(tracks) == 130
    popularity = {row["track"]["popularity"] for row in tracks.values()}
    assert popularity == ({50} if extended else {None})
    items = result.records("playlist_items")
    assert len(items) == (240 if extended else 180), "others' playlists are shown to few apps"
    assert all(row["item"]["name"] for row in items)
    assert {row["items_total"] for row in result.records("playlists")} == {60}


def test_what_is_no_longer_saved_gets_a_tombstone(spotify: AppControl, run_tap: RunTap) -> None:
    """Spotify tells of no removal."""
    first = run_tap("spotify", "saved_tracks")
    removed = spotify.rows("saved_tracks")[3]
    spotify.delete("saved_tracks", removed["id"])

    second = run_tap("spotify", "saved_tracks", first.state)

    assert second.outcomes["saved_tracks"].tombstones == 1
    rows = second.rows("saved_tracks", "track_id")
    assert rows[removed["track"]["id"]]["_sdc_deleted_at"]


def test_favourites_build_up_a_history(run_tap: RunTap, clock: SharedClock) -> None:
    """The day of the run is part of the key, so no day replaces another."""
    first = run_tap("spotify", "top_tracks")
    clock.advance(86400)
    second = run_tap("spotify", "top_tracks", first.state)

    rows = [*first.records("top_tracks"), *second.records("top_tracks")]
    keys = {(row["snapshot_date"], row["time_range"], row["rank"]) for row in rows}
    assert len(keys) == len(rows) == 2 * 3 * 70
    assert not [one for one in second.messages if one["type"] == "ACTIVATE_VERSION"]


def test_a_scope_that_was_not_granted_is_named(spotify: AppControl, run_tap: RunTap) -> None:
    """The other streams go on."""
    spotify.reset(scope="user-library-read")

    result = run_tap("spotify", ["saved_albums", "top_artists"])

    assert result.outcomes["saved_albums"].result == "complete"
    assert "user-top-read was not granted" in result.outcomes["top_artists"].detail


def test_a_token_that_ends_in_mid_run_is_renewed(spotify: AppControl, run_tap: RunTap) -> None:
    """Also with apps whose refresh token is replaced each time."""
    spotify.settings(rotate=True)
    spotify.fault("status", "/me/tracks", skip=1, status=401)

    result = run_tap("spotify", "saved_tracks")

    assert result.exit_code == 0
    assert len(result.rows("saved_tracks", "track_id")) == 130
    issued = [call for call in spotify.requests() if call.path == "/accounts/api/token"]
    assert len(issued) == 2


def test_hours_of_silence_end_the_stream(spotify: AppControl, run_tap: RunTap) -> None:
    """Short waits are waited for."""
    spotify.fault("status", "/me/tracks", status=429, headers={"Retry-After": "30"})
    assert run_tap("spotify", "saved_tracks").outcomes["saved_tracks"].waited_seconds >= 30
    spotify.fault("status", "/me/tracks", status=429, headers={"Retry-After": "19056"})

    outcome = run_tap("spotify", "saved_tracks").outcomes["saved_tracks"]

    assert "wants 318 minutes of silence. Nothing is lost" in outcome.detail


def test_an_authorization_that_ends_soon_is_told(run_tap: RunTap, clock: SharedClock) -> None:
    """Six months after the user has said yes."""
    assert "ends this authorization" not in run_tap("spotify", "top_artists").log
    clock.advance(170 * 86400)

    log = run_tap("spotify", "top_artists").log

    assert "Spotify ends this authorization about 2026-08-31" in log
    assert "tap-spotify login" in log
