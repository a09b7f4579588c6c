"""Start the target: ``python -m target_bigquery`` is the same as ``target-bigquery``."""

from __future__ import annotations

from target_bigquery.target import TargetBigQuery

cli = TargetBigQuery.cli

if __name__ == "__main__":
    cli()
