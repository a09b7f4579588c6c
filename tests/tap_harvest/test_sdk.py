"""The SDK's own tests of a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_harvest.tap import TapHarvest

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

CONFIG: dict[str, Any] = {"access_token": "-", "requests_per_period": 10_000}
"""Filled once the sandbox's address is known."""


@pytest.fixture(scope="class", autouse=True)
def account(sandbox_server: Sandbox) -> None:
    """Point the tests to fresh data."""
    sandbox_server.harvest.reset(entries=100, seed=1, rate_limit=False)
    CONFIG.update(sandbox_server.harvest.config())


TestTapHarvest = get_tap_test_class(
    TapHarvest,
    config=CONFIG,
    parse_env_config=False,
    suite_config=SuiteConfig(max_records_limit=20),
)
