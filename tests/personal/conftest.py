"""The taps for one person's accounts, against simulated vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tap_garmin.tap import TapGarmin
from tap_spotify.tap import TapSpotify
from tap_strava.tap import TapStrava
from tap_timely.tap import TapTimely
from tap_todoist.tap import TapTodoist

from tests.conftest import NOW, Run, run

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import AppControl, Sandbox
    from singer_tapkit import Tap

    from tests.conftest import SharedClock

TAPS: dict[str, type[Tap]] = {
    "garmin": TapGarmin,
    "spotify": TapSpotify,
    "strava": TapStrava,
    "timely": TapTimely,
    "todoist": TapTodoist,
}


class RunTap(Protocol):
    """Runs a tap once."""

    def __call__(
        self,
        name: str,
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        """Run the tap of a vendor, with settings beside those of the account."""
        ...


def account(sandbox: Sandbox, name: str) -> AppControl:
    """Return a vendor of the sandbox."""
    control: AppControl = getattr(sandbox, name)
    return control


@pytest.fixture
def personal(sandbox_server: Sandbox, clock: SharedClock) -> Sandbox:
    """The server with fresh data of these vendors."""
    assert clock.now() == NOW
    for name in TAPS:
        account(sandbox_server, name).reset()
    return sandbox_server


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """Where taps keep tokens."""
    return tmp_path / "tokens" / "tokens.json"


@pytest.fixture
def run_tap(personal: Sandbox, clock: SharedClock, token_file: Path) -> RunTap:
    """Run a tap within this process, on the sandbox's clock."""

    def run_it(
        name: str,
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        tap = type(TAPS[name].__name__, (TAPS[name],), {"clock": clock})
        config = account(personal, name).config() | settings
        if name in ("spotify", "strava", "timely"):
            config = {"token_store": str(token_file), **config}
        return run(tap, config, select=select, state=state)

    return run_it


@pytest.fixture
def timely(personal: Sandbox) -> AppControl:
    """The simulated Timely."""
    return personal.timely


@pytest.fixture
def todoist(personal: Sandbox) -> AppControl:
    """The simulated Todoist."""
    return personal.todoist


@pytest.fixture
def strava(personal: Sandbox) -> AppControl:
    """The simulated Strava."""
    return personal.strava


@pytest.fixture
def spotify(personal: Sandbox) -> AppControl:
    """The simulated Spotify."""
    return personal.spotify


@pytest.fixture
def garmin(personal: Sandbox) -> AppControl:
    """The simulated Garmin."""
    return personal.garmin
