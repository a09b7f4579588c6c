"""ClickUp behaves as its documentation says, and as recorded where that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import ClickUpControl

DAY = 86_400_000
NOW_MS = int(NOW.timestamp() * 1000)


def get(
    clickup: ClickUpControl,
    path: str,
    token: str = "",
    **params: Any,  # noqa: ANN401 - what a query can hold
) -> requests.Response:
    """Send a request with a token, the personal one by default."""
    headers = {"Authorization": token or clickup.tokens["personal"]}
    return requests.get(clickup.api_url + path, params=params, headers=headers, timeout=10)


def entries(
    clickup: ClickUpControl,
    **params: Any,  # noqa: ANN401 - what a query can hold
) -> list[dict[str, Any]]:
    """List time entries of the first workspace."""
    path = f"/v2/team/{clickup.workspaces['first']}/time_entries"
    rows: list[dict[str, Any]] = get(clickup, path, **params).json()["data"]
    return rows


def everybody(clickup: ClickUpControl) -> list[str]:
    """Return the ids of the first workspace's members."""
    first = clickup.workspaces["first"]
    return [row["user_id"] for row in clickup.rows("members") if row["workspace_id"] == first]


def test_without_assignee_only_the_owners_entries_come(clickup: ClickUpControl) -> None:
    """Source: ClickUp API v2, "Get time entries within a date range"."""
    owner = int(everybody(clickup)[0])

    own = entries(clickup, start_date=0, end_date=NOW_MS)
    all_of_them = entries(
        clickup, start_date=0, end_date=NOW_MS, assignee=",".join(everybody(clickup))
    )

    assert {row["user"]["id"] for row in own} == {owner}
    assert len(all_of_them) > len(own)


def test_without_dates_the_last_thirty_days_come(clickup: ClickUpControl) -> None:
    """A default, and no limit: longer windows are answered in full, without pages."""
    short = entries(clickup)
    long = entries(clickup, start_date=0, end_date=NOW_MS)

    assert all(int(row["start"]) >= NOW_MS - 30 * DAY for row in short)
    assert len(long) > len(short)


def test_numbers_come_as_texts_and_running_timers_below_nought(clickup: ClickUpControl) -> None:
    """Source: recorded answers."""
    timer = clickup.add("time_entries", start=NOW_MS - 60_000, running=True)

    (row,) = [row for row in entries(clickup) if row["id"] == timer["id"]]

    assert row["start"] == str(NOW_MS - 60_000)
    assert row["duration"] == "-60000"
    assert "end" not in row


def test_one_person_out_of_reach_refuses_the_whole_list(clickup: ClickUpControl) -> None:
    """Source: TIMEENTRY_059, as observed."""
    people = everybody(clickup)
    member = f"{clickup.workspaces['first']}-{people[2]}"
    clickup.edit("members", member, readable=False)
    path = f"/v2/team/{clickup.workspaces['first']}/time_entries"

    answer = get(clickup, path, assignee=",".join(people))

    assert answer.status_code == 403
    assert answer.json()["ECODE"] == "TIMEENTRY_059"


def test_an_oauth_token_may_name_one_person_only(clickup: ClickUpControl) -> None:
    """Source: as observed."""
    people = everybody(clickup)
    path = f"/v2/team/{clickup.workspaces['first']}/time_entries"
    token = f"Bearer {clickup.tokens['oauth']}"

    statuses = [
        get(clickup, path, token, assignee=",".join(some)).status_code
        for some in (people[:2], people[:1])
    ]

    assert statuses == [403, 200]


@pytest.mark.parametrize(
    ("matching", "found"), [("start", True), ("exclusive", False), ("overlap", True)]
)
def test_a_bound_of_a_window_is_read_as_set(
    clickup: ClickUpControl, matching: str, found: object
) -> None:
    """ClickUp does not say; callers must come out right under every reading."""
    clickup.settings(matching=matching)
    entry = clickup.add("time_entries", start=NOW_MS)

    rows = entries(clickup, start_date=NOW_MS, end_date=NOW_MS + DAY)

    assert (entry["id"] in {row["id"] for row in rows}) is found


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/task/nowhere", 401, "OAUTH_018"),
        ("/v2/team/1/space", 404, "SHARD_031"),
        ("/v2/team/9013700003/space", 401, "OAUTH_027"),
    ],
)
def test_what_is_not_there_is_refused_in_clickups_own_way(
    clickup: ClickUpControl, path: str, status: int, code: str
) -> None:
    """Unknown ids look like unknown tokens. Source: recorded answers."""
    answer = get(clickup, path)

    assert (answer.status_code, answer.json()["ECODE"]) == (status, code)


def test_the_headers_say_what_is_left_and_a_spent_budget_is_refused(
    clickup: ClickUpControl,
) -> None:
    """Source: ClickUp API, "Rate limits"."""
    clickup.settings(requests_per_minute=3)

    answers = [get(clickup, "/v2/user") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    left = [answer.headers.get("X-RateLimit-Remaining") for answer in answers]
    assert left == ["2", "1", "0", "0"]
    assert answers[3].json()["ECODE"] == "APP_002"
    assert int(answers[3].headers["X-RateLimit-Reset"]) == NOW_MS // 1000 + 60


def test_tasks_come_a_hundred_a_page_and_say_which_is_the_last(clickup: ClickUpControl) -> None:
    """Closed and archived ones only if asked for. Source: recorded answers."""
    first = clickup.workspaces["first"]
    for _ in range(150):
        clickup.add("tasks", workspace_id=first)
    path = f"/v2/team/{first}/task"

    pages = [get(clickup, path, page=page, include_closed="true").json() for page in (0, 1)]

    assert [len(page["tasks"]) for page in pages] == [100, 80]
    assert [page["last_page"] for page in pages] == [False, True]
