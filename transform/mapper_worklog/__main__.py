"""Start the mapper: ``python -m mapper_worklog`` is the same as ``mapper-worklog``."""

from __future__ import annotations

from mapper_worklog.mapper import MapperWorklog

cli = MapperWorklog.cli

if __name__ == "__main__":
    cli()
