"""The account itself.

Source: Harvest API v2, "The company object".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sandbox.vendors.harvest.settings import HarvestSettings
    from singer_sandbox.wire import Row


def company(settings: HarvestSettings) -> Row:
    """Return the company object; it has neither an id nor stamps."""
    return {
        "base_uri": "https://sandbox-studio.harvest.example",
        "full_domain": "sandbox-studio.harvest.example",
        "name": "Sandbox Studio",
        "is_active": True,
        "week_start_day": "Monday",
        "wants_timestamp_timers": settings.timestamp_timers,
        "time_format": "decimal",
        "date_format": "%Y-%m-%d",
        "plan_type": "sponsored",
        "clock": settings.clock,
        "currency": "EUR",
        "currency_code_display": "iso_code_none",
        "currency_symbol_display": "symbol_before",
        "decimal_symbol": ".",
        "thousands_separator": ",",
        "color_scheme": "orange",
        "weekly_capacity": 126_000,
        "expense_feature": settings.expense_feature,
        "invoice_feature": settings.invoice_feature,
        "estimate_feature": settings.estimate_feature,
        "approval_feature": settings.approval_feature,
        "team_feature": settings.team_feature,
    }
