"""Errors as ClickUp words them.

Source: ClickUp API, "Common errors"; recorded answers.
"""

from __future__ import annotations

from singer_sandbox.wire import Answer, json_answer


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        code: ClickUp's own code.
        text: What it says beside.
    """

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.answer: Answer = json_answer({"err": text, "ECODE": code}, status)


def unknown() -> ApiError:
    """Refuse an id that leads nowhere; ClickUp says that the token is unknown."""
    return ApiError(401, "OAUTH_018", "Oauth token not found")


def out_of_reach() -> ApiError:
    """Refuse to show somebody's time."""
    return ApiError(403, "TIMEENTRY_059", "You do not have access to one of the assignees")


def closed_workspace() -> ApiError:
    """Refuse a workspace that the token was not let into."""
    return ApiError(401, "OAUTH_027", "Team not authorized")
