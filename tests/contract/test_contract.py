"""What every tap promises: the same tests for all of them, by one line in ``cases``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.conftest import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Subject

TRANSIENT: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "headers": {"Retry-After": "7"}},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "body": "html"},
    {"kind": "html"},
    {"kind": "drop"},
    {"kind": "reset"},
    {"kind": "truncate"},
]
REFUSALS = (400, 401, 403, 404, 422, 500)


def secrets_of(config: Any) -> Iterator[str]:  # noqa: ANN401 - settings
    """Yield the texts that may be in no log: tokens, passwords, keys."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from secrets_of(value)
        elif (
            isinstance(value, str)
            and any(word in name for word in ("token", "secret", "password", "key"))
            and not name.endswith("_store")
        ):
            yield value


def persons_of(schema: dict[str, Any], value: Any) -> Iterator[str]:  # noqa: ANN401 - of a record
    """Yield the texts of a record that its schema marks as telling who somebody is."""
    if schema.get("x-pii") == "direct" and isinstance(value, str) and len(value) > 4:
        yield value
    for name, part in schema.get("properties", {}).items():
        if isinstance(value, dict):
            yield from persons_of(part, value.get(name))
    for part in value if isinstance(value, list) and isinstance(schema.get("items"), dict) else ():
        yield from persons_of(schema["items"], part)


def test_a_second_run_without_a_change_leaves_the_table_as_it_is(subject: Subject) -> None:
    """It may read again, and then finds the same."""
    first = subject.run()

    second = subject.run(first.state)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert subject.table(first)
    assert subject.table(first, second) == subject.table(first)
    assert second.outcomes[subject.case.stream].tombstones == 0


def test_a_late_edit_arrives(subject: Subject) -> None:
    """With the next run."""
    key, row_id = subject.recent()
    first = subject.run()
    vendor_field, field, value = subject.case.edit

    subject.control.edit(subject.case.collection, row_id, **{vendor_field: value})
    subject.clock.advance(60)
    second = subject.run(first.state)

    assert subject.table(first, second)[key][field] == value


def test_a_row_that_is_deleted_goes_and_no_other(subject: Subject) -> None:
    """With a tombstone that has its key."""
    key, row_id = subject.recent()
    first = subject.run()

    subject.control.delete(subject.case.collection, row_id)
    subject.clock.advance(60)
    second = subject.run(first.state)

    assert subject.table(first).keys() - subject.table(first, second).keys() == {key}
    assert second.outcomes[subject.case.stream].tombstones == 1


def test_a_run_that_was_killed_goes_on_from_each_state(subject: Subject) -> None:
    """Whatever the last state was that got through, in the end the table holds everything."""
    whole = subject.run()
    places = [number for number, message in enumerate(whole.messages) if message["type"] == "STATE"]
    for place in places[:: max(1, len(places) // 5)]:
        cut = Run(messages=whole.messages[: place + 1])

        rest = subject.run(cut.state)

        assert rest.exit_code == 0
        assert subject.table(cut, rest) == subject.table(whole)


def test_what_a_state_asks_for_is_said_before(subject: Subject, tmp_path: Path) -> None:
    """In requests, too: never more than the run then needs."""
    kept = tmp_path / "state.json"
    kept.write_text(json.dumps(subject.run(select=subject.streams).state))

    told = subject.command("state", "explain", f"--state={kept}").output
    second = subject.run(json.loads(kept.read_text()), select=subject.streams)

    for name, least in re.findall(r"^(\w+): .*\n    requests: (\d+) or more", told, re.MULTILINE):
        assert int(least) <= max(second.outcomes[name].requests, 1), name
    assert f"{subject.case.stream}: " in told


def test_one_broken_stream_leaves_the_others_complete(subject: Subject) -> None:
    """And the exit code says that one is."""
    case = subject.case
    subject.run()  # tokens, and what else comes before
    subject.fault(kind="status", status=500, times=None)

    result = subject.run(select=[case.stream, case.other])

    assert result.exit_code == 1
    assert result.outcomes[case.stream].result.value in ("failed", "partial")
    assert result.outcomes[case.other].result.value == "complete"


@pytest.mark.parametrize(
    "fault", TRANSIENT, ids=lambda fault: str(fault.get("status", fault["kind"]))
)
def test_what_passes_is_waited_for(subject: Subject, fault: dict[str, Any]) -> None:
    """Nothing is lost, and a wait that is asked for is kept."""
    whole = subject.run()
    subject.fault(**fault)
    before = subject.clock.monotonic()

    result = subject.run()

    assert result.exit_code == 0, result.log
    if fault.get("status") == 429:
        assert subject.clock.monotonic() - before >= 7
        assert subject.table(result).keys() == subject.table(whole).keys()  # timers have run on
    else:
        assert subject.table(result) == subject.table(whole)


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_is_never_green(subject: Subject, status: int) -> None:
    """It says what it is, moves no bookmark and deletes nothing; no secret is told."""
    case = subject.case
    first = subject.run()
    subject.fault(kind="status", status=status, times=None)

    result = subject.run(first.state)

    outcome = result.outcomes[case.stream]
    assert result.exit_code == 1
    assert outcome.result.value in ("failed", "unavailable", "partial")
    assert outcome.detail
    assert outcome.tombstones == 0
    before = first.state["bookmarks"].get(case.stream, {}).get("replication_key_value")
    after = result.state.get("bookmarks", {}).get(case.stream, {}).get("replication_key_value")
    assert after in (None, before)
    assert [secret for secret in secrets_of(subject.config) if secret in result.log] == []


@pytest.mark.parametrize(
    ("status", "finding"),
    [(200, "ok"), (403, "no permission"), (401, "wrong account"), (500, "failed")],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_the_connection_test_names_what_is_wrong(
    subject: Subject, status: int, finding: str
) -> None:
    """Stream by stream; what is fine does not hide it."""
    if status == 401:
        subject.control.fault(path="*", kind="status", status=status, times=None)
    elif status != 200:
        subject.fault(kind="status", status=status, times=None)

    result = subject.command("--test")

    (line,) = re.findall(rf"^{subject.case.stream} +(.+?)  +.*$", result.stdout, re.MULTILINE)
    assert line == finding
    assert result.exit_code == (0 if finding == "ok" else 1)
    assert '"type"' not in result.stdout
    assert [secret for secret in secrets_of(subject.config) if secret in result.output] == []


def test_a_field_that_is_not_declared_does_not_go_unnoticed(subject: Subject) -> None:
    """Nor one of another type: both are named without their values, and may fail the run."""
    case = subject.case
    vendor_field, field, _ = case.edit
    _, row_id = subject.recent()
    quiet = subject.run(on_drift="fail")
    subject.control.edit(case.collection, row_id, **{vendor_field: [["odd"]]})
    subject.fault(kind="rows", merge={"surprise": "a-new-one"}, times=None)
    subject.clock.advance(60)

    reported, failed = subject.run(), subject.run(on_drift="fail")

    assert (quiet.exit_code, reported.exit_code, failed.exit_code) == (0, 0, 1)
    differences = reported.outcomes[case.stream].drift
    assert differences.undeclared == ([] if case.asks_for_fields else ["surprise"])
    assert differences.mistyped == [field]
    assert f"{case.stream}: drift: " in reported.log
    assert "a-new-one" not in reported.log


def test_everything_that_comes_is_declared(subject: Subject) -> None:
    """Or left out on purpose, in all streams of the tap."""
    result = subject.run(select=subject.streams)

    drifted = {name: one.drift[:2] for name, one in result.outcomes.items() if any(one.drift[:2])}
    assert drifted == {}


def test_no_secret_and_no_person_is_told(subject: Subject) -> None:
    """Neither in the log nor in a state."""
    result = subject.run(select=[subject.case.stream, subject.case.other])

    told = result.log + json.dumps([one for one in result.messages if one["type"] == "STATE"])
    assert [secret for secret in secrets_of(subject.config) if secret in told] == []
    persons = {
        text
        for message in result.messages
        if message["type"] == "SCHEMA"
        for row in result.records(message["stream"])
        for text in persons_of(message["schema"], row)
    }
    assert [person for person in persons if person in told] == []


def test_every_record_fits_its_schema(subject: Subject) -> None:
    """That came before it; and keys are there."""
    case = subject.case
    schemas: dict[str, jsonschema.Draft7Validator] = {}
    count = 0
    for message in subject.run(select=[case.stream, case.other]).messages:
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = jsonschema.Draft7Validator(message["schema"])
        elif message["type"] == "RECORD":
            count += 1
            assert [
                error.message for error in schemas[message["stream"]].iter_errors(message["record"])
            ] == []
    assert count
