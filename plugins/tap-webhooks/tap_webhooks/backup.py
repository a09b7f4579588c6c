"""What a backup holds: the newest version of each record, from JSONL files or a database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_tapkit.bookmarks import canonical
from singer_tapkit.database import DatabaseError, engine_of
from singer_tapkit.deletions import DELETED_AT, key_of, record_of
from singer_tapkit.errors import StreamFailedError
from sqlalchemy import MetaData, Table, inspect, select
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_tapkit import Stream
    from singer_tapkit.types import Record

VERSIONS = "entry_versions"


def newest(place: str, stream: Stream) -> Iterator[Record]:
    """Yield each record of a stream as it last was; one that was deleted is a tombstone.

    Args:
        place: Folder of ``entry_versions.jsonl``, or the URL of a database with that table. A file
            or table of the stream's own name, as polling makes it, is read as well.
        stream: Says name, keys and types.

    Raises:
        StreamFailedError: If there is no backup.
    """
    keys = list(stream.primary_keys)
    found: dict[str, Record] = {}
    for row in sorted(_rows(place, VERSIONS, needed=True), key=lambda row: int(row["seq"])):
        if row.get("stream") != stream.name:
            continue
        key = str(row["entry_key"])
        if found.get(key, {}).get(DELETED_AT):
            continue  # whatever came late
        if row.get("deleted_at"):
            gone = str(row["deleted_at"])
            found[key] = {**record_of(key, keys, stream.schema), DELETED_AT: gone}
        elif row.get("record"):
            found[key] = _decoded(row["record"])
    for row in _rows(place, stream.name, needed=False):
        record = {name: row.get(name) for name in stream.schema["properties"] if name != DELETED_AT}
        key = key_of(record, keys)
        before = found.get(key, {})
        stamps = [str(one.get("updated_at") or "") for one in (before, record)]
        if row.get(DELETED_AT):
            found[key] = {**{name: record[name] for name in keys}, DELETED_AT: row[DELETED_AT]}
        elif not before or (not before.get(DELETED_AT) and stamps[0] < stamps[1]):
            found[key] = record
    yield from found.values()


def _rows(place: str, name: str, *, needed: bool) -> Iterator[dict[str, Any]]:
    if "://" in place:
        yield from _of_table(place, name, needed=needed)
        return
    path = Path(place) / f"{name}.jsonl"
    if not path.exists():
        if needed:
            msg = f"There is no backup at {path}. Check restore_from"
            raise StreamFailedError(msg)
        return
    with path.open() as lines:
        for line in lines:
            yield json.loads(line)


def _of_table(place: str, name: str, *, needed: bool) -> Iterator[dict[str, Any]]:
    try:
        engine = engine_of(place)
    except DatabaseError as error:
        msg = f"restore_from: {error}"
        raise StreamFailedError(msg) from None
    try:
        if not inspect(engine).has_table(name):
            if needed:
                msg = f"The database of the backup has no table {name}. Check restore_from"
                raise StreamFailedError(msg)
            return
        with engine.connect() as connection:
            table = Table(name, MetaData(), autoload_with=connection)
            for row in connection.execute(select(table)).mappings():
                yield {column: _plain(value) for column, value in row.items()}
    except SQLAlchemyError as error:
        msg = f"The database of the backup cannot be read: {type(error).__name__}"
        raise StreamFailedError(msg) from None
    finally:
        engine.dispose()


def _decoded(value: Any) -> Record:  # noqa: ANN401 - a text, or what a database made of it
    record: Record = json.loads(value) if isinstance(value, str) else dict(value)
    return record


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    """Return a value as it was in its record; databases keep times of UTC without a zone."""
    if isinstance(value, datetime):
        return canonical(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
