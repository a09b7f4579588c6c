"""Verdicts, waiting and what may be said about a request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from singer_tapkit.http import Action, Rule, Verdict, judge
from singer_tapkit.http.redaction import describe, machine_code, whereabouts
from singer_tapkit.http.retry import retry_after_seconds

NOW = datetime(2025, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (200, Action.ACCEPT),
        (201, Action.ACCEPT),
        (302, Action.FAIL),
        (400, Action.FAIL),
        (401, Action.REAUTHENTICATE),
        (403, Action.UNAVAILABLE),
        (404, Action.FAIL),
        (418, Action.FAIL),
        (422, Action.FAIL),
        (429, Action.RETRY),
        (500, Action.RETRY),
        (503, Action.RETRY),
        (700, Action.FAIL),
    ],
)
def test_general_verdicts(status: int, action: Action) -> None:
    """Every row of the general table; an unknown refusal stops the stream."""
    assert judge(status, None, ()).action is action


def test_a_vendors_row_comes_first_and_can_be_limited_to_a_code() -> None:
    """The same status means two things at some vendors."""
    plan = Verdict(Action.UNAVAILABLE, "not in the plan")
    rules = (Rule({400}, plan, codes={"PLAN_01"}),)

    assert judge(400, "PLAN_01", rules) is plan
    assert judge(400, "OTHER", rules).action is Action.FAIL


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 1.0),
        ("-3", 1.0),
        ("1.5", 1.5),
        ("Sat, 01 Mar 2025 09:00:20 GMT", 20.0),
        ("Sat, 01 Mar 2025 08:00:00 GMT", 1.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_in_both_forms(header: str | None, seconds: float | None) -> None:
    """Seconds or a date; nonsense counts as absent."""
    assert retry_after_seconds(header, NOW) == seconds


def test_a_request_is_named_by_path_and_parameter_names_only() -> None:
    """Neither host nor values get into a log."""
    url = "https://u:p@api.example.com/v2/users/12/rates?page=2&q=Ines+Okafor&empty="

    assert describe("GET", url) == "GET /v2/users/12/rates (empty, page, q)"


@pytest.mark.parametrize(
    ("value", "code"),
    [("invalid_token", "invalid_token"), ("Not Found", None), ("Ines Okafor", None), (3, None)],
)
def test_only_codes_are_repeated_from_error_bodies(value: object, code: str | None) -> None:
    """A sentence of a vendor can name a person."""
    assert machine_code(value) == code


def test_an_unexpected_error_is_located_without_its_message() -> None:
    """Its message may quote the value that upset it."""
    try:
        int("Ines Okafor")
    except ValueError as error:
        text = whereabouts(error)

    assert text.startswith("ValueError in test_http.py, line ")
