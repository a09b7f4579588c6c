"""Start the tap: ``python -m tap_hrms`` is the same as ``tap-hrms``."""

from __future__ import annotations

from tap_hrms.tap import TapHRMS

cli = TapHRMS.cli

if __name__ == "__main__":
    cli()
