"""What goes wrong is said, concerns one stream only, and loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.conftest import SharedClock
    from tests.tap_harvest.conftest import RunTap


def test_refused_credentials_stop_the_run_at_once(harvest: HarvestControl, run_tap: RunTap) -> None:
    """One request, and the name of the setting to check."""
    result = run_tap(access_token="wrong")

    assert len(harvest.requests()) == 1
    assert result.exit_code == 1
    assert {outcome.result for outcome in result.outcomes.values()} == {"failed"}
    assert "Check access_token" in result.outcomes["users"].detail


@pytest.mark.parametrize("mode", ["fail", "allow_unavailable", "continue"])
def test_a_stream_without_permission_is_unavailable_and_the_others_complete(
    harvest: HarvestControl, run_tap: RunTap, mode: str
) -> None:
    """The exit code is the user's choice."""
    harvest.fault("status", path="/invoices", status=403, times=None)

    result = run_tap(["invoices", "clients", "users"], on_stream_error=mode)

    assert result.outcomes["invoices"].result == "unavailable"
    assert result.outcomes["clients"].result == "complete"
    assert result.outcomes["users"].result == "complete"
    assert result.exit_code == (1 if mode == "fail" else 0)
    assert len(harvest.requests()) == 3


@pytest.mark.parametrize("mode", ["fail", "allow_unavailable", "continue"])
def test_nothing_available_at_all_is_a_failure(
    harvest: HarvestControl, run_tap: RunTap, mode: str
) -> None:
    """A green run without a row would be a lie."""
    harvest.fault("status", status=403, times=None)

    assert run_tap(on_stream_error=mode).exit_code == 1


def test_a_validation_error_is_never_tried_again(harvest: HarvestControl, run_tap: RunTap) -> None:
    """422 will be 422 again."""
    harvest.fault("status", path="/clients", status=422, times=None)

    result = run_tap(["clients", "users"])

    assert sum(request.path.endswith("/clients") for request in harvest.requests()) == 1
    assert "HTTP 422" in result.outcomes["clients"].detail
    assert result.outcomes["users"].result == "complete"


@pytest.mark.parametrize("kind", ["truncate", "html", "drop", "reset"])
def test_a_broken_answer_is_tried_again(
    harvest: HarvestControl, run_tap: RunTap, kind: str
) -> None:
    """The next attempt brings the real one."""
    harvest.fault(kind, path="/time_entries", skip=3, times=2)

    result = run_tap("time_entries", page_size=30)

    assert result.exit_code == 0, result.outcomes
    assert len(result.rows("time_entries")) == 100


@pytest.mark.parametrize("kind", ["truncate", "html", "drop", "reset", "status"])
def test_an_answer_that_stays_broken_is_a_clear_error_and_moves_no_bookmark(
    harvest: HarvestControl, run_tap: RunTap, clock: SharedClock, kind: str
) -> None:
    """Five attempts, then the stream failed; the others go on, and the next run has it all."""
    first = run_tap(["time_entries", "users"])
    clock.advance(3600 * 24)
    added = harvest.add("time_entries", spent_date="2026-03-01")
    harvest.clear_requests()
    harvest.fault(kind, path="/time_entries", times=None)

    broken = run_tap(["time_entries", "users"], first.state)
    harvest.clear_faults()
    healed = run_tap(["time_entries", "users"], broken.state)

    assert broken.outcomes["time_entries"].result == "failed"
    assert "given up after 5 attempts" in broken.outcomes["time_entries"].detail
    assert broken.bookmark("time_entries") == first.bookmark("time_entries")
    assert broken.outcomes["users"].result == "complete"
    assert broken.exit_code == 1
    assert added["id"] in healed.rows("time_entries")


def test_a_wrong_account_is_a_clear_error(harvest: HarvestControl, run_tap: RunTap) -> None:
    """404 on a list means account or address, and an HTML page does not upset anybody."""
    result = run_tap("clients", account_id="999")

    assert "Check account_id and api_url" in result.outcomes["clients"].detail
    assert harvest.requests()


def test_a_web_page_instead_of_the_api_is_a_clear_error(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """As from a mistyped address."""
    result = run_tap("clients", api_url=harvest.api_url + "/nowhere")

    assert "HTTP 404" in result.outcomes["clients"].detail


def test_a_next_link_to_another_host_is_not_followed(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """The token stays at home, and nothing of the stream counts as read."""
    harvest.fault("foreign_link", path="/projects", times=None, host="http://localhost:1")

    result = run_tap("projects", page_size=3)

    assert "another host" in result.outcomes["projects"].detail
    assert result.bookmark("projects") is None
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("patch", "cause"),
    [
        ({"remove": ["links"]}, "does not say whether a page follows"),
        ({"merge": {"links": {"next": 2}}}, "neither an address nor null"),
        ({"remove": ["clients"]}, "no list named clients"),
    ],
)
def test_an_envelope_that_makes_no_sense_is_an_error(
    harvest: HarvestControl, run_tap: RunTap, patch: dict[str, Any], cause: str
) -> None:
    """Taking it for the end of the list would lose the rest."""
    harvest.fault("patch", path="/clients", times=None, **patch)

    assert cause in run_tap("clients").outcomes["clients"].detail


def test_pages_that_run_in_circles_are_an_error(harvest: HarvestControl, run_tap: RunTap) -> None:
    """A repeated next link would never end."""
    circle = harvest.api_url + "/projects?page=2&per_page=3"
    harvest.fault("patch", path="/projects", times=None, merge={"links": {"next": circle}})

    assert "was read before" in run_tap("projects", page_size=3).outcomes["projects"].detail


@pytest.mark.parametrize("after", ["clients", "projects"])
def test_one_broken_stream_leaves_the_others_complete(
    harvest: HarvestControl, run_tap: RunTap, after: str
) -> None:
    """Streams before and after it are read to their end."""
    harvest.fault("status", path=f"/{after}", status=500, times=None)

    result = run_tap()

    failed = {name for name, outcome in result.outcomes.items() if outcome.result != "complete"}
    assert failed == {after}
    assert result.exit_code == 1


def test_all_faults_of_a_config_are_named_before_any_request(
    harvest: HarvestControl, run_tap: RunTap
) -> None:
    """Misspelt setting, bad date, range the wrong way round, lonely partner."""
    with pytest.raises(ConfigValidationError) as caught:
        run_tap(
            acount_id="1",
            start_date="2025-02-01",
            end_date="2025-01-01",
            lookback="soon",
            client_id="app",
        )

    message = str(caught.value)
    for name in ("acount_id", "end_date", "lookback", "client_secret and refresh_token"):
        assert name in message
    assert "Did you mean account_id?" in message
    assert harvest.requests() == []
