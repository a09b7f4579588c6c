"""Start the target: ``python -m target_gcs`` is the same as ``target-gcs``."""

from __future__ import annotations

from target_gcs.target import TargetGCS

cli = TargetGCS.cli

if __name__ == "__main__":
    cli()
