"""Targets that write to somebody else's service: each record once, in order, nothing brought back.

::

    target       what every such target does with a record
    destination  what a service has to offer for that
    ledger       what was written where; what was deleted; dead letters
    mapping      ids of one service in terms of the other, by table
    command      ``target-x dead-letters`` and ``target-x replay``
"""

from singer_tapkit.relay.destination import (
    Destination,
    Kind,
    Known,
    RefusedError,
    UncertainError,
)
from singer_tapkit.relay.target import RelayTarget, relay_settings

__all__ = [
    "Destination",
    "Kind",
    "Known",
    "RefusedError",
    "RelayTarget",
    "UncertainError",
    "relay_settings",
]
