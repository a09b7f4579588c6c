"""Any REST API, by configuration."""

from tap_hrms.adapters.custom.adapter import Custom

__all__ = ["Custom"]
