"""What the template makes, and the example in the docs, keep the contract of all taps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def done(*command: str, **env: str) -> str:
    """Run a command; return what it says, and fail with that if it fails."""
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A tap as the template makes it, for a vendor whose name has two words."""
    answers = ["--data", "name=twoparts", "--data", "title=Two Parts"]
    made = tmp_path / "tap-twoparts"
    done(str(BIN / "copier"), "copy", "--defaults", "--quiet", *answers, "templates/tap", str(made))
    return made


def check(folder: Path, site: Path, name: str) -> None:
    """Install a tap beside the others, and hold it to what all are held to."""
    uv = [str(BIN / "uv"), "pip", "install", "--quiet", "--no-deps", "--no-sources"]
    done(*uv, "--target", str(site), str(folder))
    base = f"--basetemp={site.parent / 'inner'}"
    suite = [sys.executable, "-m", "pytest", "-q", base, "tests/contract", "-k", name]
    told = done(*suite, PYTHONPATH=str(site))

    assert " passed" in told
    done(str(BIN / "ruff"), "check", "--config", "pyproject.toml", str(folder))
    done(str(BIN / "ruff"), "format", "--check", "--config", "pyproject.toml", str(folder))
    done(str(BIN / "mypy"), f"--cache-dir={site.parent / 'mypy'}", str(folder))


def test_what_the_template_makes_keeps_the_contract(template: Path, tmp_path: Path) -> None:
    """Before anybody has changed a line of it."""
    check(template, tmp_path / "site", "twoparts")


def test_the_example_in_the_docs_keeps_the_contract(tmp_path: Path) -> None:
    """It is the template, changed as the page says."""
    check(ROOT / "docs" / "examples" / "tap-punchcard", tmp_path / "site", "punchcard")
