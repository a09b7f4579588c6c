"""Settings of the simulated Harvest account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from singer_sandbox.vendor import RefusedError

SHAPING: Final = frozenset({"entries", "seed"})
"""Settings that only new data can follow."""

_MOST_ENTRIES: Final = 1_000_000
_CHOICES: Final = {"paging": ("documented", "page", "cursor"), "clock": ("12h", "24h")}
_POSITIVE: Final = (
    "max_per_page",
    "general_limit",
    "general_period_seconds",
    "reports_limit",
    "reports_period_seconds",
    "access_token_seconds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestSettings:
    """How the account is set up, and how undocumented points are read.

    Attributes:
        entries: Time entries to make up, at most a million.
        seed: Of the made-up data.
        rate_limit: Whether callers that ask too often are refused.
        general_limit: Requests per token and period, but for reports.
        general_period_seconds: That period.
        reports_limit: Report requests per token and period.
        reports_period_seconds: That period.
        paging: ``documented``: next pages by cursor where the documentation offers one, else by
            number; ``page``: always by number; ``cursor``: always by cursor.
        max_per_page: Largest page; it was 100 until autumn 2022.
        updated_since_inclusive: Whether a row changed in the very second asked for is listed;
            undocumented.
        clock: ``12h`` or ``24h``: how times of day are written.
        timestamp_timers: Whether people enter start and end rather than a duration.
        expense_feature: Whether the module is on; likewise the next four.
        invoice_feature: See there.
        estimate_feature: See there.
        approval_feature: See there; told by ``/company`` only.
        team_feature: See there; told by ``/company`` only.
        access_token_seconds: How long access tokens of the OAuth2 app live.
        rotate_refresh_token: Whether each renewal replaces the refresh token; undocumented.
    """

    entries: int = 1000
    seed: int = 1
    rate_limit: bool = True
    general_limit: int = 100
    general_period_seconds: int = 15
    reports_limit: int = 100
    reports_period_seconds: int = 900
    paging: str = "documented"
    max_per_page: int = 2000
    updated_since_inclusive: bool = True
    clock: str = "12h"
    timestamp_timers: bool = True
    expense_feature: bool = True
    invoice_feature: bool = True
    estimate_feature: bool = True
    approval_feature: bool = True
    team_feature: bool = True
    access_token_seconds: int = 1_209_600
    rotate_refresh_token: bool = False

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                msg = f"Setting {name} is one of {', '.join(choices)}"
                raise RefusedError(msg)
        for name in _POSITIVE:
            if getattr(self, name) < 1:
                msg = f"Setting {name} has to be positive"
                raise RefusedError(msg)
        if not 0 <= self.entries <= _MOST_ENTRIES:
            msg = f"Setting entries is between 0 and {_MOST_ENTRIES}"
            raise RefusedError(msg)
