"""Settings are checked before anything is read or written, and documented."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from singer_tapkit.targets.errors import RecordError
from target_files.settings import SETTINGS
from target_files.target import TargetFiles

from tests.target_files.loading import record, schema

if TYPE_CHECKING:
    from tests.target_files.loading import Loader

README = Path(__file__).resolve().parents[2] / "plugins" / "target-files" / "README.md"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pth": "x"}, "pth: unknown setting. Did you mean path?"),
        ({"quux": "x"}, "quux: unknown setting. See --about"),
        ({"load_method": "overwrite"}, "load_method: unknown setting"),
        ({"format": "csv"}, "format: must be one of jsonl, duckdb"),
        ({"path": ""}, "path: must not be empty"),
        ({"database": "../x.duckdb"}, "database: must be the name of a file, without a folder"),
        ({"database": ".."}, "database: must be the name of a file"),
        ({"hard_delete": "yes"}, "hard_delete: must be boolean"),
        ({"batch_size_rows": 0}, "batch_size_rows: must be at least 1"),
        ({"validate_records": 1}, "validate_records: must be boolean"),
    ],
)
def test_a_wrong_setting_is_explained(settings: dict[str, Any], said: str) -> None:
    """Name, fault, and what to write instead."""
    with pytest.raises(ConfigValidationError) as caught:
        TargetFiles(config=settings)

    assert said in caught.value.errors[0]


def test_all_faults_come_in_one_message(jsonl: Loader) -> None:
    """Before a file is made; the values are not repeated."""
    jsonl.settings |= {"pth": "hunter2", "hard_delete": "hunter2"}

    ended = jsonl.run(schema(), record(id=1))

    assert ended.exit_code == 1
    assert "target-files cannot start, with 2 faults:" in ended.log
    assert "hunter2" not in ended.log
    assert not jsonl.folder.exists()


def test_null_is_the_same_as_absent(loader: Loader) -> None:
    """Some runners write it for settings that nobody has set; validation stays on."""
    loader.settings |= {"validate_records": None, "hard_delete": None, "batch_size_rows": None}

    with pytest.raises(RecordError, match="does not fit the schema"):
        loader.load(schema(), record(id="x"))


def test_the_default_folder_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No setting is needed."""
    monkeypatch.chdir(tmp_path)
    text = json.dumps(schema()) + "\n"

    subprocess.run([sys.executable, "-m", "target_files"], input=text, text=True, check=True)

    assert (tmp_path / "output" / "items.jsonl").read_text() == ""


def test_the_readme_lists_every_setting() -> None:
    """With its default and its description."""
    readme = README.read_text()

    for name, setting in SETTINGS["properties"].items():
        default = json.dumps(setting["default"]).strip('"')
        assert f"| `{name}` | `{default}` | {setting['description']} |" in readme


def test_the_example_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    """The first block is a command, the second what it leaves behind."""
    _, command, _, expected, *_ = README.read_text().split("```")
    script = command.removeprefix("bash\n").replace(
        "target-files", f"{sys.executable} -m target_files"
    )

    subprocess.run(["bash", "-ec", script], cwd=tmp_path, check=True, capture_output=True)

    assert (tmp_path / "output" / "projects.jsonl").read_text() == expected.removeprefix("json\n")
