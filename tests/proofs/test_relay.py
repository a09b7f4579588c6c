"""The relay as a user runs it: `make relay`, by Meltano, from webhooks to a restore."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]


def test_hours_follow_within_seconds_and_come_back_from_the_backup() -> None:
    """Five changes, projects the other way, a dead letter mapped and replayed, Harvest emptied."""
    done = subprocess.run(
        [sys.executable, "demo/relay.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    seconds = [
        float(text) for text in re.findall(r"(?:made|changed|deleted) +([\d.]+) s", done.stdout)
    ]
    assert len(seconds) == 5
    assert "1 of 1 dead letters written" in done.stdout
    assert "restored 3, all the same" in done.stdout
    assert "Traceback" not in done.stderr
