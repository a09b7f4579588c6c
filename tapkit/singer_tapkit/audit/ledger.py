"""Counts and hours per month, and the entries behind them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

_SAME_HOURS: Final = 0.005
"""Hours closer than this, per entry, are the same: sources round to hundredths."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as far as an audit is concerned.

    Attributes:
        key: Its key.
        day: Its own day.
        hours: Decimal hours.
        running: Whether a timer still runs, so that the hours differ from reading to reading.
    """

    key: str
    day: date
    hours: float
    running: bool = False


@dataclass(slots=True)
class Month:
    """Sums of one month.

    Attributes:
        entries: How many entries.
        hours: Decimal hours of all of them.
        running: Those of running timers among them, which a vendor's report may leave out.
    """

    entries: int = 0
    hours: float = 0.0
    running: float = 0.0


@dataclass(slots=True)
class Ledger:
    """What one side has.

    Attributes:
        name: Whose ledger it is.
        months: Sums by month, as ``2026-01``.
        entries: The entries behind the sums by key; ``None`` where only sums are known.
    """

    name: str
    months: defaultdict[str, Month] = field(default_factory=lambda: defaultdict(Month))
    entries: dict[str, Entry] | None = None

    @classmethod
    def of(cls, name: str, entries: Iterable[Entry]) -> Ledger:
        """Add entries up; of those with the same key, the last one counts."""
        ledger = cls(name, entries={entry.key: entry for entry in entries})
        for entry in (ledger.entries or {}).values():
            month = ledger.months[f"{entry.day:%Y-%m}"]
            month.entries += 1
            month.hours += entry.hours
            month.running += entry.hours if entry.running else 0.0
        return ledger


@dataclass(frozen=True, slots=True)
class Difference:
    """What two ledgers disagree about.

    Attributes:
        months: Months whose counts or hours differ.
        only_left: Keys that only the first ledger has.
        only_right: Keys that only the second one has.
        changed: Keys with another day or other hours.
    """

    months: Sequence[str]
    only_left: Sequence[str]
    only_right: Sequence[str]
    changed: Sequence[str]

    def __bool__(self) -> bool:
        """Tell whether there is any difference."""
        return bool(self.months or self.only_left or self.only_right or self.changed)


def compare(left: Ledger, right: Ledger) -> Difference:
    """Compare two ledgers, entry by entry if both have entries."""
    months = [
        name
        for name in sorted(left.months.keys() | right.months.keys())
        if _differ(left.months[name], right.months[name])
    ]
    if left.entries is None or right.entries is None:
        return Difference(months, (), (), ())
    mine, theirs = left.entries, right.entries
    return Difference(
        months=months,
        only_left=sorted(mine.keys() - theirs.keys()),
        only_right=sorted(theirs.keys() - mine.keys()),
        changed=sorted(
            key for key in mine.keys() & theirs.keys() if _changed(mine[key], theirs[key])
        ),
    )


def report(left: Ledger, right: Ledger, difference: Difference) -> str:
    """Lay out both ledgers month by month, and name what differs.

    Returns:
        Lines of a fixed-width table and of keys, without a trailing line break.
    """
    head = f"{'':9}{'entries':>24}{'hours':>26}"
    names = f"{'month':9}{left.name:>12}{right.name:>12}{left.name:>13}{right.name:>13}"
    lines = [head, names]
    for name in sorted(left.months.keys() | right.months.keys()):
        mine, theirs = left.months[name], right.months[name]
        if mine == theirs == Month():
            continue
        mark = "  differs" if name in difference.months else ""
        lines.append(
            f"{name:9}{mine.entries:>12,}{theirs.entries:>12,}"
            f"{mine.hours:>13,.2f}{theirs.hours:>13,.2f}{mark}"
        )
    for text, keys in (
        (f"only in {left.name}", difference.only_left),
        (f"only in {right.name}", difference.only_right),
        ("different day or hours", difference.changed),
    ):
        if keys:
            lines.append(f"{text} ({len(keys)}): {', '.join(keys)}")
    lines.append("The two differ." if difference else "The two agree.")
    return "\n".join(lines)


def _differ(left: Month, right: Month) -> bool:
    running = abs(left.running) + abs(right.running)
    tolerance = _SAME_HOURS * max(left.entries, right.entries, 1) + running
    return left.entries != right.entries or abs(left.hours - right.hours) > tolerance


def _changed(left: Entry, right: Entry) -> bool:
    if left.day != right.day:
        return True
    if left.running or right.running:
        return False
    return abs(left.hours - right.hours) > _SAME_HOURS
