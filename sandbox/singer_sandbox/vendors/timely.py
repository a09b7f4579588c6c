"""Timely: hours, projects, clients, labels and users of one account, and its webhooks.

Source: Timely API 1.1: OAuth, hours, projects, clients, labels, users, webhooks; SDKs and receivers
where it is silent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import orjson
from typing_extensions import override

from singer_sandbox.deliveries import Deliveries, Delivery
from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.base import TableVendor, refuse
from singer_sandbox.vendors.personal.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, OAuthApp
from singer_sandbox.vendors.personal.tables import Tables
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.wire import Answer, Call, Row

ACCOUNT: Final = 4242
_DEFAULT_LIMITS: Final = {"projects": 10_000, "clients": 100, "labels": 100, "users": 100}
_DEFAULT_PER_PAGE: Final = 100
_STATES: Final = {"active": (True,), "archived": (False,), "all": (True, False)}
_TELLS: Final = ("hours", "projects", "labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelySettings:
    """How the account is set up, and how undocumented points are read.

    Attributes:
        hours: How many to make up.
        seed: Of what is made up.
        token_seconds: How long access tokens are good for.
        tell_expiry: Whether the answer with a token says so.
        rotate: Whether each refresh replaces the refresh token.
        max_per_page: The largest page; larger ones are cut without a word.
        full_bodies: Whether webhooks hold the entity, or only its address.
        webhook_retry_seconds: Wait before a webhook is sent a second time; doubles each time.
        webhook_delay_seconds: Webhooks start at any moment until then.
        webhook_duplicates: Every how many webhooks one is sent twice; 0 for never.
    """

    hours: int = 200
    seed: int = 1
    token_seconds: int = 7200
    tell_expiry: bool = False
    rotate: bool = True
    max_per_page: int = 100
    full_bodies: bool = False
    webhook_retry_seconds: float = 1.0
    webhook_delay_seconds: float = 0.0
    webhook_duplicates: int = 0


class Timely(TableVendor[TimelySettings]):
    """One account."""

    name: ClassVar[str] = "timely"
    shaping: ClassVar[frozenset[str]] = frozenset({"hours", "seed"})
    defaults = TimelySettings()

    @override
    def start(self, settings: TimelySettings) -> None:
        """Begin with an app whose tokens nobody has used."""
        super().start(settings)
        refused = {"error": "invalid_grant", "error_description": "The grant is invalid"}
        self._app = OAuthApp(self._clock, "", refused)
        self._deliveries = Deliveries(settings.seed)
        self._sent = 0

    @property
    def tables(self) -> Tables:
        """The data."""
        return cast("Tables", self.data)

    @override
    def describe(self, mount: str) -> Row:
        """Tell the addresses and the app."""
        config = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "account_id": str(ACCOUNT),
            "api_url": f"{mount}/1.1",
        }
        hint = f"refresh_token={REFRESH_TOKEN} token endpoint={mount}/1.1/oauth/token"
        return {"api_url": f"{mount}/1.1", "config": config, "hint": hint}

    @override
    def resource(self, path: str) -> str:
        """Strip the version and the account."""
        return re.sub(rf"^/1\.1(/{ACCOUNT})?(?=/)", "", path)

    @override
    def make_world(self) -> Tables:
        """Make up people, clients, projects, labels, and hours of the last two months."""
        random = Random(self._settings.seed)  # noqa: S311 - made-up data
        names = ("hours", "projects", "clients", "labels", "users", "webhooks")
        tables = Tables(names, lambda name, n: _new(name, n, self._clock.now()))
        for name in ("Ana Example", "Bo Óskarsson", "Chi Okafor"):
            tables.add("users", {"name": name, "email": f"{name.split()[0].lower()}@example.com"})
        for name in ("Acme", "Borealis"):
            tables.add("clients", {"name": name})
        clients = tables.rows("clients")
        for number, name in enumerate(("Website", "Retainer", "Old campaign")):
            client = clients[number % 2]
            tables.add("projects", {"name": name, "client": client, "active": number < 2})  # noqa: PLR2004
        parent = tables.add("labels", {"name": "Craft"})
        for name in ("Design", "Development", "Meetings"):
            tables.add("labels", {"name": name, "parent_id": parent["id"]})
        labels = [row["id"] for row in tables.rows("labels") if row["parent_id"]]
        today = self._clock.now().date()
        for _ in range(self._settings.hours):
            tables.add(
                "hours",
                {
                    "day": (today - timedelta(days=random.randint(0, 60))).isoformat(),
                    "minutes": random.randint(1, 32) * 15,
                    "project_id": random.choice(tables.rows("projects"))["id"],
                    "user_id": random.choice(tables.rows("users"))["id"],
                    "label_ids": [random.choice(labels)],
                },
            )
        return tables

    @override
    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row, and tell those who want to know."""
        row = super().add(collection, fields)
        self._tell(collection, "created", row)
        return row

    @override
    def edit(self, collection: str, row_id: int | str, fields: Mapping[str, Any]) -> Row:
        """Change a row, stamp it, and tell those who want to know."""
        now = self._clock.now()
        in_text = collection in ("clients", "labels")
        stamp = {"updated_at": now.isoformat() if in_text else int(now.timestamp())}
        row = super().edit(collection, row_id, {**stamp, **fields})
        self._tell(collection, "updated", row)
        return row

    @override
    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row, and tell those who want to know."""
        row = self.get(collection, row_id)
        super().delete(collection, row_id)
        self._tell(collection, "deleted", row)

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.path == "/1.1/oauth/authorize":
            return self._app.authorize(call)
        if call.path == "/1.1/oauth/token":
            settings = self._settings
            token = self._app.token(call, seconds=settings.token_seconds, rotate=settings.rotate)
            told = ["access_token", "token_type", "refresh_token"]
            told += ["expires_in"] if settings.tell_expiry else []
            return json_answer({name: token[name] for name in told})
        if not self._app.admits(call):
            raise refuse(401, {"errors": {"message": "The access token is invalid"}})
        return self._answer(call)

    def _answer(self, call: Call) -> Answer:
        parts = call.path.removeprefix("/1.1/").strip("/").split("/")
        if parts == ["accounts"]:
            return json_answer([{"id": ACCOUNT, "name": "Sandbox Studio", "plan_code": "premium"}])
        match parts:
            case [account, *_] if account != str(ACCOUNT):
                raise refuse(404, {"errors": {"message": "Not found"}})
            case [_, "webhooks", *rest]:
                return self._webhooks(call, rest)
            case [_, "hours" | "events"]:
                return self._list_hours(call, self.tables.rows("hours"), of_active=True)
            case [_, "projects", project_id, "hours" | "events"]:
                own = [row for row in self.rows("hours") if str(row["project_id"]) == project_id]
                return self._list_hours(call, own, of_active=False)
            case [_, "hours" | "events", row_id]:
                row = self.tables.find("hours", row_id)
                if row is None:
                    raise refuse(404, {"errors": {"message": "Not found"}})
                return json_answer(self._hour(row))
            case [_, "projects" | "clients" | "labels" | "users" as name]:
                return self._list(call, name)
        raise refuse(404, {"errors": {"message": "Not found"}})

    def _list_hours(self, call: Call, rows: list[Row], *, of_active: bool) -> Answer:
        """List hours: of today, unless two days are given; of active projects only."""
        query, today = call.query, self._clock.now().date()
        first, last = query.get("since"), query.get("upto")
        if not (first and last):
            first = last = query.get("day") or today.isoformat()
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        shown = [
            row
            for row in rows
            if start <= date.fromisoformat(row["day"]) <= end
            and (not of_active or self._project(row)["active"])
            and (query.get("filter") == "all" or not row["draft"])
        ]
        by_id = query.get("sort") == "id"
        shown.sort(key=lambda row: (row["id"],) if by_id else (row["updated_at"], row["id"]))
        if query.get("order", "desc") == "desc":
            shown.reverse()
        per_page = min(int(query.get("per_page", _DEFAULT_PER_PAGE)), self._settings.max_per_page)
        at = (int(query.get("page", 1)) - 1) * per_page
        return json_answer([self._hour(row) for row in shown[at : at + per_page]])

    def _list(self, call: Call, name: str) -> Answer:
        query = call.query
        states = _STATES.get(
            query.get("state") or query.get("show") or query.get("filter") or "active", (True,)
        )
        rows = [row for row in self.rows(name) if row["active"] in states]
        if after := query.get("updated_after"):
            bound = datetime.fromisoformat(after).timestamp()
            rows = [row for row in rows if row["updated_at"] >= bound]
        if name == "labels":
            rows = [self._with_children(row, rows) for row in rows if not row["parent_id"]]
        limit = min(int(query.get("limit", _DEFAULT_LIMITS[name])), _DEFAULT_LIMITS[name])
        at = int(query.get("offset", 0))
        return json_answer(rows[at : at + limit])

    def _with_children(self, row: Row, rows: list[Row]) -> Row:
        return {**row, "children": [one for one in rows if one["parent_id"] == row["id"]]}

    def _project(self, hour: Row) -> Row:
        return self.tables.get("projects", str(hour["project_id"]))

    def _hour(self, row: Row) -> Row:
        """Show an hour as the API does: what it refers to whole, stamps in seconds."""
        minutes = row["minutes"]
        user = self.tables.get("users", str(row["user_id"]))
        hidden = ("minutes", "user_id", "project_id")
        return {
            **{name: value for name, value in row.items() if name not in hidden},
            "uid": f"u-{row['id']}",
            "duration": {
                "hours": minutes // 60,
                "minutes": minutes % 60,
                "seconds": 0,
                "formatted": f"{minutes // 60:02}:{minutes % 60:02}",
                "total_hours": round(minutes / 60, 2),
                "total_seconds": minutes * 60,
                "total_minutes": minutes,
            },
            "user": {name: user[name] for name in ("id", "name", "email")},
            "project": self._project(row),
            "cost": {"amount": 120.0, "currency_code": "EUR"},
        }

    # --- webhooks -----------------------------------------------------------------------------

    def _webhooks(self, call: Call, rest: list[str]) -> Answer:
        hooks = self.tables
        if call.method == "GET":
            return json_answer([_without_secret(row) for row in hooks.rows("webhooks")])
        if rest and hooks.find("webhooks", rest[0]) is None:
            raise refuse(404, {"errors": {"message": "Not found"}})
        if call.method == "DELETE":
            hooks.delete("webhooks", rest[0])
            return json_answer({})
        given = orjson.loads(call.body).get("webhook", {})
        if not given.get("url"):
            raise refuse(422, {"errors": {"url": ["can't be blank"]}})
        row = (
            hooks.edit("webhooks", rest[0], given)
            if call.method == "PUT"
            else hooks.add("webhooks", given)
        )
        return json_answer(_without_secret(row))

    def _tell(self, collection: str, verb: str, row: Row) -> None:
        if collection not in _TELLS:
            return
        shown = self._hour(row) if collection == "hours" else row
        settings, event = self._settings, f"{collection}:{verb}"
        entity = shown if settings.full_bodies else {"entity_path": f"/{collection}/{row['id']}"}
        body = orjson.dumps({"event_type": event, "account_id": ACCOUNT, "payload": entity})
        for hook in self.tables.rows("webhooks"):
            wanted = hook.get("subscriptions") or ()
            if not hook.get("active", True) or not {event, f"{collection}:*"} & set(wanted):
                continue
            secret = str(hook.get("secret_token", "")).encode()
            signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
            self._sent += 1
            every = settings.webhook_duplicates
            self._deliveries.send(
                Delivery(hook["url"], body, {"X-Signature": signature}),
                retry_seconds=settings.webhook_retry_seconds,
                latest_seconds=settings.webhook_delay_seconds,
                twice=bool(every) and self._sent % every == 0,
            )


def _without_secret(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "secret_token"}


def _new(name: str, number: int, now: datetime) -> Row:
    """Make a row: stamps are seconds, but texts for clients and labels."""
    seconds = int(now.timestamp())
    row_id = {"hours": 410_000_000, "users": 7000, "projects": 8000, "clients": 9000}
    row: Row = {"id": row_id.get(name, 30) + number, "active": True, "updated_at": seconds}
    match name:
        case "hours":
            return {
                "id": row["id"],
                "day": now.date().isoformat(),
                "minutes": 60,
                "project_id": 8006,
                "user_id": 7001,
                "note": f"Note {number}",
                "label_ids": [],
                "from": None,
                "to": None,
                "billable": True,
                "billed": False,
                "locked": False,
                "deleted": False,
                "draft": False,
                "estimated": False,
                "external_id": None,
                "created_at": seconds,
                "updated_at": seconds,
            }
        case "projects":
            return {
                **row,
                "account_id": ACCOUNT,
                "name": f"Project {number}",
                "external_id": None,
                "created_at": seconds,
                "label_ids": [],
                "last_logged_on": None,
            }
        case "clients":
            return {**row, "name": f"Client {number}", "updated_at": now.isoformat()}
        case "labels":
            text = now.isoformat()
            stamps = {"created_at": text, "updated_at": text}
            return {**row, "name": f"Label {number}", "parent_id": None, **stamps}
        case "users":
            return {**row, "name": f"Person {number}", "deleted": False, "created_at": seconds}
        case "webhooks":
            return {"id": row["id"], "active": True}
    msg = f"No collection is named {name}"
    raise RefusedError(msg)
