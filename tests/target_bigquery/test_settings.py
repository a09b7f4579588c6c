"""Settings are checked before anything is read or written, and documented."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from target_bigquery.settings import SETTINGS, compresses
from target_bigquery.target import TargetBigQuery

README = Path(__file__).resolve().parents[2] / "plugins" / "target-bigquery" / "README.md"
NEEDED = {"project": "p", "dataset": "d"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"datset": "x"}, "datset: unknown setting. Did you mean dataset?"),
        ({"load_method": "overwrite"}, "load_method: unknown setting"),
        ({"project": "a b"}, "project: must fit the pattern"),
        ({"dataset": "a`b"}, "dataset: must fit the pattern"),
        ({"hard_delete": "yes"}, "hard_delete: must be boolean"),
        ({"batch_size_rows": 0}, "batch_size_rows: must be at least 1"),
        ({"load_compression": "zip"}, "load_compression: must be one of gzip, none"),
        ({"credentials_path": "nowhere.json"}, "credentials_path: there is no such file"),
        (
            {"tables": {"a": {"partition": "x"}}},
            "tables.a.partition: unknown setting. Did you mean partition_by?",
        ),
        (
            {"tables": {"a": {"cluster_by": ["a", "b", "c", "d", "e"]}}},
            "tables.a.cluster_by: must not name more than 4",
        ),
    ],
)
def test_a_wrong_setting_is_explained(settings: dict[str, Any], said: str) -> None:
    """Name, fault, and what to write instead."""
    with pytest.raises(ConfigValidationError) as caught:
        TargetBigQuery(config=NEEDED | settings)

    assert said in caught.value.errors[0]


def test_all_faults_come_in_one_message(tmp_path: Path) -> None:
    """Before anything is asked of BigQuery; the values are not repeated."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"pth": "hunter2", "hard_delete": "hunter2"}))

    ended = subprocess.run(
        [sys.executable, "-m", "target_bigquery", "--config", str(config)],
        check=False,
        input="",
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    assert "target-bigquery cannot start, with 4 faults:" in ended.stderr
    assert "project: missing" in ended.stderr
    assert "dataset: missing" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_rows_are_compressed_for_the_real_service_only() -> None:
    """Unless the setting says something else."""
    emulator = {"api_endpoint": "http://127.0.0.1:1"}

    assert compresses({})
    assert not compresses(emulator)
    assert compresses(emulator | {"load_compression": "gzip"})
    assert not compresses({"load_compression": "none"})


def test_a_credentials_file_of_another_kind_is_explained(tmp_path: Path) -> None:
    """Without what is in it."""
    key = tmp_path / "key.json"
    key.write_text('{"type": "hunter2"}')
    config = tmp_path / "config.json"
    config.write_text(json.dumps(NEEDED | {"credentials_path": str(key)}))
    message = '{"type":"SCHEMA","stream":"a","schema":{"properties":{"id":{}}},"key_properties":[]}'

    ended = subprocess.run(
        [sys.executable, "-m", "target_bigquery", "--config", str(config)],
        check=False,
        input=message,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    assert "is no key of a service account" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_about_lists_every_setting() -> None:
    """Without any setting given."""
    command = [sys.executable, "-m", "target_bigquery", "--about", "--format", "json"]

    about = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    assert SETTINGS["properties"].keys() <= about["settings"]["properties"].keys()


def test_the_readme_lists_every_setting() -> None:
    """With its default and its description."""
    readme = README.read_text()

    for name, setting in SETTINGS["properties"].items():
        default = json.dumps(setting["default"]).strip('"') if "default" in setting else ""
        cell = f"`{default}`" if default else ""
        assert f"| `{name}` | {cell} | {setting['description']} |" in readme
