"""A mapper fed in process, whose every record is checked against the schema that it wrote."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from mapper_worklog.mapper import MapperWorklog
from mapper_worklog.messages import ByteWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def is_date(value: object) -> bool:
    """Check what the schema calls a date."""
    return not isinstance(value, str) or date.fromisoformat(value).isoformat() == value


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """Check what the schema calls a date-time."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@dataclass(frozen=True)
class Written:
    """What a mapper wrote."""

    lines: list[bytes]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages, in order."""
        return [json.loads(line) for line in self.lines]

    def records(self, stream: str | None = None) -> list[dict[str, Any]]:
        """Return the records of a stream, or of all."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and stream in (None, message["stream"])
        ]

    def schema(self, stream: str | None = None) -> dict[str, Any]:
        """Return the last SCHEMA message of a stream, or of all."""
        schemas = [
            message
            for message in self.messages
            if message["type"] == "SCHEMA" and stream in (None, message["stream"])
        ]
        return schemas[-1]

    def properties(self, stream: str | None = None) -> dict[str, Any]:
        """Return the properties that the schema of a stream declares."""
        properties: dict[str, Any] = self.schema(stream)["schema"]["properties"]
        return properties

    def check(self) -> None:
        """Hold each record against the schema before it."""
        validators: dict[str, jsonschema.Draft7Validator] = {}
        for message in self.messages:
            if message["type"] == "SCHEMA":
                schema = message["schema"]
                jsonschema.Draft7Validator.check_schema(schema)
                validators[message["stream"]] = jsonschema.Draft7Validator(
                    schema, format_checker=FORMATS
                )
                assert set(message["key_properties"]) <= set(schema["properties"])
            if message["type"] == "RECORD":
                validators[message["stream"]].validate(message["record"])


class Bench:
    """Runs mappers in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> str:
        """Write a file, and return its path."""
        path = self.folder / name
        path.write_text(dedent(text), encoding="utf-8")
        return str(path)

    def mapper(self, rules: str, output: io.BytesIO, **settings: object) -> MapperWorklog:
        """Start a mapper with the text of a rule file."""
        config = {"rules": [self.write("rules.yml", rules)], **settings}
        return MapperWorklog(config=config, message_writer=ByteWriter(output))

    def feed(
        self, rules: str, messages: Iterable[Mapping[str, Any] | bytes], **settings: object
    ) -> Written:
        """Map messages by the text of a rule file."""
        lines = [
            message if isinstance(message, bytes) else json.dumps(message).encode()
            for message in messages
        ]
        output = io.BytesIO()
        source: Any = io.BytesIO(b"\n".join(lines) + b"\n")
        self.mapper(rules, output, **settings).listen(source)
        written = Written(output.getvalue().splitlines())
        written.check()
        return written

    def run(
        self,
        rules: str,
        *records: Mapping[str, Any],
        properties: Mapping[str, Any],
        keys: Iterable[str] = ("id",),
        **settings: object,
    ) -> Written:
        """Apply rules to records of one stream, ``entries``.

        Args:
            rules: What stands under ``rules:``, from its first dash on.
            records: An ``id`` is added to those without one.
            properties: Their schemas; a text stands for that type or null.
            keys: Key properties.
            settings: Of the mapper.
        """
        text = "streams:\n  entries:\n    rules:\n" + "\n".join(
            f"      {line}" for line in dedent(rules).strip().splitlines()
        )
        messages = [
            self.schema("entries", properties, keys=keys),
            *(self.record("entries", {"id": n, **r}) for n, r in enumerate(records, start=1)),
        ]
        return self.feed(text, messages, **settings)

    @staticmethod
    def schema(
        stream: str, properties: Mapping[str, Any], keys: Iterable[str] = ("id",), **more: object
    ) -> dict[str, Any]:
        """Build a SCHEMA message; ``id`` is a required integer."""
        declared = {
            name: {"type": [kind, "null"]} if isinstance(kind, str) else kind
            for name, kind in properties.items()
        }
        return {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, **declared},
                "required": ["id"],
            },
            "key_properties": list(keys),
            **more,
        }

    @staticmethod
    def record(stream: str, record: Mapping[str, Any], **more: object) -> dict[str, Any]:
        """Build a RECORD message."""
        return {"type": "RECORD", "stream": stream, "record": dict(record), **more}

    def command(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command in the folder."""
        return subprocess.run(
            [sys.executable, "-m", "mapper_worklog", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            timeout=60,
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Runs mappers in a folder of their own."""
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def shipped() -> Path:
    """Folder of the rule files that come with the mapper."""
    return Path(__file__).parents[2] / "transform" / "rules"


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Runs many mappers, one after another, in one folder."""
    return Bench(tmp_path_factory.mktemp("bench"))
