"""Start the tap: ``python -m tap_harvest`` is the same as ``tap-harvest``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_harvest.tap import TapHarvest


def cli() -> None:
    """Run what the command line says."""
    command_line(TapHarvest)


if __name__ == "__main__":
    cli()
