"""What deploy/ runs exists, and agrees with the rest."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from worktaps.__main__ import cli
from worktaps.exporter import Exporter
from worktaps.home import write_settings
from worktaps.project import Project

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
HELM = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())


def commands() -> list[list[str]]:
    """Return every call of `worktaps` in deploy/, without what a shell adds."""
    found = []
    for path in [p for p in DEPLOY.rglob("*") if p.is_file() and p.suffix != ".json"]:
        for line in path.read_text().splitlines():
            plain = re.match(r"^(?:ExecStart=|.*&& )\S*bin/(worktaps .*?)(?: >>.*)?$", line)
            listed = re.search(r"(?:command:|args:|CMD) \[(.*worktaps.*)\]", line)
            if plain:
                found.append(shlex.split(plain[1]))
            elif listed:
                found.append([word.strip(" \"'") for word in listed[1].split(",")])
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_and_their_options_exist(words: list[str]) -> None:
    """As the command line reads them."""
    assert words[0] == "worktaps"
    command = cli.commands[words[1]]

    context = click.Context(command)
    parsed, rest, _ = command.make_parser(context).parse_args(words[2:])

    assert rest == []
    assert parsed is not None


def test_dashboards_ask_for_metrics_that_there_are() -> None:
    """By their names."""
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    text = Exporter(Project(ROOT)).text().decode()
    known = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))

    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"worktaps_\w+", target["expr"])
    }

    assert asked <= known
    assert len(asked) > 8


@pytest.mark.parametrize("name", ["dagster.yaml", "dagster.distributed.yaml"])
def test_one_machine_and_many_are_as_parallel(name: str, tmp_path: Path) -> None:
    """As meltano.yml says; Helm's values say the same in its own words."""
    project = Project(ROOT)
    write_settings(project, tmp_path, ROOT / "orchestrate" / name)
    written: dict[str, Any] = yaml.safe_load((tmp_path / "dagster.yaml").read_text())

    runs = written["concurrency"]["runs"]
    assert runs["max_concurrent_runs"] == project.options["max_parallel"]
    assert HELM["concurrency"]["runs"]["maxConcurrentRuns"] == project.options["max_parallel"]
    assert HELM["concurrency"]["runs"]["tagConcurrencyLimits"][0] == {
        **runs["tag_concurrency_limits"][-1],
        "value": {"applyLimitPerUniqueValue": True},
    }
    monitoring = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): value
        for key, value in HELM["dagsterDaemon"]["runMonitoring"].items()
    }
    assert monitoring == written["run_monitoring"]
    assert ("storage" in written) == (name == "dagster.distributed.yaml")
