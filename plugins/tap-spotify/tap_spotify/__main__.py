"""Start the tap: ``python -m tap_spotify`` is the same as ``tap-spotify``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_spotify.tap import TapSpotify


def cli() -> None:
    """Run what the command line says."""
    command_line(TapSpotify)


if __name__ == "__main__":
    cli()
