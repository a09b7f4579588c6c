"""ClickUp as one vendor of the sandbox."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sandbox.limits import SlidingWindow
from singer_sandbox.settings import changed
from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.clickup.errors import ApiError, unknown
from singer_sandbox.vendors.clickup.routes import answer
from singer_sandbox.vendors.clickup.settings import SHAPING, ClickUpSettings
from singer_sandbox.vendors.clickup.webhooks import Webhooks
from singer_sandbox.vendors.clickup.world import CLOSED, FIRST, SECOND, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.wire import Answer, Call, Row

_PERSONAL: Final = "pk_sandbox"
_OAUTH: Final = "sandbox-oauth"
_PERIOD_SECONDS: Final = 60
_HEADERS_MISSING_EVERY: Final = 33


class ClickUp:
    """Workspaces of ClickUp, and their API.

    Args:
        clock: Of the sandbox.
        settings: Those that differ from the defaults; resets return to them.

    Raises:
        RefusedError: If a setting is unknown or its value wrong.
    """

    name: ClassVar[str] = "clickup"
    common: ClassVar[frozenset[str]] = frozenset({"entries", "seed", "rate_limit"})
    _settings: ClickUpSettings

    def __init__(self, clock: SandboxClock, settings: Mapping[str, object]) -> None:
        self._clock = clock
        self._first_settings = changed(ClickUpSettings(), settings)
        self._start(self._first_settings)

    @cached_property
    def _webhooks(self) -> Webhooks:
        """The data, and who is told of changes; made when first asked for."""
        return Webhooks(World(self._settings, self._clock))

    @property
    def _world(self) -> World:
        return self._webhooks.world

    def answer(self, call: Call) -> Answer:
        """Answer a request, with the state of the caller's budget in the headers."""
        headers: dict[str, str] = {}
        try:
            personal = self._personal(call)
            self._count(call, headers)
            asked_for = f"{call.method} {call.path.removeprefix('/api')}"
            given = answer(asked_for, self._webhooks, call, personal=personal)
        except ApiError as error:
            given = error.answer
        return replace(given, headers={**given.headers, **headers})

    def resource(self, path: str) -> str:
        """Strip the version of the API."""
        for start in ("/api/v2", "/api/v3"):
            if path.startswith(start):
                return path.removeprefix(start)
        return path

    def describe(self, mount: str) -> Row:
        """Tell the address, the tokens and the workspaces."""
        return {
            "api_url": f"{mount}/api",
            "tokens": {"personal": _PERSONAL, "oauth": _OAUTH},
            "workspaces": {"first": FIRST, "second": SECOND, "closed": CLOSED},
            "hint": f"settings of tap-clickup: api_url={mount}/api api_token={_PERSONAL}",
        }

    def settings(self) -> Row:
        """Return all settings by name."""
        return asdict(self._settings)

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Change settings and keep the data."""
        settings = changed(self._settings, changes)
        shaping = sorted(SHAPING & changes.keys())
        if shaping:
            msg = f"{' and '.join(shaping)}: only a reset can change the data's shape"
            raise RefusedError(msg)
        self._settings = self._world.settings = settings
        self._limit()

    def reset(self, changes: Mapping[str, object]) -> None:
        """Return to the settings of the start but for the changes, and make new data."""
        self._start(changed(self._first_settings, changes))

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection, as the sandbox keeps them."""
        return list(self._world.table(collection).values())

    def get(self, collection: str, row_id: int | str) -> Row:
        """Return one row."""
        return self._world.get(collection, str(row_id))

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row."""
        return self._world.add(collection, fields)

    def edit(self, collection: str, row_id: int | str, fields: Mapping[str, Any]) -> Row:
        """Change a row."""
        return self._world.edit(collection, str(row_id), fields)

    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row."""
        self._world.delete(collection, str(row_id))

    def _start(self, settings: ClickUpSettings) -> None:
        self._settings = settings
        self.__dict__.pop("_webhooks", None)
        self._answered = 0
        self._limit()

    def _limit(self) -> None:
        self._window = SlidingWindow(
            self._settings.requests_per_minute, _PERIOD_SECONDS, self._clock
        )

    def _personal(self, call: Call) -> bool:
        """Tell which kind of token asks.

        Raises:
            ApiError: If none does, or one that is not known in that form.
        """
        given = call.headers.get("authorization", "")
        if not given:
            raise ApiError(400, "OAUTH_017", "Authorization header required")
        if given not in (_PERSONAL, f"Bearer {_OAUTH}"):
            raise unknown()
        return given == _PERSONAL

    def _count(self, call: Call, headers: dict[str, str]) -> None:
        """Draw on the caller's budget, and say in the headers what is left.

        Raises:
            ApiError: If it is used up.
        """
        if not self._settings.rate_limit:
            return
        token = call.headers["authorization"]
        wait_seconds = self._window.refuse(token)
        self._answered += 1
        if self._answered % _HEADERS_MISSING_EVERY:
            headers |= {
                "X-RateLimit-Limit": str(self._settings.requests_per_minute),
                "X-RateLimit-Remaining": str(self._window.left(token)),
                "X-RateLimit-Reset": str(self._clock.seconds() + self._window.reset_in(token)),
            }
        if wait_seconds is not None:
            raise ApiError(429, "APP_002", "Rate limit reached")
