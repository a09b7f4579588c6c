"""What is particular about SuccessFactors."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier
from singer_tapkit.overlap import Overlap
from tap_hrms.adapters.base import Surroundings
from tap_hrms.adapters.saml import SamlBearer

from tests.conftest import NOW
from tests.tap_hrms.conftest import DAY, by_remote_id

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl
    from singer_tapkit.clock import FakeClock

    from tests.conftest import SharedClock
    from tests.tap_hrms.conftest import RunTap


def config(system: AppControl, **changes: object) -> dict[str, Any]:
    """Return the settings with some of the system's own changed."""
    own = system.config()["successfactors"] | changes
    return {"system": "successfactors", "successfactors": own}


def test_a_change_with_a_date_in_the_future_arrives_on_that_date(
    successfactors: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Though nothing was changed then: the slice was entered before."""
    first = run_tap(successfactors.config(), "employees")
    who = successfactors.rows("employees")[1]["id"]
    department = successfactors.rows("departments")[1]["id"]
    clock.advance(DAY)
    successfactors.add(
        "slices",
        employee_id=who,
        start="2026-03-06",
        title="Director",
        department_id=department,
    )
    second = run_tap(successfactors.config(), "employees", first.state)
    assert by_remote_id(second, "employees")[who]["job_title"] != "Director"
    clock.advance(3 * DAY)

    third = run_tap(successfactors.config(), "employees", second.state)

    assert by_remote_id(third, "employees")[who]["job_title"] == "Director"
    assert len(third.records("employees")) == 1


def test_a_correction_of_an_old_slice_arrives(
    successfactors: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """As the slice of today, whose own time of change is older than what was asked for."""
    who = successfactors.rows("employees")[1]["id"]
    old = next(row for row in successfactors.rows("slices") if row["employee_id"] == who)
    successfactors.add("slices", employee_id=who, start="2026-02-01", title="Lead")
    first = run_tap(successfactors.config(), "employees")
    clock.advance(DAY)
    successfactors.edit("slices", old["id"], title="Trainee")

    second = run_tap(successfactors.config(), "employees", first.state)

    assert by_remote_id(second, "employees").keys() == {who}
    assert by_remote_id(second, "employees")[who]["job_title"] == "Lead"
    cursor = second.state["bookmarks"]["employees"]["adapter_cursor"]
    assert cursor == {"successfactors:NorthbayT1": {"since": "2026-03-03T09:00:00Z"}}


def test_future_hires_have_the_job_that_they_begin_with(
    successfactors: AppControl, run_tap: RunTap
) -> None:
    """As of today they have none."""
    department = successfactors.rows("departments")[2]
    new = successfactors.add(
        "employees", hired="2026-05-01", title="Pilot", department_id=department["id"]
    )

    result = run_tap(successfactors.config(), "employees")

    row = by_remote_id(result, "employees")[new["id"]]
    assert (row["employment_status"], row["job_title"]) == ("PENDING", "Pilot")
    assert row["department_name"] == department["name"]


def test_pages_follow_the_links_of_the_server(successfactors: AppControl, run_tap: RunTap) -> None:
    """To the configured host, whatever host they name."""
    result = run_tap(config(successfactors, page_size=7), "employees")

    assert len(by_remote_id(result, "employees")) == 40
    pages = [r for r in successfactors.requests() if r.resource == "/EmpEmployment"]
    assert len(pages) == 6
    assert "$skiptoken" in pages[-1].query


def test_an_instance_without_paging_is_read_all_the_same(
    successfactors: AppControl, run_tap: RunTap
) -> None:
    """And said to be one."""
    successfactors.settings(paging=False)

    result = run_tap(successfactors.config())

    assert result.exit_code == 0, result.outcomes
    assert "does not know this way of paging" in result.log


def test_properties_that_an_instance_lacks_are_left_out(
    successfactors: AppControl, run_tap: RunTap
) -> None:
    """Recruiting differs from customer to customer."""
    successfactors.settings(missing="interviewOverallAssessment,timeCalendar")

    result = run_tap(successfactors.config(), ["interviews", "leave_requests"])

    assert result.exit_code == 0, result.outcomes
    assert "has no interviewOverallAssessment here" in result.log


def test_picklists_give_options_their_names(successfactors: AppControl, run_tap: RunTap) -> None:
    """In English where there is English."""
    result = run_tap(successfactors.config(), "employees")

    row = result.records("employees")[0]
    assert row["employment_status_raw"] == "Active"
    assert row["employment_type"] in ("FULL_TIME", "PART_TIME", "CONTRACTOR")
    assert row["work_email"] == "person1@northbay.example"
    assert row["personal_email"] == "p1@mail.example"


def test_interviews_come_through_their_application(
    successfactors: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """They have no time of change of their own."""
    first = run_tap(successfactors.config(), "interviews")
    clock.advance(DAY)
    interview = successfactors.rows("interviews")[0]
    successfactors.edit("interviews", interview["id"], state="completed")
    successfactors.edit("applications", interview["application_id"])

    second = run_tap(successfactors.config(), "interviews", first.state)

    (row,) = second.records("interviews")
    assert (row["remote_id"], row["status"]) == (interview["id"], "COMPLETE")
    assert row["remote_updated_at"] == "2026-03-03T09:00:00Z"


def test_interviewers_of_one_panel_can_be_one_record(
    successfactors: AppControl, run_tap: RunTap
) -> None:
    """SuccessFactors has a row for each."""
    interview = successfactors.rows("interviews")[0]
    other = successfactors.rows("employees")[5]["id"]
    same = {name: interview[name] for name in ("application_id", "start", "end")}
    successfactors.add("interviews", interviewer_id=other, **same)

    apart = run_tap(successfactors.config(), "interviews")
    together = run_tap(config(successfactors, merge_panel=True), "interviews")

    assert len(apart.records("interviews")) == len(together.records("interviews")) + 1
    panel = by_remote_id(together, "interviews")[interview["id"]]
    assert len(panel["interviewer_ids"]) == len(panel["interviewers"]) == 2


def test_without_employee_central_employees_are_users(
    successfactors: AppControl, run_tap: RunTap
) -> None:
    """Those who have left included."""
    result = run_tap(config(successfactors, employee_central=False), "employees")

    rows = by_remote_id(result, "employees")
    assert len(rows) == 40
    assert {row["employment_status"] for row in rows.values()} == {"ACTIVE", "INACTIVE"}
    assert next(iter(rows.values()))["department_name"]


def test_many_changes_keep_addresses_short(
    successfactors: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """SAP refuses those of more than 8 KB."""
    successfactors.reset(employees=450)
    first = run_tap(successfactors.config(), "employees")
    clock.advance(DAY)
    for row in successfactors.rows("employees"):
        successfactors.edit("employees", row["id"], title="All change")

    second = run_tap(successfactors.config(), "employees", first.state)

    assert second.exit_code == 0, second.outcomes
    assert len(by_remote_id(second, "employees")) == 450
    assert 414 not in {request.status for request in successfactors.requests()}


def test_an_entity_that_is_not_enabled_does_not_end_the_others(
    successfactors: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """Nothing can have been changed in it."""
    first = run_tap(successfactors.config(), "employees")
    clock.advance(DAY)
    who = successfactors.rows("employees")[0]["id"]
    successfactors.edit("employees", who, title="Boss")
    body = '{"error": {"code": "COE_GENERAL_NOT_FOUND", "message": {"value": "no PerPhone"}}}'
    successfactors.fault("status", path="/PerPhone", status=404, body="text", text=body)

    second = run_tap(successfactors.config(), "employees", first.state)

    assert second.exit_code == 0, second.outcomes
    assert by_remote_id(second, "employees")[who]["job_title"] == "Boss"


def test_an_error_with_status_200_is_one(successfactors: AppControl, run_tap: RunTap) -> None:
    """Its code is told, its text is not."""
    body = '{"error": {"code": "COE_GENERAL", "message": {"value": "of Ilse Brandt"}}}'
    successfactors.fault("status", path="/Candidate", status=200, body="text", text=body)

    result = run_tap(successfactors.config(), "candidates")

    assert result.exit_code == 1
    assert "COE_GENERAL" in result.outcomes["candidates"].detail
    assert "Brandt" not in result.log


def test_a_token_that_ends_is_renewed(
    successfactors: AppControl, run_tap: RunTap, clock: SharedClock
) -> None:
    """In good time."""
    successfactors.settings(token_seconds=600)
    successfactors.fault("status", path="/Candidate", status=429, headers={"Retry-After": "900"})

    result = run_tap(successfactors.config(), ["candidates", "jobs"], concurrency=1)

    assert result.exit_code == 0, result.outcomes
    assert sum(clock.slept) >= 900
    logins = [r for r in successfactors.requests() if r.path == "/oauth/token"]
    assert len(logins) == 2


def test_a_refused_login_names_what_to_check_and_is_made_once(
    successfactors: AppControl, run_tap: RunTap
) -> None:
    """Accounts get locked by repetition."""
    result = run_tap(config(successfactors, company_id="Other"))

    assert result.exit_code == 1
    assert "company_id" in result.outcomes["employees"].detail
    assert len(successfactors.requests()) == 1


def test_basic_still_works_and_warns(successfactors: AppControl, run_tap: RunTap) -> None:
    """SAP has switched it off, on-premise copies have not."""
    changes = {"username": "apiuser", "password": "sandbox-sf-password", "saml_assertion": None}

    result = run_tap(config(successfactors, **changes), "departments")

    assert result.exit_code == 0, result.outcomes
    assert "switched off HTTP Basic" in result.log


def key_and_certificate() -> tuple[str, str]:
    """Make a private key and the certificate that would be uploaded."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tap-hrms")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW.replace(year=2020))
        .not_valid_after(NOW.replace(year=2040))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_the_assertion_is_signed_as_sap_asks(successfactors: AppControl, clock: FakeClock) -> None:
    """A verifier with the certificate accepts it; issuer, subject, audience and times are right."""
    pem, certificate = key_and_certificate()
    around = Surroundings(
        clock=clock,
        run_started=NOW,
        start_date=None,
        lookback=NOW - NOW,
        leave_window=(NOW - NOW, NOW - NOW),
        sweep_every=NOW - NOW,
        overlap=Overlap(1),
        concurrency=1,
        user_agent="test",
    )
    settings = {
        "company_id": "NorthbayT1",
        "client_id": "sandbox-sf-client",
        "user_id": "apiuser",
        "private_key_pem": pem,
    }
    bearer = SamlBearer(successfactors.api_url, settings, around, remedy="")

    assertion = base64.b64decode(bearer.signed())
    granted = bearer.fetch()

    assert granted.value
    verified = XMLVerifier().verify(
        assertion,
        x509_cert=certificate,
        id_attribute="ID",
        expect_config=SignatureConfiguration(require_x509=False),
    )
    signed = verified.signed_xml if not isinstance(verified, list) else None
    assert signed is not None
    text = etree.tostring(signed).decode()
    for part in ("sandbox-sf-client", "apiuser", "www.successfactors.com", "2026-03-02T09:10:00Z"):
        assert part in text


def test_a_private_key_that_is_none_is_told(successfactors: AppControl, run_tap: RunTap) -> None:
    """Before any request."""
    changes = {"saml_assertion": None, "private_key_pem": "not a key"}

    result = run_tap(config(successfactors, **changes), "departments")

    assert result.exit_code == 1
    assert "private_key_pem" in result.outcomes["departments"].detail
    assert successfactors.requests() == []
