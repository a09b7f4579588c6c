"""The command ``webhook-inbox``."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from webhook_inbox.inbox import Inbox
    from webhook_inbox.registration import Hook, Registration
    from webhook_inbox.settings import Source

ResultT = TypeVar("ResultT")
_EXAMPLE = '{"clickup": {"scheme": "clickup", "secret": "${CLICKUP_WEBHOOK_SECRET}"}}'


def _sources_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--sources",
        "path",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        required=True,
        envvar="WEBHOOK_INBOX_SOURCES",
        help=f"JSON: {_EXAMPLE}.",
    )(command)


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
@_sources_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, envvar="PORT", help="Port to listen on.")
@click.option(
    "--keep-days",
    default=45,
    show_default=True,
    type=click.IntRange(0),
    help="How long to keep events that every reader has.",
)
@click.option(
    "--per-second",
    default=200.0,
    show_default=True,
    envvar="WEBHOOK_INBOX_PER_SECOND",
    help="Most requests of one source, over ten seconds.",
)
@click.pass_obj
def serve(url: str, path: Path, host: str, port: int, keep_days: int, per_second: float) -> None:
    """Receive webhooks until interrupted.

    They come in at /hooks/SOURCE. What is old, and what every reader has, is removed once an hour.
    """
    import uvicorn  # noqa: PLC0415 - spares --help the start-up time

    from webhook_inbox.app import Receiver  # noqa: PLC0415

    sources = _read_sources(path)
    for name, source in sources.items():
        if not source.secret:
            click.echo(f"{name}: no secret yet; `webhook-inbox hooks create {name}` gets one")
    receiver = Receiver(_open(url), sources, keep=timedelta(days=keep_days), per_second=per_second)
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
    """List events, and how far readers are.

    Bodies are not shown.
    """
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
    """Remove old events that all readers have."""
    gone = _open(url).prune(datetime.now(UTC) - timedelta(days=days))
    click.echo(f"{gone} events removed")


@cli.command()
@click.argument("reader")
@click.pass_obj
def forget(url: str, reader: str) -> None:
    """Forget a reader that is gone for good.

    Events are then no longer kept for it.
    """
    if not _open(url).forget(reader):
        msg = f"No reader is named {reader}; `webhook-inbox show` lists them"
        raise click.ClickException(msg)
    click.echo(f"{reader} is forgotten")


@cli.group()
def hooks() -> None:
    """Make, list, repair and delete webhooks.

    At their vendors, as the sources file says they should be.
    """


@hooks.command(name="list")
@_sources_option
def list_hooks(path: Path) -> None:
    """List the webhooks at each vendor.

    Exit code 1 if one of ours is not there, asleep, or sends the wrong events.
    """
    ill = False
    for name, _, registration in _registrations(path, None):
        own = _own(registration)
        if own is None:
            click.echo(f"{name}: not there; `webhook-inbox hooks create {name}` makes it")
        ill = ill or own is None or not registration.is_well(own)
        for hook in _asked(registration.hooks):
            mark = "ours" if own is not None and hook.id == own.id else "other"
            events = " ".join(hook.events)
            click.echo(f"{name}: {mark} {hook.id}  {hook.url}  {hook.health}  {events}")
    if ill:
        raise SystemExit(1)


@hooks.command()
@click.argument("source")
@_sources_option
def create(path: Path, source: str) -> None:
    """Make the webhook of SOURCE.

    Its secret is kept in secret_file.
    """
    for name, entry, registration in _registrations(path, source):
        _make(name, entry, registration)


@hooks.command()
@click.argument("source", required=False)
@_sources_option
def repair(path: Path, source: str | None) -> None:
    """Make or wake up what is not well.

    Of SOURCE, or all. Events that were lost meanwhile do not come again: let the polling pipeline
    run afterwards.
    """
    for name, entry, registration in _registrations(path, source):
        own = _own(registration)
        if own is None:
            _make(name, entry, registration)
        elif registration.is_well(own):
            click.echo(f"{name}: is well")
        else:
            _asked(lambda one=registration, hook=own: one.repair(hook))  # type: ignore[misc]
            click.echo(f"{name}: was {own.health}, and is awake again. Poll for what it missed")


@hooks.command(name="delete")
@click.argument("source")
@_sources_option
def delete_hook(path: Path, source: str) -> None:
    """Delete the webhook of SOURCE at its vendor."""
    for name, _, registration in _registrations(path, source):
        own = _own(registration)
        if own is None:
            click.echo(f"{name}: was not there")
        else:
            _asked(lambda one=registration, hook=own: one.delete(hook))  # type: ignore[misc]
            click.echo(f"{name}: deleted")


def _make(name: str, source: Source, registration: Registration) -> None:
    if source.secret_file is None:
        msg = f"{name}: give secret_file, where the secret of the webhook is kept"
        raise click.ClickException(msg)
    hook = _asked(registration.create)
    source.secret_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(source.secret_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(hook.secret or "")
    click.echo(f"{name}: {hook.id} sends to {hook.url}; its secret is in {source.secret_file}")
    click.echo("Start the receiver again, so that it reads the secret")


def _registrations(path: Path, only: str | None) -> Iterator[tuple[str, Source, Registration]]:
    sources = _read_sources(path)
    if only is not None and only not in sources:
        msg = f"No source is named {only}: there are {', '.join(sources)}"
        raise click.ClickException(msg)
    for name, source in sources.items():
        if only in (None, name) and source.registration:
            yield name, source, source.registration
        elif name == only:
            msg = f"{name}: add webhook to {path}, with url and token, to say what is to be made"
            raise click.ClickException(msg)


def _own(registration: Registration) -> Hook | None:
    return _asked(registration.own)


def _asked(ask: Callable[[], ResultT]) -> ResultT:
    from webhook_inbox.registration import RegistrationError  # noqa: PLC0415 - spares --help

    try:
        return ask()
    except RegistrationError as error:
        raise click.ClickException(str(error)) from None


def _open(url: str) -> Inbox:
    from webhook_inbox.inbox import Inbox, InboxError  # noqa: PLC0415 - spares --help

    try:
        return Inbox(url)
    except InboxError as error:
        raise click.ClickException(str(error)) from None


def _read_sources(path: Path) -> dict[str, Source]:
    from webhook_inbox.settings import SettingsError, read_sources  # noqa: PLC0415 - spares --help

    try:
        return read_sources(path)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    cli(prog_name="webhook-inbox")
