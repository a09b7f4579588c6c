"""Start the target: ``python -m target_harvest`` is the same as ``target-harvest``."""

from __future__ import annotations

from target_harvest.target import TargetHarvest

cli = TargetHarvest.cli

if __name__ == "__main__":
    cli()
