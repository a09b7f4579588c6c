"""READMEs and meltano.yml say what the code does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from mapper_worklog.mapper import MapperWorklog
from tap_clickup.tap import TapClickUp
from tap_garmin.tap import TapGarmin
from tap_harvest.tap import TapHarvest
from tap_hrms.tap import TapHRMS
from tap_spotify.tap import TapSpotify
from tap_strava.tap import TapStrava
from tap_timely.tap import TapTimely
from tap_todoist.tap import TapTodoist
from tap_webhooks.tap import TapWebhooks
from target_bigquery.target import TargetBigQuery
from target_clickup.target import TargetClickUp
from target_files.target import TargetFiles
from target_gcs.target import TargetGCS
from target_harvest.target import TargetHarvest
from target_rest.target import TargetREST

from tests.project.readme_tables import ROOT, pages

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sdk.plugin_base import PluginBase

KINDS = {
    "string": {"string", "options"},
    "integer": {"integer"},
    "array": {"array"},
    "boolean": {"boolean"},
    "number": {"decimal"},
    "object": {"object"},
}


@pytest.mark.parametrize(
    ("path", "text"), pages().items(), ids=lambda value: getattr(value, "name", "")
)
def test_generated_tables_are_up_to_date(path: Path, text: str) -> None:
    """Settings, streams and loaders are listed as they are; `make docs` mends a difference."""
    assert path.read_text() == text


def test_about_names_every_setting_of_the_readme() -> None:
    """`tap-harvest --about` and the README speak of the same settings."""
    command = [sys.executable, "-m", "tap_harvest", "--about", "--format", "json"]

    about = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    readme = (ROOT / "tap-harvest" / "README.md").read_text()
    names = about["settings"]["properties"]
    assert [name for name in TapHarvest.config_jsonschema["properties"] if name not in names] == []
    own = [name for name in names if f"| `{name}` |" in readme]
    assert "access_token" in own
    assert "report_files" in own


@pytest.mark.parametrize(
    ("kind", "plugin"),
    [
        ("extractors", TapClickUp),
        ("extractors", TapHarvest),
        ("extractors", TapHRMS),
        ("extractors", TapGarmin),
        ("extractors", TapSpotify),
        ("extractors", TapStrava),
        ("extractors", TapTimely),
        ("extractors", TapTodoist),
        ("extractors", TapWebhooks),
        ("mappers", MapperWorklog),
        ("loaders", TargetBigQuery),
        ("loaders", TargetClickUp),
        ("loaders", TargetFiles),
        ("loaders", TargetGCS),
        ("loaders", TargetHarvest),
        ("loaders", TargetREST),
    ],
)
def test_meltano_settings_agree_with_the_plugin(kind: str, plugin: type[PluginBase]) -> None:
    """Names, kinds, secrets and defaults in meltano.yml are those of the plugin itself."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (definition,) = [item for item in project["plugins"][kind] if item["name"] == plugin.name]
    declared = {setting["name"]: setting for setting in definition["settings"]}
    schema: dict[str, Any] = plugin.config_jsonschema["properties"]

    assert _own_settings(plugin) - declared.keys() == set()
    for name, entry in declared.items():
        setting = schema[name]
        kinds = KINDS[next(kind for kind in _types(setting) if kind != "null")]
        if setting.get("format") == "date-time":
            kinds = {"date_iso8601"}
        assert entry["kind"] in kinds, name
        assert entry.get("sensitive", False) == setting.get("secret", False), name
        assert entry.get("value") == setting.get("default"), name


def _own_settings(plugin: type[PluginBase]) -> set[str]:
    """Return the names of settings that every SDK plugin does not have."""
    built_in: dict[str, Any] = {"properties": {}}
    plugin.append_builtin_config(built_in)
    plugin.append_builtin_config(plugin.config_jsonschema)
    return {*plugin.config_jsonschema["properties"]} - {*built_in["properties"]}


def _types(setting: dict[str, Any]) -> list[str]:
    kinds = setting["type"]
    return [kinds] if isinstance(kinds, str) else list(kinds)
