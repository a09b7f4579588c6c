"""Messages, and the figures behind them."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from typing_extensions import override
from worktaps.exporter import Exporter
from worktaps.history import record
from worktaps.notify import look_and_tell, look_tell_and_remember
from worktaps.status import health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worktaps.project import Project

    from tests.orchestrate.conftest import MakeProject

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Receiver:
    """Takes messages as a webhook does.

    Attributes:
        url: Where, as Apprise writes it.
        messages: What came.
        status: What it answers.
    """

    def __init__(self, port: int) -> None:
        self.url = f"json://127.0.0.1:{port}/?token=hush"
        self.messages: list[dict[str, Any]] = []
        self.status = 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that listens."""
    box: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            message = json.loads(self.rfile.read(length))
            self.send_response(box[0].status)
            self.end_headers()
            if box[0].status == 200:
                box[0].messages.append(message)

        @override
        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        box.append(Receiver(server.server_port))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box[0]
        server.shutdown()


class Story:
    """What happens to a project, and what is told of it.

    Args:
        make_project: Writes it.
        receiver: Who is told.
        options: Annotations of the project.
    """

    def __init__(self, make_project: MakeProject, receiver: Receiver, **options: object) -> None:
        told = {"notify": [receiver.url], "retries": 0, **options}
        self.project: Project = make_project(annotations={"orchestrator": told})
        self.warnings: list[str] = []
        self._receiver = receiver
        self._known: str | None = None
        folder = self.project.root / ".meltano"
        folder.mkdir()
        self._path = folder / "meltano.db"
        with sqlite3.connect(self._path) as database:
            database.execute(
                "create table runs (job_name, state, started_at, ended_at, last_heartbeat_at,"
                " run_id, trigger)"
            )
        database.close()

    def ran(self, plugins: str, end: datetime, state: str = "SUCCESS", **result: object) -> None:
        """Note a run of five minutes."""
        run_id = uuid4()
        with sqlite3.connect(self._path) as database:
            database.execute(
                "insert into runs values (?, ?, ?, ?, null, ?, 'test')",
                (f"dev:{plugins}", state, _text(end - 5 * MINUTE), _text(end), run_id.hex),
            )
        database.close()
        if result:
            record(f"sqlite:///{self._path}", str(run_id), {"rows": {}, **result})

    def look(self, now: datetime) -> list[str]:
        """Look at everything, and return the messages that came."""
        before = len(self._receiver.messages)
        self._known = look_and_tell(self.project, now, self._known, warn=self.warnings.append)
        return [
            f"{message['title']}\n{message['message']}"
            for message in self._receiver.messages[before:]
        ]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def test_failures_are_one_message_and_told_once(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """And so is recovery."""
    story = Story(make_project, receiver)
    story.look(NOW)
    story.ran("tap-a-to-target-x", NOW, "FAIL", error="entries: failed: HTTP 401")
    story.ran("tap-b-to-target-x", NOW, "FAIL", error="HTTP 500")

    (message,) = story.look(NOW + MINUTE)
    assert message == (
        "Worktaps: Failed (2)\n"
        "a in dev failed once: entries: failed: HTTP 401\nbad-b in dev failed once: HTTP 500"
    )
    story.ran("tap-a-to-target-x", NOW + HOUR, "FAIL", error="again")
    assert story.look(NOW + HOUR) == []
    story.ran("tap-a-to-target-x", NOW + 2 * HOUR)
    (message,) = story.look(NOW + 2 * HOUR)
    assert message == "Worktaps: Recovered (1)\na in dev: no longer failed"
    assert story.look(NOW + 3 * HOUR) == []


def test_a_failure_that_is_tried_again_is_not_told(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """Only when the attempts are used up, or the next one does not come."""
    story = Story(make_project, receiver, retries=1, retry_delays=[300])
    story.look(NOW)
    story.ran("tap-a-to-target-x", NOW, "FAIL", error="first")

    assert story.look(NOW + 6 * MINUTE) == []
    (message,) = story.look(NOW + 16 * MINUTE)
    assert "failed once: first" in message


def test_data_can_be_stale_although_runs_are_green(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """Because no run comes, or because runs bring nothing any more."""
    story = Story(make_project, receiver, stale_after=7200, quiet_after=86400)
    story.look(NOW)
    story.ran("tap-a-to-target-x", NOW, rows={"entries": 5})
    assert story.look(NOW + HOUR) == []

    (message,) = story.look(NOW + 3 * HOUR)
    assert message == (
        "Worktaps: Stale data (1)\na in dev is stale since 2026-03-02 11:20 UTC; "
        "last success: 2026-03-02 09:20 UTC"
    )
    for hour in range(4, 26, 1):
        story.ran("tap-a-to-target-x", NOW + hour * HOUR, rows={"entries": 0})
    (message,) = story.look(NOW + 23 * HOUR)
    assert message == "Worktaps: Recovered (1)\na in dev: no longer stale data"
    (message,) = story.look(NOW + 25 * HOUR)
    assert "a in dev is stale since 2026-03-03 09:20 UTC" in message


def test_refused_mass_deletions_are_told_though_the_run_may_be_green(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """With what the tap said of it."""
    story = Story(make_project, receiver)
    story.look(NOW)
    refused = "entries: partial: 40 of 50 are no longer listed, more than max_deletion_share allows"
    story.ran("tap-a-to-target-x", NOW, refused=[refused])

    (message,) = story.look(NOW)

    assert message.startswith("Worktaps: Mass deletion refused (1)\na in dev: entries: partial: 40")


def test_records_that_were_not_written_are_told_until_they_are(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """Although the run is green: the others went on."""
    story = Story(make_project, receiver)
    story.look(NOW)
    story.ran("tap-a-to-target-x", NOW, dead_letters=3)

    (message,) = story.look(NOW)
    story.ran("tap-a-to-target-x", NOW, dead_letters=0)
    (mended,) = story.look(NOW)

    assert message == (
        "Worktaps: Records not written (1)\n"
        "a in dev: 3 records wait as dead letters. `target-x dead-letters` lists them"
    )
    assert "no longer records not written" in mended


def test_credentials_are_told_before_they_end(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """Two weeks before."""
    story = Story(make_project, receiver, expires={"A_TOKEN": "2026-03-16", "B": "2026-03-17"})

    (message,) = story.look(NOW)

    assert message.startswith("Worktaps: Credential ends soon (1)\nA_TOKEN ends in 14 days")


def test_success_is_told_to_those_who_ask(make_project: MakeProject, receiver: Receiver) -> None:
    """With the number of records."""
    story = Story(make_project, receiver, notify_on=["success"])
    story.look(NOW)
    story.ran("tap-a-to-target-x", NOW + MINUTE, rows={"entries": 5, "people": 2})
    story.ran("tap-b-to-target-x", NOW + MINUTE, "FAIL")

    (message,) = story.look(NOW + 2 * MINUTE)

    assert message == "Worktaps: Succeeded (1)\na in dev: 7 records"
    assert story.look(NOW + 3 * MINUTE) == []


def test_what_could_not_be_delivered_is_sent_again_and_no_address_is_shown(
    make_project: MakeProject,
    receiver: Receiver,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Addresses have tokens in them."""
    story = Story(make_project, receiver, notify=[receiver.url, "nonsense://hush"])
    story.look(NOW)
    story.ran("tap-a-to-target-x", NOW, "FAIL", error="HTTP 401")
    receiver.status = 500

    assert story.look(NOW + MINUTE) == []
    receiver.status = 200
    (message,) = story.look(NOW + 2 * MINUTE)

    assert "HTTP 401" in message
    assert any("tried again" in line for line in story.warnings)
    assert any("1 of 2 addresses" in line for line in story.warnings)
    output = "".join([*capfd.readouterr(), caplog.text, *story.warnings])
    assert "hush" not in output


def test_without_an_engine_the_database_remembers(
    make_project: MakeProject, receiver: Receiver
) -> None:
    """Where runners are thrown away, it is the only thing that stays."""
    story = Story(make_project, receiver)
    story.ran("tap-a-to-target-x", NOW, "FAIL", error="HTTP 401")

    for minute in (1, 2):
        look_tell_and_remember(story.project, NOW + minute * MINUTE, story.warnings.append)

    assert len(receiver.messages) == 1


def test_figures_for_prometheus(make_project: MakeProject, receiver: Receiver) -> None:
    """Of the last 24 hours, by job and environment."""
    story = Story(make_project, receiver, stale_after=3600)
    story.ran("tap-a-to-target-x", NOW - 30 * HOUR, rows={"entries": 100})
    story.ran(
        "tap-a-to-target-x",
        NOW - 2 * HOUR,
        rows={"entries": 5},
        tombstones={"entries": 1},
        requests=3,
        waited_seconds=1.5,
        response_seconds=0.9,
        write_seconds={"entries": 0.25},
    )
    story.ran("tap-a-to-target-x", NOW - HOUR, "FAIL", error="HTTP 500")

    lines = Exporter(story.project, lambda: NOW).text().decode().splitlines()

    labels = 'environment="dev",job="a"'
    for expected in (
        f"worktaps_last_success_timestamp_seconds{{{labels}}} 1.772436e+09",
        f"worktaps_last_run_ok{{{labels}}} 0.0",
        f"worktaps_last_run_duration_seconds{{{labels}}} 300.0",
        f"worktaps_failures_in_a_row{{{labels}}} 1.0",
        f"worktaps_stale{{{labels}}} 1.0",
        f"worktaps_requests{{{labels}}} 3.0",
        f"worktaps_waited_seconds{{{labels}}} 1.5",
        f"worktaps_response_seconds{{{labels}}} 0.9",
        f'worktaps_runs{{{labels},result="failure"}} 1.0',
        f'worktaps_runs{{{labels},result="success"}} 1.0',
        f'worktaps_records{{{labels},stream="entries"}} 5.0',
        f'worktaps_tombstones{{{labels},stream="entries"}} 1.0',
        f'worktaps_write_seconds{{{labels},stream="entries"}} 0.25',
    ):
        assert expected in lines, "\n".join(line for line in lines if labels in line)


def test_a_run_under_way_has_an_expected_end(make_project: MakeProject, receiver: Receiver) -> None:
    """By the median of those before it."""
    story = Story(make_project, receiver)
    for hour in (3, 2, 1):
        story.ran("tap-a-to-target-x", NOW - hour * HOUR)
    with sqlite3.connect(story.project.root / ".meltano" / "meltano.db") as database:
        database.execute(
            "insert into runs values ('dev:tap-a-to-target-x', 'RUNNING', ?, null, ?, ?, 'x')",
            (_text(NOW - MINUTE), _text(NOW), uuid4().hex),
        )
    database.close()

    look = next(look for look in health(story.project, NOW) if look.job.name == "a")

    assert look.active is not None
    assert look.expected_end == NOW + 4 * MINUTE
