"""``target-x dead-letters`` and ``target-x replay``, beside the Singer command."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from singer_sdk.exceptions import ConfigValidationError

from singer_tapkit.targets.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_tapkit.relay.target import RelayTarget

_NAMES: Final = ("dead-letters", "replay")


def command_line(target: type[RelayTarget]) -> None:
    """Run a target, or one of its further commands if an argument names it."""
    arguments = sys.argv[1:]
    for name in _NAMES:
        if name in arguments:
            arguments.remove(name)
            command = _dead_letters(target) if name == "dead-letters" else _replay(target)
            command(arguments, prog_name=f"{target.name} {name}")
            return
    target.cli()


def _dead_letters(target: type[RelayTarget]) -> click.Command:
    @click.command(help=f"List the records that {target.name} could not write, and why.")
    @click.option("--json", "as_json", is_flag=True, help="A line each, with the record itself.")
    @_with_target(target)
    def dead_letters(made: RelayTarget, *, as_json: bool) -> None:
        letters = made.ledger.dead_letters()
        for letter in letters:
            if as_json:
                click.echo(json.dumps(asdict(letter)))
            else:
                click.echo(
                    f"{letter.number:>6}  {letter.at}  {letter.kind}  {letter.key}  "
                    f"tried {letter.attempts}x\n        {letter.cause}"
                )
        if not letters and not as_json:
            click.echo("No dead letters")

    return dead_letters


def _replay(target: type[RelayTarget]) -> click.Command:
    @click.command(help=f"Write dead letters of {target.name}, now that what was wrong is mended.")
    @click.option("--number", "numbers", type=int, multiple=True, help="Only these; all if absent.")
    @_with_target(target)
    def replay(made: RelayTarget, numbers: Sequence[int]) -> None:
        letters = made.ledger.dead_letters()
        unknown = set(numbers) - {letter.number for letter in letters}
        if unknown:
            msg = f"No dead letter has the number {min(unknown)}"
            raise click.ClickException(msg)
        wanted = [letter for letter in letters if not numbers or letter.number in numbers]
        try:
            made.relay.replay(wanted)
            made.tell()
        finally:
            made.relay.close()
        left = {(letter.kind, letter.key) for letter in made.ledger.dead_letters()}
        stay = sum((letter.kind, letter.key) in left for letter in wanted)
        click.echo(f"{len(wanted) - stay} of {len(wanted)} dead letters written")
        if stay:
            sys.exit(1)

    return replay


def _with_target(target: type[RelayTarget]) -> Callable[..., Callable[..., None]]:
    """Add ``--config``, and hand on the target that it sets up."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--config",
            "configs",
            multiple=True,
            help="File with the settings, or ENV for those in the environment.",
        )
        def run(configs: Sequence[str], **options: object) -> None:
            try:
                made = target(
                    config=[Path(one) for one in configs if one != "ENV"],
                    parse_env_config="ENV" in configs or not configs,
                )
                function(made, **options)
            except (ConfigValidationError, TargetError, OSError) as error:
                raise click.ClickException(str(error)) from None

        run.__click_params__ += getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        return run

    return decorate
