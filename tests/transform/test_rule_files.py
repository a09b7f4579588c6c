"""Rule files and settings that cannot be used: every fault at once, where it stands."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from mapper_worklog.mapper import MapperWorklog
from singer_sdk.exceptions import ConfigValidationError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench


def faults_of(bench: Bench, rules: str, **settings: object) -> list[str]:
    """Return the faults of a rule file, without the path before its name."""
    with pytest.raises(ConfigValidationError) as caught:
        bench.mapper(rules, io.BytesIO(), **settings)
    _, *faults = str(caught.value).split("\n  ")
    return [fault.replace(f"{bench.folder}/", "") for fault in faults]


def test_all_faults_are_named_at_once(bench: Bench) -> None:
    """Unknown words come with what may have been meant."""
    rules = """\
        timezone: Europe/Olso
        unmaped: drop
        tables:
          t: {exacts: {a: b}}
        streams:
          e:
            too: x
            rules:
              - renam: {a: b}
              - drop: {a: b}
              - lookup: a
                tabel: t
                to: b
              - {hash: a, drop: b}
              - {hash: a, algorithm: md5}
              - {hours: {hours: a}, to: b}
              - {calendar: a, to: [iso_weak]}
              - shape: work_entry
              - {lookup: a, table: ts, to: b}
              - {local_date: a}
              - {set: {a: null}}
              - {instant: {epoch_seconds: a}, zone: UTC, to: b}
        """

    faults = faults_of(bench, rules)

    assert sorted(fault.split(": ", maxsplit=1)[0] for fault in faults) == sorted(
        f"rules.yml:{line}"
        for line in (1, 2, 4, 4, 7, 9, 10, 12, 11, 14, 15, 16, 16, 17, 18, 19, 20, 21, 22)
    )
    text = "\n".join(faults)
    assert "unknown zone 'Europe/Olso'. Did you mean 'Europe/Oslo'?" in text
    assert "unknown word 'unmaped'. Did you mean 'unmapped'?" in text
    assert "rule 1: 'renam' is no rule. Did you mean 'rename'?" in text
    assert "unknown word 'tabel'. Did you mean 'table'?" in text
    assert "rule 4: hash and drop are two rules" in text
    assert "a date has no 'iso_weak'. Did you mean 'iso_week'?" in text
    assert "unknown shape 'work_entry'. Did you mean 'work_entries'?" in text
    assert "there is no table 'ts'. Did you mean 't'?" in text


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("streams: {e: [}", "rules.yml:1: is not YAML"),
        ("", "rules.yml: is empty"),
        ("- a", "rules.yml:1: needs 'word: value' pairs here"),
        ("timezone: UTC", "rules.yml:1: has no 'streams'"),
        ("streams: {e: {rules: [{drop: a}]}, e: {}}", "rules.yml:1: 'e' stands here twice"),
        ("streams: {e: [{}, {}]}", "rules.yml: e is mapped twice. Give one another 'to'"),
        ("unmapped: pas\nstreams: {}", "rules.yml:1: 'unmapped' is pass or drop"),
        ("streams: {e: {rules: [{drop: []}]}}", "rules.yml:1: needs at least one text here"),
        ("streams: {e: {rules: [{drop: [[a]]}]}}", "rules.yml:1: needs a text here"),
        ("streams: {e: {rules: [{set: {a: [1]}}]}}", "rules.yml:1: needs one value here"),
        ("streams: {e: {rules: [drop]}}", "rules.yml:1: needs 'word: value' pairs here"),
    ],
)
def test_a_malformed_file_is_a_fault(bench: Bench, rules: str, fault: str) -> None:
    """With its line, where there is one."""
    assert faults_of(bench, rules)[0].startswith(fault)


def test_a_missing_file_is_a_fault_beside_those_of_others(bench: Bench) -> None:
    """One file does not hide another."""
    config = {
        "rules": [str(bench.folder / "gone.yml"), bench.write("a.yml", "streams: {e: {to: []}}")],
    }

    with pytest.raises(ConfigValidationError) as caught:
        MapperWorklog(config=config)

    assert "gone.yml: cannot be read: No such file or directory" in str(caught.value)
    assert "a.yml:1: needs a text here" in str(caught.value)


def test_files_must_agree_about_streams_without_rules(bench: Bench) -> None:
    """Pass in one and drop in another is a contradiction."""
    files = [bench.write(f"{word}.yml", f"unmapped: {word}\nstreams: {{{word}: {{}}}}")
             for word in ("pass", "drop")]  # fmt: skip

    with pytest.raises(ConfigValidationError, match=r"'unmapped' is pass in .*, and drop in "):
        MapperWorklog(config={"rules": files})


def test_every_fault_of_the_settings_is_named_without_a_value(bench: Bench) -> None:
    """A secret in the wrong place stays secret."""
    settings = {
        "hashkey": "Zanzibar",
        "hash_key": ["Zanzibar"],
        "timezone": "Zanzibar",
        "strict_rules": "Zanzibar",
    }

    faults = faults_of(bench, "streams: {}", **settings)

    assert [fault.split(":")[0] for fault in faults] == [
        "hashkey",
        "hash_key",
        "strict_rules",
        "timezone",
    ]
    assert "Did you mean 'hash_key'?" in faults[0]
    assert "Zanzibar" not in "".join(faults)


@pytest.mark.parametrize("rules", [None, "", [], [""], [3], {}])
def test_rules_are_needed(rules: object) -> None:
    """A mapper without any would only look as if it did something."""
    with pytest.raises(ConfigValidationError, match="rules: needs the path of a rule file"):
        MapperWorklog(config={"rules": rules})


def test_one_path_does_for_a_list(bench: Bench) -> None:
    """The setting can be a text."""
    mapper = MapperWorklog(config={"rules": bench.write("a.yml", "streams: {e: {}}")})

    assert list(mapper.flows) == ["e"]
