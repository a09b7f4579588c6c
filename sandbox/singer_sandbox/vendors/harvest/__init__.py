"""Harvest API v2.

Source: Harvest API v2 documentation; where it is silent, what live accounts were seen to do.
"""

from singer_sandbox.vendors.harvest.vendor import Harvest

__all__ = ["Harvest"]
