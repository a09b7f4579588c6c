"""Events tell that something changed; what it is now is read at the vendor."""

from __future__ import annotations

import json
import random
import signal
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from tap_clickup.events import hints
from tap_webhooks.tap import TapWebhooks
from webhook_inbox.inbox import Inbox

from tests.conftest import Run, run

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import ClickUpControl

DATE = 1_772_545_200_000


def event(verb: str, entry_id: str, **more: object) -> bytes:
    """Return what ClickUp sends about an entry."""
    item = {"id": str(random.random()), "date": str(DATE), "before": None, "after": None}  # noqa: S311
    return json.dumps(
        {
            "event": "taskTimeTrackedUpdated",
            "history_items": [item | more],
            "data": {"description": f"Time Tracking {verb}", "interval_id": entry_id},
        }
    ).encode()


class Box:
    """An inbox, and the tap that reads it.

    Args:
        folder: For its file.
        clickup: Where entries are read.
    """

    def __init__(self, folder: Path, clickup: ClickUpControl) -> None:
        url = f"sqlite:///{folder}/inbox.db"
        self.config = {"inbox_url": url, "read_at": {"clickup": clickup.config()}}
        self.inbox = Inbox(url)

    def take(self, *bodies: bytes, source: str = "clickup") -> None:
        """Put events in."""
        for body in bodies:
            self.inbox.append(source, body)

    def read(self, state: dict[str, Any] | None = None, select: str = "time_entries") -> Run:
        """Read what is new."""
        return run(TapWebhooks, self.config, select=select, state=state)


@pytest.fixture
def box(tmp_path: Path, clickup: ClickUpControl) -> Box:
    """An inbox, and the tap that reads it."""
    return Box(tmp_path, clickup)


def test_an_entry_is_read_at_the_vendor_however_many_events_tell_of_it(
    box: Box, clickup: ClickUpControl
) -> None:
    """Once, as it is now; in the shape that tap-clickup gives it."""
    entry = clickup.add("time_entries", task_id=clickup.rows("tasks")[0]["id"], description="Now")
    box.take(event("Created", entry["id"]), event("Edited", entry["id"]), b'{"event": "other"}')
    clickup.clear_requests()

    first = box.read()

    (row,) = first.records("time_entries")
    assert (row["id"], row["description"], row["list_id"]) == (
        entry["id"],
        "Now",
        clickup.rows("tasks")[0]["list_id"],
    )
    asked = [call.path for call in clickup.requests() if entry["id"] in call.path]
    assert len(asked) == 1
    assert box.read(first.state).records("time_entries") == []


def test_what_is_gone_is_a_tombstone(box: Box, clickup: ClickUpControl) -> None:
    """Whether an event says so, or the vendor does; a late event does not bring it back."""
    kept = clickup.add("time_entries", task_id=clickup.rows("tasks")[0]["id"])["id"]
    box.take(event("Deleted", "said"), event("Created", "said"), event("Edited", "found"))
    box.take(event("Created", kept))

    rows = box.read().records("time_entries")

    assert [row["id"] for row in rows] == ["said", "found", kept]
    assert rows[0]["_sdc_deleted_at"] == "2026-03-03T13:40:00Z"
    assert rows[1]["_sdc_deleted_at"]
    assert "_sdc_deleted_at" not in rows[2]


def test_every_event_is_a_version(box: Box, clickup: ClickUpControl) -> None:
    """For backups: nothing is folded."""
    entry = clickup.add("time_entries", task_id=clickup.rows("tasks")[0]["id"])["id"]
    box.take(event("Created", entry), event("Edited", entry), event("Deleted", "gone"))

    rows = box.read(select="entry_versions").records("entry_versions")

    assert [(row["seq"], row["entry_key"]) for row in rows] == [(1, entry), (2, entry), (3, "gone")]
    assert json.loads(rows[1]["record"])["id"] == entry
    assert rows[2]["record"] is None
    assert rows[2]["deleted_at"] == "2026-03-03T13:40:00Z"
    assert json.loads(rows[2]["event_body"])["data"]["interval_id"] == "gone"


def test_when_the_vendor_cannot_be_reached_nothing_is_passed_over(
    box: Box, clickup: ClickUpControl
) -> None:
    """The next run reads the same events again."""
    entry = clickup.add("time_entries", task_id=clickup.rows("tasks")[0]["id"])["id"]
    box.take(event("Created", entry))
    clickup.fault("status", "/team/*/time_entries/*", status=400, body="empty", times=None)
    clickup.fault("status", "/team", status=401, times=None)

    failed = box.read()

    assert failed.exit_code == 1
    assert failed.records("time_entries") == []
    clickup.clear_faults()
    assert [row["id"] for row in box.read(failed.state).records("time_entries")] == [entry]


def test_what_may_not_be_read_holds_up_nothing_else(box: Box, clickup: ClickUpControl) -> None:
    """It is neither written nor taken for deleted, and the run says so."""
    task = clickup.rows("tasks")[0]["id"]
    shut, open_ = (clickup.add("time_entries", task_id=task)["id"] for _ in range(2))
    box.take(event("Created", shut), event("Created", open_))
    clickup.fault("status", f"/team/*/time_entries/{shut}", status=403, times=None)

    result = box.read()

    assert [row["id"] for row in result.records("time_entries")] == [open_]
    assert result.exit_code == 1
    assert "1 records of clickup that events tell of may not be read" in result.log


def test_events_of_clickup_are_read_however_they_come() -> None:
    """What is not documented is decided by what they hold."""
    inferred = {"before": {"id": "1"}, "after": None}

    assert hints(json.loads(event("Moved", "1", **inferred)))[0].gone
    assert not hints(json.loads(event("Moved", "1", after={"id": "1"})))[0].gone
    two = hints(json.loads(event("Edited", "1", after={"id": "2"})))
    assert [hint.key for hint in two] == [{"id": "1"}, {"id": "2"}]
    odd: list[dict[str, Any]] = [
        {"history_items": None, "data": []},
        {"history_items": [1]},
        {"data": {"interval_id": None}},
    ]
    assert [hints({"event": "taskTimeTrackedUpdated", **body}) for body in odd] == [[], [], []]


def test_a_signal_is_for_this_tap_alone(box: Box) -> None:
    """The vendor's tap, which it reads with, would else write a state of its own."""
    tap = TapWebhooks(config=box.config)

    _ = tap.streams

    handler = signal.getsignal(signal.SIGTERM)
    assert getattr(handler, "__self__", None) is tap


def test_settings_of_the_vendors_tap_are_checked(tmp_path: Path) -> None:
    """All faults in one message."""
    config = {
        "inbox_url": f"sqlite:///{tmp_path}/inbox.db",
        "read_at": {"clickup": {"api_tokn": "x"}, "nobody": {}, "timely": 1},
    }

    with pytest.raises(ConfigValidationError) as caught:
        TapWebhooks(config=config)

    assert "read_at.nobody: no tap that is installed knows its webhooks" in str(caught.value)
    assert "did you mean api_token" in str(caught.value).lower()
    assert "read_at.timely: the settings of its tap, as an object" in str(caught.value)
