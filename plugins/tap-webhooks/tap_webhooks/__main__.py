"""Start the tap: ``python -m tap_webhooks`` is the same as ``tap-webhooks``."""

from __future__ import annotations

from tap_webhooks.tap import TapWebhooks

cli = TapWebhooks.cli

if __name__ == "__main__":
    cli()
