"""A REST API by configuration."""

from __future__ import annotations

import copy
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from typing_extensions import override

from tests.tap_hrms.conftest import DAY, by_remote_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sandbox.client import AppControl

    from tests.conftest import SharedClock
    from tests.tap_hrms.conftest import RunTap

Answer = tuple[int, Any, dict[str, str]]


class Api:
    """A little server, made up by each test.

    Attributes:
        url: Its address.
        answer: Answers a request: method, path, parameters, headers, body.
        asked: The requests so far: path and parameters.
    """

    def __init__(self) -> None:
        self.answer: Callable[[str, dict[str, str], dict[str, str], Any], Answer]
        self.asked: list[tuple[str, dict[str, str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.reply()

            def do_POST(self) -> None:
                self.reply()

            def reply(self) -> None:
                parts = urlsplit(self.path)
                params = dict(parse_qsl(parts.query))
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                api.asked.append((parts.path, params))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, content, further = api.answer(parts.path, params, headers, body)
                payload = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(payload)), **further}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    """A server without an answer yet."""
    server = Api()
    yield server
    server.close()


def config(api: Api, stream: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    """Return the settings of an API with employees."""
    employees = {"path": "/employees", "primary_key": "$.id", **(stream or {})}
    employees.setdefault("fields", {"first_name": "$.name"})
    own = {"instance": "x", "base_url": api.url, "streams": {"employees": employees}}
    return {"system": "custom", "custom": {**own, "max_requests_per_second": 1000, **changes}}


PEOPLE = [{"id": number, "name": f"N{number}"} for number in range(7)]


def paged(api: Api) -> Callable[..., Answer]:
    """Answer in every style of paging, two at a time."""

    def answer(path: str, params: dict[str, str], _headers: dict[str, str], body: str) -> Answer:
        told = {**params, **(json.loads(body) if body.startswith("{") else {})}
        start = int(told.get("offset", told.get("cursor", 0)))
        if "page" in told:
            start = (int(told["page"]) - 1) * 2
        rows, following = PEOPLE[start : start + 2], start + 2
        more = following < len(PEOPLE)
        link = f"{path}?offset={following}"
        content = {
            "data": rows,
            "meta": {"next": str(following) if more else None, "pages": 4, "total": 7},
            "links": {"next": link if more else None},
        }
        headers = {"Link": f'<{api.url}{link}>; rel="next"'} if more else {}
        return 200, content, headers

    return answer


@pytest.mark.parametrize(
    ("pagination", "requests"),
    [
        ({"size": 2}, 5),
        ({"size": 2, "stop": {"short_page": True}}, 4),
        ({"size": 2, "stop": {"total_pages_path": "$.meta.pages"}}, 4),
        ({"style": "offset", "size": 2, "stop": {"total_count_path": "$.meta.total"}}, 4),
        ({"style": "cursor"}, 4),
        ({"style": "next_url", "url_path": "$.links.next"}, 4),
        ({"style": "link_header"}, 4),
    ],
)
def test_every_style_of_paging(
    api: Api, run_tap: RunTap, pagination: dict[str, Any], requests: int
) -> None:
    """Each to its end, and no request more than its way of stopping needs."""
    api.answer = paged(api)

    result = run_tap(config(api, {"pagination": pagination}), "employees")

    assert result.exit_code == 0, result.outcomes
    assert sorted(by_remote_id(result, "employees")) == [str(row["id"]) for row in PEOPLE]
    assert len(api.asked) == requests


def test_a_cursor_in_the_body(api: Api, run_tap: RunTap) -> None:
    """For lists that are asked for with POST."""
    api.answer = paged(api)
    stream = {"method": "POST", "pagination": {"style": "cursor", "send_in": "body"}}

    result = run_tap(config(api, stream), "employees")

    assert len(by_remote_id(result, "employees")) == 7
    assert all(not params for _, params in api.asked)


def test_the_example_of_the_old_system_works_with_the_defaults(api: Api, run_tap: RunTap) -> None:
    """GET /api/v1/employees?page=1, hundred rows a page, a bare array or a list called data."""
    people = [{"id": number} for number in range(150)]

    def answer(_path: str, params: dict[str, str], _headers: dict[str, str], _body: str) -> Answer:
        start = (int(params["page"]) - 1) * 100
        return 200, people[start : start + 100], {}

    api.answer = answer
    result = run_tap(config(api, {"path": "/api/v1/employees"}), "employees")

    assert len(by_remote_id(result, "employees")) == 150
    assert api.asked[0] == ("/api/v1/employees", {"page": "1", "page_size": "100"})


def test_a_server_that_ignores_pages_is_found_out(api: Api, run_tap: RunTap) -> None:
    """Instead of being asked for ever."""
    api.answer = lambda *_: (200, PEOPLE, {})

    result = run_tap(config(api), "employees")

    assert result.exit_code == 1
    assert "ignores the paging parameters" in result.outcomes["employees"].detail
    assert len(api.asked) == 2


def test_links_to_other_hosts_are_not_followed(api: Api, run_tap: RunTap) -> None:
    """Unless they are allowed: the credentials would go there, too."""
    api.answer = lambda *_: (200, {"data": PEOPLE, "links": {"next": "http://other.example/"}}, {})

    result = run_tap(config(api, {"pagination": {"style": "next_url"}}), "employees")

    assert result.exit_code == 1
    assert "allowed_hosts" in result.outcomes["employees"].detail


AUTHS: list[tuple[dict[str, Any], Callable[[dict[str, str], dict[str, str]], bool]]] = [
    ({"kind": "none"}, lambda _params, headers: "authorization" not in headers),
    (
        {"kind": "api_key_header", "name": "X-API-Key", "value": "k", "prefix": "Key "},
        lambda _params, headers: headers.get("x-api-key") == "Key k",
    ),
    (
        {"kind": "api_key_query", "name": "key", "value": "k"},
        lambda params, _headers: params.get("key") == "k",
    ),
    (
        {"kind": "bearer", "token": "t"},
        lambda _params, headers: headers.get("authorization") == "Bearer t",
    ),
    (
        {"kind": "basic", "username": "u", "password": "p"},
        lambda _params, headers: headers.get("authorization") == "Basic dTpw",
    ),
    (
        {"kind": "oauth2_client_credentials", "client_id": "u", "client_secret": "p"},
        lambda _params, headers: headers.get("authorization") == "Bearer granted",
    ),
    (
        {
            "kind": "session_login",
            "username": "u",
            "password": "p",
            "login": {
                "path": "/token",
                "json": {"who": "{username}", "what": "{password}"},
                "use_cookies": True,
            },
        },
        lambda _params, headers: headers.get("cookie") == "sid=s1",
    ),
]


@pytest.mark.parametrize(("auth", "good"), AUTHS, ids=[auth["kind"] for auth, _ in AUTHS])
def test_every_kind_of_login(
    api: Api,
    run_tap: RunTap,
    auth: dict[str, Any],
    good: Callable[[dict[str, str], dict[str, str]], bool],
) -> None:
    """And secrets stay out of the log."""

    def answer(path: str, params: dict[str, str], headers: dict[str, str], body: str) -> Answer:
        if path == "/token":
            granted = "grant_type=client_credentials" in body or '"what": "p"' in body
            content = {"access_token": "granted", "expires_in": 600}
            return (200 if granted else 401), content, {"Set-Cookie": "sid=s1"}
        return (200 if good(params, headers) else 401), PEOPLE, {}

    api.answer = answer
    auth = copy.deepcopy(auth)
    if auth["kind"].startswith("oauth2"):
        auth["token_url"] = f"{api.url}/token"

    result = run_tap(config(api, {"pagination": {"style": "none"}}, auth=auth), "employees")

    assert result.exit_code == 0, result.outcomes
    assert "granted" not in result.log


@pytest.mark.parametrize("expired", ["401", "html", "body"])
def test_a_session_that_ends_between_pages_is_begun_again(
    customhr: AppControl, run_tap: RunTap, expired: str
) -> None:
    """The page is asked for again, and nothing is lost, however the end is said."""
    customhr.settings(session_requests=3, expired=expired)
    own = customhr.config()
    own["custom"]["streams"]["employees"]["pagination"]["size"] = 3

    result = run_tap(own, "employees")

    assert result.exit_code == 0, result.outcomes
    assert len(by_remote_id(result, "employees")) == 40
    pages = {request.query.get("page") for request in customhr.requests() if request.status == 200}
    assert {str(number) for number in range(1, 15)} <= pages


def test_many_requests_that_find_it_ended_share_one_login(
    customhr: AppControl, run_tap: RunTap
) -> None:
    """Sixteen are under way at a time."""
    customhr.settings(session_requests=30)

    result = run_tap(customhr.config(), "leave_requests")

    assert result.exit_code == 0, result.outcomes
    logins = [request for request in customhr.requests() if request.resource == "/login"]
    assert len(logins) == 2  # 41 answers, 30 a session


def test_a_wrong_password_is_tried_once(customhr: AppControl, run_tap: RunTap) -> None:
    """By all streams together."""
    own = customhr.config()
    own["custom"]["auth"]["password"] = "wrong"

    result = run_tap(own)

    assert result.exit_code == 1
    assert "custom.auth" in result.outcomes["employees"].detail
    assert [request.resource for request in customhr.requests()] == ["/login"]


def test_a_flag_and_a_list_of_what_was_deleted(
    customhr: AppControl, api: Api, run_tap: RunTap, clock: SharedClock
) -> None:
    """Either makes tombstones."""
    first = run_tap(customhr.config(), "employees")
    clock.advance(DAY)
    gone = customhr.rows("employees")[3]["id"]
    customhr.edit("employees", gone, deleted=True)
    second = run_tap(customhr.config(), "employees", first.state)
    assert by_remote_id(second, "employees")[gone]["is_deleted"] is True
    assert second.outcomes["employees"].tombstones == 1

    api.answer = lambda path, *_: (200, PEOPLE if path == "/employees" else [{"id": 99}], {})
    listed = run_tap(
        config(api, {"pagination": {"style": "none"}, "deleted": {"path": "/employees/deleted"}}),
        "employees",
    )
    assert by_remote_id(listed, "employees")["99"]["is_deleted"] is True


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("iso8601", "2026-03-02T08:55:00Z"),
        ("iso8601_offset", "2026-03-02T08:55:00+00:00"),
        ("date", "2026-03-02"),
        ("epoch_s", "1772441700"),
        ("epoch_ms", "1772441700000"),
        ("strftime:%d.%m.%Y %H:%M", "02.03.2026 08:55"),
    ],
)
def test_changes_are_asked_for_in_every_format(
    api: Api, run_tap: RunTap, clock: SharedClock, layout: str, text: str
) -> None:
    """Five minutes before the last run, if the records do not say when they were changed."""
    api.answer = lambda *_: (200, PEOPLE, {})
    stream = {
        "pagination": {"style": "none"},
        "incremental": {"param": "since", "format": layout, "overlap_s": 300},
    }
    first = run_tap(config(api, stream), "employees")
    clock.advance(3600)

    run_tap(config(api, stream), "employees", first.state)

    assert [params.get("since") for _, params in api.asked] == [None, text]


def test_a_path_that_matches_nothing_is_told_once(api: Api, run_tap: RunTap) -> None:
    """With the name of the field."""
    api.answer = lambda *_: (200, PEOPLE, {})
    stream = {
        "pagination": {"style": "none"},
        "fields": {"first_name": "$.name", "last_name": "$.surname"},
    }

    result = run_tap(config(api, stream), "employees")

    warnings = [line for line in result.log.splitlines() if "matches nothing" in line]
    assert len(warnings) == 1
    assert "last_name" in warnings[0]


def test_values_are_mapped_cast_and_filled_in(api: Api, run_tap: RunTap) -> None:
    """Every way of making a field."""
    row = {
        "id": 1,
        "site": "n/o",
        "mail": "A@B.example",
        "state": "Z",
        "when": 1_772_000_000,
        "roles": ["a", "b"],
        "hired": "03/02/2026",
    }
    api.answer = lambda *_: (200, [row], {})
    fields = {
        "remote_url": {"template": "https://hr.example/{$.id}/{site}"},
        "work_email": {"path": "$.mail", "cast": "lower"},
        "employment_status": {"path": "$.state", "map": {"A": "ACTIVE"}, "default": "UNKNOWN"},
        "remote_created_at": {"path": "$.when", "cast": "epoch_s"},
        "team_name": {"jmespath": "join('+', roles)"},
        "job_title": {"path": "$.roles[1]"},
        "start_date": {"path": "$.hired", "cast": "date:%d/%m/%Y"},
        "legal_entity": {"const": "ACME"},
        "division_name": {"path": "$.nowhere", "default": "none"},
    }

    result = run_tap(config(api, {"pagination": {"style": "none"}, "fields": fields}), "employees")

    record = result.records("employees")[0]
    assert {name: record[name] for name in fields} == {
        "remote_url": "https://hr.example/1/n/o",
        "work_email": "a@b.example",
        "employment_status": "UNKNOWN",
        "remote_created_at": "2026-02-25T06:13:20Z",
        "team_name": "a+b",
        "job_title": "b",
        "start_date": "2026-02-03",
        "legal_entity": "ACME",
        "division_name": "none",
    }
    assert record["employment_status_raw"] == "Z"


def test_keys_of_several_parts_are_joined(api: Api, run_tap: RunTap) -> None:
    """And keep what separates them apart from what they hold."""
    api.answer = lambda *_: (200, [{"a": "x:y", "b": 5}], {})
    stream = {"primary_key": ["$.a", "$.b"], "pagination": {"style": "none"}}

    result = run_tap(config(api, stream), "employees")

    assert result.records("employees")[0]["id"] == "custom:x:x%3Ay|5"
