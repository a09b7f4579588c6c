"""Systems, and what is said about wrong settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from tap_hrms.adapters import registry
from tap_hrms.tap import TapHRMS

from tests.tap_hrms.conftest import DAY, SYSTEMS, by_remote_id

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl, Sandbox

    from tests.conftest import SharedClock
    from tests.tap_hrms.conftest import RunTap

BAMBOO = {"subdomain": "x", "api_key": "k"}
SUCCESS = {
    "api_server": "api4.successfactors.com",
    "company_id": "c",
    "client_id": "i",
    "user_id": "u",
    "private_key_pem": "p",
}
CUSTOM: dict[str, Any] = {
    "instance": "x",
    "base_url": "http://127.0.0.1:9",
    "streams": {"employees": {"path": "/e", "primary_key": "$.id"}},
}


def faults(config: dict[str, Any]) -> str:
    """Return what is said about a config."""
    with pytest.raises(ConfigValidationError) as error:
        TapHRMS(config=config)
    return str(error.value)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "system: missing. Write one of bamboohr, custom, successfactors, workday"),
        (
            {"system": "personio"},
            "no such adapter is installed. There are bamboohr, custom, successfactors, workday",
        ),
        ({"system": "bamboohr"}, "bamboohr: missing"),
        ({"system": "bamboohr", "bamboohr": {"api_key": "k"}}, "'subdomain' is a required"),
        ({"system": "bamboohr", "bamboohr": {"subdomain": "x"}}, "bamboohr.api_key: missing"),
        (
            {"system": "bamboohr", "bamboohr": BAMBOO | {"api_kye": "k"}},
            "bamboohr.api_kye: unknown setting. Did you mean api_key?",
        ),
        (
            {"system": "bamboohr", "bamboohr": BAMBOO | {"api_key": "${NO_SUCH_VARIABLE}"}},
            "NO_SUCH_VARIABLE: the environment has no variable",
        ),
        ({"system": "bamboohr", "bamboohr": [BAMBOO, BAMBOO]}, "two of them are the same"),
        (
            {"system": "bamboohr", "bamboohr": BAMBOO, "pii": {"mode": "hash"}},
            "pii.key: missing",
        ),
        (
            {"system": "bamboohr", "bamboohr": BAMBOO, "pii": {"mode": "hide"}},
            "pii.mode: must be one of include, hash, drop",
        ),
        (
            {"system": "bamboohr", "bamboohr": BAMBOO, "leave_type_map": {"(": "SICK"}},
            "no regular expression",
        ),
        ({"system": "workday", "workday": {"tenant": "t"}}, "workday.username: missing"),
        (
            {
                "system": "workday",
                "workday": {
                    "tenant": "t",
                    "username": "u",
                    "password": "p",
                    "reports": {"x": {"url": "u"}},
                },
            },
            "workday.reports.x: no stream of that name",
        ),
        (
            {"system": "successfactors", "successfactors": SUCCESS | {"api_server": "sap.example"}},
            "api_server: no host of SAP's",
        ),
        (
            {"system": "successfactors", "successfactors": SUCCESS | {"private_key_pem": None}},
            "private_key_pem: missing",
        ),
        (
            {"system": "custom", "custom": CUSTOM | {"streams": {"staff": {}}}},
            "custom.streams.staff: unknown setting",
        ),
        (
            {
                "system": "custom",
                "custom": CUSTOM
                | {
                    "streams": {
                        "employees": {**CUSTOM["streams"]["employees"], "fields": {"nose": "$.x"}}
                    }
                },
            },
            "streams.employees.fields.nose: no field of employees",
        ),
        (
            {
                "system": "custom",
                "custom": CUSTOM
                | {"streams": {"employees": {"path": "/e", "primary_key": "$.[[["}}},
            },
            "streams.employees.primary_key: no JSONPath",
        ),
        (
            {"system": "custom", "custom": CUSTOM | {"auth": {"kind": "bearer"}}},
            "custom.auth.token: missing. bearer needs it",
        ),
    ],
)
def test_what_is_wrong_is_said(config: dict[str, Any], said: str) -> None:
    """With the name of the setting and what to write, and never with a value."""
    assert said in faults(config)


def test_secrets_can_come_from_the_environment(
    bamboohr: AppControl, run_tap: RunTap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of a text that is the name of a variable."""
    own = bamboohr.config()
    monkeypatch.setenv("BAMBOO_KEY", own["bamboohr"]["api_key"])
    own["bamboohr"]["api_key"] = "${BAMBOO_KEY}"

    result = run_tap(own, "departments")

    assert result.exit_code == 0, result.outcomes


def all_systems(server: Sandbox) -> dict[str, Any]:
    """Return the settings that read all four at once."""
    config: dict[str, Any] = {}
    names = []
    for name in SYSTEMS:
        own = getattr(server, name).config()
        names.append(own.pop("system"))
        config |= own
    return config | {"system": names}


def test_four_systems_share_the_streams_without_clashes(
    sandbox_server: Sandbox, run_tap: RunTap, clock: SharedClock
) -> None:
    """Their keys begin with system and instance; each has its own cursor."""
    for name in SYSTEMS:
        getattr(sandbox_server, name).reset()
    config = all_systems(sandbox_server)

    first = run_tap(config, "employees")
    clock.advance(DAY)
    changed = sandbox_server.workday.rows("employees")[1]["id"]
    sandbox_server.workday.edit("employees", changed, title="Boss")
    second = run_tap(config, "employees", first.state)

    assert first.exit_code == 0, first.outcomes
    assert len(first.rows("employees")) == 160
    keys = {key.rsplit(":", 1)[0] for key in first.rows("employees")}
    assert keys == {
        "bamboohr:northbay",
        "custom:acme-hr",
        "successfactors:NorthbayT1",
        "workday:northbay",
    }
    assert set(first.state["bookmarks"]["employees"]["adapter_cursor"]) == keys
    assert f"workday:northbay:{changed}" in second.rows("employees")


def test_two_instances_of_one_system(bamboohr: AppControl, run_tap: RunTap) -> None:
    """As a list of settings."""
    own = bamboohr.config()["bamboohr"]
    config = {"system": "bamboohr", "bamboohr": [own, own | {"subdomain": "southbay"}]}

    result = run_tap(config, "employees")

    assert len(result.rows("employees")) == 80


def test_a_system_that_fails_leaves_the_others_alone(
    sandbox_server: Sandbox, run_tap: RunTap, clock: SharedClock
) -> None:
    """The stream is partial, names it, and asks it again for the same next time."""
    for name in SYSTEMS:
        getattr(sandbox_server, name).reset()
    config = all_systems(sandbox_server)
    first = run_tap(config, "employees")
    clock.advance(DAY)
    config["workday"]["password"] = "expired"

    second = run_tap(config, "employees", first.state)

    outcome = second.outcomes["employees"]
    assert (second.exit_code, outcome.result.value) == (1, "partial")
    assert outcome.detail.startswith("workday:northbay: ")
    before, after = (
        result.state["bookmarks"]["employees"]["adapter_cursor"] for result in (first, second)
    )
    assert after["workday:northbay"] == before["workday:northbay"]
    assert after["successfactors:NorthbayT1"] != before["successfactors:NorthbayT1"]
    assert not [message for message in second.messages if message["type"] == "ACTIVATE_VERSION"]


def catalog(stream: str) -> dict[str, Any]:
    """Select a stream."""
    return {
        "streams": [
            {
                "tap_stream_id": stream,
                "stream": stream,
                "schema": {"type": "object", "properties": {"id": {"type": "string"}}},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        ]
    }


@pytest.mark.parametrize("strict", [True, False])
def test_a_stream_that_a_system_lacks(
    bamboohr: AppControl,
    caplog: pytest.LogCaptureFixture,
    *,
    strict: bool,
) -> None:
    """Is a warning, or an error if the setting says so."""
    config = bamboohr.config() | {"strict_streams": strict}
    tap = TapHRMS(config=config, catalog=catalog("interviews"))
    said = "interviews: bamboohr:northbay has no such stream"

    if strict:
        with pytest.raises(ConfigValidationError, match=said):
            tap.sync_all()
    else:
        tap.sync_all()
        assert said in caplog.text
        assert tap.report() == 0


def test_discovery_shows_what_the_system_has(bamboohr: AppControl, workday: AppControl) -> None:
    """And how it can be read."""
    own = workday.config()
    own["workday"]["reports"] = {"employees": {"url": "http://x.example/r"}}

    bamboo, reports = (TapHRMS(config=config).catalog_dict for config in (bamboohr.config(), own))

    assert "interviews" not in {entry["stream"] for entry in bamboo["streams"]}
    methods = {entry["stream"]: entry["replication_method"] for entry in bamboo["streams"]}
    assert methods["employees"] == "INCREMENTAL"
    assert methods["users"] == "FULL_TABLE"
    assert [entry["stream"] for entry in reports["streams"]] == ["employees"]


def test_adapters_are_found_by_entry_point() -> None:
    """Ours as those of others."""
    assert registry.names() == ["bamboohr", "custom", "successfactors", "workday"]
    for name in registry.names():
        assert registry.load(name).name == name


def test_kinds_of_leave_by_name(bamboohr: AppControl, run_tap: RunTap) -> None:
    """The usual ones are known; your own come first."""
    kinds = {"^Vacation$": "PERSONAL"}

    usual = run_tap(bamboohr.config(), "leave_types")
    own = run_tap(bamboohr.config(), "leave_types", leave_type_map=kinds)

    names = {row["name"]: row["request_type"] for row in usual.records("leave_types")}
    assert names == {"Vacation": "VACATION", "Sick leave": "SICK", "Parental leave": "PARENTAL"}
    assert {row["name"]: row["request_type"] for row in own.records("leave_types")} == names | {
        "Vacation": "PERSONAL"
    }


def test_values_that_cannot_be_read_are_noticed(workday: AppControl, run_tap: RunTap) -> None:
    """And null; the log names the property, not the value."""
    who = workday.rows("employees")[0]["id"]
    workday.edit("employees", who, extra={"FTE": "plenty", "Hire_Date": "soon"})

    result = run_tap(workday.config(), "employees")

    assert by_remote_id(result, "employees")[who]["fte"] is None
    assert "employees: drift: wrongly typed: fte, start_date" in result.log
    assert "plenty" not in result.log
