"""Start the tap: ``python -m tap_todoist`` is the same as ``tap-todoist``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_todoist.tap import TapTodoist


def cli() -> None:
    """Run what the command line says."""
    command_line(TapTodoist)


if __name__ == "__main__":
    cli()
