"""Webhooks at their vendor: listed, made, repaired, deleted.

Source: ClickUp API v2, "Create Webhook", "Update Webhook"; Timely API 1.1, "Webhooks".
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_TIMEOUT_SECONDS: Final = 30
_CLICKUP_URL: Final = "https://api.clickup.com/api"
_TIMELY_URL: Final = "https://api.timelyapp.com/1.1"
_EXISTS: Final = "OAUTH_171"


class RegistrationError(Exception):
    """The vendor did not do what it was asked; the text says what to do, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook at its vendor.

    Attributes:
        id: Its id there.
        url: Where it sends to.
        events: What of.
        health: How it is doing: ``active``, or what the vendor says.
        secret: What it signs with, if the vendor tells.
    """

    id: str
    url: str
    events: Sequence[str]
    health: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Registration:
    """One webhook that should be there.

    Attributes:
        vendor: Whose.
        url: Where it has to send to.
        events: What of.
        place: Workspace or account.
        api_url: Base address of the API.
        headers: With the token.
    """

    vendor: Vendor
    url: str
    events: Sequence[str]
    place: str
    api_url: str
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def faults(cls, vendor: str, given: Mapping[str, Any]) -> list[str]:
        """List what is wrong with settings."""
        place = VENDORS[vendor].place
        known = ("url", "token", "token_store", "events", "api_url", place)
        faults = [f"{name}: unknown. There are {', '.join(known)}" for name in given.keys() - known]
        faults += [f"{name}: missing" for name in ("url", place) if not given.get(name)]
        if not given.get("token") and not given.get("token_store"):
            faults.append("token: missing; or give token_store, the file that `login` has made")
        return faults

    @classmethod
    def of(cls, vendor: str, given: Mapping[str, Any], folder: Path) -> Registration:
        """Read settings that have no faults."""
        kind = VENDORS[vendor]
        token = str(given.get("token") or "")
        if not token:
            store = folder / given["token_store"]
            token = json.loads(store.read_text()).get("access_token", "") if store.exists() else ""
        return cls(
            kind,
            given["url"],
            given.get("events") or kind.events,
            str(given[kind.place]),
            str(given.get("api_url") or kind.api_url).rstrip("/"),
            {"Authorization": kind.header(token)},
        )

    def hooks(self) -> list[Hook]:
        """List all webhooks that the token's owner has made."""
        content = self._ask("GET", self.vendor.list_path.format(place=self.place))
        rows = content.get("webhooks") if isinstance(content, dict) else content
        return [self.vendor.read(row) for row in (rows or []) if isinstance(row, dict)]

    def own(self) -> Hook | None:
        """Return the webhook that sends to our address, if there is one."""
        return next((hook for hook in self.hooks() if hook.url == self.url), None)

    def create(self) -> Hook:
        """Make the webhook, or return the one that is there, with its secret.

        Raises:
            RegistrationError: If the vendor refuses.
        """
        found = self.own()
        if found is not None and found.secret:
            return found
        if found is not None:
            self.delete(found)  # its secret is not to be had any more
        secret = secrets.token_hex(32)
        path = self.vendor.list_path.format(place=self.place)
        content = self._ask("POST", path, self.vendor.write(self.url, self.events, secret))
        row = content.get("webhook", content) if isinstance(content, dict) else {}
        hook = self.vendor.read(row)
        return Hook(hook.id, hook.url, hook.events, hook.health, hook.secret or secret)

    def repair(self, hook: Hook) -> None:
        """Wake up a webhook that the vendor has put to sleep, and have it send what it should."""
        body = self.vendor.write(self.url, self.events, None)
        path = self.vendor.one_path.format(place=self.place, id=hook.id)
        self._ask("PUT", path, self.vendor.revived(body))

    def delete(self, hook: Hook) -> None:
        """Delete a webhook."""
        self._ask("DELETE", self.vendor.one_path.format(place=self.place, id=hook.id))

    def is_well(self, hook: Hook) -> bool:
        """Tell whether a webhook sends what it should."""
        wanted = set(self.events)
        return hook.health == "active" and (set(hook.events) == wanted or "*" in hook.events)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - decoded JSON
        try:
            answer = requests.request(
                method,
                self.api_url + path,
                json=body,
                headers={**self.headers, "User-Agent": "webhook-inbox"},
                timeout=_TIMEOUT_SECONDS,
            )
        except requests.RequestException as error:
            msg = f"{method} {path}: no answer ({type(error).__name__}). Try again"
            raise RegistrationError(msg) from None
        if answer.ok:
            try:
                return answer.json()
            except ValueError:
                return {}
        remedy = "See what the vendor's page on webhooks says of that"
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            remedy = "Check the token, or let the tap run once so that it renews it"
        msg = f"{method} {path}: HTTP {answer.status_code}. {remedy}"
        raise RegistrationError(msg)


@dataclass(frozen=True, slots=True)
class Vendor:
    """How a vendor's webhooks are made.

    Attributes:
        api_url: Base address of its API.
        place: Name of the setting with the workspace or account.
        list_path: Where webhooks are listed and made.
        one_path: Where one is changed and deleted.
        events: What to be told of, if nothing else is set.
        header: Turns a token into a header.
        write: Body that makes one: from address, events and secret.
        revived: Body that wakes one up, from the one that makes it.
        read: Reads one.
    """

    api_url: str
    place: str
    list_path: str
    one_path: str
    events: Sequence[str]
    header: Callable[[str], str]
    write: Callable[[str, Sequence[str], str | None], dict[str, Any]]
    revived: Callable[[dict[str, Any]], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], Hook]


def _clickup_hook(row: Mapping[str, Any]) -> Hook:
    health = row.get("health")
    status = health.get("status") if isinstance(health, dict) else None
    failed = health.get("fail_count") if isinstance(health, dict) else 0
    told = f"{status}, {failed} events lost" if failed else str(status or "active")
    events = row.get("events")
    return Hook(
        str(row.get("id")),
        str(row.get("endpoint")),
        [events] if isinstance(events, str) else list(events or ()),
        told,
        row.get("secret"),
    )


def _timely_hook(row: Mapping[str, Any]) -> Hook:
    return Hook(
        str(row.get("id")),
        str(row.get("url")),
        list(row.get("subscriptions") or ()),
        "active" if row.get("active", True) else "switched off",
        row.get("secret_token"),
    )


def _timely_body(url: str, events: Sequence[str], secret: str | None) -> dict[str, Any]:
    hook = {"url": url, "subscriptions": list(events), "active": True}
    return {"webhook": {**hook, **({"secret_token": secret} if secret else {})}}


VENDORS: Final[Mapping[str, Vendor]] = {
    "clickup": Vendor(
        _CLICKUP_URL,
        "workspace_id",
        "/v2/team/{place}/webhook",
        "/v2/webhook/{id}",
        ["taskTimeTrackedUpdated"],
        lambda token: token if token.startswith("pk_") else f"Bearer {token}",
        lambda url, events, _: {"endpoint": url, "events": list(events)},
        lambda body: {**body, "status": "active"},
        _clickup_hook,
    ),
    "timely": Vendor(
        _TIMELY_URL,
        "account_id",
        "/{place}/webhooks",
        "/{place}/webhooks/{id}",
        ["hours:created", "hours:updated", "hours:deleted"],
        lambda token: f"Bearer {token}",
        _timely_body,
        lambda body: body,
        _timely_hook,
    ),
}
"""By scheme."""
