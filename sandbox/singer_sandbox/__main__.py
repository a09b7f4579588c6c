"""The command ``sandbox``."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from singer_sandbox.sandbox import Sandbox

_BACKLOG: Final = 128


@click.group()
@click.version_option(package_name="singer-sandbox")
def cli() -> None:
    """Simulated vendor APIs: test and try connectors without an account."""


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, help="Port to listen on; 0 takes any free one."
)
@click.option(
    "--entries",
    type=click.IntRange(0, 1_000_000),
    default=1000,
    show_default=True,
    help="Time entries to make up, spread over the three years that end now.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    help="The same seed, number of entries and time make the same data.",
)
@click.option(
    "--rate-limit/--no-rate-limit",
    default=True,
    show_default=True,
    help="Whether to refuse callers that ask more often than the vendor allows.",
)
@click.option(
    "--now",
    metavar="INSTANT",
    help="Freeze the clock there, as 2025-03-05T08:00:00Z; otherwise it shows the real time.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="VENDOR.SETTING=VALUE",
    help="A setting of one vendor, as harvest.paging=cursor. Repeatable; README lists them.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help='Written once the server answers: {"url": "http://..."}.',
)
def serve(  # noqa: PLR0913 - one argument per option
    *,
    host: str,
    port: int,
    entries: int,
    seed: int,
    rate_limit: bool,
    now: str | None,
    assignments: tuple[str, ...],
    ready_file: Path | None,
) -> None:
    """Serve all vendors until interrupted.

    Try it in another terminal with the command that is printed when it is ready.
    """
    from singer_sandbox.sandbox import Sandbox  # noqa: PLC0415 - spares --help the start-up time
    from singer_sandbox.vendor import RefusedError  # noqa: PLC0415
    from singer_sandbox.vendors import vendors  # noqa: PLC0415

    common = {"entries": entries, "seed": seed, "rate_limit": rate_limit}
    settings: dict[str, dict[str, object]] = {
        vendor: {name: value for name, value in common.items() if name in make.common}
        for vendor, make in vendors().items()
    }
    for vendor, name, value in _parse(assignments):
        settings.setdefault(vendor, {})[name] = value
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _exit)
    with _listen(host, port) as listener:
        try:
            sandbox = Sandbox(settings, _instant(now))
        except RefusedError as error:
            raise click.UsageError(str(error)) from None
        _run(sandbox, listener, ready_file)


def _parse(assignments: Iterable[str]) -> Iterable[tuple[str, str, object]]:
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        vendor, dot, name = path.partition(".")
        if not equals or not dot:
            msg = f"{assignment}: write it as VENDOR.SETTING=VALUE, such as harvest.paging=cursor"
            raise click.BadParameter(msg, param_hint="--set")
        value: Any = text
        with suppress(ValueError):
            value = json.loads(text)
        yield vendor, name, value


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text} is no instant; write it as 2025-03-05T08:00:00Z"
        raise click.BadParameter(msg, param_hint="--now") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else, so that a taken one is told at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        # Without the protocol asyncio would not know it is TCP, and leave Nagle's delay on.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        msg = (
            f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}. "
            "Choose another --port; 0 takes any free one"
        )
        raise click.ClickException(msg) from None
    return listener


def _run(sandbox: Sandbox, listener: socket.socket, ready_file: Path | None) -> None:
    """Serve until a signal comes.

    The socket listens already, so whoever reads the announcement can connect at once.
    """
    import uvicorn  # noqa: PLC0415 - spares --help the start-up time

    from singer_sandbox.server import CuttableProtocol, application  # noqa: PLC0415

    config = uvicorn.Config(
        application(sandbox),
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    _announce(sandbox, _url(listener), ready_file)
    uvicorn.Server(config).run(sockets=[listener])


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(sandbox: Sandbox, url: str, ready_file: Path | None) -> None:
    if ready_file is not None:
        unfinished = ready_file.with_name(f"{ready_file.name}.part")
        unfinished.write_text(json.dumps({"url": url}))
        unfinished.replace(ready_file)
    for name, vendor in sandbox.vendors.items():
        description = vendor.describe(f"{url}/{name}")
        click.echo(f"{name} at {description['api_url']} - {description['hint']}")


def _exit(_signal: int, _frame: FrameType | None) -> None:
    """End; uvicorn calls this, too, after it has finished what was under way.

    Not by an exception: where a signal meets a callback of the interpreter's, that is swallowed.
    """
    os._exit(0)


if __name__ == "__main__":
    cli(prog_name="sandbox")
