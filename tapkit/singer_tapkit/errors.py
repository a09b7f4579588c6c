"""Why a stream stopped, sorted by what happens next.

::

    StreamError               this stream stops; the others go on
    ├── StreamFailedError         something broke: fix it and run again
    │   └── WrongAccountError         the login does not open the account that the settings name
    ├── StreamUnavailableError    the account may not read this (plan, role, module)
    ├── ParentRefusedError        one parent's children may not be read; the next parent's may
    └── ParentEmptyError          one parent has no children to read, or is gone itself
    RunAbortedError           no stream can succeed, as with refused credentials
    AuditError                --audit cannot compare: words it does not know, a table it can't read

Messages say what happened, where, and what the reader can do. They hold paths, ids, statuses and
field names, and never a body, a header, a query value or a setting's value.
"""

from __future__ import annotations


class StreamError(Exception):
    """Base of everything that ends the reading of one stream."""


class StreamFailedError(StreamError):
    """The stream could not be read to its end; its bookmark stays where it was."""


class WrongAccountError(StreamFailedError):
    """The login is good, and does not open the account that the settings name."""


class StreamUnavailableError(StreamError):
    """The vendor refuses this stream to this account, by role, plan or module."""


class ParentRefusedError(StreamError):
    """The vendor refuses the children of one parent."""


class ParentEmptyError(StreamError):
    """The vendor says that one parent has no such children, or is gone."""


class RunAbortedError(Exception):
    """Nothing can be read at all, so no further request is worth sending."""


class AuditError(Exception):
    """An audit could not be made."""
