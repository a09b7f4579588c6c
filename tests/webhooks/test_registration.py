"""Webhooks at their vendor: made, listed, repaired, deleted, by one command each."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
import requests
from click.testing import CliRunner, Result
from webhook_inbox.__main__ import cli
from webhook_inbox.settings import read_sources

from tests.webhooks.receiver import body_of, signature

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import ClickUpControl, Sandbox

URL = "http://127.0.0.1:9/hooks/clickup"


class Command:
    """``webhook-inbox hooks``.

    Args:
        folder: For its settings.
        clickup: Where webhooks are made.
    """

    def __init__(self, folder: Path, clickup: ClickUpControl) -> None:
        self.path = folder / "sources.json"
        self.secret = folder / "clickup.secret"
        self.webhook: dict[str, Any] = {
            "url": URL,
            "workspace_id": clickup.workspaces["first"],
            "token": clickup.tokens["personal"],
            "api_url": clickup.api_url,
        }
        self.write()

    def write(self, **changes: object) -> None:
        """Say what is wanted."""
        source = {"scheme": "clickup", "secret_file": "clickup.secret", "webhook": self.webhook}
        self.path.write_text(json.dumps({"clickup": source | changes}))

    def run(self, *arguments: str) -> Result:
        """Run it."""
        return CliRunner().invoke(cli, ["hooks", *arguments, f"--sources={self.path}"])


@pytest.fixture
def command(tmp_path: Path, clickup: ClickUpControl) -> Command:
    """``webhook-inbox hooks``."""
    return Command(tmp_path, clickup)


def test_a_webhook_is_made_once_and_its_secret_is_kept(
    command: Command, clickup: ClickUpControl
) -> None:
    """In a file that its owner alone can read; nothing that is printed has it."""
    assert "not there" in command.run("list").output

    made = command.run("create", "clickup")
    again = command.run("create", "clickup")

    assert (made.exit_code, again.exit_code) == (0, 0), made.output
    ours = [row for row in clickup.rows("webhooks") if row.get("endpoint") == URL]
    assert len(ours) == 1
    secret = command.secret.read_text()
    assert secret == ours[0]["secret"]
    assert secret not in made.output
    assert stat.S_IMODE(command.secret.stat().st_mode) == 0o600
    source = read_sources(command.path)["clickup"]
    assert source.scheme.accepts(body_of(1), signature_headers(secret), source.secret)
    assert secret not in repr(source)
    assert clickup.tokens["personal"] not in repr(source)
    listed = command.run("list")
    assert listed.exit_code == 0
    assert f"clickup: ours {ours[0]['id']}  {URL}  active  taskTimeTrackedUpdated" in listed.output


def signature_headers(secret: str) -> dict[str, str]:
    """Return the header of a signed body, as a server sees it."""
    return {name.lower(): value for name, value in signature(body_of(1), secret).items()}


def test_what_the_vendor_has_put_to_sleep_is_woken_up(
    command: Command, clickup: ClickUpControl
) -> None:
    """And what sends the wrong events is set right, and what is gone made again."""
    command.run("create", "clickup")
    (hook,) = (row for row in clickup.rows("webhooks") if row.get("endpoint") == URL)
    assert command.run("repair").output == "clickup: is well\n"

    clickup.edit("webhooks", hook["id"], status="suspended", fail_count=100)
    assert command.run("list").exit_code == 1
    repaired = command.run("repair")
    assert "was suspended, 100 events lost, and is awake again" in repaired.output

    command.webhook["events"] = ["taskTimeTrackedUpdated", "taskDeleted"]
    command.write()
    assert "awake again" in command.run("repair", "clickup").output
    assert clickup.get("webhooks", hook["id"])["events"] == sorted(command.webhook["events"])

    assert command.run("delete", "clickup").output == "clickup: deleted\n"
    assert command.run("delete", "clickup").output == "clickup: was not there\n"
    assert "sends to" in command.run("repair").output


def test_timelys_webhook_goes_by_the_token_that_login_has_kept(
    tmp_path: Path, sandbox_server: Sandbox
) -> None:
    """Its secret is ours; Timely does not tell it again, so a lost one means another webhook."""
    timely = sandbox_server.timely
    sandbox_server.unfreeze()
    timely.reset(rotate=False)
    form = {**timely.config(), "grant_type": "refresh_token"}
    token = requests.post(f"{timely.api_url}/oauth/token", data=form, timeout=10).json()
    (tmp_path / "timely.json").write_text(json.dumps(token))
    webhook = {
        "url": URL,
        "account_id": form["account_id"],
        "token_store": "timely.json",
        "api_url": timely.api_url,
    }
    source = {"scheme": "timely", "secret_file": "timely.secret", "webhook": webhook}
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"timely": source}))

    def hooks(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["hooks", *arguments, f"--sources={path}"])

    assert hooks("create", "timely").exit_code == 0
    first = timely.rows("webhooks")
    assert (tmp_path / "timely.secret").read_text() == first[0]["secret_token"]
    assert hooks("create", "timely").exit_code == 0
    (second,) = timely.rows("webhooks")
    assert second["id"] != first[0]["id"]
    timely.edit("webhooks", second["id"], active=False)
    assert hooks("list").exit_code == 1
    assert "was switched off, and is awake again" in hooks("repair").output
    assert timely.rows("webhooks")[0]["active"] is True
    assert hooks("delete", "timely").output == "timely: deleted\n"


def test_what_goes_wrong_is_said_without_a_secret(
    command: Command, clickup: ClickUpControl
) -> None:
    """With what to do."""
    clickup.fault("status", "/team/*/webhook", status=401)
    refused = command.run("create", "clickup")
    assert refused.exit_code == 1
    assert "HTTP 401. Check the token" in refused.output
    assert clickup.tokens["personal"] not in refused.output
    assert "No source is named x: there are clickup" in command.run("create", "x").output

    command.write(webhook={"url": URL, "colour": "red"}, scheme="github", extra=1)
    faults = command.run("list").output
    assert "clickup.extra: unknown" in faults
    assert "clickup.webhook: can be made for clickup, timely only" in faults
    command.write(webhook={"colour": "red"})
    faults = command.run("list").output
    assert "clickup.webhook.colour: unknown" in faults
    assert "clickup.webhook.workspace_id: missing" in faults
    assert "clickup.webhook.token: missing" in faults
