"""Start the tap: ``python -m tap_garmin`` is the same as ``tap-garmin``."""

from __future__ import annotations

from tap_garmin.tap import TapGarmin

cli = TapGarmin.cli

if __name__ == "__main__":
    cli()
