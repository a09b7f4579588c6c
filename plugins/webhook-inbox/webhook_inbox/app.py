"""The receiver: an ASGI app with a route per source.

It answers 200 when an event is on disk, and not before; 503 when it cannot be stored, so that the
vendor sends it again.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import anyio
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from webhook_inbox.inbox import InboxError
from webhook_inbox.signatures import fingerprint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from webhook_inbox.inbox import Inbox
    from webhook_inbox.settings import Source
    from webhook_inbox.signatures import Hint

logger = logging.getLogger("webhook_inbox")

MOST_BYTES: Final = 1_048_576
_PERIOD_SECONDS: Final = 10.0
_CLEAN_UP_SECONDS: Final = 3600.0


class RefusedError(Exception):
    """A request that is not stored.

    Args:
        status: Of the answer.
        why: What is wrong.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Receiver:
    """Takes events in.

    Args:
        inbox: Where they go.
        sources: By the name of their route.
        per_second: How many requests of one source are let in, over ten seconds.
        oldest: Events that happened longer ago are refused: they were replayed.
        keep: How long events stay that every reader has; for ever if absent.
    """

    def __init__(
        self,
        inbox: Inbox,
        sources: Mapping[str, Source],
        *,
        per_second: float = 200.0,
        oldest: timedelta = timedelta(days=45),
        keep: timedelta | None = None,
    ) -> None:
        self._inbox = inbox
        self._sources = sources
        self._most = int(per_second * _PERIOD_SECONDS)
        self._oldest = oldest
        self._keep = keep
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def application(self) -> Starlette:
        """Return the ASGI app."""
        return Starlette(
            routes=[
                Route("/hooks/{source:path}", self._receive, methods=["POST"]),
                Route("/hooks/{source:path}", self._greet, methods=["GET"]),
                Route("/health", self._health, methods=["GET"]),
                Route("/ready", self._ready, methods=["GET"]),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Clean up once an hour while the app runs."""
        async with anyio.create_task_group() as group:
            if self._keep is not None:
                group.start_soon(self._clean_up, self._keep)
            yield
            group.cancel_scope.cancel()

    async def _clean_up(self, keep: timedelta) -> None:
        while True:
            before = datetime.now(UTC) - keep
            try:
                gone = await anyio.to_thread.run_sync(lambda: self._inbox.prune(before))  # noqa: B023
                logger.info("%d old events removed", gone)
            except SQLAlchemyError as error:
                logger.warning("Old events are still there: %s", type(error).__name__)
            await anyio.sleep(_CLEAN_UP_SECONDS)

    async def _receive(self, request: Request) -> JSONResponse:
        name = request.path_params["source"]
        try:
            body, hint = await self._checked(name, request)
            number = await anyio.to_thread.run_sync(
                lambda: self._inbox.append(name, body, delivery=hint.delivery, kind=hint.event)
            )
        except RefusedError as error:
            logger.warning("%s: refused with %d: %s", name, error.status, error)
            headers = {"Retry-After": "10"} if error.status == 429 else {}  # noqa: PLR2004
            return JSONResponse({"error": str(error)}, error.status, headers)
        except InboxError as error:
            logger.exception("%s: not stored", name)
            return JSONResponse({"error": str(error)}, 503, {"Retry-After": "10"})
        if number is None:
            logger.info("%s: a repeat, not stored again (%s)", name, fingerprint(body))
        return JSONResponse({"status": "repeat" if number is None else "stored"})

    async def _checked(self, name: str, request: Request) -> tuple[bytes, Hint]:
        """Return a body that may be stored, and what it says of itself.

        Raises:
            RefusedError: If it may not.
        """
        source = self._known(name)
        self._admit(name)
        body = await _body(request)
        if not source.secret or not source.scheme.accepts(body, request.headers, source.secret):
            raise RefusedError(source.scheme.refusal, "the signature is missing or wrong")
        hint = source.scheme.read(body)
        if hint is None:
            raise RefusedError(400, "the body is no JSON object")
        if hint.sent_at and datetime.now(UTC) - hint.sent_at > self._oldest:
            raise RefusedError(400, "it happened too long ago")
        return body, hint

    async def _greet(self, request: Request) -> JSONResponse:
        """Answer those who look whether somebody is there."""
        known = request.path_params["source"] in self._sources
        return JSONResponse({"status": "here" if known else "unknown"}, 200 if known else 404)

    async def _health(self, _request: Request) -> JSONResponse:
        return JSONResponse({"status": "healthy"})

    async def _ready(self, _request: Request) -> JSONResponse:
        try:
            last = await anyio.to_thread.run_sync(self._inbox.last)
        except Exception:  # noqa: BLE001 - whatever the database's driver raises
            return JSONResponse({"status": "not ready"}, 503)
        return JSONResponse({"status": "ready", "last": last})

    def _known(self, name: str) -> Source:
        source = self._sources.get(name)
        if source is None:
            raise RefusedError(404, "no such source")
        return source

    def _admit(self, name: str) -> None:
        """Count a request, or refuse it: also those that are not signed."""
        now, recent = time.monotonic(), self._recent[name]
        while recent and recent[0] <= now - _PERIOD_SECONDS:
            recent.popleft()
        if len(recent) >= self._most:
            raise RefusedError(429, "too many requests")
        recent.append(now)


async def _body(request: Request) -> bytes:
    """Read a body, but no more than is allowed."""
    too_large = RefusedError(413, f"more than {MOST_BYTES} bytes")
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise too_large
    return bytes(body)
