"""The simulation, and what we read of it, against the vendor's own description.

The facts are names and types only. Source: BambooHR's OpenAPI description of April 2026
(``specs/public.yaml`` in its repository bhr-api-php). Numbers may come as texts: recorded answers
do so where the description says integer.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
from tap_hrms.adapters import bamboohr as adapter

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

Facts = dict[str, Any]

_STATUS: Final = {"id": "integer", "label": "string"}
FACTS: Final[dict[str, Facts]] = {
    "/v1/applicant_tracking/applications?applicationStatus=ALL": {
        "paginationComplete": "boolean",
        "nextPageUrl": "string?",
        "applications": [
            {
                "id": "integer",
                "appliedDate": "string",
                "status": _STATUS,
                "rating": "integer?",
                "applicant": {
                    "id": "integer",
                    "firstName": "string",
                    "lastName": "string",
                    "avatar": "string?",
                    "email": "string",
                    "source": "string",
                },
                "job": {"id": "integer", "title": {"id": "integer?", "label": "string"}},
            }
        ],
    },
    "/v1/applicant_tracking/jobs": {
        "[]": {
            "id": "integer",
            "title": {"id": "integer?", "label": "string"},
            "postedDate": "string",
            "location": {"label": "string"},
            "department": {"id": "integer", "label": "string"},
            "status": _STATUS,
            "hiringLead": "object?",
            "postingUrl": "string?",
        }
    },
    "/v1/time_off/requests?start=2020-01-01&end=2030-01-01": {
        "[]": {
            "id": "integer",
            "employeeId": "integer",
            "name": "string",
            "start": "string",
            "end": "string",
            "created": "string",
            "status": {
                "lastChanged": "string",
                "lastChangedByUserId": "integer",
                "status": "string",
            },
            "type": {"id": "integer", "name": "string", "icon": "string"},
            "amount": {"unit": "string", "amount": "number"},
            "actions": "object?",
            "dates": "object?",
            "notes": "object?",
        }
    },
    "/v1/meta/users": {
        "{}": {
            "id": "integer",
            "employeeId": "integer",
            "firstName": "string",
            "lastName": "string",
            "email": "string",
            "status": "string",
        }
    },
    "/v1/meta/time_off/types": {
        "timeOffTypes": [
            {
                "id": "integer",
                "name": "string",
                "units": "string",
                "color": "string?",
                "icon": "string?",
                "source": "string",
            }
        ],
        "defaultHours": "array",
    },
    "/v1/meta/lists": {
        "[]": {
            "fieldId": "string",
            "name": "string",
            "alias": "string",
            "manageable": "string",
            "options": "array",
        }
    },
    "/v1/employees/changed?since=2020-01-01T00:00:00Z": {
        "latest": "string",
        "employees": {"{}": {"id": "string", "action": "string", "lastChanged": "string"}},
    },
}
"""By address: names and types; ``?`` may be null, ``[]`` and ``{}`` stand for any member."""

_PLAIN: Final[dict[str, tuple[type, ...]]] = {
    "integer": (int, str),
    "number": (int, float, str),
    "string": (str,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict, list),
}


def check(value: Any, facts: Any, place: str) -> None:  # noqa: ANN401 - decoded JSON
    """Hold an answer against what the description says of it."""
    if isinstance(facts, str):
        kind, optional, _ = facts.partition("?")
        assert (optional and value is None) or isinstance(value, _PLAIN[kind]), place
        if kind == "integer" and isinstance(value, str):
            assert value.isdigit(), place
    elif isinstance(facts, list):
        assert value, f"{place} is empty"
        check(value[0], facts[0], f"{place}[]")
    elif "[]" in facts or "{}" in facts:
        members = value if "[]" in facts else list(value.values())
        assert members, f"{place} is empty"
        check(members[0], next(iter(facts.values())), f"{place}[]")
    else:
        for name, fact in facts.items():
            assert name in value, f"{place} has no {name}"
            check(value[name], fact, f"{place}.{name}")
        assert set(value) <= set(facts), f"{place} has {set(value) - set(facts)} beside"


@pytest.mark.parametrize("address", FACTS)
def test_the_simulation_answers_as_described(bamboohr: AppControl, address: str) -> None:
    """With no name more, and none less."""
    key = bamboohr.config()["bamboohr"]["api_key"]
    answer = requests.get(
        f"{bamboohr.api_url}/api{address}",
        auth=(key, "x"),
        headers={"Accept": "application/json"},
        timeout=10,
    )

    check(answer.json(), FACTS[address], address.partition("?")[0])


def names(facts: Any) -> set[str]:  # noqa: ANN401 - nested facts
    """Return all names in a description."""
    if isinstance(facts, list):
        return names(facts[0])
    if not isinstance(facts, dict):
        return set()
    return set(facts).union(*(names(part) for part in facts.values()))


def test_what_is_read_is_described() -> None:
    """Each name that the adapter takes from a list is one of the description's, or a detail's."""
    source = inspect.getsource(adapter)
    read = set(
        re.findall(r'(?:row|applicant|job|status|kind|amount|option)\.get\("(\w+)"\)', source)
    )
    described = set().union(*(names(facts) for facts in FACTS.values()))
    details = {
        *("dateChanged", "referredBy", "desiredSalary", "questionsAndAnswers"),  # of applications
        *("timeOffType", "usedYearToDate", "policyType", "balance"),  # of balances
        *("createdDate", "options", "lastLogin", "userId"),
        *("hireDate", "payRate", "department", "employmentHistoryStatus"),  # columns of reports
    }

    assert read - described <= details
