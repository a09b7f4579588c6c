"""The engine's pages in a browser. Needs the dependency group `browser`, and Chromium."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from singer_sandbox.client import running_sandbox

from tests.engine.engine import Engine, annotations_with, install, make_project, reading

if TYPE_CHECKING:
    from pathlib import Path

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
]


def test_pages_show_success_failure_and_stale_data(tmp_path: Path) -> None:
    """Stale data turns red although its run was green."""
    install()
    options = annotations_with(stale_after=1)
    schedules = [{"name": "daily", "job": "harvest-to-jsonl", "interval": "0 7 * * *"}]
    project = make_project(tmp_path / "project", annotations=options, schedules=schedules)
    with (
        running_sandbox(entries=50, rate_limit=False) as sandbox,
        Engine(project, reading(sandbox.harvest, tmp_path)).running() as engine,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        engine.launch("harvest_to_duckdb")
        engine.launch("clickup_to_jsonl")
        engine.until(lambda: "SUCCESS" in engine.statuses("harvest_to_duckdb"), 120)
        engine.until(lambda: "FAILURE" in engine.statuses("clickup_to_jsonl"), 120)

        page.goto(f"{engine.url}/automation")
        expect(page, "daily", "At 07:00 AM UTC", "status")
        page.goto(f"{engine.url}/runs")
        expect(page, "harvest_to_duckdb", "Success", "clickup_to_jsonl", "Failure")
        asset = f"{engine.url}/assets/target_files_duckdb/harvest_to_duckdb"
        page.goto(asset)
        expect(page, "tap-harvest | harvest-work-entries | target-files-duckdb", "rows/clients")
        page.goto(f"{asset}?view=checks")
        expect(page, "fresh", "Failed", timeout_seconds=150)


def expect(page: Any, *texts: str, timeout_seconds: float = 30) -> None:  # noqa: ANN401
    """Wait until a page shows texts."""
    for text in texts:
        shown = page.get_by_text(text, exact=True).first
        sync_api.expect(shown).to_be_visible(timeout=timeout_seconds * 1000)
