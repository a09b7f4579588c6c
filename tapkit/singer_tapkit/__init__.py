"""What all Worktaps taps share, on top of singer-sdk.

A tap is a :class:`Tap` that lists its streams; a stream is a :class:`Stream` that yields
:class:`Batch` after batch. Everything between the two lives in one module per idea:

``settings``   config checked before the first request, all faults in one message
``http``       one client per credential: verdicts, retry, rate limit, redaction
``windows``    half-open spans of whole days
``bookmarks``  canonical timestamps, forward-only bookmarks, resumable reading
``deletions``  records that are gone at the source, found by listing what is left
``reconcile``  when a stream looks for deletions, and what follows
``keysets``    the keys of a stream's records, packed for state
``versions``   re-indexing: old rows stay until all new ones are there
``database``   databases by URL
``events``     what webhooks tell of a stream
``relay``      targets that write to somebody else's service
``audit``      hours per month, compared with the vendor or a loaded table
``outcomes``   how each stream ended, the end-of-run table, the exit code
``clock``      time that tests control
``embedding``  records of a tap within another program
"""

from singer_tapkit.batch import Batch
from singer_tapkit.deletions import Listing
from singer_tapkit.embedding import ReadError, Rows, read
from singer_tapkit.keysets import Place
from singer_tapkit.stream import Stream
from singer_tapkit.tap import Tap

__all__ = ["Batch", "Listing", "Place", "ReadError", "Rows", "Stream", "Tap", "read"]
