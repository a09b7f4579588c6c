"""Jobs by HTTP: who may start them, and what is answered."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from typing_extensions import override
from worktaps.service import Access, Service
from worktaps.starting import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from tests.orchestrate.conftest import MakeProject

AUDIENCE = "https://worktaps.example"
ISSUER = "https://issuer.example"
ACCOUNT = "scheduler@project.example"
ANNOTATIONS = {"orchestrator": {"service": {"refresh": "a", "full_reindex": "bad-b", "days": 60}}}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def keys_url() -> Iterator[str]:
    """An issuer's keys, by HTTP."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    body = json.dumps({"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/certs"
        server.shutdown()


def token(key: rsa.RSAPrivateKey = KEY, kid: str = "1", **changes: object) -> str:
    """Make a token as Cloud Scheduler sends it."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "email": ACCOUNT,
        "email_verified": True,
        "iat": now,
        "exp": now + timedelta(hours=1),
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, key, "RS256", headers={"kid": kid})


class Client:
    """Asks a service by HTTP.

    Args:
        url: Of the service.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **options: Any) -> requests.Response:  # noqa: ANN401
        """Read something."""
        return requests.get(f"{self.url}{path}", timeout=60, **options)

    def post(self, path: str, **options: Any) -> requests.Response:  # noqa: ANN401
        """Start something."""
        return requests.post(f"{self.url}{path}", timeout=60, **options)


@contextmanager
def serving(app: FastAPI) -> Iterator[Client]:
    """Serve an app on a free port."""
    config = uvicorn.Config(app, port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Client("http://127.0.0.1:{1}".format(*server.servers[0].sockets[0].getsockname()))
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(make_project: MakeProject, fake_meltano: Path, keys_url: str) -> Iterator[Client]:
    """A client of a service that is up."""
    assert fake_meltano.exists()
    project = make_project(annotations=ANNOTATIONS)
    access = Access.from_environment(
        {
            "WORKTAPS_OIDC_AUDIENCE": AUDIENCE,
            "WORKTAPS_OIDC_ISSUER": ISSUER,
            "WORKTAPS_OIDC_EMAILS": ACCOUNT,
            "WORKTAPS_OIDC_KEYS_URL": keys_url,
        }
    )
    app = Service(project, access, InProcess(project, "dev"), {}).application()
    with serving(app) as found:
        yield found


def bearer(text: str) -> dict[str, str]:
    """Return the header."""
    return {"Authorization": f"Bearer {text}"}


def test_the_endpoints_answer_those_who_may_come(client: Client) -> None:
    """Two of them answer everybody."""
    about = client.get("/").json()

    assert about["service"] == "worktaps"
    assert {"/health", "/sync/refresh", "/sync/full_reindex"} <= set(about["endpoints"])
    assert client.get("/ready").json() == {"status": "ready", "faults": []}
    assert client.get("/health").status_code == 401
    health = client.get("/health", headers=bearer(token())).json()
    assert (health["status"], health["service"]) == ("healthy", "worktaps")
    assert "worktaps_running" in client.get("/metrics", headers=bearer(token())).text


HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("nonsense", 401, "not valid"),
        (token(OTHER_KEY), 401, "not valid"),
        (token(kid="2"), 401, "not valid"),
        (jwt.encode({"aud": AUDIENCE, "iss": ISSUER}, "x" * 32, "HS256"), 401, "not valid"),
        (jwt.encode({"aud": AUDIENCE, "iss": ISSUER}, "", "none"), 401, "not valid"),
        (token(exp=HOUR_AGO), 401, "expired"),
        (token(exp=None), 401, "not valid"),
        (token(aud="https://other.example"), 401, "another service"),
        (token(iss="https://evil.example"), 401, "not from"),
        (token(email="somebody@else.example"), 403, "may not come"),
        (token(email_verified=False), 403, "may not come"),
        (token(email=None), 403, "may not come"),
    ],
)
def test_other_tokens_are_refused(
    client: Client, fake_meltano: Path, text: str, status: int, says: str
) -> None:
    """With the reason, and nothing is started."""
    answer = client.post("/sync/refresh", headers=bearer(text))

    assert answer.status_code == status
    assert answer.json()["status"] == "error"
    assert answer.json()["mode"] == "refresh"
    assert says in answer.json()["error"]
    assert text not in answer.text
    assert fake_meltano.read_text() == ""


def until_ended(client: Client, run_id: str) -> dict[str, Any]:
    """Ask until a run has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        seen: dict[str, Any] = client.get(f"/runs/{run_id}", headers=bearer(token())).json()
        if seen["status"] != "running":
            return seen
        time.sleep(0.05)
    pytest.fail("The run does not end")


def test_a_refresh_is_started_and_its_end_is_told(client: Client, fake_meltano: Path) -> None:
    """With the fields that a caller of the old service knows."""
    answer = client.post("/sync/refresh", headers=bearer(token()))

    assert answer.status_code == 202
    started = answer.json()
    assert started["status"] == "started"
    assert (started["mode"], started["days"], started["job"]) == ("refresh", 60, "a")
    ended = until_ended(client, started["run_id"])
    assert (ended["status"], ended["mode"], ended["days"]) == ("success", "refresh", 60)
    assert ended["message"] == "a refresh completed successfully"
    assert ended["records"] == {"entries": 7}
    (call,) = map(json.loads, fake_meltano.read_text().splitlines())
    assert call["trigger"] == "worktaps:http:refresh"
    assert "--full-refresh" not in call["args"]


def test_a_reindex_that_fails_says_why(client: Client, fake_meltano: Path) -> None:
    """Waiting for the end, if asked to."""
    answer = client.post("/sync/full_reindex", json={"wait": True}, headers=bearer(token()))

    assert answer.status_code == 500
    body = answer.json()
    assert (body["status"], body["mode"]) == ("error", "full_reindex")
    assert "HTTP 401. Check access_token" in body["error"]
    assert "days" not in body
    (call,) = map(json.loads, fake_meltano.read_text().splitlines())
    assert "--full-refresh" in call["args"]


def test_of_many_that_start_at_once_one_does(
    client: Client, fake_meltano: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if they name another job of the same tap; the others learn that one is under way."""
    monkeypatch.setenv("FAKE_SECONDS", "1")
    answers = []

    def start(job: str) -> None:
        answers.append(client.post("/sync/refresh", json={"job": job}, headers=bearer(token())))

    threads = [threading.Thread(target=start, args=(job,)) for job in ("a", "a-eu") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    assert "under way" in next(a for a in answers if a.status_code == 409).json()["error"]
    (started,) = [answer for answer in answers if answer.status_code == 202]
    assert until_ended(client, started.json()["run_id"])["status"] == "success"
    assert len(fake_meltano.read_text().splitlines()) == 1
    again = client.post("/sync/refresh", json={"wait": True}, headers=bearer(token()))
    assert again.status_code == 200


def test_a_run_goes_on_when_its_client_hangs_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one that wanted to wait."""
    monkeypatch.setenv("FAKE_SECONDS", "1")
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{client.url}/sync/refresh",
            json={"wait": True},
            headers=bearer(token()),
            timeout=0.5,
        )

    assert client.post("/sync/refresh", headers=bearer(token())).status_code == 409
    deadline = time.monotonic() + 30
    while client.post("/sync/refresh", headers=bearer(token())).status_code == 409:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"job": "c"}, 404, "No job is named c. There are a, a-eu, bad-b"),
        ({"jobb": "a"}, 422, "jobb: Extra inputs are not permitted"),
        ([], 422, "valid dictionary"),
    ],
)
def test_what_cannot_be_started_is_refused(
    client: Client, body: object, status: int, says: str
) -> None:
    """With what can."""
    answer = client.post("/sync/refresh", json=body, headers=bearer(token()))

    assert answer.status_code == status
    assert says in answer.json()["error"]


def test_runs_that_nobody_started_are_not_found(client: Client) -> None:
    """And say so."""
    answer = client.get("/runs/nonsense", headers=bearer(token()))

    assert (answer.status_code, answer.json()["status"]) == (404, "error")


def test_a_service_whose_project_has_faults_is_not_ready(make_project: MakeProject) -> None:
    """It names them all."""
    jobs = [{"name": "a", "tasks": ["tap-q target-x"]}]
    project = make_project(jobs=jobs, schedules=[])
    access = Access.from_environment({"WORKTAPS_TOKEN": "dev"})
    app = Service(project, access, InProcess(project, "dev"), {}).application()

    with serving(app) as client:
        answer = client.get("/ready")

        assert answer.status_code == 503
        assert "no plugin is named tap-q" in answer.json()["faults"][0]
        assert client.get("/health", headers=bearer("dev")).status_code == 200
        assert client.get("/health", headers=bearer("other")).status_code == 401


@pytest.mark.parametrize("env", [{}, {"WORKTAPS_OIDC_AUDIENCE": AUDIENCE}])
def test_a_service_open_to_all_or_none_does_not_start(env: dict[str, str]) -> None:
    """It says what to set."""
    with pytest.raises(ValueError, match="Set WORKTAPS_OIDC"):
        Access.from_environment(env)


def test_the_openapi_document_has_every_answer(client: Client) -> None:
    """And needs no token."""
    document = client.get("/openapi.json").json()

    start = document["paths"]["/sync/refresh"]["post"]
    assert {"202", "401", "403", "409", "422"} <= set(start["responses"])
    assert start["security"] == [{"HTTPBearer": []}]
