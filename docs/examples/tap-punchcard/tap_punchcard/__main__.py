"""Start the tap: ``python -m tap_punchcard`` is the same as ``tap-punchcard``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_punchcard.tap import TapPunchcard


def cli() -> None:
    """Run what the command line says."""
    command_line(TapPunchcard)


if __name__ == "__main__":
    cli()
