"""Refusals in Harvest's words and its three shapes of error bodies.

Source: Harvest API v2, "General", "Authentication"; shapes as seen by users of the API.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from singer_sandbox.wire import Answer, html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiError(Exception):
    """A request that is not answered as it wished.

    Args:
        answer: What it gets instead.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refused_credentials(error: str, description: str) -> ApiError:
    """Refuse a token, or an OAuth2 app."""
    content = {"error": error, "error_description": description}
    return ApiError(json_answer(content, HTTPStatus.UNAUTHORIZED))


def plain_refusal(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> ApiError:
    """Refuse with the status and its usual phrase."""
    content = {"status": status.value, "error": status.phrase}
    return ApiError(json_answer(content, status.value, headers))


def invalid(message: str) -> ApiError:
    """Refuse what breaks a rule; several faults are joined by commas."""
    return ApiError(json_answer({"message": message}, HTTPStatus.UNPROCESSABLE_ENTITY))


def no_such_page() -> ApiError:
    """Refuse a mistyped path: a web page, not JSON."""
    return ApiError(html_answer(HTTPStatus.NOT_FOUND, "Page not found"))
