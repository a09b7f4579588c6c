"""Harvest as one vendor of the sandbox."""

from __future__ import annotations

import re
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final

from singer_sandbox.limits import SlidingWindow
from singer_sandbox.settings import changed
from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.harvest.access import APP, TOKENS, Tokens, viewer_of
from singer_sandbox.vendors.harvest.errors import ApiError, no_such_page, plain_refusal
from singer_sandbox.vendors.harvest.identity import ACCOUNT_ID, answer_identity
from singer_sandbox.vendors.harvest.routes import Asked, Route, route_for
from singer_sandbox.vendors.harvest.settings import SHAPING, HarvestSettings
from singer_sandbox.vendors.harvest.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.wire import Answer, Call, Row

_API: Final = re.compile(r"(/api)?/v2(?=/)")
_IDENTITY: Final = re.compile(r"/id/api/v2(?=/)")


class Harvest:
    """A Harvest account, its API and its identity host.

    Args:
        clock: Of the sandbox.
        settings: Those that differ from the defaults; resets return to them.

    Raises:
        RefusedError: If a setting is unknown or its value wrong.
    """

    name: ClassVar[str] = "harvest"
    common: ClassVar[frozenset[str]] = frozenset({"entries", "seed", "rate_limit"})

    def __init__(self, clock: SandboxClock, settings: Mapping[str, object]) -> None:
        self._clock = clock
        self._first_settings = changed(HarvestSettings(), settings)
        self._start(self._first_settings)

    def answer(self, call: Call) -> Answer:
        """Answer a request."""
        try:
            if not call.headers.get("user-agent", "").strip():
                raise plain_refusal(HTTPStatus.BAD_REQUEST)
            if match := _IDENTITY.match(call.path):
                resource = call.path[match.end() :]
                return answer_identity(call, resource, self._tokens, self._world.tables)
            return self._answer_api(call)
        except ApiError as error:
            return error.answer

    def resource(self, path: str) -> str:
        """Strip the version of the API, or of the identity host."""
        match = _API.match(path) or _IDENTITY.match(path)
        return path[match.end() :] if match else path

    def describe(self, mount: str) -> Row:
        """Tell addresses, the account, tokens by role and the OAuth2 app."""
        api_url = f"{mount}/v2"
        return {
            "api_url": api_url,
            "identity_url": f"{mount}/id",
            "account_id": str(ACCOUNT_ID),
            "tokens": TOKENS,
            "app": APP,
            "hint": f"settings of tap-harvest: api_url={api_url} identity_url={mount}/id "
            f"access_token={TOKENS['administrator']} account_id={ACCOUNT_ID}",
        }

    def settings(self) -> Row:
        """Return all settings by name."""
        return asdict(self._world.settings)

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Change settings and keep the data."""
        settings = changed(self._world.settings, changes)
        shaping = sorted(SHAPING & changes.keys())
        if shaping:
            msg = f"{' and '.join(shaping)}: only a reset can change the data's shape"
            raise RefusedError(msg)
        self._world.settings = self._tokens.settings = settings
        self._limit(settings)

    def reset(self, changes: Mapping[str, object]) -> None:
        """Return to the settings of the start but for the changes, and make new data."""
        self._start(changed(self._first_settings, changes))

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection as an administrator sees them."""
        return self._world.rows(collection)

    def get(self, collection: str, row_id: int | str) -> Row:
        """Return one row as an administrator sees it."""
        return self._world.get(collection, int(row_id))

    def add(self, collection: str, fields: Mapping[str, object]) -> Row:
        """Add a row."""
        return self._world.add(collection, fields)

    def edit(self, collection: str, row_id: int | str, fields: Mapping[str, object]) -> Row:
        """Change a row."""
        return self._world.edit(collection, int(row_id), fields)

    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row and whatever cannot be without it."""
        self._world.delete(collection, int(row_id))

    def _start(self, settings: HarvestSettings) -> None:
        self._world = World(settings, self._clock)
        self._tokens = Tokens(settings, self._clock)
        self._limit(settings)

    def _limit(self, settings: HarvestSettings) -> None:
        self._general = SlidingWindow(
            settings.general_limit, settings.general_period_seconds, self._clock
        )
        self._reports = SlidingWindow(
            settings.reports_limit, settings.reports_period_seconds, self._clock
        )

    def _answer_api(self, call: Call) -> Answer:
        match = _API.match(call.path)
        found = route_for(call.method, call.path[match.end() :]) if match else None
        if found is None:
            raise no_such_page()
        route, ids = found
        role = self._tokens.role(call.token)
        if call.headers.get("harvest-account-id") != str(ACCOUNT_ID):
            raise plain_refusal(HTTPStatus.NOT_FOUND)
        self._count(call, route)
        settings = self._world.settings
        if role not in route.roles or (route.module and not getattr(settings, route.module)):
            raise plain_refusal(HTTPStatus.FORBIDDEN)
        viewer = viewer_of(role, self._world.tables)
        return route.answer(Asked(self._world, viewer, call, ids))

    def _count(self, call: Call, route: Route) -> None:
        """Draw on the budget of the token.

        Raises:
            ApiError: If it is used up.
        """
        if not self._world.settings.rate_limit:
            return
        window = self._reports if route.is_report else self._general
        wait_seconds = window.refuse(call.token or "")
        if wait_seconds is not None:
            headers = {"Retry-After": str(wait_seconds)}
            raise plain_refusal(HTTPStatus.TOO_MANY_REQUESTS, headers)
