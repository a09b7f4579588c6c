"""Start the tap: ``python -m tap_garmin`` is the same as ``tap-garmin``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_garmin.tap import TapGarmin


def cli() -> None:
    """Run what the command line says."""
    command_line(TapGarmin)


if __name__ == "__main__":
    cli()
