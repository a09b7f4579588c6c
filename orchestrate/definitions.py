"""What Dagster loads: the project that Meltano names, or the one in the folder above."""

import os
from pathlib import Path

from worktaps.engine import definitions
from worktaps.project import Project

_ABOVE = Path(__file__).resolve().parents[1]

defs = definitions(Project(Path(os.environ.get("MELTANO_PROJECT_ROOT") or _ABOVE)))
