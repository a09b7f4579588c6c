"""Time entries into Harvest: each once, whatever happens on the way."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from singer_sandbox.client import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from singer_sandbox.client import HarvestControl

SCHEMA = {
    "type": "SCHEMA",
    "stream": "entries",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "string"}}},
}
STATE = {"type": "STATE", "value": {"done": True}}


@pytest.fixture(scope="module")
def server() -> Iterator[HarvestControl]:
    """An account with start and end times."""
    with running_sandbox(entries=20, rate_limit=False) as sandbox:
        yield sandbox.harvest


@pytest.fixture
def harvest(server: HarvestControl) -> HarvestControl:
    """The same, with hours, and as it was at the start."""
    server.reset(timestamp_timers=False, entries=20, rate_limit=False)
    return server


class Relay:
    """Feeds the target.

    Args:
        folder: For its files.
        harvest: The account.
        settings: Beside those that it needs.
    """

    def __init__(self, folder: Path, harvest: HarvestControl, **settings: object) -> None:
        config = harvest.config()
        self._config = folder / "config.json"
        self._config.write_text(
            json.dumps(
                {
                    "access_token": config["access_token"],
                    "account_id": config["account_id"],
                    "api_url": config["api_url"],
                    "ledger_url": f"sqlite:///{folder}/ledger.db",
                    "batch_size_rows": 10,
                    "requests_per_period": 10_000,
                    **settings,
                }
            )
        )

    def command(self, *more: str) -> list[str]:
        """Return how it is started."""
        return [sys.executable, "-m", "target_harvest", *more, "--config", str(self._config)]

    def feed(self, *messages: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        lines = [json.dumps(message) for message in (SCHEMA, *messages, STATE)]
        return self.run("\n".join(lines))

    def run(self, text: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run it over a text."""
        return subprocess.run(
            self.command(*more), input=text, capture_output=True, text=True, check=False
        )


@pytest.fixture
def relay(tmp_path: Path, harvest: HarvestControl) -> Relay:
    """The target, over the account."""
    return Relay(tmp_path, harvest)


def place(harvest: HarvestControl) -> dict[str, Any]:
    """Return project, task and user that belong together."""
    entry = next(row for row in harvest.rows("time_entries") if not row["is_locked"])
    return {
        "project_id": entry["project"]["id"],
        "task_id": entry["task"]["id"],
        "user_id": entry["user"]["id"],
        "spent_date": "2026-03-02",
    }


def record(key: str, **fields: object) -> dict[str, Any]:
    """Return a record message."""
    return {"type": "RECORD", "stream": "entries", "record": {"id": key, **fields}}


def gone(key: str) -> dict[str, Any]:
    """Return a tombstone."""
    return record(key, _sdc_deleted_at="2026-03-02T09:00:00Z")


def ours(harvest: HarvestControl) -> dict[str, float]:
    """Return the hours of our entries by reference; none may be there twice."""
    found: dict[str, float] = {}
    for row in harvest.rows("time_entries"):
        mark = row["external_reference"]
        if mark and mark["group_id"] == "worktaps":
            assert mark["id"] not in found
            found[mark["id"]] = row["hours"]
    return found


def test_entries_are_made_changed_and_deleted(harvest: HarvestControl, relay: Relay) -> None:
    """A second time nothing is written."""
    where = place(harvest)
    first = relay.feed(record("a", **where, hours=1.5, notes="One"), record("b", **where, hours=2))
    assert first.returncode == 0, first.stderr
    assert ours(harvest) == {"a": 1.5, "b": 2.0}
    assert json.loads(first.stdout) == STATE["value"]

    relay.feed(record("a", **where, hours=3, notes="One"), gone("b"))
    assert ours(harvest) == {"a": 3.0}
    harvest.clear_requests()
    relay.feed(record("a", **where, hours=3, notes="One"))
    assert harvest.requests() == []


def test_accounts_with_start_and_end_times(harvest: HarvestControl, relay: Relay) -> None:
    """They do not look at hours."""
    where = place(harvest)
    harvest.settings(timestamp_timers=True)

    done = relay.feed(record("a", **where, started_time="8:00am", ended_time="9:30am"))

    assert done.returncode == 0, done.stderr
    assert ours(harvest) == {"a": 1.5}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "drop"},
        {"kind": "truncate"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    ],
)
def test_a_create_that_may_have_happened_is_never_doubled(
    harvest: HarvestControl, relay: Relay, fault: dict[str, Any]
) -> None:
    """It is looked for before it is repeated."""
    harvest.fault(**fault, path="/time_entries", method="POST", times=2)

    done = relay.feed(record("a", **place(harvest), hours=1))

    assert done.returncode == 0, done.stderr
    assert ours(harvest) == {"a": 1.0}


def test_what_was_deleted_is_not_brought_back_by_a_late_record(
    harvest: HarvestControl, relay: Relay
) -> None:
    """Neither in the same run nor in a later one."""
    where = place(harvest)
    relay.feed(record("a", **where, hours=1), gone("a"))
    relay.feed(record("a", **where, hours=1))

    assert ours(harvest) == {}


def test_what_is_refused_is_a_dead_letter_and_can_be_put_back(
    harvest: HarvestControl, relay: Relay
) -> None:
    """The others go on, and the state, too."""
    where = place(harvest)
    wrong = {**where, "task_id": 1}

    done = relay.feed(record("a", **wrong, hours=1), record("b", **where, hours=2))

    assert done.returncode == 0
    assert ours(harvest) == {"b": 2.0}
    assert json.loads(done.stdout) == STATE["value"]
    assert "time_entries: dead letter 1: " in done.stderr
    assert '"metric":"dead_letters","value":1' in done.stderr
    letters = relay.run("", "dead-letters").stdout
    assert "Check that project, task and user belong together" in letters
    still = relay.run("", "replay")
    assert (still.returncode, still.stdout) == (1, "0 of 1 dead letters written\n")
    relay.feed(record("a", **where, hours=1))
    assert ours(harvest) == {"a": 1.0, "b": 2.0}
    assert relay.run("", "dead-letters").stdout == "No dead letters\n"


def test_no_timer_is_ever_started(harvest: HarvestControl, relay: Relay) -> None:
    """By an entry of no hours, of the wrong kind of time, or by an answer that says so."""
    where = place(harvest)
    harvest.fault("patch", "/time_entries", method="POST", merge={"is_running": True})

    relay.feed(record("a", **where, hours=1), record("b", **where, hours=0), record("c", **where))
    harvest.settings(timestamp_timers=True)
    relay.feed(record("d", **where, hours=1))

    assert ours(harvest) == {}
    letters = relay.run("", "dead-letters").stdout
    assert "Harvest started a timer instead of making an entry" in letters
    assert "would start a timer for an entry of 0 hours" in letters
    assert "the entry has no hours, nor a start and an end" in letters
    assert "the account tracks start and end" in letters


def test_a_change_that_harvest_swallows_is_a_dead_letter(
    harvest: HarvestControl, relay: Relay
) -> None:
    """As with locked rows: it answers 200 and shows the entry as it was."""
    where = place(harvest)
    relay.feed(record("a", **where, hours=1))
    harvest.fault("patch", "/time_entries/*", method="PATCH", merge={"hours": 1.0})

    relay.feed(record("a", **where, hours=5))

    assert "Harvest left the entry as it was" in relay.run("", "dead-letters").stdout


def test_entries_of_others_are_left_alone(harvest: HarvestControl, relay: Relay) -> None:
    """Although they have the same reference."""
    where = place(harvest)
    foreign = {"id": "a", "group_id": "somebody", "permalink": "https://example.com/a"}
    harvest.add("time_entries", **where, hours=7, external_reference=foreign)

    relay.feed(record("a", **where, hours=1), gone("b"))

    assert ours(harvest) == {"a": 1.0}
    assert 7.0 in [row["hours"] for row in harvest.rows("time_entries")]


def test_refused_credentials_move_no_state(harvest: HarvestControl, relay: Relay) -> None:
    """No secret is told."""
    harvest.fault("status", "/time_entries", status=401, times=None)

    done = relay.feed(record("a", **place(harvest), hours=1))

    assert done.returncode == 1
    assert done.stdout == ""
    assert "Check access_token and account_id" in done.stderr
    assert harvest.config()["access_token"] not in done.stderr


def test_killed_again_and_again_the_account_has_what_was_sent(
    harvest: HarvestControl, relay: Relay
) -> None:
    """Duplicated and out of date events among them, while Harvest fails now and then."""
    where = place(harvest)
    dice = random.Random(7)  # noqa: S311 - a story
    wanted: dict[str, float] = {}
    messages = []
    for number in range(300):
        key = f"e{dice.randint(0, 80)}"
        if key in wanted and dice.random() < 0.2:
            wanted[key] = -1
            messages.append(gone(key))
        elif wanted.get(key) != -1:
            wanted[key] = float(number % 8 + 1)
            messages += [record(key, **where, hours=wanted[key])] * dice.randint(1, 2)
    harvest.fault("status", "/time_entries", status=500, skip=20, times=3)
    harvest.fault("reset", "/time_entries", method="POST", skip=10, times=3)
    text = "\n".join(json.dumps(message) for message in (SCHEMA, *messages, STATE))
    for seconds in (2.0, 2.5, 3.0):
        with subprocess.Popen(relay.command(), stdin=subprocess.PIPE, text=True) as process:
            assert process.stdin
            process.stdin.write(text)
            process.stdin.flush()
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)

    done = relay.run(text)

    assert done.returncode == 0, done.stderr
    assert ours(harvest) == {key: hours for key, hours in wanted.items() if hours != -1}
