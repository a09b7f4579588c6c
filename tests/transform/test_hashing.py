"""Pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest
from mapper_worklog.errors import RuleError
from singer_sdk.exceptions import ConfigValidationError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

USER = {"type": ["object", "null"], "properties": {"email": {"type": ["string", "null"]}}}


def test_hash_is_keyed(bench: Bench) -> None:
    """HMAC-SHA-256 in hex; the same value has the same pseudonym, null has none."""
    written = bench.run(
        "- hash: [user.email, number]",
        {"user": {"email": "ada@example.com"}, "number": 7},
        {"user": {"email": None}, "number": None},
        {"user": None},
        properties={"user": USER, "number": "integer"},
        hash_key="pepper",
    )

    expected = hmac.new(b"pepper", b"ada@example.com", hashlib.sha256).hexdigest()
    first, second, third = written.records()
    assert first["user"] == {"email": expected}
    assert first["number"] == hmac.new(b"pepper", b"7", hashlib.sha256).hexdigest()
    assert (second["user"], second["number"]) == ({"email": None}, None)
    assert third == {"id": 3, "user": None}
    assert written.properties()["number"]["type"] == ["string", "null"]


def test_plain_sha256_is_asked_for_by_name(bench: Bench) -> None:
    """For tables that hold such hashes already; it needs no key."""
    written = bench.run(
        "- {hash: email, algorithm: sha256}",
        {"email": "ada@example.com"},
        properties={"email": "string"},
    )

    expected = hashlib.sha256(b"ada@example.com").hexdigest()
    assert written.records()[0]["email"] == expected


def test_marks_of_the_plain_value_do_not_stay(bench: Bench) -> None:
    """Format, length and privacy mark of an address say nothing about its hash."""
    plain = {"type": "string", "format": "email", "maxLength": 20, "x-pii": "direct"}

    written = bench.run("- hash: email", properties={"email": plain}, hash_key="pepper")

    assert set(written.properties()["email"]) == {"type", "description"}


@pytest.mark.parametrize("key", [None, ""])
def test_a_missing_key_is_found_before_the_first_record(bench: Bench, key: str | None) -> None:
    """The fault names file, line and rule."""
    with pytest.raises(ConfigValidationError, match=r"rules\.yml:4: rule 1 \(hash\): needs .*key"):
        bench.run("- hash: email", properties={"email": "string"}, hash_key=key)


def test_a_hashed_key_stays_the_key(bench: Bench) -> None:
    """Its type follows."""
    written = bench.run("- hash: id", {}, properties={}, hash_key="pepper")

    assert written.schema()["key_properties"] == ["id"]
    assert written.properties()["id"]["type"] == ["string"]


def test_objects_are_not_hashed(bench: Bench) -> None:
    """Hash the fields within, so that what is hashed is stated."""
    with pytest.raises(RuleError, match="'user' can be object"):
        bench.run("- hash: user", properties={"user": USER}, hash_key="pepper")


def test_one_stream_can_be_hashed_and_another_not(bench: Bench) -> None:
    """Outputs of the same input do not see each other's changes to nested objects."""
    rules = """
        streams:
          people:
            - {to: hashed, rules: [{hash: user.email}]}
            - {to: plain, rules: [{where: {id: 1}}]}
        """
    messages = [
        bench.schema("people", {"user": USER}),
        bench.record("people", {"id": 1, "user": {"email": "ada@example.com"}}),
    ]

    written = bench.feed(rules, messages, hash_key="pepper")

    assert written.records("plain") == [{"id": 1, "user": {"email": "ada@example.com"}}]
    assert len(written.records("hashed")[0]["user"]["email"]) == 64
