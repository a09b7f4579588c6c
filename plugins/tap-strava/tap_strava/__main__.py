"""Start the tap: ``python -m tap_strava`` is the same as ``tap-strava``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_strava.tap import TapStrava


def cli() -> None:
    """Run what the command line says."""
    command_line(TapStrava)


if __name__ == "__main__":
    cli()
