"""The generated tables of READMEs and docs, made from the taps and tests themselves.

``make docs`` writes them; a test fails while a README says something else.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_tapkit.state_command import requests_of
from tap_clickup.tap import TapClickUp
from tap_garmin.tap import TapGarmin
from tap_harvest.tap import TapHarvest
from tap_hrms.adapters import registry
from tap_hrms.canonical import SCHEMAS
from tap_hrms.tap import TapHRMS
from tap_spotify.tap import TapSpotify
from tap_strava.tap import TapStrava
from tap_timely.tap import TapTimely
from tap_todoist.tap import TapTodoist
from tap_webhooks.tap import TapWebhooks
from target_clickup.target import TargetClickUp
from target_harvest.target import TargetHarvest
from target_rest.target import TargetREST

from tests.loaders.table import loaders_table

if TYPE_CHECKING:
    from singer_tapkit import Tap
    from singer_tapkit.relay import RelayTarget

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING: dict[str, Any] = {
    "inbox_url": "sqlite://",
    **dict.fromkeys(("access_token", "api_key", "api_token", "client_id"), "-"),
    "report_files": ["report.csv"],
    "system": "successfactors",
    "successfactors": {"api_server": "-", "company_id": "-", "access_token": "-"},
    **dict.fromkeys(("lookback", "leave_lookback", "leave_lookahead", "sweep_every"), "1d"),
}
"""With these settings a tap shows all the streams it can have."""
READMES: dict[Path, type[Tap]] = {
    ROOT / "tap-clickup" / "README.md": TapClickUp,
    ROOT / "tap-harvest" / "README.md": TapHarvest,
    ROOT / "tap-hrms" / "README.md": TapHRMS,
    ROOT / "plugins" / "tap-garmin" / "README.md": TapGarmin,
    ROOT / "plugins" / "tap-spotify" / "README.md": TapSpotify,
    ROOT / "plugins" / "tap-strava" / "README.md": TapStrava,
    ROOT / "plugins" / "tap-timely" / "README.md": TapTimely,
    ROOT / "plugins" / "tap-todoist" / "README.md": TapTodoist,
    ROOT / "plugins" / "tap-webhooks" / "README.md": TapWebhooks,
}


TARGET_READMES: dict[Path, type[RelayTarget]] = {
    ROOT / "plugins" / "target-clickup" / "README.md": TargetClickUp,
    ROOT / "plugins" / "target-harvest" / "README.md": TargetHarvest,
    ROOT / "plugins" / "target-rest" / "README.md": TargetREST,
}


def pages() -> dict[Path, str]:
    """Return each page that has generated parts, with these renewed."""
    tables = {
        path: {"settings": settings_table(tap), "streams": streams_table(tap)}
        for path, tap in READMES.items()
    }
    tables[ROOT / "tap-hrms" / "README.md"] |= {
        name: adapter_table(name) for name in registry.names()
    }
    for path, target in TARGET_READMES.items():
        tables[path] = {"settings": settings_table(target)}
    tables[ROOT / "docs" / "hr-fields.md"] = {"fields": fields_tables()}
    tables[ROOT / "docs" / "loaders.md"] = {"loaders": loaders_table()}
    return {path: _fill(path.read_text(), found) for path, found in tables.items()}


def _fill(page: str, tables: dict[str, str]) -> str:
    """Put tables between their ``<!-- name -->`` and ``<!-- /name -->``."""
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = before + start + table + end + after
    return page


def settings_table(tap: type[Tap | RelayTarget]) -> str:
    """List the settings that are the plugin's own."""
    lines = ["| setting | default | what it does |", "| --- | --- | --- |"]
    for name, setting in _own_settings(tap).items():
        default = f"`{setting['default']}`" if "default" in setting else ""
        holds = "Holds secrets" if "object" in setting["type"] else "Secret"
        secret = f" {holds}." if setting.get("secret") else ""
        lines.append(f"| `{name}` | {default} | {setting['description']}{secret} |")
    return "\n".join(lines) + "\n"


def adapter_table(name: str) -> str:
    """List the settings of one HR system."""
    schema = registry.load(name).settings_schema
    lines = ["| setting | default | what it does |", "| --- | --- | --- |"]
    for setting, definition in schema["properties"].items():
        default = f"`{definition['default']}`" if "default" in definition else ""
        needed = " Required." if setting in schema.get("required", ()) else ""
        secret = " Secret." if definition.get("secret") else ""
        text = definition["description"]
        lines.append(f"| `{setting}` | {default} | {text}{needed}{secret} |")
    return "\n".join(lines) + "\n"


def fields_tables() -> str:
    """List the fields of the canonical HR streams, those of all streams once."""
    common = set.intersection(*(set(schema["properties"]) for schema in SCHEMAS.values()))
    employees = SCHEMAS["employees"]["properties"]
    everywhere = {"properties": {name: employees[name] for name in employees if name in common}}
    parts = []
    for title, schema in {"every stream": everywhere, **SCHEMAS}.items():
        lines = [
            f"## {title}",
            "",
            "| field | type | privacy | what it is |",
            "| --- | --- | --- | --- |",
        ]
        for name, definition in schema["properties"].items():
            if name in common and title != "every stream":
                continue
            kinds = definition["type"]
            kind = kinds if isinstance(kinds, str) else kinds[0]
            shown = definition.get("format", kind)
            text = definition["description"]
            lines.append(f"| `{name}` | {shown} | {definition['x-pii']} | {text} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def streams_table(tap: type[Tap]) -> str:
    """List the streams with key, replication and what their docstrings say of requests."""
    lines = [
        "| stream | what it holds | key | replication | requests |",
        "| --- | --- | --- | --- | --- |",
    ]
    for stream in tap(
        config=EVERYTHING, validate_config=False, setup_mapper=False
    ).streams.values():
        keys = ", ".join(f"`{name}`" for name in stream.primary_keys)
        key = stream.replication_key
        replication = f"incremental by `{key}`" if key else "full table"
        chosen = "" if stream.selected_by_default else " Not selected by default."
        summary = (inspect.getdoc(type(stream)) or "").split("\n", 1)[0]
        cells = (f"`{stream.name}`", summary + chosen, keys, replication, requests_of(type(stream)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _own_settings(tap: type[Tap | RelayTarget]) -> dict[str, Any]:
    source: dict[str, Any] = tap.config_jsonschema["properties"]
    built_in: dict[str, Any] = {"properties": {}}
    tap.append_builtin_config(built_in)
    return {name: setting for name, setting in source.items() if name not in built_in["properties"]}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
