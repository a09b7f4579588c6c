"""What lands: one row per key, the latest, with deletes and versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.target_files.loading import activate, deleted, keyed, record, schema, versioned

if TYPE_CHECKING:
    from tests.target_bigquery.loading import Loader

TEXT = {"type": ["string", "null"]}
FOUND_DELETED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_last_record_of_a_key_wins(loader: Loader) -> None:
    """Within a batch, across batches and across runs; nothing is there twice."""
    loader.settings["batch_size_rows"] = 3
    loader.load(
        schema(),
        *(record(id=number, name="a") for number in (1, 2, 1, 3)),
        *(record(id=number, name="b") for number in (2, 2)),
    )

    loader.load(schema(), record(id=3, name="c"), record(id=4, name="c"))

    assert loader.by_id() == {
        1: {"id": 1, "name": "a"},
        2: {"id": 2, "name": "b"},
        3: {"id": 3, "name": "c"},
        4: {"id": 4, "name": "c"},
    }


def test_a_field_that_a_record_lacks_is_null_afterwards(loader: Loader) -> None:
    """The record is the row."""
    loader.load(schema(), record(id=1, name="a"))

    loader.load(schema(), record(id=1))

    assert loader.by_id() == {1: {"id": 1}}


def test_no_staging_table_stays(loader: Loader) -> None:
    """Neither after a good run, nor after one that failed."""
    loader.load(schema(), record(id=1, name="a"))
    loader.run(schema(), record(id=2), schema(name={"type": "object"}), record(id=3))

    assert loader.tables() == {"items"}


def test_keys_of_several_columns(loader: Loader) -> None:
    """All of them have to be the same."""
    both = keyed(schema(day={"type": "string", "format": "date"}), "id", "day")

    loader.load(both, record(id=1, day="2026-01-01"), record(id=1, day="2026-01-02"))
    loader.load(both, record(id=1, day="2026-01-02", name="b"))

    assert sorted(row.get("name", "-") for row in loader.rows()) == ["-", "b"]


def test_a_table_may_consist_of_its_key(loader: Loader) -> None:
    """There is nothing to update then."""
    pairs = keyed(schema(name={"type": "string"}), "id", "name")

    for _ in range(2):
        loader.load(pairs, record(id=1, name="a"), record(id=1, name="b"))

    assert len(loader.rows()) == 2


def test_streams_without_a_key_append(loader: Loader) -> None:
    """Every record is a row."""
    for _ in range(2):
        loader.load(keyed(schema()), record(id=1, name="a"), record(id=1, name="a"))

    assert loader.rows() == [{"id": 1, "name": "a"}] * 4


def test_a_new_property_becomes_a_column(loader: Loader) -> None:
    """Between runs and within one; earlier rows have null in it."""
    loader.load(schema(), record(id=1))
    loader.load(
        schema(rate={"type": "number"}),
        record(id=2, rate=1.5),
        schema(rate={"type": "number"}, note=TEXT),
        record(id=3, rate=2, note="x"),
    )

    assert loader.by_id() == {1: {"id": 1}, 2: {"id": 2, "rate": 1.5}, 3: loader.by_id()[3]}
    assert loader.by_id()[3] == {"id": 3, "rate": 2.0, "note": "x"}


def test_columns_that_a_stream_has_dropped_keep_their_values(loader: Loader) -> None:
    """They are no longer its business."""
    loader.load(schema(note=TEXT), record(id=1, note="kept"))

    loader.load(schema(), record(id=1, name="new"))

    assert loader.by_id() == {1: {"id": 1, "name": "new", "note": "kept"}}


@pytest.mark.parametrize("batch", [1, 100])
def test_tombstones_remove_rows(loader: Loader, batch: int) -> None:
    """With hard_delete, whether or not they are in one batch with what they remove."""
    loader.settings |= {"batch_size_rows": batch, "hard_delete": True}
    loader.load(schema(), *(record(id=number, name="a") for number in (1, 2, 3)))

    loader.load(
        schema(),
        record(id=4, name="a"),
        deleted(id=1),
        deleted(id=4),
        deleted(id=9),
        deleted(id=3),
        record(id=3, name="back"),
    )

    assert loader.by_id() == {2: {"id": 2, "name": "a"}, 3: {"id": 3, "name": "back"}}
    assert "_sdc_deleted_at" not in loader.types()


@pytest.mark.parametrize("batch", [1, 100])
def test_tombstones_mark_rows(loader: Loader, batch: int) -> None:
    """The rows keep their values, and a later record clears the mark."""
    loader.settings["batch_size_rows"] = batch
    loader.load(schema(), *(record(id=number, name="a") for number in (1, 2, 3)))

    loader.load(
        schema(),
        record(id=4, name="b"),
        deleted(id=1),
        deleted(id=4, name=None),
        deleted(id=3),
        record(id=3, name="back"),
    )

    assert loader.by_id() == {
        1: {"id": 1, "name": "a", "_sdc_deleted_at": FOUND_DELETED},
        2: {"id": 2, "name": "a"},
        3: {"id": 3, "name": "back"},
        4: {"id": 4, "name": "b", "_sdc_deleted_at": FOUND_DELETED},
    }


def test_activating_a_version_removes_all_others(loader: Loader) -> None:
    """With hard_delete; rows of earlier versions and of none, not before the message comes."""
    loader.settings["hard_delete"] = True
    loader.load(schema(), record(id=1), record(id=2), record(id=3))
    loader.load(schema(), versioned(5, record(id=2)))
    new = [versioned(7, record(id=number, name="new")) for number in (3, 4)]

    loader.load(schema(), *new)
    before = sorted(loader.by_id())
    loader.load(schema(), *new, activate(7))

    assert before == [1, 2, 3, 4]
    assert loader.by_id() == {
        number: {"id": number, "name": "new", "_sdc_table_version": 7} for number in (3, 4)
    }


def test_activating_a_version_marks_all_others(loader: Loader) -> None:
    """Rows that are marked keep their time."""
    loader.load(schema(), record(id=1, name="a"), deleted(id=2, name="b"))

    loader.load(schema(), versioned(7, record(id=3)), activate(7))

    rows = loader.by_id()
    assert rows[1]["name"] == "a"
    assert rows[1]["_sdc_deleted_at"] > FOUND_DELETED
    assert rows[2]["_sdc_deleted_at"] == FOUND_DELETED
    assert "_sdc_deleted_at" not in rows[3]


def test_activating_a_version_without_records_empties_the_table(loader: Loader) -> None:
    """The source has nothing any more."""
    loader.settings["hard_delete"] = True
    loader.load(schema(), record(id=1))

    loader.load(schema(), activate(7))

    assert loader.rows() == []


def test_metadata_is_added_when_asked_for(loader: Loader) -> None:
    """As columns of the types that the SDK gives them."""
    loader.settings["add_record_metadata"] = True

    loader.load(schema(), versioned(3, record(id=1)), record(id=2))

    types = loader.types()
    assert types["_sdc_received_at"] == "TIMESTAMP"
    assert types["_sdc_table_version"] == "INT64"
    assert loader.by_id()[1]["_sdc_table_version"] == 3
    assert "_sdc_received_at" in loader.by_id()[2]


def test_streams_have_tables_with_the_prefix(loader: Loader) -> None:
    """Characters that a table's name cannot have become underscores."""
    loader.settings["table_prefix"] = "raw_"

    loader.load(schema("time-entries"), record("time-entries", id=1))

    assert loader.tables() == {"raw_time_entries"}


def test_partition_and_clusters_reach_the_table(
    loader: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    """When it is made; later settings that differ are told of, and the rows land."""
    fact = schema(day={"type": "string", "format": "date"}, user=TEXT)
    loader.settings["tables"] = {"items": {"partition_by": "day", "cluster_by": ["user"]}}
    loader.load(fact, record(id=1, day="2026-01-01"), record(id=2))
    same = caplog.text
    loader.settings["tables"] = {"items": {"cluster_by": ["id"]}, "itmes": {}}

    loader.load(fact, record(id=3, day="2026-01-03"))

    table = loader.table()
    assert table.time_partitioning.field == "day"
    assert table.clustering_fields == ["user"]
    assert len(loader.by_id()) == 3
    assert "keeps them" not in same
    assert "with another partition or other clusters" in caplog.text
    assert "names itmes, which did not come" in caplog.text


def test_a_table_is_clustered_by_its_key(loader: Loader) -> None:
    """Which a MERGE looks for."""
    loader.load(schema())

    assert loader.table().clustering_fields == ["id"]
    assert loader.table().time_partitioning is None
