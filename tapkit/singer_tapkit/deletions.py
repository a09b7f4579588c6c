"""Records that are gone at the source, found by listing what is left.

No vendor here keeps a trace of a deleted record. So a stream says with each answer what it lists:
all keys of some whole days, in some scope. Keys known from earlier runs that should have been in
such a list, and are in none, are missing. Three rules keep live rows from being deleted:

* The span of days that made the request is the very object that is compared.
* Nothing is compared unless the stream was read to its end; scopes that could not be listed, such
  as a person whose hours may not be read, are left as they are.
* When more of a span is missing than a set share, nothing of that span is deleted, and the ids
  are named. One missing key alone is never too many.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from singer_sdk import typing as th

from singer_tapkit.keysets import Place, pack, unpack
from singer_tapkit.settings import DURATION_PATTERN
from singer_tapkit.windows import Days

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from datetime import date
    from typing import Any

    from singer_tapkit.types import Json, Record

DELETED_AT: Final = "_sdc_deleted_at"
"""Property of a tombstone: when the deletion was noticed."""

DELETED_AT_SCHEMA: Final = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "When the record was found to be gone at the source; null while it is there.",
    "x-pii": "none",
}


class DeletionMode(StrEnum):
    """How far back a run looks for records that are gone."""

    OFF = "off"
    WINDOW = "window"
    SWEEP = "sweep"


def deletion_settings(default: DeletionMode) -> Sequence[th.Property[Any]]:
    """Return the settings of a tap that finds deletions."""
    return (
        th.Property(
            "deletions",
            th.StringType,
            default=default.value,
            allowed_values=[mode.value for mode in DeletionMode],
            title="Deletions",
            description="How far back to look for records that are gone at the source: window - "
            "the days of deletion_window; sweep - everything; off - not at all. Each one found "
            "is written as a record with its key and _sdc_deleted_at.",
        ),
        th.Property(
            "deletion_window",
            th.CustomType({"type": ["string", "null"], "pattern": DURATION_PATTERN}),
            default="60d",
            title="Deletion window",
            description="How many days back to look for deletions, as 60d.",
        ),
        th.Property(
            "max_deletion_share",
            th.NumberType(minimum=0, maximum=1),
            default=0.1,
            title="Most deletions",
            description="When a larger share of a window's records is gone, none of them is "
            "deleted, and their ids are named. 1 lets everything through.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Listing:
    """All the keys that the source has in some days of one scope.

    Attributes:
        days: Whole days; the very object that made the request.
        keys: Each key with the day it belongs to, or ``None`` where records have no day.
        scope: Which part of the source was listed; other parts are not judged by it.
    """

    days: Days
    keys: Mapping[str, date | None]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The keys of one span that earlier runs saw and that are no longer listed.

    Attributes:
        days: The span.
        keys: The missing keys.
        known: How many keys the span had.
        held: Whether they are too many to be believed.
    """

    days: Days
    keys: Sequence[str]
    known: int
    held: bool


class Deletions:
    """The search for deletions in one stream during one run.

    Args:
        state: The stream's part of the Singer state, where the keys seen are kept.
        span: The days to look at.
        max_share: The largest share of a span's keys that may be deleted at once.
    """

    def __init__(self, state: MutableMapping[str, Json], *, span: Days, max_share: float) -> None:
        self.span = span
        self._state = state
        self._max_share = max_share
        self._known = {
            key: place
            for key, place in unpack(state.get("keys")).items()
            if place.day is None or place.day in span
        }
        self._seen: dict[str, Place] = {}
        self._listed: dict[Days, set[str]] = {}
        self._span_of_day: dict[date, Days | None] = {}

    @property
    def known_scopes(self) -> set[str]:
        """The scopes in which keys are known."""
        return {place.scope for place in self._known.values()}

    def wrote(self, key: str, place: Place) -> None:
        """Take notice of a record that was written."""
        if place.day is None or place.day in self.span:
            self._seen[key] = place
        else:
            self._known.pop(key, None)

    def saw(self, listing: Listing) -> None:
        """Take notice of a listing whose records were written."""
        self._judge_by(listing)
        for key, day in listing.keys.items():
            self.wrote(key, Place(day, listing.scope))

    def relisted(self, listing: Listing) -> None:
        """Take notice of a listing that was made for comparison alone."""
        self._judge_by(listing)
        for key, day in listing.keys.items():
            if key in self._known:
                self.wrote(key, Place(day, listing.scope))

    def gone(self) -> list[Gone]:
        """Compare what was listed with what is known from earlier runs, span by span."""
        known: Counter[Days] = Counter()
        missing: defaultdict[Days, list[str]] = defaultdict(list)
        for key, place in self._known.items():
            days = self.listed_span(place.day)
            if days is None or place.scope not in self._listed[days]:
                continue
            known[days] += 1
            if key not in self._seen:
                missing[days].append(key)
        return [
            Gone(days, keys, known[days], held=self._too_many(len(keys), known[days]))
            for days, keys in missing.items()
        ]

    def listed_span(self, day: date | None) -> Days | None:
        """Return the span that was listed and that holds a day, if there is one."""
        if day is None:
            return Days() if Days() in self._listed else None
        if day not in self._span_of_day:
            spans = (days for days in self._listed if day in days)
            self._span_of_day[day] = next(spans, None)
        return self._span_of_day[day]

    def forget(self, key: str) -> None:
        """Take out a key whose record was deleted."""
        del self._known[key]

    def store(self) -> None:
        """Put into the state which keys are known: those of earlier runs and of this one."""
        self._known.update(self._seen)
        self._state["keys"] = pack(self._known)

    def _judge_by(self, listing: Listing) -> None:
        self._listed.setdefault(listing.days, set()).add(listing.scope)
        self._span_of_day.clear()

    def _too_many(self, missing: int, known: int) -> bool:
        return missing > 1 and missing > self._max_share * known


def key_of(record: Mapping[str, Json], primary_keys: Sequence[str]) -> str:
    """Write the key of a record as one text: as it is if one property, else as JSON."""
    values = [record[name] for name in primary_keys]
    return str(values[0]) if len(values) == 1 else json.dumps(values)


def record_of(key: str, primary_keys: Sequence[str], schema: Mapping[str, Any]) -> Record:
    """Turn a key back into the properties it was made of, in the types of the schema."""
    if len(primary_keys) > 1:
        return dict(zip(primary_keys, json.loads(key), strict=True))
    (name,) = primary_keys
    return {name: int(key) if "integer" in schema["properties"][name]["type"] else key}
