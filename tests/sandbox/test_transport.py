"""What every request has to carry, and how requests are refused."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

    from tests.sandbox.conftest import Api


def test_a_request_without_user_agent_is_bad(api: Api) -> None:
    """Harvest wants to know who asks."""
    reply = api.ask("/users/me", headers={"User-Agent": None})

    assert reply.status == 400


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic sandbox-admin"])
def test_a_token_has_to_be_known(api: Api, authorization: str | None) -> None:
    """A missing or unknown token is refused in the shape of OAuth2 errors."""
    reply = api.ask("/users/me", headers={"Authorization": authorization})

    assert reply.status == 401
    assert reply.json["error"] == "invalid_token"
    assert reply.json["error_description"]


@pytest.mark.parametrize("account", [None, "1", "77310"])
def test_a_wrong_account_is_not_found(api: Api, account: str | None) -> None:
    """A foreign account looks as if it did not exist."""
    reply = api.ask("/users/me", headers={"Harvest-Account-Id": account})

    assert reply.status == 404
    assert reply.json == {"status": 404, "error": "Not Found"}


@pytest.mark.parametrize("path", ["/time_entrys", "/v2/time_entries", "/users/me/cost_rates"])
def test_a_mistyped_path_gets_a_web_page(api: Api, path: str) -> None:
    """Nobody may assume that a 404 is JSON."""
    reply = api.ask(path)

    assert reply.status == 404
    assert reply.headers["content-type"].startswith("text/html")


def test_a_missing_row_gets_json(api: Api) -> None:
    """A path that is right, with an id that is not, is answered by the API itself."""
    reply = api.ask("/clients/1")

    assert (reply.status, reply.json["error"]) == (404, "Not Found")


def test_broken_rules_are_told_in_words(api: Api) -> None:
    """Validation errors are one English message."""
    reply = api.ask("/reports/time/team")

    assert reply.status == 422
    assert reply.json == {"message": "From can't be blank, To can't be blank"}


def test_both_spellings_of_the_base_address_answer(api: Api) -> None:
    """The API answers below /v2 and /api/v2, and links keep the spelling."""
    other = api.harvest.api_url.removesuffix("/v2") + "/api/v2/tasks"

    page = api.get(other, per_page=1)

    assert page["tasks"] == api.get("/tasks", per_page=1)["tasks"]
    assert "/harvest/api/v2/tasks?" in page["links"]["next"]


def test_the_date_header_follows_the_sandbox_clock(api: Api, sandbox: Sandbox) -> None:
    """A tap that trusts the server's clock can be tested at any time."""
    sandbox.freeze("2027-01-01T12:00:00Z")

    reply = api.ask("/users/me")

    assert parsedate_to_datetime(reply.headers["date"]) == sandbox.now()


def test_writes_that_are_not_simulated_say_so(api: Api) -> None:
    """A write that the sandbox lacks cannot be mistaken for a success."""
    reply = api.ask("/contacts", method="POST", body={"first_name": "x"})

    assert reply.status == 501
