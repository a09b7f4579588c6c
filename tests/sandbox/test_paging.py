"""Pages by number and by cursor."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

    from tests.sandbox.conftest import Api

BY_CURSOR = [
    *("/clients", "/contacts", "/estimate_item_categories", "/expense_categories"),
    *("/invoice_item_categories", "/projects", "/roles", "/task_assignments", "/tasks"),
    *("/user_assignments", "/users", "/users/{user}/billable_rates", "/users/{user}/cost_rates"),
    *("/users/{user}/project_assignments", "/users/{manager}/teammates"),
]
BY_NUMBER = [
    *("/time_entries", "/expenses", "/invoices", "/estimates"),
    *("/projects/{project}/task_assignments", "/projects/{project}/user_assignments"),
    *("/users/me/project_assignments", "/reports/project_budget"),
]


def _path(harvest: HarvestControl, template: str) -> str:
    users = harvest.rows("users")
    manager = next(user for user in users if "manager" in user["access_roles"])
    project = min(harvest.rows("projects"), key=lambda row: row["id"])
    return template.format(user=users[-1]["id"], manager=manager["id"], project=project["id"])


def _params(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


@pytest.mark.parametrize("template", BY_CURSOR)
def test_documented_lists_page_by_cursor(api: Api, template: str) -> None:
    """Where the documentation offers cursors, the next page is named by one."""
    page = api.get(_path(api.harvest, template), per_page=1)

    assert (page["page"], page["next_page"], page["previous_page"]) == (1, 2, None)
    assert set(_params(page["links"]["next"])) == {"cursor", "per_page", "ref"}
    assert _params(page["links"]["next"])["ref"] == "next_cursor"


@pytest.mark.parametrize("template", BY_NUMBER)
def test_other_lists_page_by_number(api: Api, template: str) -> None:
    """Everywhere else the next page is named by its number."""
    page = api.get(_path(api.harvest, template), per_page=1)

    assert _params(page["links"]["next"]) == {"page": "2", "per_page": "1", "ref": "next"}


@pytest.mark.parametrize("paging", ["documented", "page", "cursor"])
@pytest.mark.parametrize(
    "path",
    ["/time_entries", "/invoices", "/tasks", "/users/{user}/cost_rates", "/reports/project_budget"],
)
def test_following_next_finds_each_row_once(api: Api, path: str, paging: str) -> None:
    """Whatever the way of paging, the links lead through the whole list in one order."""
    api.harvest.settings(paging=paging, rate_limit=False)
    path = _path(api.harvest, path)
    whole = api.get(path, per_page=2000)
    key = next(name for name, value in whole.items() if isinstance(value, list))

    pages = list(api.pages(path, per_page=max(1, len(whole[key]) // 5)))

    assert [row for page in pages for row in page[key]] == whole[key]
    assert {page["total_entries"] for page in pages} == {len(whole[key])}
    assert pages[-1]["links"]["next"] is None


def test_middle_pages_by_cursor_have_no_numbers(api: Api) -> None:
    """Only the first and the last page of a list with cursors tell their numbers."""
    pages = list(api.pages("/tasks", per_page=3))

    told = [(page["page"], page["next_page"], page["previous_page"]) for page in pages]
    assert told == [(1, 2, None), (None, None, None), (None, None, None), (4, None, 3)]


def test_a_cursor_holds_the_id_it_goes_on_from(api: Api) -> None:
    """Cursors are base64 of JSON, as in the documentation's examples."""
    page = api.get("/tasks", per_page=3)

    cursor = _params(page["links"]["next"])["cursor"]

    decoded = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4)))
    assert decoded == {"after": {"id": page["tasks"][-1]["id"]}}


def test_previous_leads_back(api: Api) -> None:
    """The previous link of a second page is the first page."""
    first, second, *_ = api.pages("/tasks", per_page=3)

    back = api.get(second["links"]["previous"])

    assert back["tasks"] == first["tasks"]
    assert back["page"] == 1


def test_a_cursor_survives_the_row_it_names(api: Api) -> None:
    """A list by cursor neither skips nor repeats rows when one is deleted meanwhile."""
    expected = [row["id"] for row in api.get("/tasks")["tasks"]]
    first = api.get("/tasks", per_page=3)

    api.harvest.delete("tasks", expected[2])
    second = api.get(first["links"]["next"])

    assert [row["id"] for row in second["tasks"]] == expected[3:6]


def test_a_numbered_list_shifts_when_a_row_is_deleted(api: Api) -> None:
    """A row deleted on a page that was read pulls an unread one out of sight."""
    expected = [row["id"] for row in api.get("/time_entries")["time_entries"]]
    first = api.get("/time_entries", per_page=10)

    api.harvest.delete("time_entries", expected[2])
    second = api.get(first["links"]["next"])

    assert [row["id"] for row in second["time_entries"]] == expected[11:21]


def test_links_keep_all_filters(api: Api) -> None:
    """Each link asks for the same rows as the request it came with."""
    filters = {"from": "2025-01-01", "to": "2025-12-31", "is_billed": "true"}

    page = api.get("/time_entries", per_page=2, **filters)

    for ref in ("first", "next", "last"):
        assert filters.items() <= _params(page["links"][ref]).items()
        assert _params(page["links"][ref])["ref"] == ref


def test_links_name_the_host_of_the_request(api: Api) -> None:
    """The links work whatever name and port the sandbox is reached by."""
    reply = api.ask("/tasks", {"per_page": 1}, headers={"Host": "sandbox.test:99"})

    assert reply.json["links"]["next"].startswith("http://sandbox.test:99/harvest/v2/tasks?")


@pytest.mark.parametrize(
    ("path", "expected"), [("/time_entries", 2000), ("/invoices", 100), ("/tasks", 2000)]
)
def test_default_page_size(api: Api, path: str, expected: int) -> None:
    """Lists have 2000 rows a page unless asked otherwise, invoices 100."""
    assert api.get(path)["per_page"] == expected


@pytest.mark.parametrize(("most", "asked"), [(2000, 2001), (100, 101)])
def test_too_large_a_page_is_refused(api: Api, most: int, asked: int) -> None:
    """More than the maximum is a validation error, also with the maximum of before 2022."""
    api.harvest.settings(max_per_page=most)

    assert api.ask("/time_entries", {"per_page": asked}).status == 422
    assert api.ask("/time_entries", {"per_page": most}).status == 200


def test_a_page_behind_the_end_is_empty(api: Api) -> None:
    """No more rows is an empty list, not an error."""
    page = api.get("/time_entries", page=9, per_page=2000)

    assert page["time_entries"] == []
    assert page["links"]["next"] is None


@pytest.mark.parametrize(
    "params", [{"page": "two"}, {"page": "0"}, {"per_page": "0"}, {"cursor": "nonsense"}]
)
def test_malformed_paging_is_bad(api: Api, params: dict[str, str]) -> None:
    """Numbers and cursors that are none are not guessed at."""
    assert api.ask("/tasks", params).status == 400
