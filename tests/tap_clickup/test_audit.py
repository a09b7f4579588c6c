"""``--audit`` against ClickUp's other route, and against a loaded table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from singer_tapkit.audit.run import Audit
from tap_clickup.tap import TapClickUp

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import ClickUpControl

    from tests.conftest import SharedClock
    from tests.tap_clickup.conftest import RunTap


def audit(clickup: ClickUpControl, clock: SharedClock, given: Audit) -> tuple[bool, str]:
    """Audit time entries; return whether both sides agree, and what was printed."""
    clickup.settings(requests_per_minute=10_000)
    config = clickup.config() | {"timezone": "Europe/Oslo"}
    tap = type("TapClickUp", (TapClickUp,), {"clock": clock})(config=config)
    for name, stream in tap.streams.items():
        stream.selected = name == "time_entries"
    said: list[str] = []
    return given.run(tap, said.append), "\n".join(said)


def test_asking_for_each_person_alone_brings_the_same(
    clickup: ClickUpControl, clock: SharedClock
) -> None:
    """Other lists of people, other windows."""
    agree, said = audit(clickup, clock, Audit())

    assert agree, said


def test_a_loaded_table_is_compared_by_id(
    clickup: ClickUpControl, clock: SharedClock, run_tap: RunTap, tmp_path: Path
) -> None:
    """A lost entry is named."""
    clickup.settings(requests_per_minute=10_000)
    rows = run_tap("time_entries").records("time_entries")
    whole, short = tmp_path / "whole.jsonl", tmp_path / "short.jsonl"
    for path, kept in ((whole, rows), (short, rows[1:])):
        path.write_text("".join(json.dumps(row) + "\n" for row in kept))

    same = audit(clickup, clock, Audit(str(whole)))
    less = audit(clickup, clock, Audit(str(short)))

    assert same[0], same[1]
    assert not less[0]
    assert f"only in tap (1): {rows[0]['id']}" in less[1]
