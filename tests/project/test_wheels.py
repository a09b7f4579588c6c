"""Each package installs alone, from built wheels, in an empty environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheels

ROOT = Path(__file__).resolve().parents[2]
UV = str(Path(sys.executable).with_name("uv"))


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build all packages once."""
    folder = tmp_path_factory.mktemp("wheels")
    _run(UV, "build", "--all-packages", "--wheel", "--quiet", "--out-dir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("packages", "command"),
    [
        (["worktaps_tap_harvest", "singer_tapkit"], ["tap-harvest", "--discover"]),
        (["worktaps_tap_clickup", "singer_tapkit"], ["tap-clickup", "--version"]),
        (["worktaps_tap_hrms", "singer_tapkit"], ["tap-hrms", "--version"]),
        (["worktaps_orchestrate"], ["worktaps", "--version"]),
        (["worktaps_mapper_worklog"], ["mapper-worklog", "--version"]),
        (["worktaps_target_bigquery", "singer_tapkit"], ["target-bigquery", "--version"]),
        (["worktaps_target_files", "singer_tapkit"], ["target-files", "--version"]),
        (["worktaps_target_gcs", "singer_tapkit"], ["target-gcs", "--version"]),
        (["worktaps_tap_timely", "singer_tapkit"], ["tap-timely", "--version"]),
        (["worktaps_target_clickup", "singer_tapkit"], ["target-clickup", "--version"]),
        (["worktaps_target_rest", "singer_tapkit"], ["target-rest", "--version"]),
        (["worktaps_target_harvest", "singer_tapkit"], ["target-harvest", "--version"]),
        (["worktaps_webhook_inbox"], ["webhook-inbox", "--help"]),
        (
            ["worktaps_tap_webhooks", "worktaps_webhook_inbox", "singer_tapkit"],
            ["tap-webhooks", "--version"],
        ),
        (["worktaps_tap_spotify", "singer_tapkit"], ["tap-spotify", "login", "--help"]),
        (["worktaps_tap_strava", "singer_tapkit"], ["tap-strava", "--version"]),
        (["worktaps_tap_garmin", "singer_tapkit"], ["tap-garmin", "--version"]),
        (["worktaps_tap_todoist", "singer_tapkit"], ["tap-todoist", "--version"]),
        (["singer_sandbox"], ["sandbox", "--help"]),
    ],
)
def test_a_package_works_alone(
    wheels: Path, tmp_path: Path, packages: list[str], command: list[str]
) -> None:
    """Only its own wheel and those it says it needs."""
    paths = [str(path) for name in packages for path in wheels.glob(f"{name}-*.whl")]
    environment = tmp_path / "venv"
    _run(UV, "venv", "--quiet", "--python", sys.executable, str(environment))
    python = environment / "bin" / "python"
    _run(UV, "pip", "install", "--quiet", "--python", str(python), *paths)

    output = _run(str(environment / "bin" / command[0]), *command[1:])

    assert output


def test_tap_and_tapkit_install_with_plain_pip(wheels: Path, tmp_path: Path) -> None:
    """Uv is a convenience, not a need."""
    environment = tmp_path / "venv"
    _run(sys.executable, "-m", "venv", str(environment))
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    names = ("worktaps_tap_harvest", "singer_tapkit")
    _run(*pip, *(str(path) for name in names for path in wheels.glob(f"{name}-*.whl")))
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"access_token": "-", "account_id": "1"}))

    output = _run(str(environment / "bin" / "tap-harvest"), "--config", str(config), "--discover")

    streams = [entry["tap_stream_id"] for entry in json.loads(output)["streams"]]
    assert "time_entries" in streams


def _run(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
