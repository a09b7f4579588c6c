"""The target for services that are described by settings."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit.relay import Kind, RelayTarget, relay_settings
from singer_tapkit.targets.errors import SchemaError
from typing_extensions import override

from target_rest.service import Service, SessionSettings, Sign
from target_rest.templates import Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CARRIERS: Final = ("body", "header", "query", "cookie")
_ROUTES: Final = ("find", "create", "update", "delete")
_SESSION: Final = (
    *("login", "token", "carrier", "name", "logout"),
    *("absolute_seconds", "idle_seconds", "expired"),
)
_SETTINGS: Final[Mapping[str, Any]] = th.PropertiesList(
    th.Property(
        "service",
        th.StringType(min_length=1),
        default="rest",
        title="Service",
        description="Name of the service, by which the ledger tells one from another.",
    ),
    th.Property(
        "base_url",
        th.StringType(min_length=1),
        required=True,
        title="Base address",
        description="Address that the paths of routes are below.",
    ),
    th.Property(
        "username",
        th.StringType,
        secret=True,
        title="User name",
        description="For the login; use a user of the relay's own.",
    ),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        title="Password",
        description="For the login.",
    ),
    th.Property(
        "headers",
        th.ObjectType(additional_properties=True),
        default={},
        secret=True,
        title="Headers",
        description="Sent with each request, as a key of an API.",
    ),
    th.Property(
        "session",
        th.ObjectType(additional_properties=True),
        title="Session",
        description="How to log in, where the token goes, and how an ended session shows.",
    ),
    th.Property(
        "errors",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        default=[],
        title="Errors",
        description="Signs of an error in answers with status 200, as "
        "[{field: ResponseCode, not: [200]}].",
    ),
    th.Property(
        "streams",
        th.ObjectType(additional_properties=True),
        required=True,
        title="Streams",
        description="By stream: the routes find, create, update and delete; parents first.",
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1),
        default=600,
        title="Requests per minute",
        description="Most requests per minute.",
    ),
    *relay_settings("rest"),
).to_dict()


class TargetREST(RelayTarget):
    """Singer target for services with sessions and routes of their own, by configuration."""

    name = "target-rest"
    package_name = "worktaps-target-rest"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(dict(_SETTINGS))
    kinds: Sequence[Kind]  # type: ignore[misc]  # not of the class: settings say

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - the SDK's own
        super().__init__(**arguments)
        self.service = self.setting("service")  # type: ignore[misc]  # not of the class
        self.kinds = [
            Kind(name, {field: tuple(to) for field, to in (each.get("parents") or {}).items()})
            for name, each in self.config["streams"].items()
        ]

    @override
    def kind_of(self, stream: str) -> str:
        if stream not in self.config["streams"]:
            known = ", ".join(self.config["streams"])
            msg = f"Stream {stream!r} has no routes. The setting streams has some for: {known}"
            raise SchemaError(msg)
        return stream

    @override
    def more_faults(self) -> list[str]:
        faults: list[str] = []
        streams = self.config.get("streams")
        for name, each in streams.items() if isinstance(streams, dict) else ():
            if not isinstance(each, dict) or "create" not in each:
                faults.append(f"streams.{name}: needs at least the route create")
                continue
            unknown = each.keys() - {*_ROUTES, "parents"}
            faults += [
                f"streams.{name}.{one}: unknown. There are {', '.join(_ROUTES)}, parents"
                for one in sorted(unknown)
            ]
            for route in each.keys() & set(_ROUTES):
                if not isinstance(each[route], dict) or not each[route].get("path"):
                    faults.append(f"streams.{name}.{route}: an object with path, and what it needs")
        session = self.config.get("session")
        if isinstance(session, dict):
            faults += [
                f"session.{name}: unknown. There are {', '.join(_SESSION)}"
                for name in sorted(session.keys() - set(_SESSION))
            ]
            if not isinstance(session.get("login"), dict):
                faults.append("session.login: missing: how to log in")
            if session.get("carrier", "header") not in _CARRIERS:
                faults.append(f"session.carrier: one of {', '.join(_CARRIERS)}")
        return faults

    @override
    def make_destination(self) -> Service:
        secrets = {
            name: str(self.config[name]) for name in ("username", "password") if name in self.config
        }
        return Service(
            self.config["base_url"],
            session=self._session_settings(),
            secrets=secrets,
            errors=[Sign.of(one) for one in self.setting("errors")],
            routes={
                name: {route: Template.of(each[route]) for route in _ROUTES if route in each}
                for name, each in self.config["streams"].items()
            },
            clock=self.clock,
            user_agent=self.agent,
            headers=self.setting("headers"),
            requests_per_minute=self.setting("requests_per_minute"),
        )

    def _session_settings(self) -> SessionSettings | None:
        given = self.config.get("session")
        if not given:
            return None
        return SessionSettings(
            login=Template.of(given["login"]),
            token=str(given.get("token", "")),
            carrier=str(given.get("carrier", "header")),
            name=str(given.get("name", "Authorization")),
            logout=Template.of(given["logout"]) if given.get("logout") else None,
            absolute_seconds=given.get("absolute_seconds"),
            idle_seconds=given.get("idle_seconds"),
            expired=[
                Sign.of(one)
                for one in given.get("expired")
                or [
                    {"status": [401, 403]},
                    {"status": [301, 302, 303]},
                    {"content_type": "text/html", "status": [200]},
                ]
            ],
        )
