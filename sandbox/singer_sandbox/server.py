"""The web server: vendors behind faults, log and clock, and the control API beside them."""

from __future__ import annotations

import asyncio
import socket
import struct
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from singer_sandbox.control import control_routes
from singer_sandbox.faults import Kind
from singer_sandbox.wire import Answer, Call

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from singer_sandbox.sandbox import Sandbox
    from singer_sandbox.vendor import Vendor

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""Value of ``SO_LINGER`` that makes closing a socket send a reset."""


class CuttableProtocol(H11Protocol):
    """HTTP whose applications can reach the connection, in order to cut it."""

    def connection_made(  # type: ignore[explicit-override, override]  # typing.override is 3.12
        self, transport: asyncio.Transport
    ) -> None:
        """Hand the connection on to the application, within the scope's state."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def application(sandbox: Sandbox) -> Starlette:
    """Make the application that serves a sandbox; it needs :class:`CuttableProtocol`."""
    mounts = [
        Mount(f"/{name}", app=_VendorApp(sandbox, vendor))
        for name, vendor in sandbox.vendors.items()
    ]
    return Starlette(
        routes=[
            Mount("/_control", routes=control_routes(sandbox)),
            *mounts,
            Mount("/", app=_Nothing(sandbox)),
        ]
    )


class _Nothing:
    """Whatever is outside of all vendors."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._vendors = ", ".join(f"/{name}/" for name in sandbox.vendors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"Nothing here. The vendors of this sandbox: {self._vendors}\n"
        await PlainTextResponse(text, status_code=404)(scope, receive, send)


class _VendorApp:
    """One vendor, with everything that happens between it and the network."""

    def __init__(self, sandbox: Sandbox, vendor: Vendor) -> None:
        self._sandbox = sandbox
        self._vendor = vendor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or spoil the answer."""
        call = await self._call(Request(scope, receive))
        resource = self._vendor.resource(call.path)
        fault = self._sandbox.faults.take(self._vendor.name, resource, call)
        if fault and fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault and not fault.reaches_vendor:
            answer = fault.instead()
        else:
            answer = self._answer(call, resource)
            if fault:
                answer = fault.spoil(answer)
        now = self._sandbox.clock.now()
        status = answer.status if answer else 0
        self._sandbox.log.record(self._vendor.name, resource, call, status, now)
        transport: asyncio.Transport = scope["state"]["transport"]
        if answer is None:
            await _cut(transport, receive)
            return
        response = Response(
            answer.body,
            answer.status,
            {**answer.headers, "Date": format_datetime(now, usegmt=True)},
            answer.content_type,
        )
        if fault and fault.kind is Kind.RESET:
            await _send_half(response, send)
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
            )
            await _cut(transport, receive)
        else:
            await response(scope, receive, send)

    async def _call(self, request: Request) -> Call:
        url = request.url
        return Call(
            method=request.method,
            path=request.scope["path"].removeprefix(f"/{self._vendor.name}"),
            pairs=parse_qsl(url.query, keep_blank_values=True),
            headers=dict(request.headers),
            body=await request.body(),
            mount=f"{url.scheme}://{url.netloc}/{self._vendor.name}",
        )

    def _answer(self, call: Call, resource: str) -> Answer:
        answer = self._vendor.answer(call)
        if answer.status < 300:  # noqa: PLR2004 - where success ends
            self._sandbox.triggers.answered(self._vendor, resource, call)
        return answer


async def _send_half(response: Response, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    half = bytes(response.body[: len(response.body) // 2])
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def _cut(transport: asyncio.Transport, receive: Receive) -> None:
    """Close a connection without finishing the answer, and wait until the server knows."""
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
