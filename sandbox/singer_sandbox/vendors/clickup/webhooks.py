"""Webhooks of ClickUp: who wants to be told of what, and telling them.

Source: ClickUp API v2, "Webhooks"; "Task webhook payloads"; recorded deliveries.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from singer_sandbox.deliveries import Deliveries, Delivery
from singer_sandbox.vendors.clickup import show
from singer_sandbox.vendors.clickup.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sandbox.vendors.clickup.world import World
    from singer_sandbox.wire import Row

_PLACES: Final = ("space_id", "folder_id", "list_id", "task_id")
_SUSPENDED_AT: Final = 100
_GONE: Final = 410
_OBJECTS: Final = {"tasks": "task", "lists": "list", "folders": "folder", "spaces": "space"}
_TIME_TRACKED: Final = "taskTimeTrackedUpdated"


class Webhooks:
    """Tells of changes of the data.

    Args:
        world: The data; what changes in it is told from now on.

    Attributes:
        world: The same.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._deliveries = Deliveries(world.settings.seed)
        self._sent = 0
        world.listener = self._changed

    def create(self, workspace_id: str, body: Mapping[str, Any]) -> Row:
        """Add a webhook; returns it with its secret.

        Raises:
            ApiError: If the same one is there.
        """
        fields = _wanted(body)
        places = {name: body.get(name) for name in _PLACES}
        for row in self.world.below("webhooks", "workspace_id", workspace_id):
            if all(row.get(name) == value for name, value in {**fields, **places}.items()):
                raise ApiError(400, "OAUTH_171", "Webhook configuration already exists")
        return self.world.add(
            "webhooks",
            {
                "workspace_id": workspace_id,
                **fields,
                **places,
                "status": "active",
                "fail_count": 0,
                "secret": secrets.token_hex(32),
            },
        )

    def update(self, row: Row, body: Mapping[str, Any]) -> Row:
        """Change a webhook; ``status`` has to be given, too, and ``active`` revives it."""
        if body.get("status") != "active":
            raise ApiError(400, "OAUTH_173", "Webhook status must be active")
        return self.world.edit(
            "webhooks", row["id"], {**_wanted(body), "status": "active", "fail_count": 0}
        )

    def _changed(self, collection: str, before: Row | None, after: Row | None) -> None:
        row = after or before
        if row is None:
            return
        if collection == "time_entries":
            if row["task_id"]:
                self._tell(_TIME_TRACKED, row, self._entry_body(row, before, after))
        elif kind := _OBJECTS.get(collection):
            verb = "Created" if before is None else "Deleted" if after is None else "Updated"
            self._tell(f"{kind}{verb}", row, {f"{kind}_id": row["id"]})

    def _entry_body(self, row: Row, before: Row | None, after: Row | None) -> Row:
        world = self.world
        verb = "Created" if before is None else "Deleted" if after is None else "Edited"
        member = next(world.below("members", "user_id", row["user_id"]), None)
        task = world.tables["tasks"].get(str(row["task_id"]), {})
        item = {
            "id": world.new_id(),
            "type": 1,
            "date": str(world.now),
            "field": "time_spent",
            "parent_id": task.get("list_id"),
            "data": {"total_time": "0", "rollup_time": "0"},
            "source": None,
            "user": show.user(member),
            "before": _interval(before),
            "after": _interval(after),
        }
        return {
            "history_items": [item],
            "task_id": row["task_id"],
            "data": {"description": f"Time Tracking {verb}", "interval_id": row["id"]},
        }

    def _tell(self, event: str, row: Row, content: Row) -> None:
        for webhook in [*self._listening(event, row)]:
            settings = self.world.settings
            body = orjson.dumps(
                {
                    "event": event,
                    **content,
                    "team_id": webhook["workspace_id"],
                    "webhook_id": webhook["id"],
                }
            )
            signature = hmac.new(webhook["secret"].encode(), body, hashlib.sha256).hexdigest()
            self._sent += 1
            every = settings.webhook_duplicates
            self._deliveries.send(
                Delivery(
                    webhook["endpoint"], body, {"X-Signature": signature}, partial(_note, webhook)
                ),
                retry_seconds=settings.webhook_retry_seconds,
                latest_seconds=settings.webhook_delay_seconds,
                twice=bool(every) and self._sent % every == 0,
            )

    def _listening(self, event: str, row: Row) -> Iterator[Row]:
        """Yield those who want to be told, but for webhooks without an address."""
        workspace_id = self._workspace_of(row)
        for webhook in self.world.below("webhooks", "workspace_id", workspace_id):
            events = webhook.get("events")
            if (
                webhook.get("endpoint")
                and webhook["status"] != "suspended"
                and (events == "*" or event in (events or ()))
            ):
                yield webhook

    def _workspace_of(self, row: Row) -> str | None:
        if "workspace_id" in row:
            return str(row["workspace_id"])
        space = self.world.tables["spaces"].get(str(row.get("space_id")), {})
        return space.get("workspace_id")


def shown(row: Row) -> Row:
    """Show a webhook as the API does."""
    return {
        "id": row["id"],
        "userid": 61_230_400,
        "team_id": int(row["workspace_id"]),
        "endpoint": row.get("endpoint", "https://hooks.example.com/clickup"),
        "client_id": "sandbox",
        "events": row.get("events", [_TIME_TRACKED]),
        **{name: row.get(name) for name in _PLACES},
        "health": {"status": row.get("status", "active"), "fail_count": row.get("fail_count", 0)},
        "secret": row["secret"],
    }


def _wanted(body: Mapping[str, Any]) -> Row:
    events = body.get("events")
    if not body.get("endpoint") or not events:
        raise ApiError(400, "OAUTH_170", "Webhook endpoint and events are required")
    return {"endpoint": body["endpoint"], "events": "*" if events == "*" else sorted(events)}


def _note(webhook: Row, status: int) -> None:
    """Keep account of how a webhook is doing, as its health shows."""
    if 200 <= status < 300:  # noqa: PLR2004 - success
        webhook |= {"status": "active", "fail_count": 0}
        return
    webhook["fail_count"] += 1
    tired = status == _GONE or webhook["fail_count"] >= _SUSPENDED_AT
    webhook["status"] = "suspended" if tired else "failing"


def _interval(row: Row | None) -> Row | None:
    if row is None:
        return None
    end = None if row["duration"] is None else row["start"] + row["duration"]
    stamp: Callable[[int | None], str | None] = show.stamp
    return {
        "id": row["id"],
        "start": stamp(row["start"]),
        "end": stamp(end),
        "time": stamp(row["duration"]),
        "source": row["source"],
        "date_added": stamp(row["at"]),
    }
