"""What a reader finds after a run, in both formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_tapkit.targets.errors import SchemaError

from tests.target_files.loading import activate, deleted, keyed, record, schema, versioned

if TYPE_CHECKING:
    from tests.target_files.loading import Loader

TEXT = {"type": ["string", "null"]}


def _marked(row: dict[str, object]) -> bool:
    return str(row.get("_sdc_deleted_at", "")).startswith("2026-01-02T03:04:05")


def test_the_last_version_of_a_key_wins(loader: Loader) -> None:
    """Within a batch, across batches, and across runs."""
    loader.load(
        schema(),
        record(id=1, name="a"),
        record(id=1, name="b"),
        record(id=2, name="a"),
        record(id=3, name="a"),
        record(id=2, name="b"),
    )
    loader.load(schema(), record(id=3, name="c"), record(id=4, name="c"))

    names = {key: row["name"] for key, row in loader.by_id().items()}

    assert names == {1: "b", 2: "b", 3: "c", 4: "c"}


def test_no_row_is_lost_at_the_seam_of_two_batches(loader: Loader) -> None:
    """The first and the last row of each batch land like any other."""
    loader.load(schema(), *(record(id=number) for number in range(10)))

    assert list(loader.by_id()) == list(range(10))


def test_a_key_can_have_several_fields(loader: Loader) -> None:
    """Rows are the same only if all of them are."""
    part = {"part": TEXT}

    loader.load(
        keyed(schema(**part), "id", "part"),
        record(id=1, part="a", name="old"),
        record(id=1, part="b", name="other"),
        record(id=1, part="a", name="new"),
    )

    assert sorted((row["part"], row["name"]) for row in loader.rows()) == [
        ("a", "new"),
        ("b", "other"),
    ]


def test_streams_without_a_key_append(loader: Loader) -> None:
    """Equal records are two rows, in one run as in two."""
    messages = [keyed(schema()), record(id=1), record(id=1), deleted(id=1)]

    loader.load(*messages)
    loader.load(*messages)

    assert [row["id"] for row in loader.rows()] == [1] * 6


def test_fields_that_a_record_lacks_become_null(loader: Loader) -> None:
    """A record is the whole row, so what it does not say is not known any more."""
    loader.load(schema(note=TEXT), record(id=1, name="a", note="b"))

    loader.load(schema(note=TEXT), record(id=1, name="c"))

    assert loader.rows() == [{"id": 1, "name": "c"}]


def test_a_schema_can_grow_between_runs_and_within_one(loader: Loader) -> None:
    """Rows from before have null in the new columns."""
    loader.load(schema(), record(id=1), schema(note=TEXT), record(id=2, note="x"))

    loader.load(schema(note=TEXT, more=TEXT), record(id=3, note="y", more="z"))

    assert loader.by_id() == {
        1: {"id": 1},
        2: {"id": 2, "note": "x"},
        3: {"id": 3, "note": "y", "more": "z"},
    }


def test_a_stream_without_records_leaves_an_empty_place(loader: Loader) -> None:
    """Whoever reads it need not ask whether it is there."""
    loader.load(schema())

    assert loader.rows() == []


def test_text_of_any_kind_lands_unchanged(loader: Loader) -> None:
    """Scripts, emoji, quotes, line ends, and the character zero."""
    text = "Zoë 東京 \U0001f600 \u2028 \"'\\ \r\n\t \u0000 end"

    loader.load(schema(), record(id=1, name=text))

    assert loader.rows() == [{"id": 1, "name": text}]


def test_half_a_character_becomes_the_replacement_character(loader: Loader) -> None:
    """Sources that cut text at a fixed length send half an emoji; the rest of it is kept."""
    loader.load(schema(), record(id=1, name="cut \ud83d"))

    assert loader.rows() == [{"id": 1, "name": "cut \ufffd"}]


def test_ids_that_turn_from_numbers_into_text_are_the_same_rows(loader: Loader) -> None:
    """A vendor that changes the type of its ids does not double the table."""
    loader.load(schema(), record(id=1, name="a"), record(id=2, name="a"))
    as_text = schema()
    as_text["schema"]["properties"]["id"] = {"type": "string"}

    loader.load(as_text, record(id="1", name="b"))

    assert sorted((str(row["id"]), row["name"]) for row in loader.rows()) == [
        ("1", "b"),
        ("2", "a"),
    ]


def test_a_tombstone_marks_the_row_and_keeps_its_values(loader: Loader) -> None:
    """A mapper may have filled the fields that a tombstone lacks with null."""
    loader.load(schema(), *(record(id=number, name="a") for number in (1, 2, 3)))

    loader.load(schema(), deleted(id=2, name=None))

    rows = loader.by_id()
    assert [key for key, row in rows.items() if _marked(row)] == [2]
    assert {row["name"] for row in rows.values()} == {"a"}


def test_tombstones_count_in_the_order_they_come(loader: Loader) -> None:
    """After a record it marks what the record said; a later record clears the mark."""
    loader.load(
        schema(note=TEXT),
        record(id=1, name="new", note="x"),
        deleted(id=1),
        deleted(id=2),
        deleted(id=2, name="said twice"),
        record(id=2, name="back"),
    )
    loader.load(schema(note=TEXT), deleted(id=3), deleted(id=3, name="late"), deleted(id=4))
    loader.load(schema(note=TEXT), record(id=4, name="back"))

    rows = loader.by_id()

    assert [key for key, row in sorted(rows.items()) if _marked(row)] == [1, 3]
    assert {key: row.get("name") for key, row in rows.items()} == {
        1: "new",
        2: "back",
        3: "late",
        4: "back",
    }
    assert rows[1]["note"] == "x"


def test_a_tombstone_marks_a_row_of_an_earlier_batch(loader: Loader) -> None:
    """Whether the row is in the snapshot already or only in the journal."""
    batches = [record(id=number, name="a") for number in range(6)]

    loader.load(schema(), *batches, deleted(id=0), deleted(id=5, name="b"))

    rows = loader.by_id()
    assert [key for key, row in sorted(rows.items()) if _marked(row)] == [0, 5]
    assert (rows[0]["name"], rows[5]["name"]) == ("a", "b")


def test_a_stream_can_declare_the_mark(loader: Loader) -> None:
    """A table has the column from the beginning then, and a file no field that says nothing."""
    mark = {"_sdc_deleted_at": {"type": ["string", "null"], "format": "date-time"}}

    loader.load(schema(**mark), record(id=1, _sdc_deleted_at=None))

    assert loader.rows() == [{"id": 1}]
    if loader.form == "jsonl":
        assert (loader.folder / "items.jsonl").read_text() == '{"id":1}\n'
    else:
        assert list(loader.query("FROM items")[0]) == ["id", "name", "_sdc_deleted_at"]


def test_hard_delete_removes_the_row(loader: Loader) -> None:
    """No trace stays, of rows stored before and of those in the same run."""
    loader.load(schema(), *(record(id=number) for number in range(5)))
    loader.settings["hard_delete"] = True

    loader.load(
        schema(),
        deleted(id=0),
        record(id=7),
        deleted(id=7),
        deleted(id=99),
        deleted(id=1),
        record(id=1, name="back"),
    )

    assert sorted(loader.by_id()) == [1, 2, 3, 4]
    assert not any("_sdc_deleted_at" in row for row in loader.rows())


def test_a_tombstone_need_not_have_required_fields(loader: Loader) -> None:
    """It holds the key, and what the tap happens to know."""
    demanding = schema()
    demanding["schema"]["required"] = ["id", "name"]
    demanding["schema"]["properties"]["name"] = {"type": "string"}

    loader.load(demanding, record(id=1, name="a"), deleted(id=1, name=None))

    assert _marked(loader.by_id()[1])


@pytest.mark.parametrize("hard", [False, True])
def test_a_new_version_deletes_what_it_does_not_have(loader: Loader, hard: bool) -> None:  # noqa: FBT001
    """At its activation, not before; rows of the new version stay."""
    loader.settings["hard_delete"] = hard
    old = [versioned(1, record(id=number)) for number in range(5)]
    loader.load(schema(), *old, activate(1))
    loader.load(schema(), versioned(2, record(id=3)), versioned(2, record(id=9)))
    before = loader.rows()

    loader.load(schema(), versioned(2, record(id=4)), activate(2))

    after = loader.by_id()
    live = [key for key, row in sorted(after.items()) if "_sdc_deleted_at" not in row]
    assert not any("_sdc_deleted_at" in row for row in before)
    assert len(before) == 6
    assert live == [3, 4, 9]
    assert len(after) == (3 if hard else 6)


def test_activating_a_version_again_changes_nothing(loader: Loader) -> None:
    """An incremental run speaks of the version that the rows have."""
    loader.load(schema(), versioned(7, record(id=1)), versioned(7, record(id=2)), activate(7))

    loader.load(schema(), versioned(7, record(id=2)), activate(7))

    assert not any("_sdc_deleted_at" in row for row in loader.rows())


def test_versions_can_be_ignored(loader: Loader) -> None:
    """By the SDK's setting."""
    loader.settings["process_activate_version_messages"] = False

    loader.load(schema(), versioned(1, record(id=1)), activate(2))

    assert "_sdc_deleted_at" not in loader.by_id()[1]


def test_rows_are_clean_unless_metadata_is_asked_for(loader: Loader) -> None:
    """No _sdc_ fields where nothing was deleted and there are no versions."""
    message = record(id=1) | {"time_extracted": "2026-01-01T00:00:00+00:00"}
    loader.load(schema("plain"), message | {"stream": "plain"})
    loader.settings["add_record_metadata"] = True

    loader.load(schema("rich"), message | {"stream": "rich"})

    assert loader.rows("plain") == [{"id": 1}]
    assert loader.rows("rich")[0]["_sdc_extracted_at"].startswith("2026-01-01T00:00:00")
    assert "_sdc_received_at" in loader.rows("rich")[0]


def test_stream_maps_of_the_sdk_work(loader: Loader) -> None:
    """Aliases, hashes, removed fields and filters; tombstones keep their mark through them."""
    loader.settings["stream_maps"] = {
        "items": {"__alias__": "things", "__filter__": "id < 3", "id": "id", "__else__": None}
    }

    loader.load(schema(), record(id=1, name="x"), record(id=2), record(id=3), deleted(id=2))

    rows = loader.by_id("things")
    assert rows[1] == {"id": 1}
    assert _marked(rows[2])
    assert sorted(rows) == [1, 2]


def test_any_name_of_a_stream_can_be_used(loader: Loader) -> None:
    """As a table it is that name; as a file it is that name, escaped and never hidden."""
    names = ["a/b", "..", ".hidden", "Über.Größe", "we\"ird's", "incoming", "main"]
    messages = [message for name in names for message in (schema(name), record(name, id=1))]

    loader.load(*messages)
    loader.load(*messages)

    if loader.form == "jsonl":
        files = list(loader.folder.iterdir())
        assert [file.read_text() for file in files] == ['{"id":1}\n'] * len(names)
        assert not any(file.name.startswith(".") for file in files)
        assert (loader.folder / "%C3%9Cber.Gr%C3%B6%C3%9Fe.jsonl") in files
    else:
        for name in names:
            quoted = name.replace('"', '""')
            assert loader.query(f'FROM "{quoted}"') == [{"id": 1, "name": None}]


@pytest.mark.parametrize("runs", [1, 2])
def test_streams_that_differ_by_case_alone_are_refused(loader: Loader, runs: int) -> None:
    """They would share a table, and on many file systems a file."""
    first, second = schema("Items"), schema("items")

    with pytest.raises(SchemaError, match=r"'items'.*'Items'.*__alias__"):  # noqa: PT012
        if runs == 1:
            loader.load(first, second)
        else:
            loader.load(first)
            loader.load(second)


def test_a_key_that_is_no_property_is_refused(loader: Loader) -> None:
    """The message names stream and key."""
    with pytest.raises(SchemaError, match="'items' has 'uid' in its key"):
        loader.load(keyed(schema(), "uid"))


def test_a_stream_can_change_its_key(loader: Loader) -> None:
    """Rows under the old key stay until a row with their new key comes."""
    loader.load(schema(), record(id=1, name="a"), record(id=2, name="b"))

    loader.load(schema(), record(id=3, name="c"), keyed(schema(), "name"), record(id=9, name="b"))

    assert sorted((row["id"], row["name"]) for row in loader.rows()) == [
        (1, "a"),
        (3, "c"),
        (9, "b"),
    ]
