"""The identity host: token renewal and the list of accounts.

Source: Harvest API v2, "OAuth2 authorization code flow", "Account discovery".
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from singer_sandbox.vendors.harvest.access import viewer_of
from singer_sandbox.vendors.harvest.errors import ApiError, no_such_page
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.access import Tokens
    from singer_sandbox.vendors.harvest.tables import Tables
    from singer_sandbox.wire import Answer, Call

ACCOUNT_ID: Final = 1_340_221
_FORECAST_ACCOUNT_ID: Final = 77_310


def answer_identity(call: Call, resource: str, tokens: Tokens, tables: Tables) -> Answer:
    """Answer a request to the identity host.

    Raises:
        ApiError: If it is refused.
    """
    if (call.method, resource) == ("POST", "/oauth2/token"):
        form = dict(parse_qsl(call.body.decode(errors="replace")))
        if form.get("grant_type") != "refresh_token":
            content = {
                "error": "unsupported_grant_type",
                "error_description": "The sandbox renews tokens; it has nobody to authorize an app",
            }
            raise ApiError(json_answer(content, HTTPStatus.BAD_REQUEST))
        return json_answer(tokens.renew(form))
    if (call.method, resource) == ("GET", "/accounts"):
        viewer = viewer_of(tokens.role(call.token), tables)
        user = tables.row("users", viewer.user_id)
        person = {name: user[name] for name in ("id", "first_name", "last_name", "email")}
        accounts = [
            {"id": _FORECAST_ACCOUNT_ID, "name": "Sandbox Studio", "product": "forecast"},
            {"id": ACCOUNT_ID, "name": "Sandbox Studio", "product": "harvest"},
        ]
        return json_answer({"user": person, "accounts": accounts})
    raise no_such_page()
