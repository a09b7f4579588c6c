"""The tap against simulated HR systems, each with one company of 40 people."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tap_hrms.tap import TapHRMS

from tests.conftest import NOW, Run, run

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl, Sandbox

    from tests.conftest import SharedClock

SYSTEMS = ("bamboohr", "customhr", "successfactors", "workday")
DAY = 86_400.0


class RunTap(Protocol):
    """Runs tap-hrms once."""

    def __call__(
        self,
        config: dict[str, Any],
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        """Run with the config of a system, these streams, this state, and further settings."""
        ...


@pytest.fixture
def run_tap(clock: SharedClock) -> RunTap:
    """Run the tap within this process, on the sandbox's clock."""
    tap = type("TapHRMS", (TapHRMS,), {"clock": clock})

    def run_it(
        config: dict[str, Any],
        select: str | list[str] | None = None,
        state: dict[str, Any] | None = None,
        **settings: object,
    ) -> Run:
        return run(tap, copy.deepcopy(config) | settings, select=select, state=state)

    return run_it


def fresh(server: Sandbox, name: str, clock: SharedClock) -> AppControl:
    """Return an HR system with fresh data."""
    assert clock.now() == NOW
    system: AppControl = getattr(server, name)
    system.reset()
    return system


@pytest.fixture(params=SYSTEMS)
def system(
    request: pytest.FixtureRequest, sandbox_server: Sandbox, clock: SharedClock
) -> AppControl:
    """Each of the simulated systems."""
    return fresh(sandbox_server, request.param, clock)


@pytest.fixture
def bamboohr(sandbox_server: Sandbox, clock: SharedClock) -> AppControl:
    """The simulated BambooHR."""
    return fresh(sandbox_server, "bamboohr", clock)


@pytest.fixture
def workday(sandbox_server: Sandbox, clock: SharedClock) -> AppControl:
    """The simulated Workday."""
    return fresh(sandbox_server, "workday", clock)


@pytest.fixture
def successfactors(sandbox_server: Sandbox, clock: SharedClock) -> AppControl:
    """The simulated SuccessFactors."""
    return fresh(sandbox_server, "successfactors", clock)


@pytest.fixture
def customhr(sandbox_server: Sandbox, clock: SharedClock) -> AppControl:
    """The simulated system of a company's own."""
    return fresh(sandbox_server, "customhr", clock)


def by_remote_id(result: Run, stream: str) -> dict[str, dict[str, Any]]:
    """Return the last record of each thing, by the source's id."""
    return result.rows(stream, "remote_id")
