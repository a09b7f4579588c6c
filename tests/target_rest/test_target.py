"""A service with sessions: one at a time, whatever way they end, and each record once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from target_rest.service import _typed

from tests.relay.pipeline import feed
from tests.target_rest.timebook import settings

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from singer_sandbox.client import AppControl, Sandbox

WAYS = ("code", "html", "401", "redirect")


@pytest.fixture
def timebook(sandbox_server: Sandbox) -> AppControl:
    """A simulated service, as it was at the start."""
    sandbox_server.unfreeze()
    sandbox_server.timebook.reset()
    return sandbox_server.timebook


class Relay:
    """Feeds the target.

    Args:
        folder: For its files.
        timebook: The service.
    """

    def __init__(self, folder: Path, timebook: AppControl) -> None:
        self.config = settings(timebook, folder)
        self.timebook = timebook
        self._folder = folder

    def feed(self, *records: dict[str, Any], args: tuple[str, ...] = ()) -> CompletedProcess[str]:
        """Run it over records."""
        return feed(self._folder, "target_rest", self.config, "time_entries", *records, args=args)

    def entry(self, key: str, **fields: object) -> dict[str, Any]:
        """Return a record."""
        job, task = (self.timebook.rows(name)[0]["id"] for name in ("jobs", "tasks"))
        ids = {"id": key, "job_id": job, "task_id": task}
        return {**ids, "day": "2026-03-02", "hours": 1, **fields}

    def hours(self) -> dict[str, float]:
        """Return the hours by reference; none may be there twice."""
        found: dict[str, float] = {}
        for row in self.timebook.rows("time_entries"):
            assert row["reference"] not in found
            found[row["reference"]] = row["hours"]
        return found

    def logins(self) -> int:
        """Return how many sessions there were."""
        return len(self.timebook.rows("sessions"))


@pytest.fixture
def relay(tmp_path: Path, timebook: AppControl) -> Relay:
    """The target, over the service."""
    return Relay(tmp_path, timebook)


def test_records_are_made_changed_and_deleted_in_one_session(relay: Relay) -> None:
    """With a login at the beginning and a logout at the end."""
    done = relay.feed(relay.entry("a"), relay.entry("b", hours=2.5, note="Two"))

    assert done.returncode == 0, done.stderr
    assert relay.hours() == {"a": 1.0, "b": 2.5}
    assert relay.logins() == 1
    relay.feed(relay.entry("a", hours=3), {"id": "b", "_sdc_deleted_at": "now"})
    assert relay.hours() == {"a": 3.0}
    relay.feed(relay.entry("b"))
    assert relay.hours() == {"a": 3.0}
    seen = done.stderr
    assert relay.config["password"] not in seen
    assert "sandbox-session" not in seen


@pytest.mark.parametrize("way", WAYS)
def test_a_session_that_has_ended_is_begun_again_however_that_shows(
    relay: Relay, timebook: AppControl, way: str
) -> None:
    """And a write whose fate is not known is looked for before it is repeated."""
    timebook.settings(expired_as=way, session_seconds=1)
    timebook.fault("slow", "/api", skip=4, seconds=1.2)
    timebook.fault("slow", "/api", skip=9, seconds=1.2)

    done = relay.feed(*(relay.entry(key) for key in "abcdef"))

    assert done.returncode == 0, done.stderr
    assert relay.hours() == dict.fromkeys("abcdef", 1.0)
    assert relay.logins() == 3


def test_a_session_that_ends_again_and_again_ends_the_run(
    relay: Relay, timebook: AppControl
) -> None:
    """Somebody else uses the login; nothing is lost."""
    timebook.settings(session_seconds=0)

    done = relay.feed(relay.entry("a"))

    assert (done.returncode, done.stdout) == (1, "")
    assert "Somebody else uses this login" in done.stderr
    assert relay.logins() == 3
    timebook.settings(session_seconds=1800)
    assert relay.feed(relay.entry("a")).returncode == 0
    assert relay.hours() == {"a": 1.0}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "drop"},
        {"kind": "truncate"},
        {"kind": "html"},
        {"kind": "status", "status": 503},
        {"kind": "patch", "merge": {"ResponseCode": 401}},
    ],
    ids=str,
)
def test_a_create_that_may_have_happened_is_never_doubled(
    relay: Relay, timebook: AppControl, fault: dict[str, Any]
) -> None:
    """Also where the answer says that the session had ended, although it was carried out."""
    timebook.fault(**fault, path="/api", skip=2)  # after the login and the first look

    done = relay.feed(relay.entry("a"))

    assert done.returncode == 0, done.stderr
    assert relay.hours() == {"a": 1.0}


def test_without_a_route_to_look_nothing_is_made_twice(relay: Relay, timebook: AppControl) -> None:
    """What nobody can know becomes a dead letter that says so."""
    del relay.config["streams"]["time_entries"]["find"]
    timebook.fault("reset", "/api", skip=1)  # after the login

    done = relay.feed(relay.entry("a"), relay.entry("b"))

    assert done.returncode == 0
    assert "it may have been made by a request that was not answered" in done.stderr
    assert relay.feed(args=("replay",)).returncode == 1
    assert relay.hours() == {"a": 1.0, "b": 1.0}


def test_when_the_service_is_away_the_run_fails_and_nothing_is_a_dead_letter(
    relay: Relay, timebook: AppControl
) -> None:
    """Also in the middle of a session."""
    timebook.fault("status", "/api", status=503, skip=3, times=None)

    done = relay.feed(relay.entry("a"), relay.entry("b"))

    assert (done.returncode, done.stdout) == (1, "")
    assert relay.feed(args=("dead-letters",)).stdout == "No dead letters\n"
    timebook.clear_faults()
    assert relay.feed(relay.entry("a"), relay.entry("b")).returncode == 0
    assert relay.hours() == {"a": 1.0, "b": 1.0}


def test_ids_stay_what_they_are() -> None:
    """Numbers are sent as numbers, unless a text would lose something by that."""
    assert [_typed(text) for text in ("12", "012", "a1")] == [12, "012", "a1"]


def test_a_wrong_password_is_tried_once(relay: Relay, timebook: AppControl) -> None:
    """Accounts get locked by more."""
    relay.config["password"] = "wrong-one"

    done = relay.feed(relay.entry("a"), relay.entry("b"))

    assert (done.returncode, done.stdout) == (1, "")
    assert "The service refused the login. Check username and password" in done.stderr
    assert "wrong-one" not in done.stderr
    assert len(timebook.requests()) == 1


def test_errors_within_status_200_are_dead_letters(relay: Relay) -> None:
    """And the others go on."""
    done = relay.feed(relay.entry("a", job_id=1), relay.entry("b"))

    assert done.returncode == 0
    assert relay.hours() == {"b": 1.0}
    letters = relay.feed(args=("dead-letters",)).stdout
    assert "the service refused it (ResponseCode 400)" in letters


def test_settings_that_are_wrong_are_all_told(tmp_path: Path, timebook: AppControl) -> None:
    """In one message."""
    wrong = settings(
        timebook,
        tmp_path,
        streams={"a": {}, "b": {"create": {"path": "/x"}, "remove": {}, "find": {}}},
        session={"carrier": "pigeon", "colour": 1},
    )

    done = partial(feed, tmp_path, "target_rest", wrong)("a", {"id": "1"})

    assert done.returncode == 1
    for fault in (
        "streams.a: needs at least the route create",
        "streams.b.remove: unknown",
        "streams.b.find: an object with path",
        "session.carrier: one of body",
        "session.colour: unknown",
        "session.login: missing",
    ):
        assert fault in done.stderr


def test_a_stream_without_routes_is_refused(relay: Relay, tmp_path: Path) -> None:
    """With those that have some."""
    done = feed(tmp_path, "target_rest", relay.config, "users", {"id": "1"})

    assert done.returncode == 1
    assert "Stream 'users' has no routes. The setting streams has some for: time_ent" in done.stderr
