"""Start and steer a sandbox from Python; needs the standard library only.

Example:
    >>> with running_sandbox(entries=100) as sandbox:
    ...     entry = sandbox.harvest.add("time_entries", hours=2)
    ...     sandbox.harvest.fault("status", path="/time_entries", status=429, times=2)
    ...     run_the_tap(sandbox.harvest.config())
    ...     assert len(sandbox.harvest.requests()) == 3
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from singer_sandbox.process import SandboxError, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "AppControl",
    "ClickUpControl",
    "Control",
    "HarvestControl",
    "LoggedRequest",
    "Row",
    "Sandbox",
    "SandboxError",
    "VendorControl",
    "running_sandbox",
]

Row: TypeAlias = dict[str, Any]
"""A row as the vendor's API shows it."""

_ANSWER_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request that reached a vendor.

    Attributes:
        method: Upper case.
        path: Below the vendor's mount, as ``/v2/time_entries``.
        resource: The part of the path that faults are matched on, as ``/time_entries``.
        query: Decoded parameters.
        status: Of the answer; 0 if the connection was cut before one.
        at: When, on the sandbox clock.
        monotonic_seconds: When, on the machine's monotonic clock.
        header_names: Lower case, sorted.
        user_agent: Value of that header.
        token: Fingerprint of the bearer token; equal tokens have equal ones.
    """

    method: str
    path: str
    resource: str
    query: Mapping[str, str]
    status: int
    at: datetime
    monotonic_seconds: float
    header_names: tuple[str, ...]
    user_agent: str | None
    token: str | None


class Control:
    """The control API of a running sandbox.

    Args:
        url: Of the server, as ``http://127.0.0.1:8765``.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._netloc = urlsplit(self.url).netloc

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Send one order.

        Raises:
            SandboxError: If it was refused.
            OSError: If nobody answers at that address.
        """
        connection = HTTPConnection(self._netloc, timeout=_ANSWER_SECONDS)
        try:
            payload = None if body is None else json.dumps(body, default=_plain)
            connection.request(method, f"/_control{path}", payload)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 300:  # noqa: PLR2004 - where success ends
            try:
                reason = json.loads(text)["error"]
            except (ValueError, KeyError):
                reason = f"{response.status} {response.reason}"
            msg = f"{method} {path}: {reason}"
            raise SandboxError(msg)
        return json.loads(text)


class VendorControl:
    """One vendor of a running sandbox.

    Args:
        control: Of its server.
        name: Of the vendor.

    Attributes:
        api_url: Base address of its API.
    """

    def __init__(self, control: Control, name: str) -> None:
        self._control = control
        self._path = f"/{name}"
        self._description: Row = control.ask("GET", self._path)
        self.api_url: str = self._description["api_url"]

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection, as the API lists them to who may see everything."""
        rows: list[Row] = self._ask("GET", f"/rows/{collection}")
        return rows

    def get(self, collection: str, row_id: int | str) -> Row:
        """Return one row."""
        row: Row = self._ask("GET", f"/rows/{collection}/{row_id}")
        return row

    def add(self, collection: str, **fields: object) -> Row:
        """Add a row; fields not given get sensible values.

        Args:
            collection: Such as ``time_entries``.
            fields: As the API names them; instead of an object such as ``project``, its
                ``project_id``.

        Returns:
            The row as the API shows it.
        """
        row: Row = self._ask("POST", f"/rows/{collection}", fields)
        return row

    def edit(self, collection: str, row_id: int | str, **fields: object) -> Row:
        """Change a row; ``updated_at`` becomes the sandbox's now unless given."""
        row: Row = self._ask("PATCH", f"/rows/{collection}/{row_id}", fields)
        return row

    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row and whatever cannot be without it."""
        self._ask("DELETE", f"/rows/{collection}/{row_id}")

    def fault(self, kind: str, path: str = "*", **options: object) -> None:
        """Let something go wrong.

        Args:
            kind: ``status``, ``html``, ``drop``, ``reset``, ``truncate``, ``slow``,
                ``foreign_link``, ``patch`` or ``rows``.
            path: Glob on the resource, as ``/users/*/cost_rates``.
            options: Which requests: ``method``, ``params``, ``page``, ``skip``, ``times`` (1
                unless given, ``None`` for all). What comes: ``seconds``, ``status``, ``headers``,
                ``body``, ``text``, ``host``, ``merge``, ``remove``. See
                :class:`singer_sandbox.faults.Fault`.
        """
        self._ask("POST", "/faults", {"kind": kind, "path": path, **options})

    def trigger(
        self,
        path: str = "*",
        *,
        after: int = 1,
        add: Sequence[tuple[str, Row]] = (),
        edit: Sequence[tuple[str, int, Row]] = (),
        delete: Sequence[tuple[str, int]] = (),
        **pattern: object,
    ) -> None:
        """Change data at a chosen point of somebody's reading, once.

        Args:
            path: Glob on the resource; only answers with a status below 300 count.
            after: After how many of them; the change is made before that answer is sent.
            add: Collection and fields of rows to add.
            edit: Collection, id and fields of rows to edit.
            delete: Collection and id of rows to delete.
            pattern: ``method``, ``params``, ``page``, as for faults.
        """
        changes = {"after": after, "add": add, "edit": edit, "delete": delete}
        self._ask("POST", "/triggers", {"path": path, **changes, **pattern})

    def clear_faults(self) -> None:
        """Call off all faults and triggers."""
        self._ask("DELETE", "/faults")
        self._ask("DELETE", "/triggers")

    def requests(self) -> list[LoggedRequest]:
        """Return the requests to this vendor, oldest first."""
        entries: list[Row] = self._ask("GET", "/requests")["requests"]
        return [
            LoggedRequest(
                **{name: value for name, value in entry.items() if name != "vendor"}
                | {
                    "at": datetime.fromisoformat(entry["at"]),
                    "header_names": tuple(entry["header_names"]),
                }
            )
            for entry in entries
        ]

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "/requests")

    def settings(self, **changes: object) -> Row:
        """Change settings that leave the data alone; returns all settings."""
        settings: Row = self._ask("PATCH", "/settings", changes)
        return settings

    def reset(self, **settings: object) -> None:
        """Make new data, and forget faults, triggers, requests and issued tokens.

        Args:
            settings: Those that differ from the settings of the start.
        """
        self._ask("POST", "/reset", settings)

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - decoded JSON
        return self._control.ask(method, self._path + path, body)


class HarvestControl(VendorControl):
    """Harvest in a running sandbox.

    Attributes:
        identity_url: Base address of its identity host.
        tokens: Access token by role: ``administrator``, ``manager``, ``member``.
        account_id: Number of the account, as text.
        app: ``client_id``, ``client_secret`` and ``refresh_token`` of its OAuth2 app.
    """

    def __init__(self, control: Control) -> None:
        super().__init__(control, "harvest")
        self.identity_url: str = self._description["identity_url"]
        self.tokens: Mapping[str, str] = self._description["tokens"]
        self.account_id: str = self._description["account_id"]
        self.app: Mapping[str, str] = self._description["app"]

    def config(self, role: str = "administrator") -> Row:
        """Return the settings with which tap-harvest reads this sandbox.

        Args:
            role: Whose access token it uses.
        """
        return {"access_token": self.tokens[role], **self._addresses()}

    def oauth_config(self) -> Row:
        """Return the settings with which tap-harvest reads it by way of the OAuth2 app."""
        return {**self.app, **self._addresses()}

    def _addresses(self) -> Row:
        return {
            "account_id": self.account_id,
            "api_url": self.api_url,
            "identity_url": self.identity_url,
        }


class ClickUpControl(VendorControl):
    """ClickUp in a running sandbox.

    Attributes:
        tokens: ``personal`` and ``oauth``.
        workspaces: Ids: ``first`` and ``second``, and one that is ``closed`` to the tokens.
    """

    def __init__(self, control: Control) -> None:
        super().__init__(control, "clickup")
        self.tokens: Mapping[str, str] = self._description["tokens"]
        self.workspaces: Mapping[str, str] = self._description["workspaces"]

    def config(self) -> Row:
        """Return the settings with which tap-clickup reads this sandbox."""
        return {"api_token": self.tokens["personal"], "api_url": self.api_url}

    def oauth_config(self) -> Row:
        """Return the settings with which tap-clickup reads it as an OAuth app."""
        return {"access_token": self.tokens["oauth"], "api_url": self.api_url}


class AppControl(VendorControl):
    """A vendor in a running sandbox that tells how its tap reads it."""

    def config(self) -> Row:
        """Return the settings with which the tap reads it."""
        return deepcopy(self._description["config"])


class Sandbox:
    """A running sandbox.

    Args:
        url: Of the server, as ``http://127.0.0.1:8765``.

    Attributes:
        url: The same.
        bamboohr: Its BambooHR.
        clickup: Its ClickUp.
        customhr: Its HR system of a company's own.
        harvest: Its Harvest.
        successfactors: Its SuccessFactors.
        workday: Its Workday.
        spotify: Its Spotify.
        strava: Its Strava.
        garmin: Its Garmin.
        timely: Its Timely.
        timebook: Its Timebook, which has sessions.
        todoist: Its Todoist.

    Raises:
        OSError: If nobody answers at that address.
    """

    def __init__(self, url: str) -> None:
        self._control = Control(url)
        self.url = self._control.url
        self.bamboohr = AppControl(self._control, "bamboohr")
        self.clickup = ClickUpControl(self._control)
        self.successfactors = AppControl(self._control, "successfactors")
        self.workday = AppControl(self._control, "workday")
        self.customhr = AppControl(self._control, "customhr")
        self.harvest = HarvestControl(self._control)
        self.spotify = AppControl(self._control, "spotify")
        self.strava = AppControl(self._control, "strava")
        self.garmin = AppControl(self._control, "garmin")
        self.timely = AppControl(self._control, "timely")
        self.timebook = AppControl(self._control, "timebook")
        self.todoist = AppControl(self._control, "todoist")

    def vendor(self, name: str) -> AppControl:
        """Return a vendor by its name, such as one of another package."""
        found: AppControl = getattr(self, name, None) or AppControl(self._control, name)
        return found

    def now(self) -> datetime:
        """Return the time on the sandbox clock, aware and in UTC."""
        return datetime.fromisoformat(self._control.ask("GET", "/clock")["now"])

    def freeze(self, at: datetime | str | None = None) -> None:
        """Stop the clock.

        Args:
            at: Where; aware, or a text such as ``2025-03-05T08:00:00Z``. Where it is, if absent.
        """
        self._control.ask("POST", "/clock", {"freeze": at})

    def advance(self, seconds: float) -> None:
        """Move the clock; a frozen one stays frozen."""
        self._control.ask("POST", "/clock", {"advance": seconds})

    def unfreeze(self) -> None:
        """Let the clock go on from where it stands."""
        self._control.ask("POST", "/clock", {"run": True})

    def reset(self) -> None:
        """Return everything, the clock too, to how the sandbox started."""
        self._control.ask("POST", "/reset")


@contextmanager
def running_sandbox(**settings: object) -> Iterator[Sandbox]:
    """Start a sandbox on a free port, and stop it in the end.

    Args:
        settings: Of Harvest, such as ``entries=100`` or ``paging="cursor"``; a reset returns to
            them.

    Yields:
        The sandbox, ready to answer.

    Raises:
        SandboxError: If it does not start.
    """
    with running_server(settings={"harvest": settings}) as url:
        yield Sandbox(url)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    msg = f"{type(value).__name__} is no JSON"
    raise TypeError(msg)
