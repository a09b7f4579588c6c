"""The command as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

RULES = """
    streams:
      people:
        rules:
          - hash: email
          - name: nobody has one
            lookup: role
            table:
              exact: {Boss: lead}
              keywords: [{word: chief, is: lead}, {word: acting, is: deputy}]
            to: rank
          - where: {id: {above: 0}}
"""
FIELDS = {"email": "string", "role": "string", "notes": "string"}
PERSON = {"id": 1, "email": "zanzibar@example.com", "role": "Zanzibari", "notes": "Zanzibar"}


def config(bench: Bench, rules: str = RULES, **settings: object) -> str:
    """Write rule file and config; return the path of the config."""
    rule_file = bench.write("rules.yml", rules)
    return bench.write("config.json", json.dumps({"rules": rule_file, **settings}))


def lines(*messages: object) -> bytes:
    """Encode messages."""
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def test_it_maps_standard_input_to_standard_output(bench: Bench) -> None:
    """Settings come from a file, the secret from the environment; the log holds no value."""
    messages = lines(bench.schema("people", FIELDS), bench.record("people", PERSON))

    run = bench.command(
        *("--config", config(bench), "--config", "ENV"),
        stdin=messages,
        env={"MAPPER_WORKLOG_HASH_KEY": "Zanzibar-pepper"},
    )

    assert run.returncode == 0, run.stderr.decode()
    schema, record = (json.loads(line) for line in run.stdout.splitlines())
    assert schema["type"] == "SCHEMA"
    assert len(record["record"]["email"]) == 64
    assert b"zanzibar" not in run.stderr.lower()
    assert b"rule 2 (nobody has one) matched nothing in 1 records" in run.stderr


def test_strict_rules_make_a_silent_rule_an_error(bench: Bench) -> None:
    """All messages are written all the same."""
    messages = lines(bench.schema("people", FIELDS), bench.record("people", PERSON))

    run = bench.command(
        "--config", config(bench, hash_key="pepper", strict_rules=True), stdin=messages
    )

    assert run.returncode == 1
    assert len(run.stdout.splitlines()) == 2
    assert b"rule 2 (nobody has one) matched nothing in 1 records" in run.stderr
    assert b"Traceback" not in run.stderr


def test_strict_rules_do_not_judge_a_run_without_records(bench: Bench) -> None:
    """A nightly run that brings nothing new succeeds, and so does a keyword that nobody wrote."""
    chief = {**PERSON, "role": "chief"}
    path = config(bench, hash_key="pepper", strict_rules=True)

    empty = bench.command("--config", path, stdin=lines(bench.schema("people", FIELDS)))
    small = bench.command(
        "--config", path, stdin=lines(bench.schema("people", FIELDS), bench.record("people", chief))
    )

    assert (empty.returncode, small.returncode) == (0, 0)


def test_explain_shows_what_each_rule_did(bench: Bench) -> None:
    """A table instead of messages; exit code 1 since a rule and a keyword matched nothing."""
    chief = {**PERSON, "id": 2, "role": "the chief"}
    path = bench.folder / "messages.jsonl"
    path.write_bytes(
        lines(
            bench.schema("people", FIELDS),
            bench.record("people", PERSON),
            bench.record("people", chief),
        )
    )

    run = bench.command(
        "--explain", "--config", config(bench, hash_key="pepper"), "--input", str(path)
    )

    table = run.stdout.decode()
    assert run.returncode == 1
    assert [line.split()[:3] for line in table.splitlines()[1:9]] == [
        ["2", "records,", "0"],
        ["2", "1", "hash:"],
        ["1", "2", "lookup:"],
        ["0", "exact", "entries"],
        ["1", "word", "chief"],
        ["0", "word", "acting"],
        ["1", "default"],
        ["2", "3", "where:"],
    ]
    assert "rule 2 (nobody has one) matched nothing in 2 records: word acting" in table
    assert "zanzibar" not in (table + run.stderr.decode()).lower()


def test_explain_is_content_when_all_rules_match(bench: Bench) -> None:
    """What is marked optional may match nothing."""
    rules = """
        streams:
          people:
            rules:
              - {drop: notes}
              - {rename: {gone: away}, optional: true}
          others: {optional: true}
        """
    messages = lines(bench.schema("people", FIELDS), bench.record("people", PERSON))

    run = bench.command("--explain", "--config", config(bench, rules), stdin=messages)

    assert run.returncode == 0, run.stdout.decode()
    assert "the stream did not come" in run.stdout.decode()


def test_explain_names_a_stream_that_did_not_come(bench: Bench) -> None:
    """A misspelt stream would otherwise let everything through unchanged."""
    messages = lines(bench.schema("peoples", FIELDS), bench.record("peoples", PERSON))

    run = bench.command("--explain", "--config", config(bench, hash_key="k"), stdin=messages)

    assert run.returncode == 1
    assert "the input has no stream 'people'. Did you mean 'peoples'?" in run.stdout.decode()


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("streams: {people: {rules: [{dorp: notes}]}}", "Did you mean 'drop'?"),
        ("streams: {people: {rules: [{drop: note}]}}", "Did you mean 'notes'?"),
        ("streams: {people: {rules: [{hash: email}]}}", "needs the setting hash_key"),
    ],
)
def test_faults_end_it_with_one_message(bench: Bench, rules: str, fault: str) -> None:
    """Exit code 1, no record, no traceback."""
    messages = lines(bench.schema("people", FIELDS), bench.record("people", PERSON))

    run = bench.command("--config", config(bench, rules), stdin=messages)

    assert run.returncode == 1
    assert run.stdout == b""
    assert fault in run.stderr.decode()
    assert b"Traceback" not in run.stderr
    assert b"zanzibar" not in run.stderr.lower()


def test_it_stops_quietly_when_nobody_reads_its_output(bench: Bench) -> None:
    """A target that died is the error, not a traceback of the mapper."""
    messages = lines(
        bench.schema("people", FIELDS), *[bench.record("people", PERSON) for _ in range(5_000)]
    )
    path = bench.folder / "messages.jsonl"
    path.write_bytes(messages)
    reading, writing = os.pipe()
    os.close(reading)

    run = subprocess.run(
        [
            *(sys.executable, "-m", "mapper_worklog"),
            *("--config", config(bench, hash_key="k"), "--input", str(path)),
        ],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)

    assert run.returncode == 1
    assert b"Whoever reads the output has gone" in run.stderr
    assert b"Traceback" not in run.stderr
    assert b"Exception ignored" not in run.stderr


def test_it_says_what_it_is(bench: Bench) -> None:
    """Settings as Meltano and people ask for them; the key is a secret."""
    run = bench.command("--about", "--format", "json")

    about = json.loads(run.stdout)
    properties = about["settings"]["properties"]
    assert set(properties) == {"rules", "hash_key", "timezone", "strict_rules"}
    assert properties["hash_key"]["secret"] is True
