"""The timesheet relay, end to end and without an account: ``make relay``.

Starts a simulated ClickUp and a simulated Harvest, receives ClickUp's webhooks, and lets hours
follow into Harvest within seconds. Then the other direction, a dead letter, a backup, a restore.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from singer_sandbox.client import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import HarvestControl, Sandbox

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
OUTPUT = ROOT / "output" / "sandbox"
RELAY = OUTPUT / "relay"
PORT = 8769
RECEIVER = f"http://127.0.0.1:{PORT}"
HOUR = 3_600_000
PLUGINS = (
    *("tap-webhooks-relay", "tap-webhooks-backup", "tap-webhooks-restore", "tap-clickup-relay"),
    *("tap-harvest-relay", "mapper-worklog", "target-files-backup", "target-harvest-relay"),
    *("target-harvest-restore", "target-clickup-relay"),
)


def main() -> None:
    """Run the demo; stops with the exit code of whatever fails."""
    say("Installing taps, mapper and targets (kept for next time)")
    run("meltano", "--log-level=warning", "install", *PLUGINS)
    for path in (RELAY, OUTPUT / "backup"):
        shutil.rmtree(path, ignore_errors=True)
    (OUTPUT / "relay.db").unlink(missing_ok=True)
    RELAY.mkdir(parents=True)
    with running_sandbox(entries=20, rate_limit=False, timestamp_timers=False) as sandbox:
        sandbox.clickup.reset(entries=0, rate_limit=False)
        tasks = configure(sandbox)
        with receiver():
            say("The webhook, made at ClickUp")
            run("webhook-inbox", "hooks", "create", "clickup")
        with receiver():
            hours_follow(sandbox, tasks)
            projects_follow(sandbox)
            dead_letter(sandbox, tasks[2])
            back_up_and_restore(sandbox)


def configure(sandbox: Sandbox) -> list[str]:
    """Set everything up; returns a task on each of two mapped lists, and one on another."""
    clickup, harvest = sandbox.clickup, sandbox.harvest
    workspace = clickup.workspaces["first"]
    space = next(row for row in clickup.rows("spaces") if row["workspace_id"] == workspace)
    by_list = {row["list_id"]: row["id"] for row in clickup.rows("tasks")}
    account = harvest.config()
    write_mapping(harvest, list(by_list)[:2])
    webhook = {
        "url": f"{RECEIVER}/hooks/clickup",
        "workspace_id": workspace,
        "token": clickup.tokens["personal"],
        "api_url": clickup.api_url,
    }
    source = {"scheme": "clickup", "secret_file": "clickup.secret", "webhook": webhook}
    (RELAY / "sources.json").write_text(json.dumps({"clickup": source}))
    inbox = f"sqlite:///{RELAY}/inbox.db"
    os.environ |= {
        "MELTANO_DATABASE_URI": f"sqlite:///{RELAY}/meltano.db",
        "WEBHOOK_INBOX_URL": inbox,
        "WEBHOOK_INBOX_SOURCES": str(RELAY / "sources.json"),
        "TAP_WEBHOOKS_INBOX_URL": inbox,
        "TAP_WEBHOOKS_READ_AT": json.dumps({"clickup": clickup.config()}),
        "TAP_CLICKUP_API_URL": clickup.api_url,
        "TAP_HARVEST_API_URL": harvest.api_url,
        "TAP_HARVEST_IDENTITY_URL": harvest.identity_url,
        "TARGET_HARVEST_ACCESS_TOKEN": account["access_token"],
        "TARGET_HARVEST_ACCOUNT_ID": account["account_id"],
        "TARGET_HARVEST_API_URL": harvest.api_url,
        "TARGET_HARVEST_MAPPING": str(RELAY / "mapping.yml"),
        "TARGET_CLICKUP_API_TOKEN": clickup.tokens["personal"],
        "TARGET_CLICKUP_WORKSPACE_ID": workspace,
        "TARGET_CLICKUP_SPACE_ID": space["id"],
        "TARGET_CLICKUP_API_URL": clickup.api_url,
        "TARGET_CLICKUP_REQUESTS_PER_MINUTE": "10000",  # real ones: 100 and more, by the plan
    }
    return list(by_list.values())[:3]


def write_mapping(harvest: HarvestControl, lists: list[str]) -> None:
    """Say which list is which project and task, and who is who."""
    entry = next(row for row in harvest.rows("time_entries") if not row["is_locked"])
    ids = {"to_project_id": entry["project"]["id"], "to_task_id": entry["task"]["id"]}
    tables = {
        "projects": [{"list_id": name, **ids} for name in lists],
        "users": [{"to_user_id": entry["user"]["id"]}],
    }
    (RELAY / "mapping.yml").write_text(json.dumps({"time_entries": tables}, indent=2))


def hours_follow(sandbox: Sandbox, tasks: list[str]) -> None:
    """Track time in ClickUp, and wait until Harvest has it."""
    say("Hours follow: `worktaps follow relay-hours`, seconds from the change to Harvest")
    command = ["follow", "relay-hours", "--watch", f"{RECEIVER}/ready"]
    with started("worktaps", *command):
        time.sleep(8)
        now = int(time.time() * 1000)
        entries = []
        for number in range(3):
            began = time.monotonic()
            entry = sandbox.clickup.add(
                "time_entries",
                task_id=tasks[number % 2],
                start=now - (number + 2) * HOUR,
                duration=HOUR,
                description=f"Entry {number + 1}",
            )
            entries.append(entry["id"])
            wait_for(sandbox, entry["id"], 1.0)
            print(f"  made      {time.monotonic() - began:5.1f} s")
        began = time.monotonic()
        sandbox.clickup.edit("time_entries", entries[0], duration=2 * HOUR)
        wait_for(sandbox, entries[0], 2.0)
        print(f"  changed   {time.monotonic() - began:5.1f} s")
        began = time.monotonic()
        sandbox.clickup.delete("time_entries", entries[1])
        wait_for(sandbox, entries[1], None)
        print(f"  deleted   {time.monotonic() - began:5.1f} s", flush=True)


def projects_follow(sandbox: Sandbox) -> None:
    """Read Harvest's projects into ClickUp."""
    say("Projects follow the other way")
    run("meltano", "--log-level=warning", "run", "relay-projects")
    folders = {row["id"]: row["name"] for row in sandbox.clickup.rows("folders")}
    for row in sandbox.clickup.rows("lists")[-3:]:
        closed = " (archived)" if row["archived"] else ""
        print(f"  {folders[row['folder_id']]} / {row['name']}{closed}")


def dead_letter(sandbox: Sandbox, task: str) -> None:
    """Track time on a list that nobody has mapped; then map it."""
    say("A list that is not in the mapping: a dead letter, until it is")
    sandbox.clickup.add("time_entries", task_id=task, duration=HOUR, description="Unmapped")
    time.sleep(1)
    run("meltano", "--log-level=warning", "run", "relay-hours")
    run("meltano", "--log-level=warning", "invoke", "target-harvest-relay:dead-letters")
    lists = sorted({row["list_id"] for row in sandbox.clickup.rows("tasks")})
    write_mapping(sandbox.harvest, lists)
    run("meltano", "--log-level=warning", "invoke", "target-harvest-relay:replay")


def back_up_and_restore(sandbox: Sandbox) -> None:
    """Copy all versions, lose everything in Harvest, and put it back."""
    say("The backup")
    run("meltano", "--log-level=warning", "run", "relay-backup", "relay-backup-poll")
    for path in sorted((OUTPUT / "backup").glob("*.jsonl")):
        print(f"  {len(path.read_text().splitlines()):>4} lines  {path.relative_to(ROOT)}")
    before = relayed(sandbox)
    sandbox.harvest.reset(entries=20, rate_limit=False, timestamp_timers=False)
    say(f"Harvest has lost {len(before)} entries: `meltano run relay-restore`")
    run("meltano", "--log-level=warning", "run", "relay-restore")
    after = relayed(sandbox)
    print(f"  restored {len(after)}, {'all the same' if after == before else 'not all the same'}")
    if after != before:
        sys.exit(1)


def relayed(sandbox: Sandbox) -> dict[str, float]:
    """Return the hours in Harvest by the id of the entry in ClickUp."""
    return {
        row["external_reference"]["id"]: row["hours"]
        for row in sandbox.harvest.rows("time_entries")
        if row["external_reference"] and row["external_reference"]["group_id"] == "worktaps"
    }


def wait_for(sandbox: Sandbox, entry_id: str, hours: float | None) -> None:
    """Wait until Harvest has so many hours for an entry, or has it no more."""
    deadline = time.monotonic() + 90
    while relayed(sandbox).get(entry_id) != hours:
        if time.monotonic() > deadline:
            sys.exit("The entry did not come to Harvest")
        time.sleep(0.05)


@contextmanager
def receiver() -> Iterator[None]:
    """Receive webhooks."""
    with started("webhook-inbox", "serve", f"--port={PORT}"):
        for _ in range(200):
            try:
                requests.get(f"{RECEIVER}/ready", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield


@contextmanager
def started(program: str, *arguments: str) -> Iterator[None]:
    """Run a program of this project meanwhile."""
    with subprocess.Popen([str(BIN / program), *arguments], cwd=ROOT) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)


def run(program: str, *arguments: str) -> None:
    """Run a program of this project to its end; stops the demo if it fails."""
    done = subprocess.run([str(BIN / program), *arguments], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    main()
