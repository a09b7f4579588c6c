"""Fixtures: a simulated vendor, and a tap that reads it."""

from __future__ import annotations

import copy
import io
import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import pytest
from singer_sandbox.client import running_sandbox
from singer_tapkit.clock import FakeClock
from singer_tapkit.message_writer import MessageWriter
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import ClickUpControl, HarvestControl, Sandbox
    from singer_tapkit import Tap
    from singer_tapkit.outcomes import Outcome


NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(slots=True)
class Run:
    """What a run of a tap wrote, and how it ended."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    exit_code: int = 0
    log: str = ""

    @property
    def state(self) -> dict[str, Any]:
        """The last state, as the next run would get it."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return copy.deepcopy(states[-1]) if states else {}

    def records(self, stream: str) -> list[dict[str, Any]]:
        """The records of one stream, in order."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def rows(self, stream: str, key: str = "id") -> dict[Any, dict[str, Any]]:
        """What a table would hold: the last record of each key."""
        return {record[key]: record for record in self.records(stream)}

    def bookmark(self, stream: str) -> str | None:
        """The bookmark of one stream."""
        value: str | None = self.state["bookmarks"][stream].get("replication_key_value")
        return value


class LogKeeper(logging.Handler):
    """Keeps everything that is logged, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def run(
    tap_class: type[Tap],
    config: dict[str, Any],
    *,
    select: str | list[str] | None = None,
    state: dict[str, Any] | None = None,
) -> Run:
    """Run a tap within this process.

    Args:
        tap_class: The tap.
        config: Its settings.
        select: Streams to read; those selected by default if absent.
        state: State of the run before.
    """
    result = Run()
    output = io.BytesIO()
    keeper = LogKeeper()
    root = logging.getLogger()
    level = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    try:
        tap = tap_class(
            config=dict(config),
            state=copy.deepcopy(state),
            message_writer=MessageWriter(output),
        )
        if select is not None:
            wanted = [select] if isinstance(select, str) else select
            for name, stream in tap.streams.items():
                stream.selected = name in wanted
        tap.sync_all()
        result.exit_code = tap.report()
        result.outcomes = {outcome.stream: outcome for outcome in tap.outcomes}
        tap.overlap.close()
    finally:
        root.removeHandler(keeper)
        root.setLevel(level)
        result.log = "\n".join(keeper.lines)
        result.messages = [json.loads(line) for line in output.getvalue().splitlines()]
    return result


class SharedClock(FakeClock):
    """The tap's clock and the sandbox's as one: whoever sleeps moves both, and nobody waits."""

    def __init__(self, server: Sandbox, now: datetime) -> None:
        super().__init__(now)
        self._server = server
        self._moving = Lock()
        server.freeze(now)

    @override
    def advance(self, seconds: float) -> None:
        with self._moving:
            self._server.advance(seconds)
            super().advance(seconds)

    def rewind(self) -> None:
        """Go back to the start, as for a second run at the same time."""
        with self._moving:
            self._elapsed = 0.0
            self._server.freeze(self._start)

    @override
    def monotonic(self) -> float:
        with self._moving:  # nobody's clock may be ahead of the server's
            return super().monotonic()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    """One server for the session."""
    with running_sandbox(entries=100) as server:
        yield server


@pytest.fixture
def clock(sandbox_server: Sandbox) -> SharedClock:
    """The time, standing still until somebody sleeps or moves it."""
    return SharedClock(sandbox_server, NOW)


@pytest.fixture
def sandbox(sandbox_server: Sandbox, clock: SharedClock) -> Sandbox:
    """The server with fresh, small data."""
    assert clock.now() == NOW
    sandbox_server.harvest.reset(entries=100, seed=1)
    return sandbox_server


@pytest.fixture
def harvest(sandbox: Sandbox) -> HarvestControl:
    """The simulated Harvest account: 100 time entries and what belongs to them."""
    return sandbox.harvest


@pytest.fixture
def clickup(sandbox_server: Sandbox, clock: SharedClock) -> ClickUpControl:
    """The simulated ClickUp: two workspaces with 200 time entries."""
    assert clock.now() == NOW
    sandbox_server.clickup.reset(entries=200, seed=1)
    return sandbox_server.clickup
