"""``tap-x state``: what the next run asks for, and one stream that is read again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from singer_tapkit.state_command import state_group
from tap_harvest.tap import TapHarvest

from tests.conftest import Run, run

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

BIN = Path(sys.executable).parent


class Kept:
    """A state in a file, after a run over two streams.

    Args:
        folder: For the file.
        harvest: What was read.
    """

    def __init__(self, folder: Path, harvest: HarvestControl) -> None:
        self.path = folder / "state.json"
        self.config = harvest.config() | {"deletions": "window", "deletion_window": "900d"}
        self._settings = folder / "config.json"
        self._settings.write_text(json.dumps(self.config))
        self.first = self.run()
        self.path.write_text(json.dumps(self.first.state))

    def run(self, state: dict[str, Any] | None = None) -> Run:
        """Run the tap."""
        return run(TapHarvest, self.config, select=["clients", "time_entries"], state=state)

    def ask(self, *arguments: str) -> Result:
        """Run ``tap-harvest state``."""
        return CliRunner().invoke(state_group(TapHarvest), [*arguments, f"--state={self.path}"])

    def explain(self) -> str:
        """Return what the next run asks for."""
        return self.ask("explain", f"--config={self._settings}").output

    @property
    def state(self) -> dict[str, Any]:
        """What the file holds."""
        content: dict[str, Any] = json.loads(self.path.read_text())
        return content


@pytest.fixture
def kept(tmp_path: Path, harvest: HarvestControl) -> Kept:
    """A state in a file."""
    return Kept(tmp_path, harvest)


def test_what_the_next_run_asks_for_is_said_in_words(kept: Kept, harvest: HarvestControl) -> None:
    """Without asking anything, and without changing the state."""
    before = kept.path.read_text()
    harvest.clear_requests()

    text = kept.explain()

    assert re.search(
        r"time_entries: since 2026-03-02T08:00:00Z\n    requests: 1 or more: one per window.*\n"
        r"    looks for deletions in \[.*\), of \d+ records known",
        text,
    )
    assert "contacts: from the beginning; there is no bookmark yet" in text
    assert "company: everything, each time" in text
    assert re.search(r"In all: \d\d requests or more", text)
    assert harvest.requests() == []
    assert kept.path.read_text() == before


def test_one_stream_is_read_again_and_the_others_go_on(kept: Kept) -> None:
    """Its rows come under a new version, the former ones leave when all have come."""
    done = kept.ask("reset", "time_entries")
    second = kept.run(kept.state)

    assert "time_entries is read from its start next time" in done.output
    assert "state.json.bak" in done.output
    assert len(second.records("time_entries")) == 100
    assert len(second.records("clients")) < len(kept.first.records("clients"))
    kinds = [message["type"] for message in second.messages if message.get("stream") == "clients"]
    assert "ACTIVATE_VERSION" not in kinds
    assert json.loads(kept.path.with_suffix(".json.bak").read_text()) == kept.first.state


def test_a_bookmark_is_set_to_a_time(kept: Kept) -> None:
    """The lookback comes on top."""
    done = kept.ask("set", "time_entries", "2026-01-31")

    assert "time_entries has the bookmark 2026-01-31T00:00:00Z" in done.output
    assert "time_entries: since 2026-01-30T23:00:00Z" in kept.explain()


def test_what_cannot_be_done_is_said(kept: Kept, tmp_path: Path) -> None:
    """With what to do; the state stays."""
    before = kept.path.read_text()

    assert "It has some of: clients, time_entries" in kept.ask("reset", "time_entris").output
    assert "tomorrow is no time. Write 2026-01-31" in kept.ask("set", "clients", "tomorrow").output
    neither = CliRunner().invoke(state_group(TapHarvest), ["reset", "clients"])
    assert "either --state FILE or --meltano STATE_ID" in neither.output
    for text, message in (("{", "is no JSON"), ("[]", "holds no state"), ('"a"', "holds no state")):
        wrong = tmp_path / "wrong.json"
        wrong.write_text(text)
        result = CliRunner().invoke(state_group(TapHarvest), ["reset", "x", f"--state={wrong}"])
        assert message in result.output
        assert result.exit_code == 1
    missing = CliRunner().invoke(state_group(TapHarvest), ["reset", "x", "--state=none.json"])
    assert "none.json cannot be read" in missing.output
    assert kept.path.read_text() == before


@pytest.mark.meltano
def test_a_state_that_meltano_keeps(kept: Kept, tmp_path: Path) -> None:
    """Read and changed where it is."""
    root = Path(__file__).resolve().parents[2]
    env = os.environ | {
        "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path}/meltano.db",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
    }

    def command(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / program), *arguments],
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    state = json.dumps({"singer_state": kept.first.state})
    assert command("meltano", "state", "set", "--force", "story", state).returncode == 0

    done = command("tap-harvest", "state", "reset", "time_entries", "--meltano", "story")

    assert done.returncode == 0, done.stderr
    assert "Meltano's state story" in done.stdout
    left = json.loads(command("meltano", "--log-level=error", "state", "get", "story").stdout)
    assert list(left["singer_state"]["bookmarks"]) == ["clients"]
    unknown = command("tap-harvest", "state", "reset", "clients", "--meltano", "nothing")
    assert "Meltano has no state nothing" in unknown.stderr
