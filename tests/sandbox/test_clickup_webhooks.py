"""ClickUp takes writes, and tells of changes by webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from typing_extensions import override

from tests.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import ClickUpControl

START = int(NOW.timestamp() * 1000)


class Listener(ThreadingHTTPServer):
    """Somebody who is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, Any], bytes, str]] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Return what came, once there is so much of it."""
        deadline = time.monotonic() + 10
        while len(self.got) < count:
            assert time.monotonic() < deadline, self.got
            time.sleep(0.01)
        return [content for content, _, _ in self.got]


class Handler(BaseHTTPRequestHandler):
    """Takes a delivery."""

    server: Listener

    def do_POST(self) -> None:
        """Keep it, and answer as is wanted."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((json.loads(body), body, self.headers["X-Signature"]))
        self.send_response(self.server.status)
        self.end_headers()

    @override
    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who is told."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def call(
    clickup: ClickUpControl, method: str, path: str, body: dict[str, Any] | None = None
) -> requests.Response:
    """Send a request; ``{team}`` in the path is the first workspace."""
    return requests.request(
        method,
        clickup.api_url + path.replace("{team}", clickup.workspaces["first"]),
        json=body,
        headers={"Authorization": clickup.tokens["personal"]},
        timeout=10,
    )


def subscribe(clickup: ClickUpControl, listener: Listener) -> dict[str, Any]:
    """Make a webhook."""
    wanted = {"endpoint": listener.url, "events": ["taskTimeTrackedUpdated", "listCreated"]}
    made = call(clickup, "POST", "/v2/team/{team}/webhook", wanted).json()
    webhook: dict[str, Any] = made["webhook"]
    return webhook


def test_an_entry_is_made_changed_and_deleted_and_each_change_is_told(
    clickup: ClickUpControl, listener: Listener
) -> None:
    """Signed, and without what the entry holds."""
    secret = subscribe(clickup, listener)["secret"]
    task = clickup.rows("tasks")[0]["id"]
    path = "/v2/team/{team}/time_entries"

    entry = call(
        clickup, "POST", path, {"start": START, "duration": 60_000, "tid": task, "billable": True}
    ).json()["data"]
    call(clickup, "PUT", f"{path}/{entry['id']}", {"description": "Written up"})
    gone = call(clickup, "DELETE", f"{path}/{entry['id']}")

    told = listener.wait_for(3)
    assert entry["start"] == START  # a number here, a text in lists
    assert gone.json()["data"][0]["start"] == str(START)
    assert call(clickup, "GET", f"{path}/{entry['id']}").status_code == 401
    assert {one["data"]["description"] for one in told} == {
        "Time Tracking Created",
        "Time Tracking Edited",
        "Time Tracking Deleted",
    }
    assert {one["data"]["interval_id"] for one in told} == {entry["id"]}
    for _, body, signature in listener.got:
        assert signature == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_entries_without_a_task_are_not_told_of(
    clickup: ClickUpControl, listener: Listener
) -> None:
    """ClickUp has no event for them."""
    subscribe(clickup, listener)
    task = clickup.rows("tasks")[0]["id"]

    clickup.add("time_entries", task_id=None)
    clickup.add("time_entries", task_id=task)

    listener.wait_for(1)
    time.sleep(0.1)
    assert len(listener.got) == 1


def test_what_is_not_taken_is_sent_again_and_then_dropped(
    clickup: ClickUpControl, listener: Listener
) -> None:
    """The webhook's health shows it; 410 suspends it at once."""
    clickup.settings(webhook_retry_seconds=0.01, webhook_duplicates=2)
    webhook = subscribe(clickup, listener)
    task = clickup.rows("tasks")[0]["id"]
    listener.status = 500

    clickup.add("time_entries", task_id=task)

    listener.wait_for(5)
    assert health(clickup, webhook) == {"status": "failing", "fail_count": 1}
    listener.status = 200
    clickup.add("time_entries", task_id=task)
    listener.wait_for(7)
    assert listener.got[5] == listener.got[6]
    assert health(clickup, webhook) == {"status": "active", "fail_count": 0}
    listener.status = 410
    clickup.add("time_entries", task_id=task)
    listener.wait_for(8)
    assert health(clickup, webhook)["status"] == "suspended"
    clickup.add("time_entries", task_id=task)
    revived = {"endpoint": listener.url, "events": "*", "status": "active"}
    assert call(clickup, "PUT", f"/v2/webhook/{webhook['id']}", revived).ok
    assert health(clickup, webhook)["status"] == "active"


def health(clickup: ClickUpControl, webhook: dict[str, Any]) -> dict[str, Any]:
    """Return how a webhook is doing, once its last delivery is noted."""
    time.sleep(0.1)
    rows = call(clickup, "GET", "/v2/team/{team}/webhook").json()["webhooks"]
    found: dict[str, Any] = next(row["health"] for row in rows if row["id"] == webhook["id"])
    return found


def test_the_same_webhook_twice_is_refused(clickup: ClickUpControl, listener: Listener) -> None:
    """And one that was deleted is told nothing."""
    webhook = subscribe(clickup, listener)
    wanted = {"endpoint": listener.url, "events": ["listCreated", "taskTimeTrackedUpdated"]}

    again = call(clickup, "POST", "/v2/team/{team}/webhook", wanted)

    assert (again.status_code, again.json()["ECODE"]) == (400, "OAUTH_171")
    assert call(clickup, "DELETE", f"/v2/webhook/{webhook['id']}").ok
    assert call(clickup, "POST", "/v2/team/{team}/webhook", wanted).ok


def test_folders_lists_and_tasks_are_made_renamed_archived_and_deleted(
    clickup: ClickUpControl, listener: Listener
) -> None:
    """Each in its place."""
    subscribe(clickup, listener)
    space = clickup.rows("spaces")[0]["id"]

    folder = call(clickup, "POST", f"/v2/space/{space}/folder", {"name": "Acme"}).json()
    place = call(clickup, "POST", f"/v2/folder/{folder['id']}/list", {"name": "Website"}).json()
    task = call(clickup, "POST", f"/v2/list/{place['id']}/task", {"name": "Design"}).json()

    assert listener.wait_for(1)[0]["event"] == "listCreated"
    renamed = call(clickup, "PUT", f"/v2/list/{place['id']}", {"name": "Site"}).json()
    assert (renamed["name"], renamed["folder"]["id"]) == ("Site", folder["id"])
    tasks = call(clickup, "GET", f"/v2/list/{place['id']}/task").json()["tasks"]
    assert [one["id"] for one in tasks] == [task["id"]]
    assert call(clickup, "PUT", f"/v2/task/{task['id']}", {"archived": True}).json()["archived"]
    assert call(clickup, "DELETE", f"/v2/task/{task['id']}").status_code == 204
    assert call(clickup, "DELETE", f"/v2/folder/{folder['id']}").ok
    assert call(clickup, "PUT", f"/v2/list/{place['id']}", {"name": "x"}).status_code == 401
    assert call(clickup, "PUT", "/v2/nothing/1", {}).status_code == 404
    assert call(clickup, "POST", f"/v2/space/{space}/folder", {"name": ""}).status_code == 400
