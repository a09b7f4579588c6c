"""Personal access tokens, OAuth2 apps, and finding the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap


@pytest.fixture
def app(harvest: HarvestControl) -> dict[str, Any]:
    """Settings of an OAuth2 app in place of a personal access token."""
    return {"access_token": None, **harvest.app}


def test_an_app_renews_its_token_and_reads(
    harvest: HarvestControl, run_tap: RunTap, app: dict[str, Any]
) -> None:
    """One exchange serves the whole run."""
    result = run_tap(["clients", "users"], **app)

    assert result.exit_code == 0, result.outcomes
    exchanges = [request for request in harvest.requests() if request.path.endswith("/token")]
    assert len(exchanges) == 1


def test_a_token_that_ends_during_the_run_is_renewed(
    harvest: HarvestControl, run_tap: RunTap, app: dict[str, Any], clock: SharedClock
) -> None:
    """In good time, so that nothing is refused: the token ends while the tap waits."""
    harvest.settings(access_token_seconds=900)
    harvest.fault("status", path="/projects", status=429, headers={"Retry-After": "1100"})

    result = run_tap(["clients", "projects", "users"], concurrency=1, **app)

    assert result.exit_code == 0, result.outcomes
    assert sum(clock.slept) >= 1100
    exchanges = [request for request in harvest.requests() if request.path.endswith("/token")]
    assert len(exchanges) == 2
    assert [request.status for request in harvest.requests() if request.status == 401] == []


def test_a_refused_app_names_its_settings(
    harvest: HarvestControl, run_tap: RunTap, app: dict[str, Any]
) -> None:
    """And the run stops at once."""
    result = run_tap(["clients", "users"], **{**app, "client_secret": "wrong"})

    assert result.exit_code == 1
    assert "client_secret" in result.outcomes["clients"].detail
    assert len(harvest.requests()) == 1


def test_a_token_refused_in_mid_run_is_renewed_once(
    harvest: HarvestControl, run_tap: RunTap, app: dict[str, Any]
) -> None:
    """The request is then sent again."""
    harvest.fault("status", path="/users", status=401)

    result = run_tap(["clients", "users"], **app)

    assert result.exit_code == 0, result.outcomes


def test_the_only_harvest_account_is_found(harvest: HarvestControl, run_tap: RunTap) -> None:
    """Forecast accounts of the same token do not count."""
    result = run_tap("clients", account_id=None)

    assert result.exit_code == 0, result.outcomes
    assert len(result.records("clients")) == len(harvest.rows("clients"))


def test_a_members_run_says_that_it_may_not_see_everything(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Refused streams are unavailable; of time entries there are fewer, and the log says so."""
    result = run_tap(
        ["time_entries", "roles"],
        access_token=harvest.tokens["member"],
        on_stream_error="allow_unavailable",
    )

    assert result.outcomes["roles"].result == "unavailable"
    assert 0 < len(result.records("time_entries")) < 100
    assert "no administrator" in result.log
    assert result.exit_code == 0


def test_each_request_carries_the_headers_that_harvest_requires(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """A configured user agent is sent as it is."""
    run_tap("clients", user_agent="Our pipeline (data@example.com)")

    (request,) = harvest.requests()
    assert request.user_agent == "Our pipeline (data@example.com)"
    assert {"authorization", "harvest-account-id"} <= set(request.header_names)
