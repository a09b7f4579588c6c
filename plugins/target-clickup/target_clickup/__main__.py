"""Start the target: ``python -m target_clickup`` is the same as ``target-clickup``."""

from __future__ import annotations

from singer_tapkit.relay.command import command_line

from target_clickup.target import TargetClickUp


def cli() -> None:
    """Run the command."""
    command_line(TargetClickUp)


if __name__ == "__main__":
    cli()
