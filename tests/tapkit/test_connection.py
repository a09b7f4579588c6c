"""``--test`` and the files that a command is given: what a person reads when something is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from singer_tapkit.state_command import state_group
from tap_harvest.tap import TapHarvest
from target_files.target import TargetFiles

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import HarvestControl

BROKEN = {
    "cut.json": (b'{"account_id": ', "is not JSON: Expecting value in line 1"),
    "list.json": (b"[]", "holds no JSON object"),
    "latin.json": (b'{"account_id": "\xe9"}', "is not JSON in UTF-8"),
    "deep.json": (b"[" * 100_000, "is not JSON in UTF-8"),
    "absent.json": (None, "No such file"),
}


def tried(tmp_path: Path, config: dict[str, object], *arguments: str) -> Result:
    """Run ``tap-harvest --test``."""
    settings = tmp_path / "config.json"
    settings.write_text(json.dumps(config))
    given = [f"--config={settings}", "--test", *arguments]
    return CliRunner().invoke(TapHarvest.get_singer_command(), given)


def test_the_report_counts_what_the_first_page_brings(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """Exactly if there is no second one; what is empty is said to be."""
    for row in harvest.rows("contacts"):
        harvest.delete("contacts", row["id"])

    result = tried(tmp_path, harvest.config() | {"page_size": 20})

    lines = [line.split() for line in result.stdout.splitlines()]
    clients = len(harvest.rows("clients"))
    assert lines[0] == ["stream", "finding", "records", "selected"]
    assert ["clients", "ok", f"{clients}", "yes"] in lines
    assert ["contacts", "empty", "0", "yes"] in lines
    assert ["invoices", "ok", "20", "or", "more", "yes"] in lines
    assert ["time_report_team", "no"] in [[line[0], line[-1]] for line in lines]
    assert result.exit_code == 0


def test_a_member_learns_which_streams_need_an_administrator(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """One cause for all of them, not twenty times the same."""
    result = tried(tmp_path, harvest.config() | {"access_token": "sandbox-member"})

    (cause,) = [line for line in result.stdout.splitlines() if ": no permission: " in line]
    assert "clients, " in cause
    assert cause.endswith("Use the token of an administrator, or deselect the stream")
    assert result.exit_code == 1


def test_a_wrong_account_is_told_from_a_wrong_token(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """By what it says to check."""
    account = tried(tmp_path, harvest.config() | {"account_id": "777"})
    token = tried(tmp_path, harvest.config() | {"access_token": "stale"})

    assert account.stdout.splitlines()[-1].startswith("all streams: wrong account: HTTP 404")
    assert account.stdout.endswith("Check account_id and api_url\n")
    assert "Harvest refused the credentials. Check access_token" in token.stdout
    assert (account.exit_code, token.exit_code) == (1, 1)


@pytest.mark.parametrize("option", ["config", "state", "catalog"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, option: str, name: str) -> None:
    """With what is wrong, where, and none of what stands in it."""
    content, told = BROKEN[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)

    result = CliRunner().invoke(
        TapHarvest.get_singer_command(), [f"--{option}", str(tmp_path / name)]
    )

    assert result.exit_code == 2
    assert f"Invalid value for '--{option}'" in result.output
    assert told in result.output


def test_targets_and_the_state_command_read_files_the_same_way(tmp_path: Path) -> None:
    """One reader for all."""
    (tmp_path / "cut.json").write_text("{")
    given = ["--config", str(tmp_path / "cut.json")]

    target = CliRunner().invoke(TargetFiles.get_singer_command(), given)
    state = CliRunner().invoke(state_group(TapHarvest), ["explain", *given])

    assert "is not JSON: Expecting property name" in target.output
    assert "is not JSON: Expecting property name" in state.output
