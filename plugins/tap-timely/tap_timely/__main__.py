"""Start the tap: ``python -m tap_timely`` is the same as ``tap-timely``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_timely.tap import TapTimely


def cli() -> None:
    """Run what the command line says."""
    command_line(TapTimely)


if __name__ == "__main__":
    cli()
