"""What the configuration of a REST API may say; unknown words are refused."""

from __future__ import annotations

from typing import Any, Final

from tap_hrms.canonical import SCHEMAS

_TEXT: Final = {"type": "string"}
_SECRET: Final = {"type": "string", "secret": True}
_PATH: Final = {"type": ["string", "null"], "description": "JSONPath."}
_TEXTS: Final = {"type": "object", "additionalProperties": {"type": "string"}}


def _closed(*required: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON schemas
    return {
        "type": ["object", "null"],
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_LOGIN: Final = _closed(
    "path",
    method={"type": "string", "enum": ["GET", "POST", "PUT"]},
    path=_TEXT,
    json={"type": "object"},
    form=_TEXTS,
    token_path=_PATH,
    send_as=_closed(header=_TEXT, format=_TEXT),
    use_cookies={"type": "boolean"},
    username=_TEXT,
    password=_SECRET,
)

_AUTH: Final = _closed(
    "kind",
    kind={
        "type": "string",
        "enum": [
            "none",
            "api_key_header",
            "api_key_query",
            "bearer",
            "basic",
            "oauth2_client_credentials",
            "session_login",
        ],
    },
    name=_TEXT,
    value=_SECRET,
    prefix=_TEXT,
    token=_SECRET,
    username=_TEXT,
    password=_SECRET,
    token_url=_TEXT,
    client_id=_TEXT,
    client_secret=_SECRET,
    scope=_TEXT,
    audience=_TEXT,
    auth_style={"type": "string", "enum": ["header", "body"]},
    token_path=_TEXT,
    expires_path=_TEXT,
    leeway_s={"type": "number", "minimum": 0},
    login=_LOGIN,
    relogin_on={
        "type": "array",
        "items": {
            "anyOf": [{"type": "integer"}, _closed("path", "equals", path=_TEXT, equals={})],
        },
    },
)

NEEDED: Final = {
    "none": (),
    "api_key_header": ("name", "value"),
    "api_key_query": ("name", "value"),
    "bearer": ("token",),
    "basic": ("username", "password"),
    "oauth2_client_credentials": ("token_url", "client_id", "client_secret"),
    "session_login": ("login",),
}
"""What each kind of ``auth`` cannot do without."""

_PAGINATION: Final = _closed(
    style={
        "type": "string",
        "enum": ["none", "page", "offset", "cursor", "link_header", "next_url"],
    },
    page_param=_TEXT,
    size_param={"type": ["string", "null"]},
    size={"type": "integer", "minimum": 1},
    start={"type": "integer", "minimum": 0},
    offset_param=_TEXT,
    limit_param=_TEXT,
    cursor_param=_TEXT,
    cursor_path=_PATH,
    send_in={"type": "string", "enum": ["query", "body"]},
    url_path=_PATH,
    stop=_closed(
        empty_page={"type": "boolean"},
        short_page={"type": "boolean"},
        total_pages_path=_PATH,
        total_count_path=_PATH,
        has_more_path=_PATH,
    ),
    max_pages={"type": "integer", "minimum": 1},
)

_FIELD: Final = {
    "anyOf": [
        {"type": "string"},
        _closed(
            path=_PATH,
            jmespath=_TEXT,
            const={},
            template=_TEXT,
            map={"type": "object"},
            cast=_TEXT,
            default={},
        ),
    ]
}

_STREAM: Final = _closed(
    "path",
    "primary_key",
    path=_TEXT,
    method={"type": "string", "enum": ["GET", "POST"]},
    params=_TEXTS,
    body={"type": "object"},
    records=_PATH,
    primary_key={
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
    },
    pagination=_PAGINATION,
    incremental=_closed(
        param=_TEXT,
        body_path=_TEXT,
        format=_TEXT,
        value_path=_PATH,
        overlap_s={"type": "number", "minimum": 0},
        client_side={"type": "boolean"},
    ),
    deleted=_closed("path", path=_TEXT, truthy={"type": "array"}),
    fields={"type": "object", "additionalProperties": _FIELD},
    custom_fields={
        "anyOf": [
            {"type": "string", "enum": ["none", "rest"]},
            {"type": "array", "items": {"type": "string"}},
        ]
    },
    parent=_closed("stream", "path_vars", stream=_TEXT, path_vars=_TEXTS),
)

SETTINGS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["instance", "base_url", "streams"],
    "additionalProperties": False,
    "properties": {
        "instance": {**_TEXT, "description": "Name of this system, part of every key."},
        "base_url": {**_TEXT, "description": "Address that the paths of streams are below."},
        "headers": {**_TEXTS, "description": "Sent with each request."},
        "auth": {**_AUTH, "description": "Exactly one kind, with what it needs."},
        "retry": {
            **_closed(
                statuses={"type": "array", "items": {"type": "integer"}},
                max_tries={"type": "integer", "minimum": 1},
                backoff_base_s={"type": "number", "minimum": 0},
                backoff_max_s={"type": "number", "minimum": 0},
                honour_retry_after={"type": "boolean"},
            ),
            "description": "Which answers are asked for again, how often, after how long.",
        },
        "timeout": {
            **_closed(
                connect_s={"type": "number", "exclusiveMinimum": 0},
                read_s={"type": "number", "exclusiveMinimum": 0},
            ),
            "description": "How long to wait, in seconds.",
        },
        "max_requests_per_second": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 5,
            "description": "Most requests per second.",
        },
        "allowed_hosts": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Other hosts that links to next pages may lead to.",
        },
        "streams": {
            "type": "object",
            "properties": dict.fromkeys(SCHEMAS, _STREAM),
            "additionalProperties": False,
            "description": "By name of the stream: where it is and how its fields are called.",
        },
    },
}
