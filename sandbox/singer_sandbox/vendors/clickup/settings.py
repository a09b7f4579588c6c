"""Settings of the simulated ClickUp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from singer_sandbox.vendor import RefusedError

SHAPING: Final = frozenset({"entries", "seed"})
"""Settings that only new data can follow."""

_CHOICES: Final = {"matching": ("start", "exclusive", "overlap"), "plan": ("free", "enterprise")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickUpSettings:
    """How the workspaces are set up, and how undocumented points are read.

    Attributes:
        entries: Time entries to make up in all workspaces together.
        seed: Of the made-up data.
        rate_limit: Whether callers that ask too often are refused.
        requests_per_minute: What the plan allows.
        plan: ``free`` or ``enterprise``, which has audit logs.
        matching: Which entries a window holds: those that ``start`` in it, bounds included; the
            same with ``exclusive`` bounds; or those that ``overlap`` it. Undocumented.
        archive_by_api: Whether folders and lists can be archived by the API; undocumented.
        webhook_retry_seconds: Wait before a webhook is sent a second time; doubles each time.
        webhook_delay_seconds: Webhooks start at any moment until then, so they overtake another.
        webhook_duplicates: Every how many webhooks one is sent twice; 0 for never.
        removed_members_readable: Whether the time of people who were removed can still be asked
            for; undocumented.
    """

    entries: int = 1000
    seed: int = 1
    rate_limit: bool = True
    requests_per_minute: int = 100
    plan: str = "free"
    matching: str = "start"
    removed_members_readable: bool = False
    archive_by_api: bool = True
    webhook_retry_seconds: float = 1.0
    webhook_delay_seconds: float = 0.0
    webhook_duplicates: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                msg = f"Setting {name} is one of {', '.join(choices)}"
                raise RefusedError(msg)
        if self.entries < 0 or self.requests_per_minute < 1:
            msg = "Settings entries and requests_per_minute are positive"
            raise RefusedError(msg)
