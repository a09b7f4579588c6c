"""Start the target: ``python -m target_harvest`` is the same as ``target-harvest``."""

from __future__ import annotations

from singer_tapkit.relay.command import command_line

from target_harvest.target import TargetHarvest


def cli() -> None:
    """Run the command."""
    command_line(TargetHarvest)


if __name__ == "__main__":
    cli()
