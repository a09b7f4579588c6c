"""The command ``webhook-inbox``."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_inbox.app import Source
    from webhook_inbox.inbox import Inbox


@click.group()
@click.version_option(package_name="worktaps-webhook-inbox")
@click.option(
    "--inbox",
    envvar="WEBHOOK_INBOX_URL",
    default="sqlite:///inbox.db",
    show_default=True,
    help="Database of the inbox.",
)
@click.pass_context
def cli(context: click.Context, inbox: str) -> None:
    """Take webhooks in, durably, and let others read them in order."""
    context.obj = inbox


@cli.command()
@click.option(
    "--sources",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help='JSON: {"clickup": {"scheme": "clickup", "secret": "${CLICKUP_WEBHOOK_SECRET}"}}.',
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, envvar="PORT", help="Port to listen on.")
@click.pass_obj
def serve(url: str, path: Path, host: str, port: int) -> None:
    """Receive at /hooks/SOURCE until interrupted."""
    import uvicorn  # noqa: PLC0415 - spares --help the start-up time

    from webhook_inbox.app import Receiver  # noqa: PLC0415

    receiver = Receiver(_open(url), _sources(path))
    uvicorn.run(
        receiver.application(),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
    )


@cli.command()
@click.option("--after", default=0, help="Only events after this number.")
@click.option("--most", default=50, show_default=True, help="How many at the most.")
@click.pass_obj
def show(url: str, after: int, most: int) -> None:
    """List events, without their bodies, and how far readers have come."""
    inbox = _open(url)
    for event in inbox.read(after, most=most):
        click.echo(
            f"{event.seq:>8}  {event.received_at:%Y-%m-%d %H:%M:%S}  {event.source}  "
            f"{event.event or '-'}  {len(event.body)} bytes"
        )
    for name, seq in sorted(inbox.readers().items()):
        click.echo(f"reader {name}: at {seq} of {inbox.last()}")


@cli.command()
@click.option("--days", default=45, show_default=True, type=click.IntRange(0), help="What to keep.")
@click.pass_obj
def prune(url: str, days: int) -> None:
    """Remove old events that every reader has; never others."""
    gone = _open(url).prune(datetime.now(UTC) - timedelta(days=days))
    click.echo(f"{gone} events removed")


@cli.command()
@click.argument("reader")
@click.pass_obj
def forget(url: str, reader: str) -> None:
    """Forget a reader that is gone for good, so that events are not kept for it."""
    if not _open(url).forget(reader):
        msg = f"No reader is named {reader}; `webhook-inbox show` lists them"
        raise click.ClickException(msg)
    click.echo(f"{reader} is forgotten")


def _open(url: str) -> Inbox:
    from webhook_inbox.inbox import Inbox, InboxError  # noqa: PLC0415 - spares --help

    try:
        return Inbox(url)
    except InboxError as error:
        raise click.ClickException(str(error)) from None


def _sources(path: Path) -> dict[str, Source]:
    from webhook_inbox.app import Source  # noqa: PLC0415 - spares --help
    from webhook_inbox.signatures import SCHEMES  # noqa: PLC0415

    try:
        content: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text())
        entries = {str(name): dict(entry) for name, entry in content.items()}
    except (ValueError, AttributeError, TypeError):
        msg = f'{path} has to look like {{"clickup": {{"scheme": "clickup", "secret": "..."}}}}'
        raise click.ClickException(msg) from None
    found, faults = {}, []
    for name, entry in entries.items():
        secret = _expanded(str(entry.get("secret") or ""))
        scheme = SCHEMES.get(str(entry.get("scheme")))
        if scheme is None:
            faults.append(f"{name}.scheme: one of {', '.join(SCHEMES)}")
        if not secret:
            faults.append(f"{name}.secret: missing, or names a variable that is not set")
        if scheme is not None and secret:
            found[name] = Source(scheme, secret)
    if faults:
        raise click.ClickException("\n  ".join([f"{path} needs attention", *faults]))
    return found


def _expanded(text: str) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], ""), text)


if __name__ == "__main__":
    cli(prog_name="webhook-inbox")
