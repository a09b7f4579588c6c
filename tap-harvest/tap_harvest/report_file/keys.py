"""Keys for rows of a report that carries no ids.

Harvest's export leaves the id of the time entry out, so the key of a row is made from what the
row says. It must come out the same when the same entry is exported again: later, in another
format, with more columns, in another order, over another period.

**Which columns.** Those that say who did what, when: :data:`IDENTITY`. Left out is everything that
changes while the entry stays the same entry: billable, invoiced and approved, rates, amounts and
currency, rounded hours (an account setting), roles, teams and department, employee or contractor,
and the employee id, which older exports lack and which a company may fill in years later. So an
entry that gets approved and invoiced keeps its key, and its row is updated in place.

**Which spelling.** Values enter in the one form that :mod:`tap_harvest.report_file.cells` gives
them (ISO dates, 24 h clock, composed letters), then:

- runs of white space count as one space, for line breaks and tabs inside notes do not survive
  every trip through Excel and CSV;
- hours count in whole minutes: an account set to hours and minutes exports 1.33 hours as 1:20;
- an empty cell and a missing column are the same, so an export from before a column existed
  agrees with a later one in which it is empty.

**Equal rows.** Two entries can agree in all these columns. They are told apart by a number,
counted from the top of the file. It does not matter which of them is first: they differ at most in
columns that are not part of the key, and any order gives the same set of keys. So sorting a file
or adding rows elsewhere changes nothing, and one more equal row adds one more key.

The count starts anew in every file because exports overlap: the entry that is the first of its
kind in last month's file is still the first in the year's file, and both are to land on one row.
This holds because an export is cut by columns of the identity (period, client, project, task,
person), on which equal rows agree, so that an export has all of them or none.

**What no key can do.** An entry whose notes, hours or date were edited, and all entries of a
project, client, task or person renamed since, get new keys in the next export; their old rows
stay until a full refresh. So does an export without a column, say Client, that another fills in.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_harvest.report_file.cells import Value

IDENTITY = (
    "date",
    "client",
    "project",
    "project_code",
    "task",
    "notes",
    "hours",
    "first_name",
    "last_name",
    "started_at",
    "ended_at",
    "external_reference_url",
)
"""Columns that make a row this entry and no other; the order is part of every key."""

_SEPARATOR = "\x1f"  # counts as white space, so no value contains it
_DIGEST_BYTES = 16


class RowKeys:
    """Keys for the rows of one file, given from top to bottom.

    Remembers 16 bytes for each different row, the only thing that grows with the file.
    """

    def __init__(self) -> None:
        self._occurrences: dict[bytes, int] = {}

    def key(self, row: Mapping[str, Value]) -> str:
        """Make the key of the next row.

        Returns:
            32 hexadecimal digits: half of a SHA-256 over identity and occurrence number; among a
            million rows the odds that two share one by accident are 1 in 10**26.
        """
        identity = _SEPARATOR.join([_spelling(name, row.get(name)) for name in IDENTITY])
        digest = sha256(identity.encode()).digest()[:_DIGEST_BYTES]
        occurrence = self._occurrences.get(digest, 0) + 1
        self._occurrences[digest] = occurrence
        numbered = f"{identity}{_SEPARATOR}{occurrence}"
        return sha256(numbered.encode()).digest()[:_DIGEST_BYTES].hex()


def _spelling(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name == "hours":
        return str(round(float(value) * 60))
    return " ".join(str(value).split())
