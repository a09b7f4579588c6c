"""Start the tap: ``python -m tap_harvest`` is the same as ``tap-harvest``."""

from __future__ import annotations

from tap_harvest.tap import TapHarvest

cli = TapHarvest.cli

if __name__ == "__main__":
    cli()
