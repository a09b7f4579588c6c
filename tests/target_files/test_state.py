"""A state is passed on when the disk has what it speaks of, and not before."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from target_files.errors import StorageError
from target_files.journal import Journal
from target_files.rows import Kind, Row
from target_files.snapshot import Snapshot
from target_files.target import TargetFiles

from tests.target_files.loading import Loader, deleted, keyed, lines, record, schema, state

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.target_files.loading import Message


def test_the_last_state_comes_out_at_the_end(loader: Loader) -> None:
    """Once, although other messages follow it."""
    states = loader.load(schema(), record(id=1), state(1), state(2), record(id=2))

    assert states == [{"at": 2}]


def test_a_state_of_large_numbers_comes_out_as_it_is(jsonl: Loader) -> None:
    """Nothing in it is rounded."""
    assert jsonl.load(state(2**70)) == [{"at": 2**70}]


def test_states_come_out_during_a_run(loader: Loader) -> None:
    """After each full batch, counted over all streams."""
    messages = [schema("a"), schema("b")]
    for number in range(6):
        messages += [record("ab"[number % 2], id=number), state(number)]

    states = loader.load(*messages)

    assert [value["at"] for value in states] == [1, 4, 5]


def test_states_come_out_in_time(loader: Loader) -> None:
    """Also when batches do not fill: here, when records may wait for no time at all."""

    class Prompt(TargetFiles):
        longest_wait_seconds = 0.0

    loader.settings["batch_size_rows"] = 1000
    messages = [schema(), record(id=1), state(1), record(id=2), state(2)]

    assert [value["at"] for value in loader.load(*messages)] == [2]
    assert [value["at"] for value in loader.load(*messages, by=Prompt)] == [1, 2]


def test_a_state_waits_for_all_streams(loader: Loader) -> None:
    """Killed after a batch, the other stream has its rows too."""
    messages = [
        schema("slow"),
        record("slow", id=1),
        schema("fast"),
        *(record("fast", id=number) for number in range(4)),
        state("fast 3"),
        *(record("fast", id=number) for number in range(4, 7)),
    ]

    with running(loader, messages) as process:
        seen = next_state(process)
        process.kill()

    loader.load()
    assert seen == {"at": "fast 3"}
    assert [row["id"] for row in loader.rows("slow")] == [1]
    assert {0, 1, 2, 3} <= loader.by_id("fast").keys()


def test_a_run_that_was_killed_and_run_again_is_as_good_as_one(
    loader: Loader, tmp_path: Path
) -> None:
    """From the last state on, whichever that was, with deletes and a later schema."""
    history = _history()
    unbroken = Loader(tmp_path / "unbroken", loader.form, loader.settings)
    unbroken.load(*history)

    with running(loader, history) as process:
        last = [next_state(process) for _ in range(2)][-1]
        process.kill()
    resumed = history.index({"type": "STATE", "value": last})
    schemas = [message for message in history[:resumed] if message["type"] == "SCHEMA"]
    states = loader.load(schemas[-1], *history[resumed:])

    assert states[-1] == {"at": 39}
    assert loader.by_id() == unbroken.by_id()
    if loader.form == "jsonl":
        assert loader.rows() == unbroken.rows()
        assert [path.name for path in loader.folder.iterdir()] == ["items.jsonl"]
    else:
        assert [path.name for path in loader.folder.iterdir()] == ["worktaps.duckdb"]


def test_what_a_killed_run_has_stored_shows_after_the_next_start(jsonl: Loader) -> None:
    """Even if the next run does not have that stream."""
    jsonl.settings["batch_size_rows"] = 2
    with running(jsonl, [schema(), record(id=1), state(1), record(id=2)]) as process:
        next_state(process)
        process.kill()
    hidden = jsonl.rows()

    jsonl.load(schema("other"))

    assert hidden == []
    assert list(jsonl.by_id()) == [1, 2]


def test_readers_of_a_table_see_what_was_stored_before_a_kill(duck: Loader) -> None:
    """Without another run: the database recovers by itself."""
    duck.settings["batch_size_rows"] = 2
    with running(duck, [schema(), record(id=1), state(1), record(id=2)]) as process:
        next_state(process)
        process.kill()

    assert sorted(duck.by_id()) == [1, 2]


def test_a_kill_while_files_are_replaced_loses_nothing(jsonl: Loader) -> None:
    """Killed in the last phase, the next start has all rows that came."""
    count = 20_000
    jsonl.load(schema(), *(record(id=number, name="old") for number in range(count)))
    merging = jsonl.folder / ".items.merging"
    with jsonl.start() as process:
        assert process.stdin
        process.stdin.write(lines([schema()]))
        process.stdin.write(lines(record(id=number, name="new") for number in range(count)))
        process.stdin.close()
        while not merging.exists() and process.poll() is None:
            pass
        process.kill()
    between = {row["name"] for row in jsonl.rows()}

    jsonl.load()

    assert len(between) == 1
    assert {row["name"] for row in jsonl.by_id().values()} == {"new"}
    assert len(jsonl.rows()) == count


@pytest.mark.parametrize("step", ["merging", "merged", "replaced"])
def test_a_merge_that_was_cut_off_happens_once(jsonl: Loader, step: str) -> None:
    """Rows of streams without a key would otherwise be there twice."""
    jsonl.load(keyed(schema()), record(id=1))
    snapshot = Snapshot(jsonl.folder, "items")
    journal = Journal(snapshot.journal_path)
    journal.write([Row(Kind.PUT, None, b'{"id":2}')], [])
    both = '{"id":1}\n{"id":2}\n'
    if step == "merging":
        (jsonl.folder / ".items.merging").write_text('{"id":1}\n{"i')
    else:
        (jsonl.folder / ".items.merged").write_text(both)
    if step == "replaced":
        journal.clear()
    journal.close()

    jsonl.load()

    assert (jsonl.folder / "items.jsonl").read_text() == both
    assert [path.name for path in jsonl.folder.iterdir()] == ["items.jsonl"]


def test_a_snapshot_is_replaced_once_a_run(jsonl: Loader) -> None:
    """However many batches there are: a reader sees the old rows, then all the new ones."""
    jsonl.load(schema(), record(id=1, name="old"))
    jsonl.settings["batch_size_rows"] = 2
    batches = [schema()]
    for number in range(8):
        batches += [record(id=number, name="new"), state(number)]

    with running(jsonl, batches) as process:
        seen = [next_state(process) for _ in range(4)]
        during = jsonl.rows()
        _, _ = process.communicate()

    assert [value["at"] for value in seen] == [0, 2, 4, 6]
    assert during == [{"id": 1, "name": "old"}]
    assert len(jsonl.rows()) == 8


def test_lines_keep_their_place(jsonl: Loader) -> None:
    """Changed rows stay where they are, new ones follow in the order in which they came."""
    jsonl.settings["batch_size_rows"] = 2
    jsonl.load(schema(), *(record(id=number, name="a") for number in (5, 3, 9, 1)))

    jsonl.load(schema(), *(record(id=number, name="b") for number in (7, 1, 3, 2, 7)))

    assert [(row["id"], row["name"]) for row in jsonl.rows()] == [
        (5, "a"),
        (3, "b"),
        (9, "a"),
        (1, "b"),
        (7, "b"),
        (2, "b"),
    ]


def test_a_bad_record_stops_the_run_before_its_batch_is_stored(loader: Loader) -> None:
    """Exit code 1, the state before that batch, and not one row of it."""
    ended = loader.run(
        schema(),
        *(record(id=number) for number in range(3)),
        state("good"),
        record(id=3),
        record(id="bad"),
        record(id=4),
        state("bad"),
    )

    loader.load()
    assert ended.exit_code == 1
    assert ended.states == []
    assert sorted(loader.by_id()) == [0, 1, 2]
    assert "Record 5 of stream 'items' does not fit the schema at id: type integer" in ended.log


def test_a_signal_stores_what_has_come(loader: Loader) -> None:
    """Its state is passed on, and the exit code says that the run was not complete."""
    loader.settings["batch_size_rows"] = 2
    messages = [schema(), record(id=1), state(1), record(id=2), record(id=3), state(3)]

    with running(loader, messages) as process:
        first = next_state(process)
        process.send_signal(signal.SIGTERM)
        rest, log = process.communicate()

    loader.load()
    assert first == {"at": 1}
    assert process.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in log
    if rest:  # unless the signal came before the third record was read
        assert json.loads(rest) == {"at": 3}
        assert sorted(loader.by_id()) == [1, 2, 3]


def test_a_second_writer_is_refused(loader: Loader) -> None:
    """The first one goes on undisturbed; the message says what to do."""
    loader.settings["batch_size_rows"] = 1
    with running(loader, [schema(), record(id=1), state(1), record(id=1)]) as process:
        next_state(process)
        second = loader.run(schema(), record(id=2))
        process.communicate()

    assert second.exit_code == 1
    assert second.states == []
    assert "Another process" in second.log
    assert "or set another" in second.log
    assert process.returncode == 0
    assert list(loader.by_id()) == [1]


def test_two_processes_can_write_different_files_of_a_folder(jsonl: Loader) -> None:
    """Only the stream is locked, so jobs for other streams run beside each other."""
    jsonl.settings["batch_size_rows"] = 1
    messages = [schema("a"), record("a", id=1), state(1), record("a", id=1)]
    with running(jsonl, messages) as process:
        next_state(process)
        second = jsonl.run(schema("b"), record("b", id=2))
        process.communicate()

    assert (second.exit_code, process.returncode) == (0, 0)
    assert (list(jsonl.by_id("a")), list(jsonl.by_id("b"))) == ([1], [2])


def test_a_file_that_is_something_else_is_left_alone(loader: Loader) -> None:
    """The message names it."""
    loader.folder.mkdir()
    file = loader.folder / ("items.jsonl" if loader.form == "jsonl" else "worktaps.duckdb")
    file.write_text("id;name\n1;a\n")

    with pytest.raises(StorageError, match=re.escape(str(file))):
        loader.load(schema(), record(id=1), state(1))

    assert file.read_text() == "id;name\n1;a\n"


def test_a_damaged_journal_is_named(jsonl: Loader) -> None:
    """It is for the operator to decide from which state to start again."""
    jsonl.folder.mkdir()
    (jsonl.folder / ".items.journal").write_text("x" * 5000)

    with pytest.raises(StorageError, match=r"\.items\.journal is damaged"):
        jsonl.load(schema())


def test_a_folder_that_cannot_be_made_is_named(jsonl: Loader) -> None:
    """One line, no traceback."""
    jsonl.folder.write_text("a file")

    ended = jsonl.run(schema())

    assert ended.exit_code == 1
    assert f"Cannot write {jsonl.folder}" in ended.log
    assert "Traceback" not in ended.log


def test_nobody_reading_the_states_ends_the_run(jsonl: Loader) -> None:
    """With exit code 1: the state has reached nobody."""
    with jsonl.start() as process:
        assert process.stdin
        assert process.stdout
        process.stdout.close()
        process.stdin.write(lines([schema(), record(id=1), state(1)]))
        process.stdin.close()
        assert process.stderr
        log = process.stderr.read()

    assert process.returncode == 1
    assert b"Whoever reads the output has gone" in log
    assert b"Traceback" not in log


@contextmanager
def running(loader: Loader, messages: list[Message]) -> Iterator[subprocess.Popen[bytes]]:
    """The command, with messages written to it and its input still open."""
    with loader.start() as process:
        assert process.stdin
        process.stdin.write(lines(messages))
        try:
            yield process
        finally:
            process.kill()


def next_state(process: subprocess.Popen[bytes]) -> Any:  # noqa: ANN401 - as the test wrote it
    """Wait for the next state that the command passes on."""
    assert process.stdout
    return json.loads(process.stdout.readline())


def _history() -> list[Message]:
    """Forty records with a state after each: new and changed rows, deletes, a later column."""
    messages: list[Message] = []
    for number in range(40):
        if number % 20 == 0:
            messages.append(schema(**({"note": {"type": "string"}} if number else {})))
        key, name = number * 7 % 25, f"version {number}"
        messages.append(deleted(id=key) if number % 5 == 4 else record(id=key, name=name))
        messages.append(state(number))
    return messages
