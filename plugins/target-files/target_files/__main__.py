"""Start the target: ``python -m target_files`` is the same as ``target-files``."""

from __future__ import annotations

from target_files.target import TargetFiles

cli = TargetFiles.cli

if __name__ == "__main__":
    cli()
