"""The README says what the code does: words, settings, columns, examples."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import pytest
from mapper_worklog.canonical import WORK_ENTRIES
from mapper_worklog.rulefile import read_rules
from mapper_worklog.rules import RULES
from mapper_worklog.rules.calendar import FEATURES
from mapper_worklog.settings import SETTINGS

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

README = Path(__file__).parents[2] / "transform" / "README.md"
TEXT = README.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def block(name: str) -> str:
    """Return a generated part."""
    return TEXT.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def test_every_word_of_a_rule_is_explained() -> None:
    """A rule that is not in the README does not exist."""
    shown = set(re.findall(r"^- \{?(\w+):", TEXT, re.MULTILINE))

    assert set(RULES) <= shown
    assert all(f"`{feature}`" in TEXT for feature in FEATURES)
    options = {option for rule in RULES.values() for option in rule.options}
    assert all(re.search(rf"\b{option}\b", TEXT) for option in options)


def test_every_setting_is_listed() -> None:
    """With its default and what it does."""
    lines = ["| setting | default | what it does |", "| --- | --- | --- |"]
    for name, setting in SETTINGS["properties"].items():
        default = f"`{json.dumps(setting['default'])}`" if "default" in setting else ""
        secret = " Secret." if setting.get("secret") else ""
        lines.append(f"| `{name}` | {default} | {setting['description']}{secret} |")

    assert block("settings") == "\n".join(lines) + "\n"


def test_every_canonical_column_is_listed() -> None:
    """With its type and what it holds."""
    lines = ["| column | type | what it holds |", "| --- | --- | --- |"]
    for name, schema in WORK_ENTRIES.items():
        kind = schema.get("format", schema["type"][0])
        lines.append(f"| `{name}` | {kind} | {schema['description']} |")

    assert block("columns") == "\n".join(lines) + "\n"


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_a_rule_file_or_part_of_one(bench: Bench, number: int) -> None:
    """It can be copied."""
    example = EXAMPLES[number]
    if not example.startswith("timezone"):
        example = "streams:\n  entries:\n    rules:\n" + indent(example, "      ")

    rules = read_rules([bench.write("rules.yml", example)])

    assert rules.mappings


def test_the_first_example_runs_as_it_stands(bench: Bench) -> None:
    """What it is said to print, it prints."""
    folder = Path(sys.executable).parent
    script, table = re.findall(r"```(?:bash)?\n(.*?)```", TEXT, re.DOTALL)[:2]

    run = subprocess.run(
        ["bash", "-euc", script],
        cwd=bench.folder,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert run.returncode == 0, run.stderr
    assert table in run.stdout
    records = [json.loads(line) for line in run.stdout.splitlines()[1:3]]
    assert [record["record"]["day"] for record in records] == ["2026-03-03", "2026-03-03"]
    assert [record["record"]["kind"] for record in records] == ["life", "work"]
