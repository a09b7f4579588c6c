"""``tap-x state``: what a state means for the next run, and how to change it for one stream."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from singer_sdk.exceptions import ConfigValidationError

from singer_tapkit.bookmarks import canonical
from singer_tapkit.errors import StreamError
from singer_tapkit.files import JsonObject
from singer_tapkit.keysets import unpack
from singer_tapkit.settings import parse_date
from singer_tapkit.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_tapkit.tap import Tap

_SINGER: Final = "singer_state"
"""Where Meltano keeps a tap's state within its own."""


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file with a Singer state, as it is or as Meltano exports it.

    Attributes:
        path: Of the file.
    """

    path: Path

    def read(self) -> dict[str, Any]:
        """Return its content.

        Raises:
            click.ClickException: If it is none.
        """
        try:
            return _checked(json.loads(self.path.read_text()), str(self.path))
        except OSError as error:
            msg = f"{self.path} cannot be read: {error.strerror}"
            raise click.ClickException(msg) from None
        except ValueError:
            msg = f"{self.path} is no JSON"
            raise click.ClickException(msg) from None

    def write(self, state: dict[str, Any]) -> str:
        """Put another content in its place; the former one stays beside it."""
        kept = self.path.with_suffix(f"{self.path.suffix}.bak")
        shutil.copy2(self.path, kept)
        fresh = self.path.with_suffix(f"{self.path.suffix}.new")
        fresh.write_text(json.dumps(state))
        os.replace(fresh, self.path)  # noqa: PTH105 - atomic, and says so
        return f"{self.path}, the former one in {kept.name}"


@dataclass(frozen=True, slots=True)
class MeltanoState:
    """A state that Meltano keeps.

    Attributes:
        state_id: Its id, as ``prod:tap-harvest-to-target-jsonl``; `meltano state list` has them.
    """

    state_id: str

    def read(self) -> dict[str, Any]:
        """Return it.

        Raises:
            click.ClickException: If Meltano does not have it.
        """
        text = self._meltano("get", self.state_id)
        found = json.loads(text) if text.strip() else {}
        if not found:
            msg = f"Meltano has no state {self.state_id}; `meltano state list` names those it has"
            raise click.ClickException(msg)
        return _checked(found, self.state_id)

    def write(self, state: dict[str, Any]) -> str:
        """Put another one in its place."""
        self._meltano("set", "--force", self.state_id, json.dumps(state))
        return f"Meltano's state {self.state_id}"

    def _meltano(self, *arguments: str) -> str:
        command = ["meltano", "--log-level=error", "state", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        except FileNotFoundError:
            msg = "There is no meltano here. Run it where `meltano state list` works"
            raise click.ClickException(msg) from None
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            msg = f"`meltano state {arguments[0]}` failed: {said}"
            raise click.ClickException(msg) from None
        return done.stdout


def state_group(tap: type[Tap]) -> click.Group:
    """Return the commands ``explain``, ``reset`` and ``set`` for a tap."""

    @click.group(name="state", help=f"What a state of {tap.name} means, and how to change it.")
    def group() -> None:
        """Look at a state, or change it."""

    @group.command()
    @_with_state
    @click.option("--config", type=JsonObject(encoding="utf-8"), help="Settings, JSON.")
    def explain(place: StateFile | MeltanoState, config: dict[str, Any] | None) -> None:
        """Say what the next run will ask for.

        Settings count: without --config they are those of the environment. Nothing is asked.
        """
        made = _made(tap, config, _bookmarks(place.read()))
        for line in explained(made):
            click.echo(line)

    @group.command()
    @click.argument("stream")
    @_with_state
    def reset(stream: str, place: StateFile | MeltanoState) -> None:
        """Let the next run read all of STREAM again.

        The others go on from where they are. Rows that are gone at the source leave the table when
        all of it has been read.
        """
        state = place.read()
        if _bookmarks(state).pop(stream, None) is None:
            raise click.ClickException(_unknown(stream, state))
        click.echo(f"{stream} is read from its start next time: {place.write(state)}")

    @group.command(name="set")
    @click.argument("stream")
    @click.argument("time")
    @_with_state
    def set_(stream: str, time: str, place: StateFile | MeltanoState) -> None:
        """Let the next run of STREAM ask for what is of TIME or later.

        TIME is a day or an instant, UTC unless it says otherwise, as 2026-01-31.
        """
        state = place.read()
        own = _bookmarks(state).get(stream)
        if own is None or not own.get("replication_key"):
            raise click.ClickException(_unknown(stream, state))
        try:
            moment = parse_date(time).astimezone(UTC)
        except ValueError:
            msg = f"{time} is no time. Write 2026-01-31 or 2026-01-31T08:00:00Z"
            raise click.ClickException(msg) from None
        own["replication_key_value"] = canonical(moment)
        own["resume"] = None
        told = f"{stream} has the bookmark {canonical(moment)}"
        click.echo(f"{told}; its lookback comes on top: {place.write(state)}")

    return group


def explained(tap: Tap) -> Iterator[str]:
    """Say of each selected stream what the next run asks for, in words.

    Args:
        tap: With the state; its state is left as it is.
    """
    total = 0
    for name, stream in sorted(tap.streams.items()):
        if not stream.selected or not isinstance(stream, Stream):
            continue
        asked, least = _asked(stream)
        total += least
        yield f"{name}: {asked}"
        yield f"    requests: {least} or more: {requests_of(type(stream))}"
        known = len(unpack(stream.stream_state.get("keys")))
        span = stream.span_of_deletions()
        if known and span:
            yield f"    looks for deletions in {span}, of {known} records known"
    yield f"In all: {total:,} requests or more"
    for name in sorted(tap.state.get("bookmarks", {}).keys() - tap.streams.keys()):
        yield f"{name}: there is a bookmark, but no such stream"


def _asked(stream: Stream) -> tuple[str, int]:
    """Return what the next run asks for, in words, and how many requests that is at least."""
    try:
        reading = stream.next_reading()
    except StreamError as error:
        return f"cannot go on: {error}", 0
    least = stream.least_requests(reading)
    if reading.incremental or reading.position:
        return f"{reading}", least
    if stream.replication_key:
        return f"{reading}; there is no bookmark yet", least
    return "everything, each time", least


def requests_of(stream: type) -> str:
    """Return what a stream, or the kind of stream that it is, says about requests."""
    for kind in stream.__mro__:
        found = re.search(r"Requests: (.+?)\.(?:\s|$)", kind.__doc__ or "", re.DOTALL)
        if found:
            return " ".join(found[1].split())
    return "one per page"


def _with_state(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--state`` and ``--meltano``, and hand on the one that is given."""

    @click.option("--state", "path", type=click.Path(path_type=Path), help="File with the state.")
    @click.option("--meltano", "state_id", metavar="STATE_ID", help="A state that Meltano keeps.")
    def run(path: Path | None, state_id: str | None, **options: object) -> None:
        if (path is None) == (state_id is None):
            msg = "Name the state: either --state FILE or --meltano STATE_ID"
            raise click.UsageError(msg)
        command(place=StateFile(path) if path else MeltanoState(str(state_id)), **options)

    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    run.__click_params__ += getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    return run


def _made(tap: type[Tap], config: dict[str, Any] | None, bookmarks: dict[str, Any]) -> Tap:
    state = {"bookmarks": copy.deepcopy(bookmarks)}
    try:
        return tap.embedded(config or {}, state=state, parse_env_config=config is None)
    except ConfigValidationError as error:
        raise click.ClickException(str(error)) from None


def _bookmarks(state: dict[str, Any]) -> dict[str, Any]:
    inner = state.get(_SINGER, state)
    bookmarks: dict[str, Any] = inner.setdefault("bookmarks", {})
    return bookmarks


def _checked(state: object, place: str) -> dict[str, Any]:
    inner = state.get(_SINGER, state) if isinstance(state, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("bookmarks", {}), dict):
        msg = f"{place} holds no state of a tap: an object with bookmarks by stream"
        raise click.ClickException(msg)
    return state  # type: ignore[return-value]  # an object, as its inner part has shown


def _unknown(stream: str, state: dict[str, Any]) -> str:
    known = ", ".join(
        name for name, own in sorted(_bookmarks(state).items()) if own.get("replication_key")
    )
    return f"The state has no bookmark of {stream}. It has some of: {known or 'no stream'}"
