"""Small Meltano projects, and a Meltano that only pretends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml
from worktaps.project import Project

if TYPE_CHECKING:
    from pathlib import Path

FAKE = """#!{python}
import json, os, sys, time
job = sys.argv[-1]
with open({log!r}, "a") as log:
    log.write(json.dumps({{"job": job, "args": sys.argv[1:], "at": time.time(),
        "trigger": os.environ.get("MELTANO_JOB_TRIGGER"),
        "environment": os.environ.get("MELTANO_ENVIRONMENT"),
        "sys_dir": os.environ.get("MELTANO_SYS_DIR_ROOT"),
        "extra": os.environ.get("EXTRA")}}) + "\\n")
tap = {{"producer": True, "consumer": False, "level": "info", "event": "METRIC"}}
print(json.dumps(tap | {{"metric_info": {{"metric": "record_count", "value": 7,
    "tags": {{"stream": "entries"}}}}}}))
print(json.dumps(tap | {{"metric_info": {{"metric": "http_request_count", "value": 3, "tags":
    {{"stream": "entries", "outcome": "complete", "tombstones": 2, "waited_seconds": 1.5}}}}}}))
time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
if job.startswith("bad"):
    print(json.dumps({{"level": "error", "event": "Outcome of each stream:\\nstream  outcome\\n"
        "entries: failed: HTTP 401. Check access_token"}}))
    sys.exit(1)
print(json.dumps({{"level": "info", "event": "Block run completed", "duration_seconds": 2.5}}))
"""


class MakeProject(Protocol):
    """Writes a ``meltano.yml``."""

    def __call__(self, **changes: Any) -> Project:  # noqa: ANN401 - YAML
        """Replace top-level parts of a good one."""
        ...


def good() -> dict[str, Any]:
    """Return a project with three jobs."""
    return {
        "default_environment": "dev",
        "environments": [{"name": "dev"}, {"name": "prod"}],
        "plugins": {
            "extractors": [
                {"name": "tap-a"},
                {"name": "tap-a-eu", "inherit_from": "tap-a"},
                {"name": "tap-b"},
            ],
            "mappers": [{"name": "mapper", "mappings": [{"name": "clean"}]}],
            "loaders": [{"name": "target-x"}],
        },
        "jobs": [
            {"name": "a", "tasks": ["tap-a clean target-x"]},
            {"name": "a-eu", "tasks": ["tap-a-eu target-x"]},
            {"name": "bad-b", "tasks": [["tap-b target-x"]]},
        ],
        "schedules": [
            {"name": "a-hourly", "job": "a", "interval": "@hourly"},
            {"name": "a-eu-hourly", "job": "a-eu", "interval": "0 * * * *"},
            {"name": "b-hourly", "job": "bad-b", "interval": "0 * * * *"},
        ],
    }


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Write projects into a folder of the test's own."""

    def make(**changes: Any) -> Project:  # noqa: ANN401 - YAML
        (tmp_path / "meltano.yml").write_text(yaml.safe_dump({**good(), **changes}))
        return Project(tmp_path)

    return make


@pytest.fixture
def fake_meltano(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Meltano that only notes how it was called; jobs that begin with bad fail."""
    log = tmp_path / "calls.jsonl"
    log.touch()
    script = tmp_path / "meltano"
    script.write_text(FAKE.format(python=sys.executable, log=str(log)))
    script.chmod(0o755)
    monkeypatch.setenv("WORKTAPS_MELTANO", str(script))
    for name in ("MELTANO_DATABASE_URI", "MELTANO_ENVIRONMENT", "GITHUB_STEP_SUMMARY"):
        if name in os.environ:
            monkeypatch.delenv(name)
    return log
