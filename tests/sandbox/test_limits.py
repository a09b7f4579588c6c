"""Request budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

    from tests.sandbox.conftest import Api


def _statuses(api: Api, path: str, count: int) -> list[int]:
    return [api.ask(path).status for _ in range(count)]


def test_the_hundred_and_first_request_is_refused(api: Api, sandbox: Sandbox) -> None:
    """A hundred requests in fifteen seconds are allowed; the next one learns how long to wait."""
    assert set(_statuses(api, "/users/me", 50)) == {200}
    sandbox.advance(4.5)
    assert set(_statuses(api, "/users/me", 50)) == {200}

    refused = api.ask("/users/me")

    assert (refused.status, refused.headers["retry-after"]) == (429, "11")


def test_waiting_as_told_is_enough(api: Api, sandbox: Sandbox) -> None:
    """The window slides: when the oldest request leaves it, there is room for one more."""
    api.harvest.settings(general_limit=2)
    _statuses(api, "/users/me", 1)
    sandbox.advance(10)
    _statuses(api, "/users/me", 1)

    wait_seconds = int(api.ask("/users/me").headers["retry-after"])
    sandbox.advance(wait_seconds)

    assert wait_seconds == 5
    assert _statuses(api, "/users/me", 2) == [200, 429]


def test_reports_have_a_budget_of_their_own(api: Api) -> None:
    """Report requests draw on another, slower budget, and on that alone."""
    api.harvest.settings(general_limit=1, reports_limit=2)

    reports = _statuses(api, "/reports/project_budget", 3)
    refused = api.ask("/reports/project_budget")

    assert reports == [200, 200, 429]
    assert refused.headers["retry-after"] == "900"
    assert _statuses(api, "/users/me", 2) == [200, 429]


def test_tokens_do_not_share_a_budget(api: Api) -> None:
    """Requests are counted per token."""
    api.harvest.settings(general_limit=1)

    assert _statuses(api, "/users/me", 2) == [200, 429]
    assert _statuses(api.as_role("member"), "/users/me", 2) == [200, 429]


def test_limits_can_be_switched_off(api: Api) -> None:
    """Tests about something else need not wait."""
    api.harvest.settings(general_limit=1, rate_limit=False)

    assert _statuses(api, "/users/me", 3) == [200, 200, 200]


def test_the_control_api_is_not_counted(api: Api) -> None:
    """Steering the sandbox costs nothing."""
    api.harvest.settings(general_limit=1)
    for _ in range(3):
        api.harvest.rows("tasks")

    assert _statuses(api, "/users/me", 1) == [200]
    assert len(api.harvest.requests()) == 1
