"""A state is passed on when BigQuery has what it speaks of, and not before."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from singer_tapkit.targets.errors import InputError

from tests.target_files.loading import activate, deleted, lines, record, schema, state, versioned

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.target_bigquery.loading import Loader
    from tests.target_files.loading import Message


@contextmanager
def running(loader: Loader, messages: list[Message]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command with messages, its input still open; it dies at the end of the block."""
    with loader.start() as process:
        assert process.stdin
        process.stdin.write(lines(messages))
        try:
            yield process
        finally:
            process.kill()


def next_state(process: subprocess.Popen[bytes]) -> Any:  # noqa: ANN401
    """Wait for a state."""
    assert process.stdout
    line = b""
    while not line.endswith(b"\n"):
        byte = process.stdout.read(1)
        assert byte, process.stderr and process.stderr.read().decode()
        line += byte
    return json.loads(line)


def test_the_last_state_comes_out_at_the_end(loader: Loader) -> None:
    """Once, although other messages follow it."""
    states = loader.load(schema(), record(id=1), state(1), state(2), record(id=2))

    assert states == [{"at": 2}]


def test_states_come_out_during_a_run(loader: Loader) -> None:
    """After each full batch, counted over all streams."""
    loader.settings["batch_size_rows"] = 3
    messages = [schema("a"), schema("b")]
    for number in range(6):
        messages += [record("ab"[number % 2], id=number), state(number)]

    states = loader.load(*messages)

    assert [value["at"] for value in states] == [1, 4, 5]


def test_states_come_out_in_time(loader: Loader) -> None:
    """Also when batches do not fill: here, when rows may wait for no time at all."""
    loader.settings["max_batch_age_seconds"] = 0

    states = loader.load(schema(), record(id=1), state(1), record(id=2), state(2))

    assert [value["at"] for value in states] == [1, 2]


def test_a_state_waits_for_all_streams(loader: Loader) -> None:
    """Killed after a batch of one stream, the other has its rows too."""
    loader.settings["batch_size_rows"] = 4
    messages = [
        schema("slow"),
        record("slow", id=1),
        schema("fast"),
        *(record("fast", id=number) for number in range(2)),
        state("fast 1"),
        record("fast", id=2),
    ]

    with running(loader, messages) as process:
        seen = next_state(process)

    assert seen == {"at": "fast 1"}
    assert sorted(loader.by_id("slow")) == [1]
    assert {0, 1} <= loader.by_id("fast").keys()


def test_a_run_that_was_killed_and_run_again_is_as_good_as_one(loader: Loader) -> None:
    """From the last state on, with overlap, deletes and a re-index at its end."""
    loader.settings |= {"batch_size_rows": 4, "hard_delete": True}
    history: list[Message] = [schema()]
    for number in range(20):
        history += [versioned(2, record(id=number % 12, name=f"n{number}")), state(number)]
        if number % 5 == 0:
            history.append(deleted(id=number % 12))
    loader.load(schema(), record(id=99, name="old"))

    with running(loader, history) as process:
        last = [next_state(process) for _ in range(3)][-1]
    between = loader.by_id()
    rest = history[history.index({"type": "STATE", "value": last}) :]
    states = loader.load(schema(), *rest, activate(2))

    expected: dict[int, str] = {}
    for message in history:
        row = message.get("record", {})
        if "_sdc_deleted_at" in row:
            expected.pop(row["id"])
        elif row:
            expected[row["id"]] = row["name"]
    assert 99 in between
    assert states[-1] == {"at": 19}
    assert {number: row["name"] for number, row in loader.by_id().items()} == expected


def test_termination_stores_what_has_come(loader: Loader) -> None:
    """And passes on its state, with the exit code of a signal."""
    loader.settings["batch_size_rows"] = 2
    messages = [schema(), record(id=1), state(1), record(id=2), record(id=3), state(3)]

    with running(loader, messages) as process:
        next_state(process)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()

    assert process.returncode == 143
    assert [json.loads(line) for line in output.splitlines()] in ([{"at": 3}], [])
    assert {1, 2} <= loader.by_id().keys()


def test_a_load_that_fails_passes_on_no_state(loader: Loader) -> None:
    """Here since the emulator does not read compressed rows; what stood before is not touched."""
    loader.load(schema(), record(id=1, name="before"))
    loader.settings |= {"load_compression": "gzip", "retry_seconds": 0}

    ended = loader.run(schema(), record(id=1, name="after"), state(1))

    assert ended.exit_code == 1
    assert ended.states == []
    assert "Cannot load 1 rows into lab." in ended.log
    assert "after" not in ended.log.replace("gone, after", "")
    assert loader.by_id() == {1: {"id": 1, "name": "before"}}
    assert loader.tables() == {"items"}


def test_a_service_that_cannot_be_reached_ends_the_run(loader: Loader) -> None:
    """After the time for retries, which are told of, with exit code 1 and no state."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        loader.endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        loader.settings["retry_seconds"] = 1

        ended = loader.run(schema(), record(id=1), state(1))

    assert ended.exit_code == 1
    assert ended.states == []
    assert "Asking again, after: ConnectionError" in ended.log
    assert f"Cannot look at dataset lab.{loader.dataset} at {loader.endpoint}" in ended.log
    assert "Traceback" not in ended.log


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"no message\n", "Line 2 of the input is not a Singer message"),
        (b'{"type": "RECORD", "stream": "other", "record": {}}\n', "before a corresponding schema"),
        (b'{"type": "BATCH", "stream": "items"}\n', "comes as BATCH, which target-bigquery does"),
        (b'{"type": "RECORD", "stream": "items", "record": []}\n', "is not a JSON object"),
    ],
)
def test_broken_input_ends_the_run(loader: Loader, line: bytes, said: str) -> None:
    """With exit code 1, one line that says what, and no state."""
    with loader.start() as process:
        output, log = process.communicate(lines([schema()]) + line + lines([state(1)]))

    assert process.returncode == 1
    assert output == b""
    assert said in log.decode().replace("\n", " ")
    assert b"Traceback" not in log


def test_a_version_must_be_a_number(loader: Loader) -> None:
    """Versions are compared."""
    with pytest.raises(InputError, match="is not an integer"):
        loader.load(schema(), {"type": "ACTIVATE_VERSION", "stream": "items", "version": "7"})
