"""Spotify: what a person has played and saved.

Source: Spotify Web API as of August 2026, in the two shapes that apps get since March 2026.
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
    from collections.abc import Iterable

    from singer_sandbox.wire import Answer, Call, Row

_COLLECTIONS: Final = (
    *("tracks", "plays", "saved_tracks", "saved_albums", "playlists", "playlist_items"),
    *("top_tracks", "top_artists"),
)
_SCOPE: Final = (
    "user-read-recently-played user-library-read playlist-read-private "
    "playlist-read-collaborative user-top-read user-read-private"
)
_WINDOW: Final = 50
"""How many plays there are to be had."""
_EXTENDED_ONLY: Final = ("popularity", "available_markets", "linked_from", "followers", "genres")
_REFUSED: Final = {"error": "invalid_grant", "error_description": "Refresh token revoked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotifySettings:
    """How the account is set up.

    Attributes:
        tracks: How many saved tracks to make up.
        seed: Of what is made up.
        extended: Whether the app has extended quota, and with it the older, fuller shape.
        token_seconds: How long access tokens are good for.
        rotate: Whether each refresh replaces the refresh token, as for apps with PKCE.
        scope: What the user has granted.
    """

    tracks: int = 130
    seed: int = 1
    extended: bool = False
    token_seconds: int = 3600
    rotate: bool = False
    scope: str = _SCOPE


class Spotify(TableVendor[SpotifySettings]):
    """One person's account."""

    name: ClassVar[str] = "spotify"
    shaping: ClassVar[frozenset[str]] = frozenset({"tracks", "seed"})
    defaults = SpotifySettings()

    @override
    def start(self, settings: SpotifySettings) -> None:
        """Begin with an app whose tokens nobody has used."""
        super().start(settings)
        self._app = OAuthApp(self._clock, settings.scope, _REFUSED)

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
            "api_url": f"{mount}/v1",
            "accounts_url": f"{mount}/accounts",
        }
        hint = f"refresh_token={REFRESH_TOKEN} token endpoint={mount}/accounts/api/token"
        return {"api_url": f"{mount}/v1", "config": config, "hint": hint}

    @override
    def resource(self, path: str) -> str:
        """Strip the version."""
        return path.removeprefix("/v1")

    @override
    def make_world(self) -> Tables:
        """Make up plays, a library, playlists and favourites."""
        random = Random(self._settings.seed)  # noqa: S311 - made-up data
        now = self._clock.now()
        tables = Tables(_COLLECTIONS, lambda name, n: _new(name, n, self._clock.now()))
        tracks = [tables.add("tracks", {}) for _ in range(self._settings.tracks)]
        for number in range(40):
            played = now - timedelta(minutes=4 * (40 - number))
            tables.add("plays", {"track": random.choice(tracks), "played_at": _ms(played)})
        for number, track in enumerate(tracks):
            added = now - timedelta(days=number, seconds=number)
            tables.add("saved_tracks", {"added_at": _seconds(added), "track": track})
            if number % 5 == 0:
                tables.add("saved_albums", {"added_at": _seconds(added), "album": track["album"]})
        for number in range(4):
            playlist = tables.add("playlists", {"name": f"Playlist {number}"})
            for track in random.sample(tracks, min(60, len(tracks))):
                tables.add("playlist_items", {"playlist_id": playlist["id"], "track": track})
        if tables.rows("playlists"):
            foreign = tables.rows("playlists")[-1]["id"]
            owner = {"id": "somebody", "type": "user", "display_name": "Somebody"}
            tables.edit("playlists", foreign, {"owner": owner})
        for collection in ("top_tracks", "top_artists"):
            for track in random.sample(tracks, min(70, len(tracks))):
                content = track if collection == "top_tracks" else track["artists"][0]
                tables.add(collection, {"content": content})
        return tables

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == "/accounts/authorize":
            return self._app.authorize(call)
        if call.path == "/accounts/api/token":
            settings = self._settings
            token = self._app.token(call, seconds=settings.token_seconds, rotate=settings.rotate)
            if not settings.rotate:
                del token["refresh_token"]
            del token["expires_at"]
            return json_answer({**token, "scope": settings.scope})
        if not self._app.admits(call):
            raise _refused(401, "The access token expired")
        return self._read(call)

    def _read(self, call: Call) -> Answer:
        rows = self.tables.rows
        match self.resource(call.path).strip("/").split("/"):
            case ["me"]:
                return json_answer(
                    {"account_id": "acc-1", "id": "ada", "display_name": "Ada", "type": "user"}
                )
            case ["me", "player", "recently-played"]:
                self._need("user-read-recently-played")
                return self._plays(call)
            case ["me", "tracks" | "albums" as kind]:
                self._need("user-library-read")
                saved = sorted(rows(f"saved_{kind}"), key=lambda row: str(row["added_at"]))
                own = {"id", "album" if kind == "tracks" else "track"}  # of the table alone
                shown = [{name: row[name] for name in row if name not in own} for row in saved]
                return self._page(call, [self._shown(row) for row in reversed(shown)])
            case ["me", "playlists"]:
                return self._page(call, [self._playlist(row) for row in rows("playlists")])
            case ["me", "top", "tracks" | "artists" as kind]:
                self._need("user-top-read")
                shift = ("short_term", "medium_term", "long_term").index(
                    call.query.get("time_range", "medium_term")
                )
                found = [self._shown(row["content"]) for row in rows(f"top_{kind}")]
                return self._page(call, found[shift:] + found[:shift])
            case ["playlists", playlist_id, "items" | "tracks" as kind]:
                return self._items(call, playlist_id, kind)
            case _:
                raise _refused(404, "Resource not found")

    def _plays(self, call: Call) -> Answer:
        query = call.query
        if "after" in query and "before" in query:
            raise _refused(400, "Only one of after and before")
        limit = int(query.get("limit", 20))
        plays = sorted(self.tables.rows("plays"), key=lambda row: str(row["played_at"]))[-_WINDOW:]
        newest = [*reversed(plays)]
        after = int(query.get("after", 0))
        before = int(query.get("before", 1 << 60))
        found = [row for row in newest if after < _epoch_ms(row) < before][:limit]
        cursors = (
            {"after": str(_epoch_ms(found[0])), "before": str(_epoch_ms(found[-1]))}
            if found
            else None
        )
        items = [
            {
                "played_at": row["played_at"],
                "context": row["context"],
                "track": self._shown(row["track"]),
            }
            for row in found
        ]
        return json_answer({"items": items, "limit": limit, "cursors": cursors, "next": None})

    def _items(self, call: Call, playlist_id: str, kind: str) -> Answer:
        playlist = self.tables.find("playlists", playlist_id)
        if playlist is None:
            raise _refused(404, "Resource not found")
        if kind != ("tracks" if self._settings.extended else "items"):
            raise _refused(403, "Forbidden")
        if playlist["owner"]["id"] != "ada" and not self._settings.extended:
            raise _refused(403, "Forbidden")
        name = "track" if self._settings.extended else "item"
        rows = [
            {
                "added_at": row["added_at"],
                "added_by": {"id": "ada"},
                "is_local": False,
                name: self._shown(row["track"]),
            }
            for row in self.tables.rows("playlist_items")
            if row["playlist_id"] == playlist_id
        ]
        return self._page(call, rows)

    def _playlist(self, row: Row) -> Row:
        items = self.tables.rows("playlist_items")
        count = sum(item["playlist_id"] == row["id"] for item in items)
        name = "tracks" if self._settings.extended else "items"
        return {**row, name: {"total": count, "href": "https://api.spotify.example"}}

    def _shown(self, row: Row) -> Row:
        """Leave out what apps in development mode do not get, in depth."""
        if self._settings.extended:
            return row
        return {
            name: self._shown(value) if isinstance(value, dict) else value
            for name, value in row.items()
            if name not in _EXTENDED_ONLY
        }

    def _page(self, call: Call, rows: Iterable[Row]) -> Answer:
        listed = list(rows)
        limit, first = int(call.query.get("limit", 20)), int(call.query.get("offset", 0))
        if not 1 <= limit <= 50:  # noqa: PLR2004 - Spotify's
            raise _refused(400, "Invalid limit")
        after = first + limit
        address = f"{call.mount}{call.path}"
        more = f"{address}?offset={after}&limit={limit}" if after < len(listed) else None
        return json_answer(
            {
                "items": listed[first:after],
                "limit": limit,
                "offset": first,
                "total": len(listed),
                "next": more,
                "previous": None,
            }
        )

    def _need(self, scope: str) -> None:
        if scope not in self._settings.scope.split():
            raise _refused(403, "Insufficient client scope")


def _refused(status: int, message: str) -> Exception:
    return refuse(status, {"error": {"status": status, "message": message}})


def _new(collection: str, number: int, now: datetime) -> Row:
    artist = {
        "id": f"3artist{number % 17:015}",
        "name": f"Artist {number % 17}",
        "type": "artist",
        "genres": ["pop"],
        "popularity": 40,
    }
    album = {
        "id": f"2album{number:016}",
        "name": f"Album {number}",
        "album_type": "album",
        "release_date": "2019",
        "release_date_precision": "year",
        "total_tracks": 11,
        "images": [],
        "artists": [artist],
        "popularity": 30,
    }
    match collection:
        case "tracks":
            identifier = f"1track{number:016}"
            return {
                "id": identifier,
                "uri": f"spotify:track:{identifier}",
                "type": "track",
                "name": f"Track {number}",
                "duration_ms": 201_345,
                "explicit": False,
                "disc_number": 1,
                "track_number": 4,
                "is_local": False,
                "popularity": 50,
                "external_ids": {"isrc": f"XX00026{number:05}"},
                "album": album,
                "artists": [artist],
            }
        case "plays":
            track = _new("tracks", number, now)
            context = {"type": "playlist", "uri": "spotify:playlist:0a"}
            return {"id": str(number), "played_at": _ms(now), "track": track, "context": context}
        case "playlists":
            return {
                "id": f"0list{number:017}",
                "name": "",
                "description": None,
                "type": "playlist",
                "public": True,
                "collaborative": False,
                "snapshot_id": f"snap-{number}",
                "owner": {"id": "ada", "type": "user", "display_name": "Ada"},
            }
        case "playlist_items":
            return {"id": str(number), "playlist_id": "", "added_at": _seconds(now), "track": None}
        case _:
            return {"id": str(number), "added_at": _seconds(now), "album": album}


def _epoch_ms(row: Row) -> int:
    return int(datetime.fromisoformat(row["played_at"]).timestamp() * 1000)


def _ms(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
