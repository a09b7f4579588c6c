"""Who asks, and what that person may see.

Source: Harvest API v2, "Authentication", "Roles and permissions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.errors import ApiError, refused_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.vendors.harvest.settings import HarvestSettings
    from singer_sandbox.vendors.harvest.tables import Tables

ADMINISTRATOR: Final = "administrator"
MANAGER: Final = "manager"
MEMBER: Final = "member"
TOKENS: Final[Mapping[str, str]] = {
    ADMINISTRATOR: "sandbox-admin",
    MANAGER: "sandbox-manager",
    MEMBER: "sandbox-member",
}
"""Personal access tokens by role."""

APP: Final[Mapping[str, str]] = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
"""An OAuth2 app that an administrator has authorized."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind a token.

    Attributes:
        role: The highest access role.
        user_id: Of the person.
        users: Whose work they see, ``None`` for everybody's.
        projects: Projects whose work they see whoever did it, ``None`` for all.
    """

    role: str
    user_id: int
    users: frozenset[int] | None
    projects: frozenset[int] | None

    @property
    def sees_rates(self) -> bool:
        """Whether billable rates are shown."""
        return self.role in (ADMINISTRATOR, MANAGER)

    @property
    def sees_costs(self) -> bool:
        """Whether cost rates are shown."""
        return self.role == ADMINISTRATOR

    def sees(self, *, user_id: int | None = None, project_id: int | None = None) -> bool:
        """Tell whether a row of somebody or of some project is shown."""
        return (
            self.users is None
            or user_id in self.users
            or self.projects is None
            or project_id in self.projects
        )


def invalid_token() -> ApiError:
    """Refuse a token that is missing, unknown or has run out."""
    description = "The access token provided is expired, revoked, malformed or invalid."
    return refused_credentials("invalid_token", description)


def viewer_of(role: str, tables: Tables) -> Viewer:
    """Return the person who holds the token of a role.

    Raises:
        ApiError: If nobody in the account has that role any more.
    """
    holders = (user for user in tables.all("users") if user["access_roles"][:1] == [role])
    user = next(holders, None)
    if user is None:
        raise invalid_token()
    if role == ADMINISTRATOR:
        return Viewer(role, user["id"], None, None)
    team = user["teammate_ids"] if role == MANAGER else ()
    managed = frozenset(
        assignment["project_id"]
        for assignment in tables.all("user_assignments")
        if role == MANAGER
        and assignment["user_id"] == user["id"]
        and assignment["is_active"]
        and assignment["is_project_manager"]
    )
    return Viewer(role, user["id"], frozenset({user["id"], *team}), managed)


class Tokens:
    """The access tokens that are good at the moment.

    Args:
        settings: How long issued tokens live, and whether refresh tokens are replaced.
        clock: By which they run out.
    """

    def __init__(self, settings: HarvestSettings, clock: SandboxClock) -> None:
        self.settings = settings
        self._clock = clock
        self._roles = {token: role for role, token in TOKENS.items()}
        self._ends: dict[str, float] = {}
        self._refresh_token = APP["refresh_token"]

    def role(self, token: str | None) -> str:
        """Return the role of the person who holds a token.

        Raises:
            ApiError: If the token is no good.
        """
        if token in self._roles:
            return self._roles[token]
        if token is None or self._clock.timestamp() >= self._ends.get(token, 0):
            raise invalid_token()
        return ADMINISTRATOR

    def renew(self, form: Mapping[str, str]) -> dict[str, object]:
        """Issue an access token for a refresh token.

        Raises:
            ApiError: If the app or its refresh token is unknown.
        """
        expected = {**APP, "refresh_token": self._refresh_token}
        if form.get("client_id") != expected["client_id"] or (
            form.get("client_secret") != expected["client_secret"]
        ):
            raise _unknown_app()
        if form.get("refresh_token") != expected["refresh_token"]:
            raise _unknown_grant()
        number = len(self._ends) + 1
        token = f"sandbox-access-{number}"
        self._ends[token] = self._clock.timestamp() + self.settings.access_token_seconds
        if self.settings.rotate_refresh_token:
            self._refresh_token = f"{APP['refresh_token']}-{number}"
        return {
            "access_token": token,
            "refresh_token": self._refresh_token,
            "token_type": "bearer",
            "expires_in": self.settings.access_token_seconds,
        }


def _unknown_app() -> ApiError:
    return refused_credentials("invalid_client", "Client authentication failed.")


def _unknown_grant() -> ApiError:
    return refused_credentials("invalid_grant", "The refresh token is invalid or was revoked.")
