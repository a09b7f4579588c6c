"""What Dagster loads: the project in the folder above."""

from pathlib import Path

from worktaps.engine import definitions
from worktaps.project import Project

defs = definitions(Project(Path(__file__).resolve().parents[1]))
