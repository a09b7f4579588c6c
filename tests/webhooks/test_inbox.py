"""Webhooks in: signed ones only, on disk before the answer, once each, and read in order."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
import uvicorn
from click.testing import CliRunner
from singer_sandbox.warehouses import running_postgres
from tap_webhooks.tap import TapWebhooks
from webhook_inbox.__main__ import cli
from webhook_inbox.app import Receiver
from webhook_inbox.inbox import Inbox
from webhook_inbox.settings import Source
from webhook_inbox.signatures import SCHEMES

from tests.conftest import run
from tests.webhooks.receiver import SECRET, Server, body_of, serving, signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One over SQLite."""
    with serving(tmp_path, f"sqlite:///{tmp_path}/inbox.db") as made:
        yield made


def stored(server: Server) -> list[dict[str, Any]]:
    """Return the bodies in the inbox."""
    with closing(Inbox(server.inbox)) as inbox:
        return [json.loads(event.body) for event in inbox.read(0, most=100_000)]


def test_a_signed_event_is_stored_once(server: Server) -> None:
    """A repeat is answered as well, so that the vendor stops."""
    body = body_of(1)

    assert server.send(body).json() == {"status": "stored"}
    assert server.send(body).json() == {"status": "repeat"}

    assert len(stored(server)) == 1


def test_what_is_not_signed_right_is_refused_and_not_stored(server: Server) -> None:
    """No secret and no body is in the log or the answer."""
    body = body_of(1, note="for somebody's eyes")
    old = int((datetime.now(UTC) - timedelta(days=60)).timestamp() * 1000)
    replayed = json.dumps({"history_items": [{"id": "9", "date": str(old)}]}).encode()
    refused = [
        (server.send(body, headers={}), 403),
        (server.send(body, headers=signature(body, "other")), 403),
        (server.send(body, headers=signature(body_of(2))), 403),
        (server.send(body, headers={"X-Signature": "ü".encode().decode("latin-1")}), 403),
        (server.send(body, path="nobody"), 404),
        (server.send(replayed), 400),
        (server.send(b"[1]"), 400),
        (server.send(b"{"), 400),
        (server.send(b'{"x": "' + b"a" * 1_100_000 + b'"}'), 413),
    ]

    assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
    assert stored(server) == []
    seen = server.log.read_text() + "".join(answer.text for answer, _ in refused)
    assert SECRET not in seen
    assert "somebody's eyes" not in seen


def test_an_event_that_cannot_be_stored_is_to_be_sent_again(tmp_path: Path) -> None:
    """With 503; afterwards it is taken."""
    path = tmp_path / "inbox.db"
    with serving(tmp_path, f"sqlite:///{path}") as server:
        inbox = Inbox(server.inbox)
        with inbox._engine.begin() as connection:  # noqa: SLF001 - as a broken disk would
            connection.exec_driver_sql("alter table webhook_events rename to away")
        answer = server.send(body_of(1))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10"
        assert requests.get(f"{server.url}/ready", timeout=5).status_code == 503
        with inbox._engine.begin() as connection:  # noqa: SLF001
            connection.exec_driver_sql("alter table away rename to webhook_events")
        assert server.send(body_of(1)).status_code == 200
        assert len(stored(server)) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_that_was_acknowledged_is_lost_when_it_is_killed(
    database: str, tmp_path: Path
) -> None:
    """Eight senders at once, killed three times; the numbers leave no event out."""
    acknowledged: set[int] = set()
    numbers = iter(range(1_000_000))
    ending = threading.Event()
    lock = threading.Lock()

    def send(server: Server) -> None:
        while not ending.is_set():
            with lock:
                number = next(numbers)
            try:
                if server.send(body_of(number)).ok:
                    acknowledged.add(number)
            except requests.RequestException:
                time.sleep(0.02)

    def bombard(url: str) -> None:
        with serving(tmp_path, url) as server:
            threads = [threading.Thread(target=send, args=(server,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for _ in range(3):
                time.sleep(1)
                server.kill()
                server.start()
            ending.set()
            for thread in threads:
                thread.join()
            found = [int(one["history_items"][0]["id"]) for one in stored(server)]
            assert len(found) == len(set(found))
            assert acknowledged <= set(found)
            assert len(acknowledged) > 100

    if database == "sqlite":
        bombard(f"sqlite:///{tmp_path}/inbox.db")
    else:
        with running_postgres(tmp_path / "postgres") as postgres:
            bombard(postgres.url)


def test_a_repeat_is_what_is_the_same_in_all_its_parts() -> None:
    """Timely's stamps are in seconds; its thin bodies tell no two changes apart."""
    read = SCHEMES["timely"].read

    def delivery(**payload: object) -> str | None:
        hint = read(json.dumps({"event_type": "hours:updated", "payload": payload}).encode())
        assert hint
        return hint.delivery

    for scheme in ("clickup", "github", "hmac-sha256"):
        first, again, other = (
            SCHEMES[scheme].read(body) for body in (b'{"a":1}', b'{"a": 1}', b"{}")
        )
        assert first
        assert again
        assert other
        assert first.delivery == again.delivery != other.delivery
    assert delivery(entity_path="/hours/1") is None
    assert delivery(id=1, updated_at=5, note="a") == delivery(id=1, updated_at=5, note="a")
    assert delivery(id=1, updated_at=5, note="a") != delivery(id=1, updated_at=5, note="b")


def test_too_many_requests_are_refused(tmp_path: Path) -> None:
    """Also those that are not signed."""
    inbox = Inbox(f"sqlite:///{tmp_path}/inbox.db")
    receiver = Receiver(inbox, {"a": Source(SCHEMES["clickup"], SECRET)}, per_second=0.3)
    with _served(receiver.application()) as url:
        statuses = [
            requests.post(f"{url}/hooks/a", data=b"{}", timeout=5).status_code for _ in range(5)
        ]

    assert statuses == [403, 403, 403, 429, 429]


@contextmanager
def _served(app: Any) -> Iterator[str]:  # noqa: ANN401 - an ASGI app
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield "http://127.0.0.1:{1}".format(*server.servers[0].sockets[0].getsockname())
    server.should_exit = True
    thread.join()


def test_the_tap_reads_on_from_where_it_was(tmp_path: Path) -> None:
    """And what it has is removed when it is old, and nothing else."""
    url = f"sqlite:///{tmp_path}/inbox.db"
    inbox = Inbox(url)
    long_ago = datetime.now(UTC) - timedelta(days=60)
    for number in range(2500):
        inbox.append("clickup", body_of(number), delivery=str(number), now=long_ago)
    config = {"inbox_url": url}

    first = run(TapWebhooks, config)

    assert [row["seq"] for row in first.records("webhook_events")] == list(range(1, 2501))
    assert CliRunner().invoke(cli, [f"--inbox={url}", "prune"]).output == "0 events removed\n"
    inbox.append("clickup", body_of(2500))
    inbox.append("other", body_of(2501))
    second = run(TapWebhooks, {**config, "sources": ["clickup"]}, state=first.state)
    assert [row["seq"] for row in second.records("webhook_events")] == [2501]
    third = run(TapWebhooks, config, state=second.state)
    assert third.records("webhook_events") == []
    assert CliRunner().invoke(cli, [f"--inbox={url}", "prune"]).output == "2500 events removed\n"
    shown = CliRunner().invoke(cli, [f"--inbox={url}", "show"]).output
    assert "reader tap-webhooks/webhook_events: at 2502 of 2502" in shown
    forgotten = CliRunner().invoke(cli, [f"--inbox={url}", "forget", "tap-webhooks/webhook_events"])
    assert forgotten.output == "tap-webhooks/webhook_events is forgotten\n"
    assert "reader" not in CliRunner().invoke(cli, [f"--inbox={url}", "show"]).output


def test_settings_that_are_wrong_are_all_told(tmp_path: Path) -> None:
    """With what to write."""
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"a": {"scheme": "x", "secret": "y"}, "b": {"scheme": "clickup"}}))

    result = CliRunner().invoke(
        cli, [f"--inbox=sqlite:///{tmp_path}/i.db", "serve", "--sources", str(path)]
    )

    assert result.exit_code == 1
    assert "a.scheme: one of clickup, timely" in result.output
    assert "b.secret: missing" in result.output


def test_what_is_old_is_removed_while_the_receiver_runs(tmp_path: Path) -> None:
    """But nothing that a reader does not have."""
    inbox = Inbox(f"sqlite:///{tmp_path}/inbox.db")
    long_ago = datetime.now(UTC) - timedelta(days=60)
    for number in range(3):
        inbox.append("a", body_of(number), now=long_ago)
    inbox.mark("somebody", 2)
    receiver = Receiver(inbox, {}, keep=timedelta(days=45))

    with _served(receiver.application()) as url:
        deadline = time.monotonic() + 5
        while len(list(inbox.read(0))) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert requests.get(f"{url}/health", timeout=5).ok

    assert [event.seq for event in inbox.read(0)] == [3]
