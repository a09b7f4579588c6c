"""The control API below ``/_control``: how tests and demos steer a sandbox.

All bodies are JSON. What cannot be done is answered with 400 and ``{"error": why}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from singer_sandbox.faults import Fault, Kind
from singer_sandbox.patterns import Pattern
from singer_sandbox.triggers import Trigger
from singer_sandbox.vendor import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from singer_sandbox.sandbox import Sandbox
    from singer_sandbox.vendor import Vendor
    from singer_sandbox.wire import Row


@dataclass(frozen=True, slots=True)
class _Order:
    """A decoded request to the control API."""

    sandbox: Sandbox
    params: dict[str, Any]
    body: Row
    base_url: str

    @property
    def vendor(self) -> Vendor:
        return self.sandbox.vendor(self.params["vendor"])

    @property
    def collection(self) -> str:
        return str(self.params["collection"])

    @property
    def row_id(self) -> int | str:
        text = str(self.params["id"])
        return int(text) if text.isdecimal() else text

    def pattern(self) -> Pattern:
        """Take what describes requests out of the body."""
        names = ("path", "method", "params", "page")
        parts = {name: self.body.pop(name) for name in names if name in self.body}
        return Pattern(vendor=self.vendor.name, **parts)


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes, relative to where they are mounted."""
    rows = "/{vendor}/rows/{collection}"
    table: list[tuple[str, str, Callable[[_Order], object]]] = [
        ("GET", "/clock", _read_clock),
        ("POST", "/clock", _set_clock),
        ("POST", "/reset", _reset_all),
        ("GET", "/{vendor}", _describe),
        ("POST", "/{vendor}/reset", _reset),
        ("GET", "/{vendor}/settings", lambda order: order.vendor.settings()),
        ("PATCH", "/{vendor}/settings", _change_settings),
        ("GET", "/{vendor}/requests", _read_requests),
        ("DELETE", "/{vendor}/requests", lambda order: order.sandbox.log.clear(order.vendor.name)),
        ("POST", "/{vendor}/faults", _add_fault),
        ("DELETE", "/{vendor}/faults", lambda order: order.sandbox.faults.clear(order.vendor.name)),
        ("POST", "/{vendor}/triggers", _add_trigger),
        (
            "DELETE",
            "/{vendor}/triggers",
            lambda order: order.sandbox.triggers.clear(order.vendor.name),
        ),
        ("GET", rows, lambda order: order.vendor.rows(order.collection)),
        ("POST", rows, lambda order: order.vendor.add(order.collection, order.body)),
        ("GET", rows + "/{id}", lambda order: order.vendor.get(order.collection, order.row_id)),
        (
            "PATCH",
            rows + "/{id}",
            lambda order: order.vendor.edit(order.collection, order.row_id, order.body),
        ),
        (
            "DELETE",
            rows + "/{id}",
            lambda order: order.vendor.delete(order.collection, order.row_id),
        ),
    ]
    return [_route(sandbox, method, path, carry_out) for method, path, carry_out in table]


def _route(
    sandbox: Sandbox, method: str, path: str, carry_out: Callable[[_Order], object]
) -> Route:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        base_url = f"{request.url.scheme}://{request.url.netloc}"
        try:
            content = orjson.loads(body) if body else {}
            answer = carry_out(_Order(sandbox, request.path_params, content, base_url))
        except (RefusedError, TypeError, ValueError) as error:
            return Response(orjson.dumps({"error": str(error)}), 400, media_type="application/json")
        return Response(orjson.dumps(answer), media_type="application/json")

    return Route(path, endpoint, methods=[method])


def _read_clock(order: _Order) -> Row:
    clock = order.sandbox.clock
    return {"now": clock.now(), "frozen": clock.frozen}


def _set_clock(order: _Order) -> Row:
    """Freeze (``{"freeze": instant or null}``), move (``{"advance": seconds}``) or run."""
    clock = order.sandbox.clock
    if "freeze" in order.body:
        at = order.body["freeze"]
        clock.freeze(datetime.fromisoformat(at) if at else None)
    if "advance" in order.body:
        clock.advance(order.body["advance"])
    if order.body.get("run"):
        clock.run()
    return _read_clock(order)


def _reset_all(order: _Order) -> None:
    order.sandbox.reset()


def _describe(order: _Order) -> Row:
    return order.vendor.describe(f"{order.base_url}/{order.vendor.name}")


def _reset(order: _Order) -> Row:
    order.sandbox.reset_vendor(order.vendor.name, order.body)
    return order.vendor.settings()


def _change_settings(order: _Order) -> Row:
    order.vendor.change_settings(order.body)
    return order.vendor.settings()


def _read_requests(order: _Order) -> Row:
    log = order.sandbox.log
    kept = [entry for entry in log.entries() if entry.vendor == order.vendor.name]
    return {"count": log.count, "requests": kept}


def _add_fault(order: _Order) -> None:
    pattern = order.pattern()
    kind = Kind(order.body.pop("kind", None))
    order.sandbox.faults.add(Fault(kind=kind, pattern=pattern, **order.body))


def _add_trigger(order: _Order) -> None:
    pattern = order.pattern()
    order.sandbox.triggers.add(Trigger(pattern=pattern, **order.body))
