"""Start the target: ``python -m target_rest`` is the same as ``target-rest``."""

from __future__ import annotations

from singer_tapkit.relay.command import command_line

from target_rest.target import TargetREST


def cli() -> None:
    """Run the command."""
    command_line(TargetREST)


if __name__ == "__main__":
    cli()
