"""The identity host: accounts and token renewal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import Sandbox

    from tests.sandbox.conftest import Api, Reply


def _renew(api: Api, **changes: str) -> Reply:
    form = {**api.harvest.app, "grant_type": "refresh_token", **changes}
    return api.ask(
        f"{api.harvest.identity_url}/api/v2/oauth2/token",
        method="POST",
        body=urlencode(form).encode(),
        headers={"Authorization": None, "Harvest-Account-Id": None},
    )


def _me(api: Api, token: str) -> int:
    return api.ask("/users/me", headers={"Authorization": f"Bearer {token}"}).status


def test_renewal_issues_a_token_that_works(api: Api) -> None:
    """The app trades its refresh token for an access token of fourteen days."""
    answer = _renew(api).json

    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 1_209_600)
    assert answer["refresh_token"] == api.harvest.app["refresh_token"]
    assert _me(api, answer["access_token"]) == 200


def test_issued_tokens_run_out_on_the_sandbox_clock(api: Api, sandbox: Sandbox) -> None:
    """An access token is good until its time is over, and not a second longer."""
    api.harvest.settings(access_token_seconds=3600)
    token = _renew(api).json["access_token"]

    sandbox.advance(3599)
    before = _me(api, token)
    sandbox.advance(1)

    assert (before, _me(api, token)) == (200, 401)


@pytest.mark.parametrize(
    ("field", "error"),
    [
        ("client_id", "invalid_client"),
        ("client_secret", "invalid_client"),
        ("refresh_token", "invalid_grant"),
    ],
)
def test_wrong_credentials_are_refused(api: Api, field: str, error: str) -> None:
    """Each part of the app's credentials has to be right."""
    reply = _renew(api, **{field: "wrong"})

    assert (reply.status, reply.json["error"]) == (401, error)


def test_refresh_tokens_can_be_replaced_on_use(api: Api) -> None:
    """With rotation on, a refresh token works once."""
    api.harvest.settings(rotate_refresh_token=True)

    fresh = _renew(api).json["refresh_token"]

    assert fresh != api.harvest.app["refresh_token"]
    assert _renew(api).status == 401
    assert _renew(api, refresh_token=fresh).status == 200


def test_other_grants_are_not_simulated(api: Api) -> None:
    """There is nobody who could authorize an app."""
    assert _renew(api, grant_type="authorization_code").status == 400


def test_the_identity_host_needs_a_user_agent_too(api: Api) -> None:
    """Renewal without a user agent is as bad as any request without one."""
    reply = api.ask(
        f"{api.harvest.identity_url}/api/v2/oauth2/token",
        method="POST",
        body=urlencode({**api.harvest.app, "grant_type": "refresh_token"}).encode(),
        headers={"User-Agent": None},
    )

    assert reply.status == 400


def test_accounts_are_of_two_products(api: Api) -> None:
    """A token opens a Forecast account besides, so that nobody may take the first one."""
    reply = api.ask(
        f"{api.harvest.identity_url}/api/v2/accounts", headers={"Harvest-Account-Id": None}
    )

    accounts = {row["product"]: str(row["id"]) for row in reply.json["accounts"]}
    assert accounts["harvest"] == api.harvest.account_id
    assert set(accounts) == {"harvest", "forecast"}
    assert reply.json["accounts"][0]["product"] == "forecast"
    assert reply.json["user"]["id"] == api.get("/users/me")["id"]
