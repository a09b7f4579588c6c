"""What may leave the tap."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from tap_hrms.canonical import SCHEMAS
from tap_hrms.privacy import Policy, looks_special

from tests.tap_hrms.conftest import by_remote_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import AppControl

    from tests.tap_hrms.conftest import RunTap

SALARY = "987654"
NOTE = "chemotherapy on Thursday"


def properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk through all properties, in depth."""
    for name, definition in schema.get("properties", {}).items():
        yield f"{path}.{name}", definition
        yield from properties(definition, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from properties(schema["items"], f"{path}[]")


@pytest.mark.parametrize("stream", SCHEMAS)
def test_every_property_has_a_mark_and_a_description(stream: str) -> None:
    """Nested ones, too."""
    for path, definition in properties(SCHEMAS[stream]):
        assert definition.get("x-pii") in ("none", "direct", "sensitive", "special"), path
        assert definition.get("description"), path


def plant(system: AppControl) -> None:
    """Hide a salary and a diagnosis wherever the system has a place for them."""
    for row in system.rows("employees"):
        system.edit(
            "employees",
            row["id"],
            salary=int(SALARY),
            extra={"Annual_Compensation": SALARY, "medicalNotes": NOTE},
        )
    for row in system.rows("leave_requests"):
        system.edit("leave_requests", row["id"], note=NOTE)
    for row in system.rows("applications"):
        system.edit("applications", row["id"], desired_salary=int(SALARY))


def test_no_special_category_leaves_by_default(system: AppControl, run_tap: RunTap) -> None:
    """Not in messages, state or log, at any level; raw has nothing that was dropped elsewhere."""
    plant(system)

    result = run_tap(system.config(), raw=True)

    assert result.exit_code == 0, result.outcomes
    for text in (json.dumps(result.messages), result.log):
        assert SALARY not in text
        assert NOTE not in text
    assert "gender" not in result.records("employees")[0]
    assert "raw" not in result.records("employees")[0]


def test_names_do_not_reach_the_log(system: AppControl, run_tap: RunTap) -> None:
    """Nor do credentials, even if everything fails."""
    who = system.rows("employees")[0]
    system.fault("truncate", times=None)

    result = run_tap(system.config())

    assert result.exit_code == 1
    for secret in (who["last"] + '"', who["email"], "sandbox-bamboo-key", "password"):
        assert secret not in result.log


def test_special_categories_come_when_they_are_let_in(
    bamboohr: AppControl, run_tap: RunTap
) -> None:
    """Government ids only if they are asked for by name."""
    plant(bamboohr)

    result = run_tap(bamboohr.config(), pii={"mode": "include"}, raw=True)

    row = result.records("employees")[0]
    assert (row["pay_rate"], row["pay_currency"]) == (987654, "EUR")
    assert row["gender"]
    assert row["raw"]["payRate"] == "987654.00 EUR"
    assert "ssn" not in row
    assert result.records("leave_requests")[0]["employee_note"] == NOTE
    assert result.records("applications")[0]["desired_salary"] == SALARY


def test_hashes_are_keyed_and_cover_the_level_and_above(
    bamboohr: AppControl, run_tap: RunTap
) -> None:
    """The same value has the same hash, so that tables can still be joined."""
    pii = {"mode": "hash", "level": "direct", "key": "pepper"}

    plain = run_tap(bamboohr.config(), "employees", pii={"mode": "include"})
    result = run_tap(bamboohr.config(), "employees", pii=pii)

    for key, row in by_remote_id(plain, "employees").items():
        hashed = by_remote_id(result, "employees")[key]
        name = row["last_name"].encode()
        assert hashed["last_name"] == hmac.new(b"pepper", name, "sha256").hexdigest()
        assert hashed["middle_name"] is None
        assert hashed["employment_status"] == row["employment_status"]
        assert row["work_email"] not in json.dumps(hashed)
    schema = next(m["schema"] for m in result.messages if m["type"] == "SCHEMA")
    assert schema["properties"]["home_address"]["type"] == ["string", "null"]
    assert schema["properties"]["last_name"]["x-pii"] == "direct"


def test_dropping_direct_leaves_no_person(system: AppControl, run_tap: RunTap) -> None:
    """Keys and statuses stay."""
    result = run_tap(system.config(), "employees", pii={"mode": "drop", "level": "direct"})

    row = result.records("employees")[0]
    assert row["employment_status"]
    assert "last_name" not in row
    assert "custom_fields" not in row
    assert "example" not in json.dumps(result.records("employees"))


@pytest.mark.parametrize(
    "name",
    [
        *("salary", "Base_Pay", "payRate", "annualCompensation", "Bonus", "customSalaryBand"),
        *("gender", "maritalStatus", "Ethnicity", "religion", "diagnosis", "medical_note"),
        *("taxNumber", "SSN", "IBAN", "leave_reason", "hourlyRate", "Disability Status"),
    ],
)
def test_names_that_speak_of_something_special(name: str) -> None:
    """However they are written."""
    assert looks_special(name)


@pytest.mark.parametrize(
    "name", ["T_Shirt_Size", "shirt_size", "Job_Families_group", "building", "badgeNumber", "team"]
)
def test_names_that_do_not(name: str) -> None:
    """These come."""
    assert not looks_special(name)


def test_the_policy_reads_the_most_private_part() -> None:
    """A list of answers is as private as an answer."""
    policy = Policy.of(None)

    shown = policy.schema(SCHEMAS["applications"])["properties"]

    assert "screening_answers" not in shown
    assert "desired_salary" not in shown
    assert "rating" in shown
