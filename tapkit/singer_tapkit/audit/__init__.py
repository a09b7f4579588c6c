"""``--audit``: is what the tap reads the same as what somebody else has?

Both sides become a :class:`Ledger`: entries, each with its key, its day and its hours. The other
side is either the vendor, asked by another route, or a table that was loaded before.
"""

from singer_tapkit.audit.ledger import Entry, Ledger, Month

__all__ = ["Entry", "Ledger", "Month"]
