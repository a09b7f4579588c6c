"""Faults on demand."""

from __future__ import annotations

import json
import time
from http.client import IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any

import pytest
from singer_sandbox.client import SandboxError

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api


def test_a_status_comes_as_often_as_asked(api: Api) -> None:
    """Skip some, fail some, then all is well again."""
    api.harvest.fault(
        "status", path="/tasks", status=429, headers={"Retry-After": "7"}, skip=1, times=2
    )

    replies = [api.ask("/tasks") for _ in range(4)]

    assert [reply.status for reply in replies] == [200, 429, 429, 200]
    assert replies[1].headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("body", "content_type", "start"),
    [
        ("json", "application/json", b"{"),
        ("html", "text/html", b"<!DOCTYPE"),
        ("empty", "text/plain", b""),
        ("text", "text/plain", b"Try later"),
    ],
)
def test_a_status_comes_with_the_body_asked_for(
    api: Api, body: str, content_type: str, start: bytes
) -> None:
    """Callers must cope with whatever a proxy puts in the way."""
    text = "Try later" if body == "text" else ""
    api.harvest.fault("status", status=502, body=body, text=text)

    reply = api.ask("/tasks")

    assert reply.status == 502
    assert reply.headers["content-type"].startswith(content_type)
    assert reply.body.startswith(start)


def test_an_endless_fault_ends_when_called_off(api: Api) -> None:
    """Without a number of times a fault stays until it is cleared."""
    api.harvest.fault("status", times=None)
    before = [api.ask("/tasks").status for _ in range(5)]

    api.harvest.clear_faults()

    assert before == [503] * 5
    assert api.ask("/tasks").status == 200


def test_a_dropped_connection_has_no_answer(api: Api) -> None:
    """The connection is closed, and the next one works."""
    api.harvest.fault("drop", path="/tasks")

    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        api.ask("/tasks")

    assert api.ask("/tasks").status == 200
    assert [request.status for request in api.harvest.requests()] == [0, 200]


def test_a_connection_is_reset_in_the_middle_of_the_body(api: Api) -> None:
    """The answer starts well and never ends."""
    api.harvest.fault("reset", path="/time_entries")

    with pytest.raises((IncompleteRead, ConnectionResetError)):
        api.ask("/time_entries")


def test_truncated_json_looks_complete_to_http(api: Api) -> None:
    """Status and length are right; only the JSON is not."""
    api.harvest.fault("truncate", path="/tasks")

    reply = api.ask("/tasks")

    assert reply.status == 200
    assert int(reply.headers["content-length"]) == len(reply.body)
    with pytest.raises(json.JSONDecodeError):
        reply.json  # noqa: B018 - decoding is the point


def test_a_web_page_comes_with_status_200(api: Api) -> None:
    """A maintenance page can look like a success."""
    api.harvest.fault("html", path="/tasks")

    reply = api.ask("/tasks")

    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_slow_answer_is_right(api: Api) -> None:
    """The answer comes whole, but not before its time."""
    api.harvest.fault("slow", path="/tasks", seconds=0.2)

    start = time.monotonic()
    reply = api.ask("/tasks")

    assert time.monotonic() - start >= 0.2
    assert reply.json["tasks"]


def test_a_foreign_link_leads_elsewhere(api: Api) -> None:
    """A caller that follows it would give its token away."""
    api.harvest.fault("foreign_link", path="/tasks", host="https://elsewhere.example:8443")

    page = api.get("/tasks", per_page=2)

    assert page["links"]["next"].startswith("https://elsewhere.example:8443/harvest/v2/tasks?")
    assert page["links"]["first"].startswith(api.harvest.api_url)


def test_an_envelope_can_be_patched(api: Api) -> None:
    """Values are merged in depth, and keys taken out."""
    api.harvest.fault(
        "patch",
        path="/tasks",
        merge={"links": {"next": 7}, "page": "one"},
        remove=["links.last", "total_entries"],
    )

    page = api.get("/tasks", per_page=2)

    assert (page["links"]["next"], page["page"]) == (7, "one")
    assert "last" not in page["links"]
    assert "total_entries" not in page
    assert len(page["tasks"]) == 2


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ({"path": "/tasks", "page": 2}, "/tasks?page=2"),
        ({"path": "/tasks", "page": 1}, "/tasks"),
        ({"path": "/users/*/cost_rates"}, "/users/4410082/cost_rates"),
        ({"params": {"is_active": "true"}}, "/tasks?is_active=true"),
        ({"path": "/accounts"}, "{identity}/api/v2/accounts"),
    ],
)
def test_a_fault_meets_only_what_it_describes(api: Api, pattern: dict[str, Any], hit: str) -> None:
    """Path, page and parameters all have to fit."""
    api.harvest.fault("status", status=418, times=None, **pattern)

    assert api.ask("/tasks?page=3").status == 200
    assert api.ask("/users").status == 200
    assert api.ask(hit.format(identity=api.harvest.identity_url)).status == 418


def test_a_fault_can_be_for_one_method(api: Api) -> None:
    """Reading goes on while writing fails."""
    api.harvest.fault("status", path="/time_entries", method="POST", status=500, times=None)

    assert api.ask("/time_entries", method="POST", body={}).status == 500
    assert api.ask("/time_entries").status == 200


def test_faults_take_turns_in_order(api: Api) -> None:
    """Each request meets one fault: the first whose turn it is."""
    api.harvest.fault("status", status=500, times=1)
    api.harvest.fault("status", status=502, times=1)

    assert [api.ask("/tasks").status for _ in range(3)] == [500, 502, 200]


@pytest.mark.parametrize(
    ("kind", "options"), [("sttus", {}), ("status", {"body": "xml"}), ("status", {"tmes": 3})]
)
def test_wrong_faults_are_refused(api: Api, kind: str, options: dict[str, Any]) -> None:
    """A misspelt fault is told at once, since a fault that never comes proves nothing."""
    with pytest.raises(SandboxError):
        api.harvest.fault(kind, **options)
