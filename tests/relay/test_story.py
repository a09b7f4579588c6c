"""ClickUp's entries in Harvest, whatever happens on the way: the whole relay, of real processes."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner
from singer_sandbox.client import running_sandbox
from typing_extensions import override
from webhook_inbox.__main__ import cli
from webhook_inbox.inbox import Inbox

from tests.relay.pipeline import Pipeline
from tests.webhooks.receiver import Server

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from singer_sandbox.client import ClickUpControl, HarvestControl, Sandbox

CHANGES = 1000
HOUR = 3_600_000
MOMENTS = {"target": (1.2, 2.8), "tap": (0.3, 1.0), "receiver": (0.0, 2.0), "mapper": (0.4, 1.8)}
"""When each of them is killed, in seconds after a run has begun."""


class Relay:
    """The relay of a team: receiver, pipelines, and the services at both ends.

    Args:
        folder: For everything that it keeps.
        sandbox: The services.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.clickup: ClickUpControl = sandbox.clickup
        self.harvest: HarvestControl = sandbox.harvest
        self.receiver = Server(folder, f"sqlite:///{folder}/inbox.db")
        self._register(folder)
        self.tasks = self._map(folder / "mapping.yml")
        account = self.harvest.config()
        target = {
            **{name: account[name] for name in ("access_token", "account_id", "api_url")},
            "ledger_url": f"sqlite:///{folder}/ledger.db",
            "mapping": str(folder / "mapping.yml"),
            "requests_per_period": 100_000,
            "batch_size_rows": 20,
        }
        settings = self.clickup.config() | {"requests_per_minute": 100_000}
        inbox = {"inbox_url": self.receiver.inbox, "read_at": {"clickup": settings}}
        self.hooked = Pipeline(
            folder / "hooked",
            ("tap_webhooks", inbox),
            ("target_harvest", target),
            rules="clickup-to-harvest.yml",
            select=["time_entries"],
        )
        self.polled = Pipeline(
            folder / "polled",
            ("tap_clickup", settings | {"start_date": "2026-01-01"}),
            ("target_harvest", target),
            rules="clickup-to-harvest.yml",
            select=["time_entries"],
        )
        self.backup = Pipeline(
            folder / "backup",
            ("tap_webhooks", inbox | {"reader": "backup"}),
            ("target_files", {"path": str(folder / "copies"), "format": "jsonl"}),
            select=["webhook_events", "entry_versions"],
        )
        self.copies = folder / "copies"
        self.polled_backup = Pipeline(
            folder / "polled-backup",
            ("tap_clickup", settings | {"start_date": "2026-01-01"}),
            ("target_files", {"path": str(self.copies), "format": "jsonl"}),
            select=["time_entries"],
        )
        self.restore = Pipeline(
            folder / "restore",
            ("tap_webhooks", inbox | {"restore_from": str(self.copies)}),
            ("target_harvest", target | {"rewrite": True}),
            rules="clickup-to-harvest.yml",
            select=["time_entries"],
        )

    def _register(self, folder: Path) -> None:
        webhook = {
            "url": f"{self.receiver.url}/hooks/clickup",
            "workspace_id": self.clickup.workspaces["first"],
            "token": self.clickup.tokens["personal"],
            "api_url": self.clickup.api_url,
        }
        secret = str(folder / "clickup.secret")
        self.receiver.write_sources(
            clickup={"scheme": "clickup", "secret_file": secret, "webhook": webhook}
        )
        command = ["hooks", "create", "clickup", f"--sources={self.receiver.sources}"]
        made = CliRunner().invoke(cli, command)
        assert made.exit_code == 0, made.output

    def _map(self, path: Path) -> list[str]:
        """Write the mapping: each list is a task of a project. Returns tasks on these lists."""
        entry = next(row for row in self.harvest.rows("time_entries") if not row["is_locked"])
        ids = {"to_project_id": entry["project"]["id"], "to_task_id": entry["task"]["id"]}
        first = self.clickup.workspaces["first"]
        tasks = [row for row in self.clickup.rows("tasks") if row["workspace_id"] == first]
        lists = sorted({row["list_id"] for row in tasks})[:2]
        tables = {
            "projects": [{"list_id": name, **ids} for name in lists],
            "users": [{"to_user_id": entry["user"]["id"]}],
        }
        path.write_text(json.dumps({"time_entries": tables}))
        return [row["id"] for row in tasks if row["list_id"] in lists]

    def wanted(self) -> dict[str, tuple[float, str]]:
        """Return hours and notes of all that ClickUp has."""
        return {
            row["id"]: (round(row["duration"] / HOUR, 2), row["description"])
            for row in self.clickup.rows("time_entries")
        }

    def relayed(self) -> dict[str, tuple[float, str]]:
        """Return hours and notes of what Harvest has; nothing may be there twice."""
        found: dict[str, tuple[float, str]] = {}
        for row in self.harvest.rows("time_entries"):
            mark = row["external_reference"]
            if mark and mark["group_id"] == "worktaps":
                assert mark["id"] not in found
                found[mark["id"]] = (row["hours"], row["notes"] or "")
        return found


class People(threading.Thread):
    """Track time: make entries, change them, delete them.

    Args:
        relay: Where.
        changes: How many.
    """

    def __init__(self, relay: Relay, changes: int) -> None:
        super().__init__()
        self._relay = relay
        self._changes = changes

    @override
    def run(self) -> None:
        dice, clickup = random.Random(11), self._relay.clickup  # noqa: S311 - a story
        there: list[str] = []
        now = int(time.time() * 1000)
        for number in range(self._changes):
            change = dice.random()
            if not there or change < 0.45:
                made = clickup.add(
                    "time_entries",
                    task_id=dice.choice(self._relay.tasks),
                    start=now - dice.randint(10, 400) * HOUR,
                    duration=dice.randint(1, 32) * HOUR // 4,
                    description=f"Made {number}",
                )
                there.append(made["id"])
            elif change < 0.8:
                fields: dict[str, Any] = {"duration": dice.randint(1, 32) * HOUR // 4}
                clickup.edit("time_entries", dice.choice(there), description=f"{number}", **fields)
            else:
                clickup.delete("time_entries", there.pop(dice.randrange(len(there))))
            time.sleep(0.03)


def test_a_thousand_changes_with_faults_and_kills(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In the end Harvest has ClickUp's entries, each once, and the backup every version."""
    with running_sandbox(entries=20, rate_limit=False, timestamp_timers=False) as sandbox:
        sandbox.clickup.reset(entries=0, rate_limit=False)
        sandbox.clickup.settings(
            webhook_duplicates=5, webhook_delay_seconds=0.5, webhook_retry_seconds=0.3
        )
        relay = Relay(tmp_path, sandbox)
        people = People(relay, CHANGES)
        relay.receiver.start()
        request.addfinalizer(relay.receiver.kill)
        people.start()
        dice = random.Random(5)  # noqa: S311 - a story
        victims = list(MOMENTS)
        killed: set[str] = set()
        while people.is_alive() or not killed >= {"target", "tap", "receiver"}:
            _spoil(relay, dice)
            victim = victims.pop(0)
            victims.append(victim)
            timer = threading.Timer(dice.uniform(*MOMENTS[victim]), _kill, (relay, victim, killed))
            timer.start()
            relay.hooked.run()
            timer.join()
            if victim == "receiver":
                relay.backup.run()
        people.join()
        relay.harvest.clear_faults()
        _settle(relay)

        _catch_up(relay)

        assert relay.relayed() == relay.wanted()
        assert relay.hooked.invoke("dead-letters") == "No dead letters\n"
        _check_backup(relay)

        relay.harvest.reset(entries=20, rate_limit=False, timestamp_timers=False)
        assert relay.relayed() == {}
        assert relay.restore.run(), relay.restore.log
        assert relay.relayed() == relay.wanted()


def _spoil(relay: Relay, dice: random.Random) -> None:
    """Let Harvest fail now and then."""
    relay.harvest.clear_faults()
    for kind in ({"kind": "status", "status": 500}, {"kind": "reset"}, {"kind": "drop"}):
        skip = dice.randint(5, 40)
        relay.harvest.fault(**kind, path="/time_entries*", skip=skip, times=2)
    busy = {"status": 429, "headers": {"Retry-After": "1"}}
    relay.harvest.fault("status", "/time_entries*", skip=dice.randint(5, 40), **busy)


def _kill(relay: Relay, victim: str, killed: set[str]) -> None:
    if victim == "receiver":
        relay.receiver.kill()
        time.sleep(0.5)
        relay.receiver.start()
        killed.add(victim)
    elif relay.hooked.kill(victim):
        killed.add(victim)


def _settle(relay: Relay) -> None:
    """Wait until nothing comes any more."""
    inbox, quiet_since, before = Inbox(relay.receiver.inbox), time.monotonic(), -1
    while time.monotonic() - quiet_since < 3:
        if inbox.last() != before:
            before, quiet_since = inbox.last(), time.monotonic()
        time.sleep(0.1)
    assert before >= CHANGES * 0.9  # of repeats only the first one is kept


def _catch_up(relay: Relay) -> None:
    """Relay what came by webhook, then what webhooks have missed; the backup is on its own."""
    assert relay.hooked.run(), relay.hooked.log
    assert relay.polled.run(), relay.polled.log
    assert relay.backup.run(), relay.backup.log
    assert relay.polled_backup.run(), relay.polled_backup.log


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _check_backup(relay: Relay) -> None:
    """Every event is there, and every entry as it was when its last event was read."""
    copies = {
        name: _lines(relay.copies / f"{name}.jsonl")
        for name in ("webhook_events", "entry_versions")
    }
    events = list(Inbox(relay.receiver.inbox).read(0, most=100_000))
    assert {row["seq"] for row in copies["webhook_events"]} == {event.seq for event in events}
    assert {row["seq"] for row in copies["entry_versions"]} == {event.seq for event in events}
    last: dict[str, dict[str, Any]] = {}
    for row in sorted(copies["entry_versions"], key=lambda row: row["seq"]):
        if row["entry_key"] not in last or not last[row["entry_key"]]["deleted_at"]:
            last[row["entry_key"]] = row
    wanted = relay.wanted()
    held = {
        key: json.loads(row["record"])["description"]
        for key, row in last.items()
        if not row["deleted_at"]
    }
    assert {key: notes for key, (_, notes) in wanted.items() if key in held} == held
