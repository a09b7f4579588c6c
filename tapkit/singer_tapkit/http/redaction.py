"""What may be said about a request: the path with its ids, the names of its parameters."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_MACHINE_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,39}")


def describe(method: str, url: str) -> str:
    """Name a request without its host, its query values or its body.

    Args:
        method: HTTP method.
        url: Absolute URL.

    Returns:
        For example ``GET /v2/time_entries (from, page, to)``.
    """
    parts = urlsplit(url)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{method} {parts.path}" + (f" ({', '.join(names)})" if names else "")


def machine_code(value: object) -> str | None:
    """Return a vendor's error code if it is one, and not a sentence that may name a person."""
    if isinstance(value, str) and _MACHINE_CODE.fullmatch(value):
        return value
    return None


def whereabouts(error: BaseException) -> str:
    """Say what kind of unexpected error it was and where, without its message.

    The message of an unexpected error may quote the value that upset it.

    Returns:
        For example ``KeyError in client.py, line 120``.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    filename = trace.tb_frame.f_code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{type(error).__name__} in {filename}, line {trace.tb_lineno}"
