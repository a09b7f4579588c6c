"""How one stream of a REST API is read: the setting of that stream, compiled."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from singer_tapkit.errors import StreamFailedError

from tap_hrms import canonical as shapes
from tap_hrms.adapters.custom.paths import Field, all_of, finder
from tap_hrms.adapters.custom.walk import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_tapkit.types import Json, Record

logger = logging.getLogger(__name__)

_CONTAINERS: Final = ("data", "results", "items", "records")
_LOOKED_AT: Final = 100
"""How many records are looked at before a path that matches nothing is told."""
_TRUTHY: Final = (True, "true", "1", 1, "Y", "yes")
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "employment_status": shapes.EMPLOYMENT_STATUSES,
    "employment_type": shapes.EMPLOYMENT_TYPES,
    "outcome": shapes.OUTCOMES,
}
_STATUS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "interviews": shapes.INTERVIEW_STATUSES,
    "leave_requests": shapes.LEAVE_STATUSES,
    "jobs": shapes.JOB_STATUSES,
}


class Plan:
    """How one stream is read.

    Raises:
        ValueError: If a path, a cast or a layout cannot be read; names the setting.
    """

    def __init__(self, name: str, stream: Mapping[str, Any]) -> None:
        self.name = name
        self.path = str(stream["path"])
        self.method = str(stream.get("method", "GET"))
        self.params: Mapping[str, str] = stream.get("params") or {}
        self.body: Mapping[str, Json] = stream.get("body") or {}
        self.pagination: Mapping[str, Any] = stream.get("pagination") or {}
        self.max_pages = int(self.pagination.get("max_pages", 10_000))
        self.incremental: Mapping[str, Any] = stream.get("incremental") or {}
        self.client_side = bool(self.incremental.get("client_side"))
        self.parent: Mapping[str, Any] = stream.get("parent") or {}
        layout = str(self.incremental.get("format", "iso8601"))
        if layout not in FORMATS and not layout.startswith("strftime:"):
            msg = f"incremental.format: one of {', '.join(FORMATS)}, strftime:LAYOUT"
            raise ValueError(msg)
        records = stream.get("records")
        self._records = _read("records", all_of, str(records)) if records else None
        keys = stream["primary_key"]
        paths = keys if isinstance(keys, list) else [keys]
        self._keys = [_read("primary_key", finder, str(path)) for path in paths]
        self._fields = {
            field: _read(f"fields.{field}", Field, spec)
            for field, spec in (stream.get("fields") or {}).items()
        }
        changed = self.incremental.get("value_path")
        if changed and "remote_updated_at" not in self._fields:
            self._fields["remote_updated_at"] = _read("incremental.value_path", Field, changed)
        self._custom = stream.get("custom_fields") or "none"
        marks = [str((stream.get("deleted") or {}).get("path")), str(changed)]
        self._known = {
            str(_path_of(spec)).split(".")[1].split("[")[0]
            for spec in [*(stream.get("fields") or {}).values(), *paths, *marks]
            if str(_path_of(spec)).startswith("$.")
        }
        deleted = stream.get("deleted") or {}
        gone = str(deleted.get("path", ""))
        self.deleted_path = gone if gone.startswith("/") else None
        self._deleted = _read("deleted.path", finder, gone) if gone.startswith("$") else None
        self._truthy = [str(one).lower() for one in deleted.get("truthy", _TRUTHY)]
        self._seen = 0
        self._matched: Counter[str] = Counter()
        self._told = False

    def rows(self, answer: Json) -> list[Record]:
        """Return the records of an answer.

        Raises:
            StreamFailedError: If it has no list of records where one is expected.
        """
        if self._records:
            found = self._records(answer)
        elif isinstance(answer, list):
            found = answer
        else:
            names = (*_CONTAINERS, self.name)
            lists = (answer.get(name) for name in names) if isinstance(answer, dict) else ()
            found = next((one for one in lists if isinstance(one, list)), None)
            if found is None:
                msg = (
                    f"{self.name}: the answer holds no list of records. Set records to its JSONPath"
                )
                raise StreamFailedError(msg)
        return [row for row in found if isinstance(row, dict)]

    def key(self, row: Record) -> str | None:
        """Return the id of a row; several parts are joined."""
        parts = [find(row) for find in self._keys]
        return None if any(part in (None, "") for part in parts) else "|".join(map(str, parts))

    def record(self, row: Record) -> Record:
        """Make a record of a row.

        Raises:
            StreamFailedError: If it has no key.
        """
        key = self.key(row)
        if key is None:
            msg = f"{self.name}: a record has no primary_key. Check its JSONPath"
            raise StreamFailedError(msg)
        record: Record = {"remote_id": key}
        for name, field in self._fields.items():
            raw = field.raw(row)
            self._matched[name] += raw is not None
            try:
                value = field.value(raw)
            except (ValueError, TypeError):
                value = raw
            allowed = _STATUS_OF.get(self.name) if name == "status" else _LISTS.get(name)
            if allowed and value is not None:
                word = str(value).upper()
                value = word if word in allowed else shapes.UNKNOWN
                record.setdefault(f"{name}_raw", raw)
            record[name] = value
        if self._deleted and str(self._deleted(row)).lower() in self._truthy:
            return {
                "remote_id": key,
                "is_deleted": True,
                "remote_updated_at": record.get("remote_updated_at"),
            }
        record["custom_fields"] = self._own(row)
        self._seen += 1
        if self._seen == _LOOKED_AT:
            self.tell_unmatched()
        return record

    def tell_unmatched(self) -> None:
        """Say once which paths have matched nothing so far."""
        if self._told or not self._seen:
            return
        self._told = True
        for name in self._fields:
            if not self._matched[name]:
                logger.warning(
                    "%s: the path of %s matches nothing in %d records. Check custom.streams.%s."
                    "fields",
                    self.name,
                    name,
                    self._seen,
                    self.name,
                )

    def _own(self, row: Record) -> Json:
        if self._custom == "rest":
            return {name: value for name, value in row.items() if name not in self._known} or None
        if isinstance(self._custom, list):
            return {path: finder(path)(row) for path in self._custom}
        return None


def _read(setting: str, make: Callable[[Any], Any], spec: Any) -> Any:  # noqa: ANN401 - any of several
    try:
        return make(spec)
    except ValueError as error:
        msg = f"{setting}: {error}"
        raise ValueError(msg) from None


def _path_of(spec: Any) -> str | None:  # noqa: ANN401 - a setting
    return spec if isinstance(spec, str) else spec.get("path")
