"""Start the tap: ``python -m tap_clickup`` is the same as ``tap-clickup``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_clickup.tap import TapClickUp


def cli() -> None:
    """Run what the command line says."""
    command_line(TapClickUp)


if __name__ == "__main__":
    cli()
