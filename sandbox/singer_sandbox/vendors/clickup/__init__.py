"""ClickUp API v2, and the parts of v3 that hold docs and audit logs.

Source: ClickUp's API description; where recorded answers differ from it, the recordings.
"""

from singer_sandbox.vendors.clickup.vendor import ClickUp

__all__ = ["ClickUp"]
