"""Spotify's collections, in one shape for both kinds of apps.

Apps in development mode and those with extended quota get other names and fewer or more fields;
records have the names of the former, and null where a field is not given.

Source: Spotify Web API, its OpenAPI document of 2026, and the migration guide of February 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit import Batch
from singer_tapkit.bookmarks import canonical, parse_instant
from singer_tapkit.deletions import DeletionMode
from singer_tapkit.errors import ParentRefusedError, StreamUnavailableError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.schema import (
    Pii,
    embedded,
    field,
    flag,
    instant,
    integer,
    record,
    several,
    text,
    texts,
)
from singer_tapkit.shaped import ShapedStream
from singer_tapkit.shaping import instants
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Record

    from tap_spotify.client import SpotifyClient
    from tap_spotify.tap import TapSpotify

_PAGE: Final = 50
_RANGES: Final = ("short_term", "medium_term", "long_term")
_NOT_YOURS: Final = Rule(
    {403, 404}, Verdict(Action.REFUSE_PARENT, "only owners and collaborators may read its tracks")
)


def _key(name: str, description: str) -> th.Property[Any]:
    return field(name, th.StringType, description, required=True)


def _artists() -> th.Property[Any]:
    return several(
        "artists",
        "Its artists.",
        text("id", "Id."),
        text("name", "Name."),
        text("uri", "URI."),
    )


def _album(name: str = "album") -> th.Property[Any]:
    return embedded(
        name,
        "The album.",
        text("id", "Id."),
        text("uri", "URI."),
        text("name", "Name; may be empty after it was taken down."),
        text("album_type", "album, single or compilation."),
        text("release_date", "A year, a month or a day."),
        text("release_date_precision", "year, month or day."),
        integer("total_tracks", "How many tracks it has."),
        text("label", "Label; for apps with extended quota."),
        integer("popularity", "From 0 to 100; for apps with extended quota."),
        _artists(),
    )


def _track(name: str = "track", description: str = "The track.") -> th.Property[Any]:
    return embedded(
        name,
        description,
        text("id", "Id; null for local files."),
        text("uri", "URI."),
        text("type", "track or episode."),
        text("name", "Name."),
        integer("duration_ms", "Milliseconds."),
        flag("explicit", "Whether the lyrics are explicit."),
        integer("disc_number", "Number of the disc."),
        integer("track_number", "Number on the disc."),
        flag("is_local", "Whether it is a local file."),
        integer("popularity", "From 0 to 100; for apps with extended quota."),
        embedded("external_ids", "Ids elsewhere.", text("isrc", "ISRC."), text("ean", "EAN.")),
        _album(),
        _artists(),
    )


class SpotifyStream(ShapedStream):
    """A collection of one account.

    Attributes:
        scope: What the user has to have granted.
    """

    left_out = ("type", "*.type", "*.images", "*.genres", "*.popularity")
    scope: ClassVar[str]
    _tap: TapSpotify

    @property
    @override
    def client(self) -> SpotifyClient:
        """The tap's one client."""
        return self._tap.client

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        granted = self._tap.granted
        if granted and self.scope not in granted:
            msg = f"the scope {self.scope} was not granted. Run `tap-spotify login`"
            raise StreamUnavailableError(msg)
        for rows in self.answers(reading):
            yield Batch([self.shaped(row) for row in rows])

    def answers(self, reading: Reading) -> Iterator[Sequence[Record]]:
        """Yield records, answer by answer."""
        raise NotImplementedError

    def numbered(
        self, path: str, params: dict[str, str], rules: Sequence[Rule] = ()
    ) -> Iterator[list[Record]]:
        """Read a list by offset to its end; null elements are left out."""
        offset = 0
        while True:
            asked = {**params, "limit": str(_PAGE), "offset": str(offset)}
            answer = self.client.get(path, asked, rules=rules)
            yield self.client.rows(path, answer, "items")
            items, total = answer.get("items"), answer.get("total")
            count = len(items) if isinstance(items, list) else 0
            offset += count
            if not count or (isinstance(total, int) and offset >= total):
                return


class RecentlyPlayed(SpotifyStream):
    """Plays, of which Spotify shows the last fifty only: run this every hour."""

    name = "recently_played"
    scope = "user-read-recently-played"
    primary_keys: ClassVar[Sequence[str]] = ("played_at", "track_id")
    replication_key = "played_at"
    schema = record(
        field("played_at", th.DateTimeType, "When it was played. UTC.", required=True),
        _key("track_id", "Id of the track; its URI for local files."),
        embedded("context", "From where.", text("type", "Kind, as playlist."), text("uri", "URI.")),
        _track(),
    )

    @override
    def answers(self, reading: Reading) -> Iterator[Sequence[Record]]:
        path = "/me/player/recently-played"
        rows = self.client.rows(path, self.client.get(path, {"limit": str(_PAGE)}), "items")
        plays = []
        for row in rows:
            track = row.get("track")
            if row.get("played_at") and isinstance(track, dict):
                plays.append({**row, "track_id": track.get("id") or track.get("uri")})
        plays.sort(key=lambda row: str(row["played_at"]))
        self._warn_of_gap(plays)
        since = canonical(reading.since) if reading.since else ""
        yield [row for row in plays if str(instants()(row["played_at"]) or "") >= since]

    def _warn_of_gap(self, plays: Sequence[Record]) -> None:
        last = self.stream_state.get("replication_key_value")
        if not last or len(plays) < _PAGE:
            return
        oldest = parse_instant(str(plays[0]["played_at"]))
        if oldest > parse_instant(str(last)):
            self.logger.warning(
                "'%s': plays between %s and %s may be lost: Spotify shows the last %d only. "
                "Run it more often",
                self.name,
                last,
                canonical(oldest),
                _PAGE,
            )


class _Library(SpotifyStream):
    """What a user has saved, read in full: Spotify tells no removals otherwise.

    Attributes:
        kind: ``track`` or ``album``.
    """

    scope = "user-library-read"
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    kind: ClassVar[str]

    @override
    def answers(self, reading: Reading) -> Iterator[Sequence[Record]]:
        seen: set[str] = set()
        for rows in self.numbered(f"/me/{self.kind}s", {}):
            new = []
            for row in rows:
                saved = row.get(self.kind)
                if isinstance(saved, dict):
                    key = str(saved.get("id") or saved.get("uri"))
                    if key not in seen:
                        seen.add(key)
                        new.append({**row, f"{self.kind}_id": key})
            yield new


class SavedTracks(_Library):
    """Liked songs."""

    name = "saved_tracks"
    kind = "track"
    primary_keys: ClassVar[Sequence[str]] = ("track_id",)
    schema = record(
        _key("track_id", "Id of the track; its URI for local files."),
        instant("added_at", "When it was saved."),
        _track(),
    )


class SavedAlbums(_Library):
    """Saved albums."""

    name = "saved_albums"
    kind = "album"
    primary_keys: ClassVar[Sequence[str]] = ("album_id",)
    schema = record(
        _key("album_id", "Id of the album."),
        instant("added_at", "When it was saved."),
        _album(),
    )


class Playlists(SpotifyStream):
    """Playlists that the user owns or follows."""

    left_out = ("type", "*.type", "images", "items", "tracks")
    name = "playlists"
    scope = "playlist-read-private"
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    schema = record(
        _key("id", "Id that Spotify gave it."),
        text("uri", "URI."),
        text("name", "Name.", pii=Pii.SENSITIVE),
        text("description", "Description.", pii=Pii.SENSITIVE),
        flag("public", "Whether everybody sees it."),
        flag("collaborative", "Whether others may change it."),
        embedded(
            "owner",
            "Whose it is.",
            text("id", "Id of the user.", pii=Pii.DIRECT),
            text("display_name", "Name.", pii=Pii.DIRECT),
        ),
        text("snapshot_id", "Changes whenever it is edited."),
        integer("items_total", "How many tracks it has."),
    )

    @override
    def answers(self, reading: Reading) -> Iterator[Sequence[Record]]:
        for rows in self.numbered("/me/playlists", {}):
            yield [{**row, "items_total": _total(row)} for row in rows]


class PlaylistItems(SpotifyStream):
    """The tracks of playlists, in order. Others' playlists show theirs to few apps."""

    name = "playlist_items"
    scope = "playlist-read-private"
    primary_keys: ClassVar[Sequence[str]] = ("playlist_id", "position")
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    schema = record(
        _key("playlist_id", "Id of the playlist."),
        field("position", th.IntegerType, "Place in the playlist, from 0.", required=True),
        text("snapshot_id", "Of the playlist."),
        instant("added_at", "When it was added; null for very old ones."),
        embedded("added_by", "Who added it.", text("id", "Id of the user.", pii=Pii.DIRECT)),
        flag("is_local", "Whether it is a local file."),
        _track("item", "The track or episode; null if it was taken down."),
    )

    @override
    def answers(self, reading: Reading) -> Iterator[Sequence[Record]]:
        skipped = 0
        for playlists in self.numbered("/me/playlists", {}):
            for playlist in playlists:
                try:
                    yield from self._of(playlist)
                except ParentRefusedError:
                    skipped += 1
        if skipped:
            self.logger.info("'%s': %d playlists of others were left out", self.name, skipped)

    def _of(self, playlist: Record) -> Iterator[list[Record]]:
        """Read one playlist, under the name that this kind of app has for its tracks."""
        extended = "tracks" in playlist
        path = f"/playlists/{playlist['id']}/{'tracks' if extended else 'items'}"
        position = 0
        for rows in self.numbered(path, {}, (_NOT_YOURS,)):
            found = []
            for row in rows:
                found.append(
                    {
                        **row,
                        "playlist_id": playlist["id"],
                        "snapshot_id": playlist.get("snapshot_id"),
                        "position": position,
                        "item": row.get("track" if extended else "item"),
                    }
                )
                position += 1
            yield found


class _Top(SpotifyStream):
    """Favourites of a day, by rank; every run adds its own, so that history builds up.

    Attributes:
        kind: ``tracks`` or ``artists``.
    """

    scope = "user-top-read"
    primary_keys: ClassVar[Sequence[str]] = ("snapshot_date", "time_range", "rank")
    holds_everything = False
    kind: ClassVar[str]

    @override
    def answers(self, reading: Reading) -> Iterator[Sequence[Record]]:
        today = self._tap.today.isoformat()
        for time_range in _RANGES:
            rank = 0
            for rows in self.numbered(f"/me/top/{self.kind}", {"time_range": time_range}):
                found: list[Record] = []
                for row in rows:
                    rank += 1
                    found.append(
                        {"snapshot_date": today, "time_range": time_range, "rank": rank,
                         self.kind.removesuffix("s"): row}
                    )  # fmt: skip
                yield found


_SNAPSHOT: Final = (
    field("snapshot_date", th.DateType, "Day of the run, in timezone.", required=True),
    _key("time_range", "short_term, four weeks; medium_term, six months; long_term, a year."),
    field("rank", th.IntegerType, "From 1.", required=True),
)


class TopTracks(_Top):
    """The tracks that were played most."""

    name = "top_tracks"
    kind = "tracks"
    schema = record(*_SNAPSHOT, _track())


class TopArtists(_Top):
    """The artists that were played most."""

    name = "top_artists"
    kind = "artists"
    schema = record(
        *_SNAPSHOT,
        embedded(
            "artist",
            "The artist.",
            text("id", "Id."),
            text("uri", "URI."),
            text("name", "Name."),
            texts("genres", "Genres; for apps with extended quota."),
            integer("popularity", "From 0 to 100; for apps with extended quota."),
        ),
    )


def _total(playlist: Record) -> Any:  # noqa: ANN401 - whatever Spotify sends
    counter = playlist.get("items") or playlist.get("tracks")
    return counter.get("total") if isinstance(counter, dict) else None


STREAMS: Final = (
    RecentlyPlayed,
    SavedTracks,
    SavedAlbums,
    Playlists,
    PlaylistItems,
    TopTracks,
    TopArtists,
)
