"""What a loader has to do, as functions that try it: one conformance stream for all loaders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.target_files.loading import (
    activate,
    deleted,
    keyed,
    record,
    schema,
    state,
    versioned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loaders.loaders import Loader

MOMENT = {"type": ["string", "null"], "format": "date-time"}
NULLABLE = {"type": ["integer", "null"]}


def every_row_lands(loader: Loader) -> bool:
    """Every row of a batch lands."""
    rows = [record(id=number, name=f"n{number}") for number in range(2_001)]
    ended = loader.load(schema(), *rows, state(1))
    found = sorted(row["id"] for row in loader.rows())
    return ended.exit_code == 0 and found == list(range(2_001))


def the_latest_version_wins(loader: Loader) -> bool:
    """One row per key, the latest version, also when rows come again in the next run."""
    loader.load(schema(), *(record(id=n, name="old") for n in (1, 2, 3)), record(id=2, name="new"))
    loader.load(schema(), record(id=3, name="newer"), record(id=4, name="first"))
    found = sorted((row["id"], row["name"]) for row in loader.rows())
    return found == [(1, "old"), (2, "new"), (3, "newer"), (4, "first")]


def a_new_property_lands(loader: Loader) -> bool:
    """A property that comes later gets its column."""
    loader.load(schema(), record(id=1, name="a"))
    ended = loader.load(schema(rate=NULLABLE), record(id=2, name="b", rate=7))
    return ended.exit_code == 0 and {"id": 2, "name": "b", "rate": 7} in loader.rows()


def a_tombstone_takes_the_row_away(loader: Loader) -> bool:
    """A tombstone marks or removes its row."""
    with_mark = schema(_sdc_deleted_at=MOMENT)
    loader.load(with_mark, record(id=1, name="a"), record(id=2, name="b"))
    loader.load(with_mark, deleted(id=1))
    return [row["id"] for row in loader.rows()] == [2]


def a_re_index_exchanges_the_rows(loader: Loader) -> bool:
    """A re-index takes rows away that are gone at the source, and not before its end."""
    first = [versioned(1, record(id=number, name="a")) for number in (1, 2)]
    second = [versioned(2, record(id=2, name="b"))]
    loader.load(schema(), *first, activate(1))
    loader.load(schema(), *second)
    halfway = sorted(row["id"] for row in loader.rows())
    loader.load(schema(), *second, activate(2))
    return halfway == [1, 2] and [row["id"] for row in loader.rows()] == [2]


def a_moment_keeps_its_offset(loader: Loader) -> bool:
    """`10:00+02:00` lands as the moment that it is."""
    filler = [record(id=0, name="filler")]
    loader.load(schema(at=MOMENT), *filler, record(id=1, at="2026-07-01T10:00:00+02:00"))
    (row,) = [row for row in loader.rows() if row["id"] == 1]
    return str(row["at"]) in {"2026-07-01T08:00:00Z", "2026-07-01T10:00:00+02:00"}


def nested_values_stay_whole(loader: Loader) -> bool:
    """Objects, lists and mixed types stay whole."""
    thing, either = (
        {"type": ["object", "null"]},
        {"anyOf": [{"type": "object"}, {"type": "string"}]},
    )
    sent = {"thing": {"a": [1, {"b": "ø"}]}, "either": "bare text"}
    filler = record(id=0, thing={}, either={})
    ended = loader.load(schema(thing=thing, either=either), filler, record(id=1, **sent))
    if ended.exit_code:
        return False
    (row,) = [row for row in loader.rows() if row["id"] == 1]
    return {name: _value(row.get(name)) for name in sent} == sent


def _value(stored: object) -> object:
    """Read JSON that is stored as text."""
    try:
        return json.loads(stored) if isinstance(stored, str) else stored
    except ValueError:
        return stored


def large_integers_keep_their_digits(loader: Loader) -> bool:
    """Integers of 64 bits and text of any kind keep every digit and character."""
    text = 'ø \U0001f600 "quoted" \\ new\nline \t end'
    loader.load(schema(size=NULLABLE), record(id=0), record(id=1, name=text, size=2**62 + 1))
    return {"id": 1, "name": text, "size": 2**62 + 1} in loader.rows()


def a_null_key_is_refused(loader: Loader) -> bool:
    """A row without its key is refused: it would come again with each run."""
    open_key = keyed(schema(part={"type": ["integer", "null"]}), "part")
    ended = loader.load(open_key, record(id=1, part=1), record(id=2, part=None), state(1))
    return ended.exit_code != 0 and ended.states == []


def a_bad_row_ends_the_run(loader: Loader) -> bool:
    """A value of the wrong type ends the run with an error and without a state."""
    hours = schema(hours={"type": ["number", "null"]})
    ended = loader.load(hours, record(id=1, hours=1.5), record(id=2, hours="many"), state(1))
    return ended.exit_code != 0 and ended.states == []


def a_state_comes_after_its_rows(loader: Loader) -> bool:
    """The state comes out, and at the end all rows are there."""
    ended = loader.load(schema(), record(id=1), state(1), record(id=2), state(2), record(id=3))
    return ended.states[-1:] == [{"at": 2}] and len(loader.rows()) == 3


PROMISES: dict[str, Callable[[Loader], bool]] = {
    promise.__name__: promise
    for promise in (
        every_row_lands,
        the_latest_version_wins,
        a_new_property_lands,
        a_tombstone_takes_the_row_away,
        a_re_index_exchanges_the_rows,
        a_moment_keeps_its_offset,
        nested_values_stay_whole,
        large_integers_keep_their_digits,
        a_null_key_is_refused,
        a_bad_row_ends_the_run,
        a_state_comes_after_its_rows,
    )
}

GAPS: dict[str, dict[str, str]] = {
    "target-jsonl 0.1.4": {
        the_latest_version_wins.__name__: "appends each version",
        a_tombstone_takes_the_row_away.__name__: "one more line",
        a_re_index_exchanges_the_rows.__name__: "appends all again",
        a_null_key_is_refused.__name__: "kept",
        a_state_comes_after_its_rows.__name__: "no state, unless it is the last message",
    },
    "target-duckdb 0.8.0": {
        a_re_index_exchanges_the_rows.__name__: "versions are ignored",
        a_moment_keeps_its_offset.__name__: "lands as 10:00",
        nested_values_stay_whole.__name__: "mixed types end the run",
    },
}
"""Which promises a loader breaks, and how: as found by running them."""
