"""The SDK's own tests of a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_clickup.tap import TapClickUp

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

CONFIG: dict[str, Any] = {"api_token": "pk_-", "requests_per_minute": 10_000}
"""Filled once the sandbox's address is known."""


@pytest.fixture(scope="class", autouse=True)
def account(sandbox_server: Sandbox) -> None:
    """Point the tests to fresh data."""
    sandbox_server.clickup.reset(entries=100, seed=1, rate_limit=False, plan="enterprise")
    CONFIG.update(sandbox_server.clickup.config())


TestTapClickUp = pytest.mark.filterwarnings("ignore::UserWarning")(
    get_tap_test_class(
        TapClickUp,
        config=CONFIG,
        parse_env_config=False,
        suite_config=SuiteConfig(
            max_records_limit=20, ignore_no_records_for_streams=["time_entry_history"]
        ),
    )
)
