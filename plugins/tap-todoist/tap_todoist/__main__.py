"""Start the tap: ``python -m tap_todoist`` is the same as ``tap-todoist``."""

from __future__ import annotations

from tap_todoist.tap import TapTodoist

cli = TapTodoist.cli

if __name__ == "__main__":
    cli()
