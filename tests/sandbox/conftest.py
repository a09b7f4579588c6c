"""The simulated account, asked by plain HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sandbox.client import HarvestControl, Sandbox

NOW: Final = "2026-03-02T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - decoded JSON
        """The decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Api:
    """Asks the simulated Harvest."""

    harvest: HarvestControl
    headers: dict[str, str] = field(default_factory=dict)

    def as_role(self, role: str) -> Api:
        """Return the same with the token of another role."""
        token = self.harvest.tokens[role]
        return Api(self.harvest, {**self.headers, "Authorization": f"Bearer {token}"})

    def ask(
        self,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        method: str = "GET",
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        """Send a request.

        Args:
            path: Below the API address, or a whole address.
            params: Query parameters.
            method: Upper case.
            body: Encoded as JSON, or as a form if it is bytes.
            headers: Headers that differ; ``None`` leaves one out.
        """
        url = path if path.startswith("http") else self.harvest.api_url + path
        target = url.removeprefix(f"http://{urlsplit(url).netloc}")
        if params:
            target += "?" + urlencode(params)
        sent = {name: text for name, text in {**self.headers, **(headers or {})}.items() if text}
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        try:
            payload = body if isinstance(body, bytes | None) else json.dumps(body)
            connection.request(method, target, payload, sent)
            response = connection.getresponse()
            names = {name.lower(): text for name, text in response.getheaders()}
            return Reply(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str, **params: object) -> Any:  # noqa: ANN401 - decoded JSON
        """Return the JSON of a request that has to succeed."""
        reply = self.ask(path, params)
        assert reply.status == 200, reply.body[:200]
        return reply.json

    def pages(self, path: str, **params: object) -> Iterator[Any]:
        """Follow ``links.next`` to the end."""
        page = self.get(path, **params)
        yield page
        while page["links"]["next"]:
            page = self.get(page["links"]["next"])
            yield page


@pytest.fixture
def sandbox(sandbox_server: Sandbox) -> Sandbox:
    """The server with 300 fresh entries, and a clock that stands still."""
    sandbox_server.freeze(NOW)
    sandbox_server.harvest.reset(entries=300, seed=1)
    return sandbox_server


@pytest.fixture
def harvest(sandbox: Sandbox) -> HarvestControl:
    """The simulated account."""
    return sandbox.harvest


@pytest.fixture
def api(harvest: HarvestControl) -> Api:
    """Asks with an administrator's token."""
    headers = {
        "Authorization": f"Bearer {harvest.tokens['administrator']}",
        "Harvest-Account-Id": harvest.account_id,
        "User-Agent": "tests (tests@example.com)",
    }
    return Api(harvest, headers)
