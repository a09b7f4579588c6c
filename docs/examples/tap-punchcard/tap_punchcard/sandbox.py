"""Punchcard, simulated; and what the contract of all taps needs to know of this one.

Source: Punchcard API v1, "People" and "Punches"; made up for this example.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, ClassVar, Final

from singer_sandbox.vendors.base import TableVendor, refuse
from singer_sandbox.vendors.personal.tables import Tables
from singer_sandbox.wire import json_answer
from typing_extensions import override

from tap_punchcard.tap import TapPunchcard

if TYPE_CHECKING:
    from singer_sandbox.wire import Answer, Call, Row

TOKEN: Final = "sandbox-punchcard-token"  # noqa: S105 - a simulated one
_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the account is set up.

    Attributes:
        punches: How many to make up.
        seed: Of what is made up.
    """

    punches: int = 300
    seed: int = 1


class Punchcard(TableVendor[Settings]):
    """One account."""

    name: ClassVar[str] = "punchcard"
    shaping: ClassVar[frozenset[str]] = frozenset({"punches", "seed"})
    defaults = Settings()

    @override
    def describe(self, mount: str) -> Row:
        """Tell the address and the token."""
        config = {"api_url": f"{mount}/v1", "api_token": TOKEN}
        return {"api_url": config["api_url"], "config": config, "hint": f"api_token={TOKEN}"}

    @override
    def resource(self, path: str) -> str:
        """Strip the version."""
        return path.removeprefix("/v1")

    @override
    def make_world(self) -> Tables:
        """Make up people and their hours, the last ones of today."""
        random = Random(self._settings.seed)  # noqa: S311 - made-up data
        today = self._clock.now().date()
        tables = Tables(("people", "punches"), self._new)
        people = [tables.add("people", {"email": f"p{n}@example.com"}) for n in range(4)]
        for number in range(self._settings.punches):
            who = random.choice(people)
            day = today - timedelta(days=number // 2)
            person = {"id": who["id"], "avatar": "https://punchcard.example/a.png"}
            hours = random.randint(1, 32) / 4
            tables.add("punches", {"day": str(day), "person": person, "hours": hours})
        return tables

    @override
    def handle(self, call: Call) -> Answer:
        """Answer a request."""
        if call.token != TOKEN:
            raise refuse(401, {"error": "invalid_token"})
        collection = self.resource(call.path).removeprefix("/")
        if collection not in ("people", "punches"):
            raise refuse(404, {"error": "not_found"})
        rows = self.rows(collection)
        if collection == "punches":
            first, last = call.query["from"], call.query["to"]
            rows = [row for row in rows if first <= str(row["day"]) <= last]
        start = int(call.query.get("cursor", 0))
        following = start + _PAGE if start + _PAGE < len(rows) else None
        return json_answer({"items": rows[start : start + _PAGE], "cursor": following})

    def _new(self, collection: str, number: int) -> Row:
        if collection == "people":
            return {"id": f"u{number}", "email": "", "name": f"Person {number}", "active": True}
        return {"id": f"h{number}", "day": "", "hours": 0.0, "note": "", "person": {}}


CONTRACT: Final = {
    "vendor": "punchcard",
    "tap": TapPunchcard,
    "stream": "punches",
    "collection": "punches",
    "paths": ["/punches"],
    "edit": ("note", "note", "Late"),
    "other": "people",
}
"""The stream that the contract looks at, its rows in the sandbox, a field to edit, and another
stream; see :class:`tests.contract.cases.Case`."""
