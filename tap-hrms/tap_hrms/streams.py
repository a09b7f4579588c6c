"""The streams: each reads one kind of record from every system that has it."""

from __future__ import annotations

import logging
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import unquote

from singer_tapkit import Batch, Stream
from singer_tapkit.bookmarks import canonical
from singer_tapkit.deletions import DELETED_AT, DeletionMode, Listing
from singer_tapkit.errors import RunAbortedError, StreamError, StreamFailedError
from singer_tapkit.keysets import Place
from singer_tapkit.shaping import shape_of
from typing_extensions import override

from tap_hrms import canonical as shapes
from tap_hrms.adapters.base import Asked, Support
from tap_hrms.privacy import Mode
from tap_hrms.values import LEAVES, instant, text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from singer_tapkit.bookmarks import Reading
    from singer_tapkit.types import Json, Record
    from singer_tapkit.windows import Days

    from tap_hrms.adapters.base import Adapter
    from tap_hrms.tap import TapHRMS

logger = logging.getLogger(__name__)

_CURSORS: Final = "adapter_cursor"
_OWN: Final = frozenset({"id", "remote_id", "tax_id", DELETED_AT})
_SAME: Final = {"manager_id": "manager_remote_id", "employee_id": "employee_remote_id"}
"""References that records also have as the source writes them."""


class Source:
    """One configured system.

    Args:
        adapter: Which knows it.
    """

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.key = f"{_part(adapter.name)}:{_part(adapter.instance)}"

    def id(self, remote_id: Json) -> str | None:
        """Return the key of something at this source."""
        plain = text(remote_id)
        return None if plain is None else f"{self.key}:{_part(plain)}"


class CanonicalStream(Stream):
    """Base of all streams.

    State per stream: ``adapter_cursor`` holds, by system and instance, from where that system is
    asked for changes. A system that fails leaves its own cursor alone, and the others go on.

    Attributes:
        canonical: JSON schema of the records, before the policy on privacy.
    """

    canonical: ClassVar[dict[str, Any]]
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    deletions_from: ClassVar[DeletionMode] = DeletionMode.WINDOW
    _tap: TapHRMS

    def __init__(self, tap: TapHRMS) -> None:
        super().__init__(tap, schema=tap.shown(self.canonical))
        self.sources = [source for source in tap.sources if self.name in source.adapter.streams]
        kinds = {source.adapter.streams[self.name] for source in self.sources}
        if kinds - {Support.FULL}:
            self.replication_key = "changed_at"
        self._cursors: dict[str, Json] = {}
        self._withheld: set[str] = set()
        self._erased = 0

    @override
    def batches(self, reading: Reading) -> Iterator[Batch]:
        failed: list[tuple[Source, StreamError | RunAbortedError]] = []
        for source in self.sources:
            try:
                yield from self._read(source, reading)
            except (StreamError, RunAbortedError) as error:
                if len(self.sources) == 1:
                    raise
                failed.append((source, error))
        sentences = [f"{source.key}: {error}" for source, error in failed]
        if failed and len(failed) == len(self.sources):
            raise StreamFailedError("; ".join(sentences))
        self.missing += sentences

    def _read(self, source: Source, reading: Reading) -> Iterator[Batch]:
        cursors = self.stream_state.get(_CURSORS)
        goes_on = reading.incremental or self.replication_key is None
        known = cursors if goes_on and isinstance(cursors, dict) else {}
        cursor = known.get(source.key)
        for page in source.adapter.read(Asked(self.name, cursor, self._wanted)):
            records = [self._record(source, found) for found in page.records]
            self.missing += page.missing
            self._erased += sum(bool(record["is_deleted"]) for record in records)
            if records:
                yield Batch(records)
            if page.listed:
                yield Batch([], listings=[Listing(days, {}, source.key) for days in page.listed])
            if page.cursor is not None:
                self._cursors[source.key] = page.cursor

    @override
    def completed(self) -> None:
        self.tombstones += self._erased
        cursors = self.stream_state.get(_CURSORS)
        kept = cursors if isinstance(cursors, dict) else {}
        if self._cursors:
            self.stream_state[_CURSORS] = {**kept, **self._cursors}
        if self._withheld:
            self.logger.info(
                "'%s': left out of custom_fields, because of their names: %s. The setting pii can "
                "let them in",
                self.name,
                ", ".join(sorted(self._withheld)),
            )

    @override
    def place(self, record: Record) -> Place:
        ends = record.get("end_date")
        scope = f"{_part(str(record['source_system']))}:{_part(str(record['source_instance']))}"
        return Place(date.fromisoformat(str(ends)) if ends else None, scope)

    @override
    def listings(self, days: Days, reading: Reading) -> Iterator[Listing]:
        for source in self.sources if reading.incremental else ():
            keys = {
                f"{source.key}:{_part(remote_id)}": day
                for remote_id, day in source.adapter.keys(self.name, days)
            }
            if keys:
                yield Listing(days, keys, source.key)

    @override
    def least_requests(self, reading: Reading) -> int:
        return len(self.sources)

    @override
    def look_again(self, keys: Collection[str]) -> Iterator[Record]:
        for source in self.sources:
            prefix = f"{source.key}:"
            ids = [unquote(key.removeprefix(prefix)) for key in keys if key.startswith(prefix)]
            if ids:
                for found in source.adapter.find(self.name, ids):
                    yield self._record(source, found)

    @override
    def tombstone(self, key: Record, noticed: str) -> Record:
        system, instance, remote_id = (unquote(part) for part in str(key["id"]).split(":", 2))
        return {
            **key,
            "source_system": system,
            "source_instance": instance,
            "remote_id": remote_id,
            "changed_at": noticed,
            "is_deleted": True,
            "remote_deleted_at": noticed,
            DELETED_AT: noticed,
        }

    @property
    @override
    def _deletion_mode(self) -> DeletionMode:
        listed = any(source.adapter.lists(self.name) for source in self.sources)
        return super()._deletion_mode if listed else DeletionMode.OFF

    @cached_property
    def _wanted(self) -> frozenset[str]:
        """The properties that go out; those of a stream map may need others, so all that may."""
        return frozenset(self.schema["properties"])

    @cached_property
    def _shapes(self) -> Sequence[tuple[str, Callable[[Any], Json], bool]]:
        """By property: its name, what reads its value, and whether it goes out as a hash."""
        return [
            (
                name,
                shape_of(definition, LEAVES),
                self._tap.policy.fate(definition) is Mode.HASH,
            )
            for name, definition in self.canonical["properties"].items()
            if name in self._wanted
        ]

    def _record(self, source: Source, found: Mapping[str, Json]) -> Record:
        """Bring what an adapter found into the canonical shape."""
        fields = {**found, **self._references(source, found), **self._computed(source, found)}
        record: Record = {}
        for name, shape, hashed in self._shapes:
            value = fields.get(name)
            if value is not None:
                try:
                    value = shape(value)
                except (ValueError, OverflowError):
                    self.drift.mistyped[name] += 1
                    value = None
            record[name] = self._tap.policy.hashed(value) if hashed else value
        return record

    def _references(self, source: Source, found: Mapping[str, Json]) -> Record:
        """Write ids of the source as ids of this tap."""
        references: Record = {}
        for name in self._wanted - _OWN:
            if name.endswith("_ids"):
                ids = found.get(name)
                if isinstance(ids, list):
                    references[name] = [source.id(one) for one in ids if source.id(one)]
            elif name.endswith("_id") and not name.endswith("remote_id"):
                references[name] = source.id(found.get(_SAME.get(name, name)) or found.get(name))
        return references

    def _computed(self, source: Source, found: Mapping[str, Json]) -> Record:
        computed: Record = {
            "id": source.id(found["remote_id"]),
            "source_system": source.adapter.name,
            "source_instance": source.adapter.instance,
            "changed_at": self._changed_at(found),
            "is_deleted": found.get("is_deleted") or False,
        }
        if computed["is_deleted"]:
            deleted = found.get("remote_deleted_at") or computed["changed_at"]
            computed |= {"remote_deleted_at": deleted, DELETED_AT: deleted}
        for name in ("email", "work_email", "personal_email"):
            value = found.get(name)
            if isinstance(value, str):
                computed[name] = value.lower()
        kind = found.get("request_type") or self._tap.leave_kind(
            text(found.get("leave_type_name") or found.get("name"))
        )
        computed["request_type"] = kind
        own = found.get("custom_fields")
        if isinstance(own, dict):
            allowed = self._tap.policy.allowed(own)
            self._withheld |= own.keys() - allowed.keys()
            computed["custom_fields"] = allowed or None
        return computed

    def _changed_at(self, found: Mapping[str, Json]) -> str:
        try:
            changed = instant(found.get("remote_updated_at"))
        except ValueError:
            changed = None
        return changed or canonical(self._tap.run_started)


def _part(value: str) -> str:
    """Write a part of a key, so that the key can be taken apart again."""
    return value.replace("%", "%25").replace(":", "%3A")


class Employees(CanonicalStream):
    """People who work, will work or have worked here: one record per employment.

    Requests: see below, by system.
    """

    name = "employees"
    canonical = shapes.EMPLOYEES


class Candidates(CanonicalStream):
    """People who apply.

    Requests: see below, by system.
    """

    name = "candidates"
    canonical = shapes.CANDIDATES


class Applications(CanonicalStream):
    """Applications of candidates for jobs.

    Requests: see below, by system.
    """

    name = "applications"
    canonical = shapes.APPLICATIONS


class Interviews(CanonicalStream):
    """Interviews with candidates.

    Requests: see below, by system.
    """

    name = "interviews"
    canonical = shapes.INTERVIEWS


class LeaveRequests(CanonicalStream):
    """Requests for leave, whatever became of them.

    Requests: see below, by system.
    """

    name = "leave_requests"
    canonical = shapes.LEAVE_REQUESTS


class Departments(CanonicalStream):
    """Departments and other parts of the company.

    Requests: see below, by system.
    """

    name = "departments"
    canonical = shapes.DEPARTMENTS


class Jobs(CanonicalStream):
    """Openings, and the catalogue of jobs.

    Requests: see below, by system.
    """

    name = "jobs"
    canonical = shapes.JOBS


class LeaveTypes(CanonicalStream):
    """Types of leave.

    Requests: see below, by system.
    """

    name = "leave_types"
    canonical = shapes.LEAVE_TYPES


class LeaveBalances(CanonicalStream):
    """What is left of each employee's leave, as of the day of reading.

    Requests: see below, by system.
    """

    name = "leave_balances"
    selected_by_default = False
    canonical = shapes.LEAVE_BALANCES


class Users(CanonicalStream):
    """Logins of the HR system.

    Requests: see below, by system.
    """

    name = "users"
    canonical = shapes.USERS


STREAMS: Final[Mapping[str, type[CanonicalStream]]] = {
    "applications": Applications,
    "candidates": Candidates,
    "departments": Departments,
    "employees": Employees,
    "interviews": Interviews,
    "jobs": Jobs,
    "leave_balances": LeaveBalances,
    "leave_requests": LeaveRequests,
    "leave_types": LeaveTypes,
    "users": Users,
}
"""Every stream by name, in that order."""
