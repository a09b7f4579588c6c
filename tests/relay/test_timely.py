"""Timely's hours in a service with sessions: webhooks, polling, and everything going wrong."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import requests
from singer_sandbox.client import running_sandbox
from webhook_inbox.inbox import Inbox

from tests.relay.pipeline import Pipeline
from tests.target_rest.timebook import settings
from tests.webhooks.receiver import Server

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from singer_sandbox.client import Sandbox

CHANGES = 300
SECRET = "told-by-us"


def test_hours_follow_through_faults_and_kills(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In the end both hold the same, and nothing twice."""
    with running_sandbox() as sandbox:
        sandbox.timely.reset(hours=0, webhook_duplicates=4, webhook_delay_seconds=0.3)
        sandbox.timely.settings(webhook_retry_seconds=0.3, full_bodies=True, rotate=False)
        sandbox.timebook.settings(session_seconds=1, expired_as="html")
        receiver = Server(tmp_path, f"sqlite:///{tmp_path}/inbox.db")
        receiver.write_sources(timely={"scheme": "timely", "secret": SECRET})
        receiver.start()
        request.addfinalizer(receiver.kill)
        hooked, polled = _pipelines(tmp_path, sandbox, receiver)
        _subscribe(sandbox, receiver)
        people = threading.Thread(target=_work, args=(sandbox,))
        people.start()
        dice = random.Random(3)  # noqa: S311 - a story
        while people.is_alive():
            sandbox.timebook.clear_faults()
            for kind in ("reset", "html", "drop"):
                sandbox.timebook.fault(kind, "/api", skip=dice.randint(3, 30))
            timer = threading.Timer(dice.uniform(1.2, 2.5), hooked.kill, ("target",))
            timer.start()
            hooked.run()
            timer.join()
            receiver.kill()
            receiver.start()
        people.join()
        sandbox.timebook.clear_faults()
        sandbox.timebook.settings(session_seconds=1800)
        time.sleep(2)

        assert Inbox(receiver.inbox).last() > CHANGES / 2
        assert hooked.run(), hooked.log
        assert polled.run(), polled.log

        assert _relayed(sandbox) == _wanted(sandbox)
        assert hooked.invoke("dead-letters") == "No dead letters\n"


def _pipelines(folder: Path, sandbox: Sandbox, receiver: Server) -> tuple[Pipeline, Pipeline]:
    jobs, tasks = sandbox.timebook.rows("jobs"), sandbox.timebook.rows("tasks")
    tables = {
        "jobs": [
            {"project_id": row["id"], "to_job_id": jobs[number % len(jobs)]["id"]}
            for number, row in enumerate(sandbox.timely.rows("projects"))
        ],
        "tasks": [
            {"label_ids": row["id"], "to_task_id": task["id"]}
            for row, task in zip(sandbox.timely.rows("labels")[1:], tasks, strict=True)
        ],
    }
    mapping = folder / "mapping.yml"
    mapping.write_text(json.dumps({"time_entries": tables}))
    target = settings(sandbox.timebook, folder, mapping=str(mapping), batch_size_rows=20)
    source = {**sandbox.timely.config(), "token_store": str(folder / "timely.json")}
    inbox = {"inbox_url": receiver.inbox, "read_at": {"timely": source}}
    common: dict[str, Any] = {"rules": "timely-hours.yml", "select": ["hours"]}
    hooked = Pipeline(folder / "hooked", ("tap_webhooks", inbox), ("target_rest", target), **common)
    polled = Pipeline(folder / "polled", ("tap_timely", source), ("target_rest", target), **common)
    return hooked, polled


def _subscribe(sandbox: Sandbox, receiver: Server) -> None:
    """Make the webhook, as an account's administrator."""
    timely = sandbox.timely
    form = {**timely.config(), "grant_type": "refresh_token"}
    token = requests.post(f"{timely.api_url}/oauth/token", data=form, timeout=10).json()
    hook = {"url": f"{receiver.url}/hooks/timely", "secret_token": SECRET, "active": True}
    made = requests.post(
        f"{timely.api_url}/{form['account_id']}/webhooks",
        json={"webhook": {**hook, "subscriptions": ["hours:*"]}},
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=10,
    )
    assert made.ok, made.text


def _work(sandbox: Sandbox) -> None:
    """Track time: make hours, change them, delete them."""
    dice, timely = random.Random(9), sandbox.timely  # noqa: S311 - a story
    projects, labels = timely.rows("projects"), timely.rows("labels")[1:]
    there: list[int] = []
    for number in range(CHANGES):
        change = dice.random()
        if not there or change < 0.5:
            label, project = dice.choice(labels), dice.choice(projects)
            made = timely.add(
                "hours",
                minutes=dice.randint(1, 20) * 15,
                note=f"Made {number}",
                project_id=project["id"],
                label_ids=[label["id"]],
            )
            there.append(made["id"])
        elif change < 0.8:
            timely.edit("hours", dice.choice(there), note=f"Changed {number}")
        else:
            timely.delete("hours", there.pop(dice.randrange(len(there))))
        time.sleep(0.03)


def _wanted(sandbox: Sandbox) -> dict[str, tuple[float, str]]:
    return {
        str(row["id"]): (round(row["minutes"] / 60, 2), row["note"])
        for row in sandbox.timely.rows("hours")
    }


def _relayed(sandbox: Sandbox) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    for row in sandbox.timebook.rows("time_entries"):
        assert row["reference"] not in found
        found[row["reference"]] = (row["hours"], row["notes"])
    return found
