"""Docs lead somewhere, and name things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = [
    path
    for folder in (".", "docs", "tap-harvest", "tapkit", "sandbox", "transform", "plugins/*")
    for path in ROOT.glob(f"{folder}/*.md")
]
WORKFLOWS = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/examples/*.yml")]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path: Path) -> None:
    """Every relative link of a page."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", [*DOCS, *WORKFLOWS], ids=lambda path: str(path.relative_to(ROOT)))
def test_jobs_and_make_targets_exist(path: Path) -> None:
    """Whatever a page or workflow runs by name."""
    text = path.read_text()
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    plugins = (plugin for kind in project["plugins"].values() for plugin in kind)
    known = {item["name"] for item in (*project["jobs"], *plugins)}
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"meltano (?:--\S+ )*run (?:--\S+ )*([a-z]\S*)", text)) <= known
    assert set(re.findall(r"^\s*(?:run: )?make ([a-z]+)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_say_when_and_with_what_rights(path: Path) -> None:
    """YAML reads the key `on` as true."""
    workflow = yaml.safe_load(path.read_text())

    assert workflow[True]
    assert workflow["permissions"]
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())
