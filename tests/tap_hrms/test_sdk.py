"""The SDK's own tests of a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_hrms.tap import TapHRMS

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

CONFIG: dict[str, Any] = {"system": "bamboohr", "bamboohr": {"subdomain": "-", "api_key": "-"}}
"""Filled once the sandbox's address is known."""


@pytest.fixture(scope="class", autouse=True)
def account(sandbox_server: Sandbox) -> None:
    """Point the tests to fresh data."""
    sandbox_server.bamboohr.reset()
    CONFIG.update(sandbox_server.bamboohr.config())


TestTapHRMS = pytest.mark.filterwarnings("ignore::UserWarning")(
    get_tap_test_class(
        TapHRMS,
        config=CONFIG,
        parse_env_config=False,
        suite_config=SuiteConfig(max_records_limit=20),
    )
)
