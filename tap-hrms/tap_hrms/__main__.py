"""Start the tap: ``python -m tap_hrms`` is the same as ``tap-hrms``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_hrms.tap import TapHRMS


def cli() -> None:
    """Run what the command line says."""
    command_line(TapHRMS)


if __name__ == "__main__":
    cli()
