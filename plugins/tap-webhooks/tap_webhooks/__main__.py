"""Start the tap: ``python -m tap_webhooks`` is the same as ``tap-webhooks``."""

from __future__ import annotations

from singer_tapkit.command import command_line

from tap_webhooks.tap import TapWebhooks


def cli() -> None:
    """Run what the command line says."""
    command_line(TapWebhooks)


if __name__ == "__main__":
    cli()
