"""Start the tap: ``python -m tap_clickup`` is the same as ``tap-clickup``."""

from __future__ import annotations

from tap_clickup.tap import TapClickUp

cli = TapClickUp.cli

if __name__ == "__main__":
    cli()
